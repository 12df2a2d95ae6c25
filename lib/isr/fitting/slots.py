"""What a stack is told and what it gives: settings, slots and results."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from isr.fitting.queues import Work
from isr.fitting.schedule import Phase, Schedule


@dataclass
class Slot:
    """One place of the stack: what is worked on there and how far it is."""

    work: Work
    step: int = 0

    @property
    def finished(self) -> bool:
        """Whether all steps are taken."""
        return self.step == self.work.steps

    @property
    def phase(self) -> Phase:
        """The phase of the next step."""
        return self.work.schedule[self.work.phase(self.step)]

    @property
    def begins_phase(self) -> bool:
        """Whether the next step is the first of its phase."""
        return self.step in (0, *self.work.ends)

    @property
    def steps_to_phase_end(self) -> int:
        """How many steps are left of the phase."""
        return self.work.ends[self.work.phase(self.step)] - self.step


@dataclass(frozen=True)
class Settings:
    """How a stack is run.

    Attributes:
        schedule: phases of the optimisation of problems that a queue says nothing else of.
        steps: steps of these.
        seed: of the study; with a problem's name it determines all random numbers.
        stack_size: problems side by side.
        shared_initial_weights: start every problem from the same weights.
        device: where the optimisation runs.
    """

    schedule: Schedule
    steps: int
    seed: int
    stack_size: int = 1
    shared_initial_weights: bool = False
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


@dataclass
class Result:
    """What a stack has found.

    Attributes:
        states: parameters by problem name; of the last finite step.
        finite: whether a problem stayed finite to its end.
        history: rows (picture, step, term, value).
    """

    states: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    finite: dict[str, bool] = field(default_factory=dict)
    history: list[tuple[str, int, str, float]] = field(default_factory=list)

    def add(self, other: "Result") -> None:
        """Take over what another stack has found."""
        self.states |= other.states
        self.finite |= other.finite
        self.history += other.history
