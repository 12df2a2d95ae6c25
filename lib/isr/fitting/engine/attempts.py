"""Second attempts: every fit is compared with what it was fitted to, a poor one is made once more.

The second attempt draws other random numbers and starts elsewhere (`Representation.restart_`). It
takes the place of the first only if its loss is less, or if the first has nothing of the object.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.data.problems import Problem
from isr.fitting.engine.queue import Key, State, Work, first_name, is_again
from isr.fitting.engine.task import Task, bind
from isr.levels import foreground, likely_foreground
from isr.representations import Representation

PROPER_FIT = 0.5
"""Smallest IoU with its unaries, and with its strokes, of a fit that is not made again."""

FITTED, RETRIED, FAILED, SKIPPED = "fitted", "retried", "failed", "skipped"
"""What became of a fit: well at the first attempt, well at the second, badly in both, or not made
because its unaries are all object or all background."""

_CHUNK = 2**15
"""Pixels that are evaluated at once."""
_LOSS_FROM, _LOSS_STEPS = 2**20, 20
"""Number of the first, and how many batches the loss of a fit is averaged over."""

Load = Callable[[str, int], Problem]


def loading(load: Load) -> Load:
    """Read the problem of any attempt: that of a second one draws other random numbers."""

    def loaded(name: str, seed: int) -> Problem:
        problem = load(first_name(name), seed)
        return replace(problem, name=name) if is_again(name) else problem

    return loaded


@dataclass(frozen=True)
class Quality:
    """How well a fit agrees with what it was fitted to.

    Attributes:
        iou: IoU with its thresholded unaries, of several objects the least; None without any that
            show both object and background.
        strokes: IoU with its scribbles, likewise; None without any.
        loss: that the schedule ends with, at pixels that are the same for both attempts.
        finite: whether it stayed finite to its end.
    """

    iou: float | None = None
    strokes: float | None = None
    loss: float = np.inf
    finite: bool = True

    @property
    def proper(self) -> bool:
        """Whether it need not be made again."""
        return self.finite and all(value >= PROPER_FIT for value in self._values)

    @property
    def _values(self) -> list[float]:
        return [value for value in (self.iou, self.strokes) if value is not None]

    def beats(self, other: "Quality") -> bool:
        """Whether it is to be kept in place of an earlier fit to the same."""
        if self.proper and not other.finite:
            return True
        # What has nothing of its object is no fit, though its loss may be the least.
        if self._found != other._found:
            return self._found
        return self.loss < other.loss

    @property
    def _found(self) -> bool:
        return min(self._values, default=0.0) > 0


class Settled(NamedTuple):
    """What becomes of a fit."""

    keep: bool
    """Whether its parameters are kept, in place of an earlier attempt's."""
    over: bool
    """Whether no further attempt follows."""


