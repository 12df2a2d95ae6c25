"""What is proved of a stored representation, by its type.

A constraint of its own module is added by registering its checks with `_checks` below.
"""

from functools import singledispatch

import numpy as np

from isr.coordinates import Convention, Points, Scene, ThirdAxis
from isr.evaluation.certificates.convexity import certify_convex
from isr.evaluation.certificates.path_connectedness import certify_path_connected
from isr.evaluation.certificates.periodicity import certify_lattice, certify_periodic
from isr.evaluation.certificates.star_shape import certify_star
from isr.evaluation.certificates.symmetry import certify_mirror, certify_rotation
from isr.evaluation.certificates.union import certify_union
from isr.evaluation.certificates.verdicts import Certificate
from isr.evaluation.drawing import level_function
from isr.representations import Representation
from isr.representations.convex import Convex
from isr.representations.lattice_periodic import LatticePeriodic
from isr.representations.mirror_symmetric import MirrorSymmetric
from isr.representations.path_connected import PathConnected
from isr.representations.periodic import Periodic
from isr.representations.polar import Polar
from isr.representations.rotationally_symmetric import RotationallySymmetric
from isr.representations.unconstrained import Unconstrained
from isr.representations.union import Union


def certify(
    representation: Representation,
    height: int,
    width: int,
    convention: Convention = "isotropic",
    *,
    third: ThirdAxis | None = None,
    seed: int,
    level: Points | None = None,
) -> list[Certificate]:
    """Check the property of `representation` for a picture of `width` x `height`.

    Args:
        representation: as it was stored, in any precision; values are computed in float64.
        height: rows of the picture for which the mask is drawn.
        width: columns of that picture.
        convention: of the coordinates that the representation was fitted with.
        third: the third coordinate of a video, a volume or a picture with depth.
        seed: for the sampled points.
        level: float64 levels of this representation at the scene's pixel centres, (h, w) or
            (frames, h, w), if they are at hand.

    Returns:
        One certificate per method; of a union those of its members too. A state that is not finite
        fails; it raises nothing.

    Raises:
        TypeError: there are no checks for this type of representation.
    """
    scene = Scene(height, width, convention, third)
    if level is None:
        level = level_function(representation)(scene.coordinates())
    if level.shape != scene.shape:
        raise ValueError(f"the level has shape {level.shape}, the scene {scene.shape}")
    with np.errstate(all="ignore"):
        return _checks(representation, scene, level, seed)


@singledispatch
def _checks(
    representation: Representation, scene: Scene, level: Points, seed: int
) -> list[Certificate]:
    raise TypeError(f"there is no certificate for {type(representation).__name__}")


@_checks.register
def _(representation: Convex, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    return certify_convex(representation, scene, level, seed=seed)


@_checks.register
def _(representation: Polar, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    return certify_star(representation, scene, level, seed=seed)


@_checks.register
def _(representation: MirrorSymmetric, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    return certify_mirror(representation, scene, level, seed=seed)


@_checks.register
def _(
    representation: RotationallySymmetric, scene: Scene, level: Points, seed: int
) -> list[Certificate]:
    return certify_rotation(representation, scene, level, seed=seed)


@_checks.register
def _(representation: Periodic, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    return certify_periodic(representation, scene, level, seed=seed)


@_checks.register
def _(representation: LatticePeriodic, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    return certify_lattice(representation, scene, level, seed=seed)


@_checks.register
def _(representation: PathConnected, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    return certify_path_connected(representation, scene, level, seed=seed)


@_checks.register
def _(representation: Union, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    return certify_union(representation, scene, level, _checks, seed=seed)


@_checks.register
def _(representation: Unconstrained, scene: Scene, level: Points, seed: int) -> list[Certificate]:
    if np.isfinite(level).all():
        sentence = "An unconstrained representation promises no shape."
        return [Certificate("none", "none", np.nan, True, "no guarantee", sentence)]
    sentence = "Levels are not finite at pixel centres."
    return [Certificate("none", "none", -np.inf, False, "fails", sentence)]
