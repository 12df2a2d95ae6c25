"""What is proved of a stored representation, by its type.

A constraint of its own module is added by registering its checks with `_checks` below.
"""

from functools import singledispatch

import numpy as np

from isr.coordinates import Convention, Points
from isr.evaluation.convexity import certify_convex
from isr.evaluation.drawing import draw_level
from isr.evaluation.verdicts import Certificate, Scene, all_hold
from isr.representations import Representation
from isr.representations.convex import Convex
from isr.representations.unconstrained import Unconstrained

__all__ = ["Certificate", "all_hold", "certify"]


def certify(
    representation: Representation,
    height: int,
    width: int,
    convention: Convention = "isotropic",
    *,
    seed: int,
    level: Points | None = None,
) -> list[Certificate]:
    """Check the property of `representation` for a picture of `width` x `height`.

    Args:
        representation: as it was stored, in any precision; values are computed in float64.
        height: rows of the picture for which the mask is drawn.
        width: columns of that picture.
        convention: of the coordinates that the representation was fitted with.
        seed: for the sampled points.
        level: what `draw_level` gives for this representation and picture, if it is at hand.

    Returns:
        One certificate per method. A state that is not finite fails; it raises nothing.

    Raises:
        TypeError: there are no checks for this type of representation.
    """
    if level is None:
        level = draw_level(representation, height, width, convention)
    if level.shape != (height, width):
        raise ValueError(f"the level has shape {level.shape}, the picture {(height, width)}")
    return _checks(representation, Scene(height, width, convention), level, seed)


@singledispatch
def _checks(
    representation: Representation, scene: Scene, level: Points, seed: int
) -> list[Certificate]:
    raise TypeError(f"there is no certificate for {type(representation).__name__}")


@_checks.register
def _(representation: Convex, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    return certify_convex(representation, scene, level, seed=seed)


@_checks.register
def _(representation: Unconstrained, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    if np.isfinite(level).all():
        sentence = "An unconstrained representation promises no shape."
        return [Certificate("none", "none", np.nan, True, "no guarantee", sentence)]
    sentence = "Levels are not finite at pixel centres."
    return [Certificate("none", "none", -np.inf, False, "fails", sentence)]
