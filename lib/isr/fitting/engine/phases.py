"""Phases: what is optimised, how fast and with which weights, one stretch after another."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from isr.errors import UserError
from isr.settings import OptimiserKind


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

    def freezes(self, parameter: str) -> bool:
        """Whether the parameter of this name keeps its value."""
        scales = self.learning_rate_scale.items()
        return any(scale == 0 and in_group(parameter, group) for group, scale in scales)


def in_group(parameter: str, group: str) -> bool:
    """Whether a parameter's name is that of the group or begins with it.

    >>> in_group("predictor.first.weight", "predictor"), in_group("predictor2.bias", "predictor")
    (True, False)
    """
    return parameter == group or parameter.startswith(f"{group}.")


Schedule = tuple[Phase, ...]


def phase_ends(schedule: Schedule, steps: int, setting: str = "steps") -> list[int]:
    """The step at which each phase ends: shares of `steps`, every phase at least one step long.

    Args:
        schedule: phases.
        steps: how many.
        setting: the key that says how many, for messages.

    Raises:
        UserError: there are fewer steps than phases.
    """
    if steps < len(schedule):
        raise UserError(
            f"{setting} is {steps}: a schedule of {len(schedule)} phases needs as many."
        )
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
