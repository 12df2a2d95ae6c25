"""Fits to pictures of several objects: j binary problems, each with networks of its own.

The paper's eq. 12 with a regulariser per object (section 4): for every object j a predictor that
takes the scribbles of j for foreground and all others for background, and a representation nu^{i,j}
that is coupled to it alone. The representations are the members of one union; what they share is
a penalty on their overlap (section 2.5), which is what keeps touching objects apart.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from isr.data.problems import Problem, object_names, scribbles_of
from isr.fitting.engine.queue import Phase, Result, Schedule
from isr.fitting.engine.sources import Batch, Joined, Points, PointSource, Source
from isr.fitting.engine.task import Call, Evidence, Task, Terms
from isr.fitting.schedules import OVERLAP
from isr.objectives import overlap
from isr.representations.union import Union

_SHARED = "shared"


def split(problem: Problem, count: int) -> list[Problem]:
    """The binary problems of a picture's objects: object k has the scribbles k for foreground."""
    known = problem.scribbles
    return [
        replace(
            problem,
            name=name,
            scribbles=None if known is None else scribbles_of(known, number),
            unaries=None if problem.unaries is None else problem.unaries[..., number - 1],
        )
        for number, name in enumerate(object_names(problem.name, count), start=1)
    ]


class ObjectsSource:
    """The batches of a picture's binary problems side by side, and pixels that all of them see.

    Batches and constants hold those of the problem k (from 0) as `k.KEY`, and as `shared.KEY` the
    pixels where the overlap of the representations is measured.

    Args:
        sources: one for each object.
        shared: random pixels of the picture.
    """

    def __init__(self, sources: Sequence[Source], shared: PointSource) -> None:
        self.sources: dict[str, Source] = {str(k): each for k, each in enumerate(sources)}
        self.sources[_SHARED] = shared
        self.constants = self._constants()

    def _constants(self) -> Batch:
        return _prefixed({key: each.constants for key, each in self.sources.items()})

    def to(self, device: torch.device) -> Self:
        """Move what batches are made of to a device; returns itself."""
        for source in self.sources.values():
            source.to(device)
        self.constants = self._constants()
        return self

    def block(self, first_step: int, steps: int) -> Batch:
        """The batches of some steps, with a leading axis for the step."""
        blocks = {key: each.block(first_step, steps) for key, each in self.sources.items()}
        return _prefixed(blocks)

    @staticmethod
    def join(sources: Sequence[Any]) -> Joined:
        """The sources of some slots as one."""
        return _JoinedObjects(sources)


class _JoinedObjects:
    """The sources of a stack of pictures with several objects each.

    Args:
        sources: with as many objects each.
    """

    def __init__(self, sources: Sequence[ObjectsSource]) -> None:
        self.joined = {
            key: first.join([each.sources[key] for each in sources])
            for key, first in sources[0].sources.items()
        }

    def block(self, first_steps: Sequence[int], steps: int) -> Batch:
        """The batches of some steps, with leading axes for the step and the slot."""
        blocks = {key: each.block(first_steps, steps) for key, each in self.joined.items()}
        return _prefixed(blocks)


def _prefixed(batches: Mapping[str, Batch]) -> Batch:
    return {f"{name}.{key}": value for name, each in batches.items() for key, value in each.items()}


def _without_prefix(batch: Batch, name: str) -> Batch:
    prefix = f"{name}."
    return {key[len(prefix) :]: value for key, value in batch.items() if key.startswith(prefix)}


