"""Queues: what a stack works off, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from isr.fitting.schedule import Schedule, phase_ends

State = dict[str, Tensor]


@dataclass(frozen=True)
class Work:
    """One fit: a problem, how it is optimised, and what it starts from.

    Attributes:
        name: of the problem; its random numbers are keyed by it.
        schedule: phases of the optimisation.
        steps: how many.
        start: parameters by name that the fit goes on from; None for initial weights.
    """

    name: str
    schedule: Schedule
    steps: int
    start: Mapping[str, Tensor] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def ends(self) -> list[int]:
        """The step at which each phase ends."""
        return phase_ends(self.schedule, self.steps)

    def phase(self, step: int) -> int:
        """Number of the phase that a step belongs to."""
        return next(number for number, end in enumerate(self.ends) if step < end)


@runtime_checkable
class Queue(Protocol):
    """What a stack works off. Whatever `take` depends on is told by `finish`."""

    @property
    def names(self) -> Sequence[str]:
        """Names of all results there may be."""

    @property
    def total_steps(self) -> int:
        """Steps of everything that is known to be done, for progress."""

    def take(self) -> Work | None:
        """The next work that can begin now; None if there is none."""

    def again(self, name: str) -> Work:
        """The work of this name that was taken before, without its start."""

    def finish(self, work: Work, state: State, finite: bool) -> str | None:
        """Take note of a result; the name to keep it under, None to drop it."""

    def state(self) -> dict[str, Any]:
        """Plain data and tensors that a resumed queue goes on from."""

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where a queue of the same works was when `state` was made."""


class EqualWorks:
    """Problems that are all optimised alike, each on its own.

    Args:
        names: of the problems.
        schedule: phases of the optimisation.
        steps: per problem.
    """

    def __init__(self, names: Sequence[str], schedule: Schedule, steps: int) -> None:
        self._names, self.schedule, self.steps = list(names), schedule, steps
        phase_ends(schedule, steps)
        self._taken = 0

    @property
    def names(self) -> Sequence[str]:
        """Names of the problems."""
        return self._names

    @property
    def total_steps(self) -> int:
        """Steps of all problems."""
        return len(self._names) * self.steps

    def take(self) -> Work | None:
        """The next problem."""
        if self._taken == len(self._names):
            return None
        self._taken += 1
        return self.again(self._names[self._taken - 1])

    def again(self, name: str) -> Work:
        """The work on a problem."""
        return Work(name, self.schedule, self.steps)

    def finish(self, work: Work, state: State, finite: bool) -> str | None:
        """Every result is kept."""
        return work.name

    def state(self) -> dict[str, Any]:
        """How many problems were begun."""
        return {"taken": self._taken}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Leave out problems that were begun before."""
        self._taken = state["taken"]
