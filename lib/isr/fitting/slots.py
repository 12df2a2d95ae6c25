"""What a stack is told and what it gives: settings, slots and results."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from isr.fitting.schedule import Schedule


@dataclass
class Slot:
    """One place of the stack: which problem stands there and how far it is."""

    problem: int
    step: int = 0


@dataclass(frozen=True)
class Settings:
    """How a stack is run.

    Attributes:
        schedule: phases of the optimisation.
        steps: steps per problem.
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