class ObjectsTask(Task):
    """The tasks of a picture's objects as one: the mean of their terms, and the overlap.

    Args:
        tasks: one for each object, each with the modules of that object.
        union: of the tasks' representations.
        points: pixels per step at which the overlap is measured.
    """

    def __init__(self, tasks: Sequence[Task], union: Union, points: int) -> None:
        self.tasks, self.points = list(tasks), points
        self.padded = any(task.padded for task in self.tasks)
        self.modules = nn.ModuleDict({"representation": union})
        if "predictor" in self.tasks[0].modules:
            self.modules["predictor"] = nn.ModuleList(
                task.modules["predictor"] for task in self.tasks
            )

    def stacks(self, device: torch.device) -> bool:
        """Whether the tasks of all objects gain by `vmap`."""
        return all(task.stacks(device) for task in self.tasks)

    def source(self, problem: Problem, *, seed: int) -> Source:
        """The batches of every object."""
        sources = [
            task.source(own, seed=seed)
            for task, own in zip(self.tasks, split(problem, len(self.tasks)), strict=True)
        ]
        shared = PointSource(
            Problem(problem.name, problem.coordinates),
            Points(strokes=0, random=self.points),
            seed=seed,
        )
        return ObjectsSource(sources, shared)

    def evidence(self, problem: Problem) -> list[Evidence]:
        """What every object is fitted to."""
        pairs = zip(self.tasks, split(problem, len(self.tasks)), strict=True)
        return [
            each._replace(module=_module(each.module, k))
            for k, (task, own) in enumerate(pairs)
            for each in task.evidence(own)
        ]

    def start_(self, problem: Problem, *, again: bool = False) -> None:
        """Start every representation from what is known of its own object."""
        for task, own in zip(self.tasks, split(problem, len(self.tasks)), strict=True):
            task.start_(own, again=again)

    def terms(self, call: Call, batch: Batch, active: Set[str]) -> Terms:
        """The means of the objects' terms, as in fits to the scribbles of several, and the overlap.

        An object's predictor and representation see its own batch alone.
        """
        each = [
            task.terms(_call_of(call, k), _without_prefix(batch, str(k)), active)
            for k, task in enumerate(self.tasks)
        ]
        terms = {key: torch.stack([own[key] for own in each]).mean(0) for key in each[0]}
        if OVERLAP in active:
            shared = _without_prefix(batch, _SHARED)
            levels = call("representation", shared["coordinates"], method="parts")
            terms[OVERLAP] = overlap(levels, shared["point_weights"])
        return terms


def _call_of(call: Call, number: int) -> Call:
    """Calls that run the modules of one object under the names of a task of one."""

    def call_own(name: str, *inputs: Tensor, method: str = "forward") -> Any:
        return call(_module(name, number), *inputs, method=method)

    return call_own


def _module(name: str, number: int) -> str:
    """Name of an object's module among those of all objects."""
    return {
        "representation": f"representation.members.{number}",
        "predictor": f"predictor.{number}",
    }[name]


def schedule_of_all(schedule: Schedule, count: int, overlap_weight: float) -> Schedule:
    """The schedule of one object for all `count` of them, with the penalty on their overlap."""
    return tuple(_of_all(phase, count, overlap_weight) for phase in schedule)


def _of_all(phase: Phase, count: int, overlap_weight: float) -> Phase:
    return replace(
        phase,
        terms={**phase.terms, OVERLAP: overlap_weight},
        learning_rate_scale=_groups(phase.learning_rate_scale, count),
        weight_decay=_groups(phase.weight_decay, count),
    )


def _groups(values: Mapping[str, float], count: int) -> dict[str, float]:
    """Values of parameter groups such as `representation.flow`, for the modules of each object."""
    return {
        ".".join([_module(module, number), *rest]): value
        for group, value in values.items()
        for module, *rest in [group.split(".")]
        for number in range(count)
    }


def separate(result: Result, count: int) -> Result:
    """The result for items of `count` objects as that of their binary problems.

    What is stored of an object is what is stored of the one object of an item. Its history is that
    of the item, whose terms are means over its objects.
    """
    found = Result(history=result.history, told=result.told)
    for (item, seed), state in result.states.items():
        for number, name in enumerate(object_names(item, count)):
            found.finite[name, seed] = result.finite[item, seed]
            found.states[name, seed] = {
                f"{module}.{key.removeprefix(prefix)}": value
                for module in ("representation", "predictor")
                for prefix in [f"{_module(module, number)}."]
                for key, value in state.items()
                if key.startswith(prefix)
            }
    return found