class Attempts:
    """The attempts at some problems.

    Args:
        judge: tells how well the state of a work agrees.

    Attributes:
        told: what became of each problem: `status`, and `iou` and `strokes` as in `Quality`.
    """

    def __init__(self, judge: Callable[[Work, State], Quality]) -> None:
        self._judge = judge
        self._first: dict[Key, Quality] = {}
        self.told: dict[Key, dict[str, Any]] = {}

    @classmethod
    def at(cls, task: Task, load: Load, device: torch.device) -> "Attempts | None":
        """Attempts at problems of a task; None for one that fits no representation."""
        return cls(Judge(task, load, device)) if "representation" in task.modules else None

    def settle(self, work: Work, state: State, *, finite: bool) -> Settled:
        """Judge a fit: keep it, have it made once more, or keep the better of two.

        One that did not stay finite is poor however well its last finite state agrees.
        """
        key = first_name(work.name), work.seed
        found = replace(self._judge(work, state), finite=finite)
        if not is_again(work.name):
            self._tell(key, FITTED if found.proper else FAILED, found)
            if not found.proper:
                self._first[key] = found
            return Settled(keep=True, over=found.proper)
        first = self._first.pop(key)
        better = found.beats(first)
        best = found if better else first
        self._tell(key, RETRIED if best.proper else FAILED, best)
        return Settled(keep=better, over=True)

    def skip(self, key: Key) -> None:
        """Note that a problem is not fitted."""
        self._tell(key, SKIPPED, Quality())

    def awaits(self, key: Key) -> bool:
        """Whether a problem's first attempt was poor, and the second is not settled."""
        return key in self._first

    def _tell(self, key: Key, status: str, found: Quality) -> None:
        self.told[key] = {"status": status, "iou": found.iou, "strokes": found.strokes}

    def state(self) -> dict[str, Any]:
        """Plain data that a resumed queue goes on from."""
        first = {key: asdict(quality) for key, quality in self._first.items()}
        return {"first": first, "told": self.told}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where attempts at the same problems were."""
        self._first = {tuple(key): Quality(**first) for key, first in state["first"].items()}
        self.told = {tuple(key): dict(told) for key, told in state["told"].items()}


class Judge:
    """Compares the representations of a task with their thresholded unaries and with strokes.

    Args:
        task: what was optimised; it is called with the parameters of a state.
        load: reads a problem.
        device: where levels are computed.
        compared: the part of a problem that fits are compared with; all of it by default.
    """

    def __init__(
        self,
        task: Task,
        load: Load,
        device: torch.device,
        *,
        compared: Callable[[Problem], Problem] = lambda problem: problem,
    ) -> None:
        self._task, self._load, self._device, self._compared = task, load, device, compared

    def __call__(self, work: Work, state: State) -> Quality:
        """How well a state agrees; its loss is computed where that is poor, or it is a second."""
        own = {key: value.to(self._device) for key, value in state.items()}
        problem = self._load(first_name(work.name), work.seed)
        found = self.agreement(self._compared(problem), own)
        if found.proper and not is_again(work.name):
            return found
        return replace(found, loss=self._loss(work, problem, own))

    def agreement(self, problem: Problem, state: State) -> Quality:
        """The agreement with unaries and strokes, of several objects the least."""
        of_unaries: list[float] = []
        of_strokes: list[float] = []
        known = slice(None) if problem.missing is None else ~problem.missing.ravel()
        for module, unaries, scribbles in self._task.evidence(problem):
            call = partial(bind(self._task.modules, state), module)
            inside = foreground(_levels(call, problem, next(iter(state.values()))))[known]
            wanted = None if unaries is None else likely_foreground(unaries).ravel()[known]
            if wanted is not None and wanted.any() and not wanted.all():
                of_unaries.append(iou(inside, wanted))
            if scribbles is not None:
                labels = scribbles.ravel()[known]
                told = labels != NO_SCRIBBLE
                of_strokes.append(iou(inside[told], labels[told] != BACKGROUND_SCRIBBLE))
        return Quality(min(of_unaries, default=None), min(of_strokes, default=None))

    def _loss(self, work: Work, problem: Problem, state: State) -> float:
        """The loss of the last phase at pixels that no step has seen, the same for all attempts."""
        source = self._task.source(problem, seed=work.seed).to(self._device)
        weights = work.schedule[-1].terms
        active = frozenset(term for term, weight in weights.items() if weight)
        blocks = source.block(_LOSS_FROM, _LOSS_STEPS)
        call, total = bind(self._task.modules, state), 0.0
        for step in range(_LOSS_STEPS):
            batch = source.constants | {key: value[step] for key, value in blocks.items()}
            terms = self._task.terms(call, batch, active)
            # In the order of their names: sums are rounded.
            present = sorted(active & terms.keys())
            total += sum(weights[term] * float(terms[term].detach()) for term in present)
        return total / _LOSS_STEPS


def agreement(representation: Representation, problem: Problem) -> float:
    """IoU of a representation with a problem's thresholded unaries, over all pixels."""
    assert problem.unaries is not None
    found = foreground(_levels(representation, problem, next(representation.parameters())))
    return iou(found, likely_foreground(problem.unaries).ravel())


@torch.no_grad()
def _levels(
    call: Callable[[Tensor], Tensor], problem: Problem, like: Tensor
) -> NDArray[np.floating]:
    """Levels (pixels,) at all pixels of a problem, computed where and as precisely as `like`."""
    points = torch.from_numpy(problem.coordinates).to(like).flatten(0, -2)
    # What stays in a processor's cache is fastest there; a device wants all at once.
    chunk = _CHUNK if points.device.type == "cpu" else len(points)
    return np.asarray(torch.cat([call(part) for part in torch.split(points, chunk)]).cpu().numpy())


def iou(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks; 1 where both are empty."""
    either = np.count_nonzero(found | wanted)
    return float(np.count_nonzero(found & wanted) / either) if either else 1.0


def sentence(told: Mapping[str, Any]) -> str:
    """What became of a fit, in words.

    >>> sentence({"status": "failed", "iou": 0.0, "strokes": None})
    'the fit is far off: its IoU is 0.00 with the unaries'
    """
    values = {"the unaries": told.get("iou"), "the strokes": told.get("strokes")}
    ious = " and ".join(f"{iou:.2f} with {what}" for what, iou in values.items() if iou is not None)
    match told["status"]:
        case "skipped":
            return "the unaries are all object or all background: nothing was fitted"
        case "failed":
            return f"the fit is far off: its IoU is {ious}" if ious else "the fit is not finite"
        case "retried":
            return f"the first attempt was far off, the second is kept: its IoU is {ious}"
    return f"fitted: its IoU is {ious}" if ious else "fitted"
