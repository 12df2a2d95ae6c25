"""Schedules: what is optimised, how fast and with which weights, phase after phase."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from isr.errors import UserError
from isr.protocols import Protocol

OptimiserKind = Literal["adam", "adamax"]

# Names of loss terms, as schedules weight them and histories record them.
PREDICTOR_SCRIBBLES = "predictor_scribbles"
REPRESENTATION_SCRIBBLES = "representation_scribbles"
COUPLING = "coupling"
UNARIES_ENTROPY = "unaries_entropy"
COLOUR_GRADIENT = "colour_gradient"
POSITION_GRADIENT = "position_gradient"


@dataclass(frozen=True)
class Phase:
    """A stretch of optimisation steps with one setting.

    Attributes:
        share: length relative to the other phases of the schedule.
        learning_rate: for all parameters.
        terms: weight of each loss term; a term that is not named is not computed.
        optimiser: the kind of optimiser.
        learning_rate_scale: factor of the learning rate by parameter group (`predictor`,
            `representation`, or a longer prefix of parameter names); 0 freezes the group.
        weight_decay: by parameter group.
        restart: whether the optimiser's moments and step counter start afresh.
        plateau: steps without improvement of the total loss after which the learning rate is
            halved; None leaves it alone.
        clip_norm: largest norm of a problem's gradient; None leaves it alone.
    """

    share: float
    learning_rate: float
    terms: Mapping[str, float]
    optimiser: OptimiserKind = "adam"
    learning_rate_scale: Mapping[str, float] = field(default_factory=dict)
    weight_decay: Mapping[str, float] = field(default_factory=dict)
    restart: bool = False
    plateau: int | None = None
    clip_norm: float | None = None


Schedule = tuple[Phase, ...]


def phase_ends(schedule: Schedule, steps: int) -> list[int]:
    """The step at which each phase ends: shares of `steps`, every phase at least one step long.

    Raises:
        UserError: there are fewer steps than phases.
    """
    if steps < len(schedule):
        raise UserError(f"steps is {steps}: a schedule of {len(schedule)} phases needs as many.")
    total = sum(phase.share for phase in schedule)
    ends: list[int] = []
    passed = 0.0
    for number, phase in enumerate(schedule):
        passed += phase.share
        earliest = ends[-1] + 1 if ends else 1
        latest = steps - (len(schedule) - 1 - number)
        ends.append(min(max(round(steps * passed / total), earliest), latest))
    return ends


def describe(schedule: Schedule) -> list[dict[str, Any]]:
    """The schedule as plain data, to be stored with the fits."""
    return [asdict(phase) for phase in schedule]


# The paper's section B.2: 200 of 3,000 steps without coupling; gradient penalties of 0.01.
_ALONE, _TOGETHER, _SETTLING = 200.0, 2800.0, 600.0
_PENALTIES = {COLOUR_GRADIENT: 0.01, POSITION_GRADIENT: 0.01}


def predictor_schedule() -> Schedule:
    """Training of the predictor alone (eq. 14): Adam at 0.02 throughout."""
    return (Phase(1.0, 0.02, {PREDICTOR_SCRIBBLES: 1.0, **_PENALTIES}),)


def projection_schedule() -> Schedule:
    """Projection of given unaries with scribbles (eq. 15): alpha 0, then 1; Adam at 0.02.

    The paper keeps the rate to the end, over whole pictures. Steps of drawn points would end in
    their sampling noise at that rate, so the last fifth runs at a tenth of it: the agreement with
    the unaries is then that of many more points a step at the constant rate.
    """
    scribbles = {REPRESENTATION_SCRIBBLES: 1.0}
    together = {**scribbles, COUPLING: 1.0}
    return (
        Phase(_ALONE, 0.02, scribbles),
        Phase(_TOGETHER - _SETTLING, 0.02, together),
        Phase(_SETTLING, 0.002, together),
    )


def joint_schedule(protocol: Protocol = "paper") -> Schedule:
    """Joint training (eq. 13): alpha 0 at rate 0.02, then alpha 1 at 0.002.

    The published code lowers the rate to 0.001 instead.
    """
    alone = {PREDICTOR_SCRIBBLES: 1.0, REPRESENTATION_SCRIBBLES: 1.0, **_PENALTIES}
    later_rate = 0.002 if protocol == "paper" else 0.001
    return (
        Phase(_ALONE, 0.02, alone),
        Phase(_TOGETHER, later_rate, {**alone, COUPLING: 1.0}),
    )


def concurrent_schedule() -> Schedule:
    """The published code's sequential training: both at once, coupled by binarised predictions.

    After the first phase the loss is 0.1 times the scribble terms and penalties plus 100 times the
    squared distance to the thresholded, detached prediction; the learning rate stays.
    """
    alone = {PREDICTOR_SCRIBBLES: 1.0, REPRESENTATION_SCRIBBLES: 1.0, **_PENALTIES}
    together = {name: 0.1 * weight for name, weight in alone.items()}
    return (Phase(_ALONE, 0.02, alone), Phase(_TOGETHER, 0.02, {**together, COUPLING: 100.0}))


def unaries_schedule(learning_rate: float = 0.01) -> Schedule:
    """Fit to unaries alone (eq. 9): cross entropy first, then squared distance at falling rates.

    Squared distances from the start would first make everything background where the object is
    small, and a region that has vanished has hardly a gradient to come back by. The rates fall
    because drawn points leave their sampling noise in the result.
    """
    fine = {COUPLING: 1.0}
    return (
        Phase(2.0, learning_rate, {UNARIES_ENTROPY: 1.0}),
        Phase(0.6, 0.5 * learning_rate, fine),
        Phase(0.6, 0.2 * learning_rate, fine),
        Phase(0.6, 0.05 * learning_rate, fine),
    )
