"""What is proved of a stored representation: what the record of its constraint names."""

import numpy as np

from isr.constraints import load, record_of
from isr.coordinates import Convention, Points, Scene, ThirdAxis
from isr.evaluation.certificates.verdicts import Certificate
from isr.evaluation.drawing import level_function
from isr.representations import Representation


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
        TypeError: no constraint has this type of representation.
    """
    scene = Scene(height, width, convention, third)
    if level is None:
        level = level_function(representation)(scene.coordinates())
    if level.shape != scene.shape:
        raise ValueError(f"the level has shape {level.shape}, the scene {scene.shape}")
    with np.errstate(all="ignore"):
        return check(representation, scene, level, seed)


def check(
    representation: Representation, scene: Scene, level: Points, seed: int
) -> list[Certificate]:
    """The certificates of a representation, by the record of its constraint."""
    proves = load(record_of(representation).certificate)
    found: list[Certificate] = proves(representation, scene, level, seed=seed)
    return found


def certify_nothing(
    representation: Representation, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """One certificate of a representation that promises no shape: whether its levels are finite."""
    if np.isfinite(level).all():
        sentence = "An unconstrained representation promises no shape."
        return [Certificate("none", "none", np.nan, True, "no guarantee", sentence)]
    sentence = "Levels are not finite at pixel centres."
    return [Certificate("none", "none", -np.inf, False, "fails", sentence)]
