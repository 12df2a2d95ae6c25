"""The loss of the student report (its section 4.1), which follows a teacher in three stages.

"Path Connectedness for Pixelwise Image Segmentation": a representation and a teacher, a predictor
that labels the pixels that no scribble does, are trained jointly for 300 epochs by Adam at 1e-4.
"""

from collections.abc import Mapping

from isr.fitting.engine.queue import Phase, Schedule
from isr.fitting.schedules import (
    BINARISED_COUPLING,
    COUPLING,
    PREDICTOR_SCRIBBLES,
    REPRESENTATION_SCRIBBLES,
)

LEARNING_RATE = 1e-4
_EPOCHS, _FOLLOWS, _MATCHES = 300, 30, 200


def three_stage_schedule(
    learning_rate: float = LEARNING_RATE,
    *,
    teacher: bool = True,
    alpha: float = 1.0,
    extra: Mapping[str, float] | None = None,
) -> Schedule:
    """Scribbles alone, then with the teacher's rounded predictions, then with these unrounded.

    Rounded predictions do not move the teacher. Without one the first stage lasts to the end.

    Args:
        learning_rate: of all networks, throughout.
        teacher: whether a predictor is trained along.
        alpha: weight of the squared distance to its predictions.
        extra: weights of further terms in all phases.
    """
    scribbles = {REPRESENTATION_SCRIBBLES: 1.0, **(extra or {})}
    if not teacher:
        return (Phase(_EPOCHS, learning_rate, scribbles),)
    both = {PREDICTOR_SCRIBBLES: 1.0, **scribbles}
    return (
        Phase(_FOLLOWS, learning_rate, both),
        Phase(_MATCHES - _FOLLOWS, learning_rate, {**both, BINARISED_COUPLING: alpha}),
        Phase(_EPOCHS - _MATCHES, learning_rate, {**both, COUPLING: alpha}),
    )
