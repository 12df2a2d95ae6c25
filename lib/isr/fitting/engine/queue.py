"""Schedules and queues: what a stack works off, how and in which order, and what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from torch import Tensor

from isr.errors import UserError
from isr.settings import OptimiserKind

if TYPE_CHECKING:
    from isr.fitting.engine.attempts import Attempts


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


State = dict[str, Tensor]

Key = tuple[str, int]
"""(name of a problem, seed): what a fit is of. Random numbers are keyed by both."""

History = list[tuple[str, int, int, str, float]]
"""Rows (item, seed, step, term, value): the course of the loss terms."""


_AGAIN = "//again"
"""Ends names of second attempts, by which their random numbers are drawn: no item is named so."""


def second_name(name: str) -> str:
    """The name of the second attempt at a problem."""
    return f"{name}{_AGAIN}"


def is_again(name: str) -> bool:
    """Whether a work of this name is a second attempt."""
    return name.endswith(_AGAIN)


def first_name(name: str) -> str:
    """The name of the problem of a work, of a first or a second attempt."""
    return name.removesuffix(_AGAIN)


@dataclass(frozen=True)
class Work:
    """One fit: a problem with a seed, how it is optimised, and what it starts from.

    Attributes:
        name: of the problem.
        seed: of the study.
        schedule: phases of the optimisation.
        steps: how many.
        start: parameters by name that the fit goes on from; None for initial weights.
    """

    name: str
    seed: int
    schedule: Schedule
    steps: int
    start: Mapping[str, Tensor] | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> Key:
        """Name and seed."""
        return self.name, self.seed

    @cached_property
    def ends(self) -> list[int]:
        """The step at which each phase ends."""
        return phase_ends(self.schedule, self.steps)

    def phase(self, step: int) -> int:
        """Number of the phase that a step belongs to."""
        return next(number for number, end in enumerate(self.ends) if step < end)


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


@dataclass
class Result:
    """What a stack has found.

    Attributes:
        states: parameters by problem and seed; of the last finite step.
        finite: whether a problem stayed finite to its end.
        history: rows (item, seed, step, term, value).
        told: what became of each fit that was judged: `status`, `iou` and `strokes`.
    """

    states: dict[Key, State] = field(default_factory=dict)
    finite: dict[Key, bool] = field(default_factory=dict)
    history: History = field(default_factory=list)
    told: dict[Key, dict[str, Any]] = field(default_factory=dict)


@runtime_checkable
class Queue(Protocol):
    """What a stack works off. Whatever `take` depends on is told by `finish`."""

    @property
    def keys(self) -> Sequence[Key]:
        """Problems and seeds of all results there may be."""

    @property
    def total_steps(self) -> int:
        """Steps of everything that is known to be done, for progress."""

    @property
    def told(self) -> dict[Key, dict[str, Any]]:
        """What became of the fits that were judged: see `isr.fitting.engine.attempts`."""

    def take(self) -> Work | None:
        """The next work that can begin now; None if there is none."""

    def upcoming(self, count: int) -> Sequence[Key]:
        """Problems that at most `count` works to come are likely to need, to be read ahead."""

    def again(self, key: Key) -> Work:
        """The work of this name and seed that was taken before, without its start."""

    def finish(self, work: Work, state: State, finite: bool) -> str | None:
        """Take note of a result; the name to keep it under, None to drop it."""

    def state(self) -> dict[str, Any]:
        """Plain data and tensors that a resumed queue goes on from."""

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where a queue of the same works was when `state` was made."""


class EqualWorks:
    """Problems that are all optimised alike, each on its own.

    Args:
        keys: names of the problems, and seeds.
        schedule: phases of the optimisation.
        steps: per problem.
        attempts: judges fits, of which poor ones are made again; None keeps every fit.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        schedule: Schedule,
        steps: int,
        attempts: "Attempts | None" = None,
    ) -> None:
        self._keys, self.schedule, self.steps = list(keys), schedule, steps
        phase_ends(schedule, steps)
        self._attempts, self._taken = attempts, 0
        self._again: list[Key] = []

    @property
    def keys(self) -> Sequence[Key]:
        """The problems."""
        return self._keys

    @property
    def total_steps(self) -> int:
        """Steps of all problems, if none is fitted again."""
        return len(self._keys) * self.steps

    @property
    def told(self) -> dict[Key, dict[str, Any]]:
        """What became of the fits that were judged."""
        return {} if self._attempts is None else self._attempts.told

    def take(self) -> Work | None:
        """The next problem, first of all one that is fitted again."""
        if self._again:
            return self.again(self._again.pop(0))
        if self._taken == len(self._keys):
            return None
        self._taken += 1
        return self.again(self._keys[self._taken - 1])

    def upcoming(self, count: int) -> Sequence[Key]:
        """The problems after those that were taken."""
        return self._keys[self._taken : self._taken + count]

    def again(self, key: Key) -> Work:
        """The work on a problem."""
        return Work(*key, self.schedule, self.steps)

    def finish(self, work: Work, state: State, finite: bool) -> str | None:
        """Keep a result but where an earlier attempt's is better."""
        if self._attempts is None:
            return work.name
        settled = self._attempts.settle(work, state, finite=finite)
        if not settled.over:
            self._again.append((second_name(work.name), work.seed))
        return first_name(work.name) if settled.keep else None

    def state(self) -> dict[str, Any]:
        """How many problems were begun, and which are to be begun again."""
        attempts = None if self._attempts is None else self._attempts.state()
        return {"taken": self._taken, "again": self._again, "attempts": attempts}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Leave out problems that were begun before."""
        self._taken = state["taken"]
        self._again = [(name, seed) for name, seed in state["again"]]
        if self._attempts is not None:
            self._attempts.load_state(state["attempts"])
