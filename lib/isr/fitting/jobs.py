"""Jobs of fits or predictions: what they are told, how they optimise, and what they have found."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pandas as pd
import torch

from isr.coordinates import Convention
from isr.data.corruptions import CLEAN
from isr.data.items import Item
from isr.data.problems import Predictions, Problem, ProblemReader
from isr.errors import UserError
from isr.fitting import stack_sizes
from isr.fitting.engine.attempts import FITTED, Attempts, loading, sentence
from isr.fitting.engine.long_work import PLAIN_RUN, LongWork, Run, complete, fingerprint, versions
from isr.fitting.engine.queue import (
    EqualWorks,
    History,
    Key,
    Queue,
    Result,
    Schedule,
    describe,
)
from isr.fitting.engine.sources import Points
from isr.fitting.engine.stack import Stack
from isr.fitting.engine.task import Task
from isr.io import atomic_path
from isr.predictors import Computed, PredictorKind, read_entry
from isr.predictors.base import trains_along
from isr.settings import CONVENTIONS, TOGETHER, CellSettings, Precision, Protocol, StackSize
from isr.store import Group, StoredFits

_log = logging.getLogger(__name__)

_NAMES = {"study", "batch", "dataset", "works"}
"""Settings that say what is optimised, not how: they do not change what a problem needs."""


@dataclass(frozen=True)
class Plan:
    """What is optimised for some problems of one kind, and how.

    Attributes:
        task: modules, batches and loss terms.
        schedule: phases.
        steps: of problems that a queue says nothing else of.
        modules: how the stored modules are built again: `representation`, `predictor`.
    """

    task: Task
    schedule: Schedule
    steps: int
    modules: Mapping[str, Mapping[str, Any]]


class Job:
    """What any job is told, and how it optimises what it plans."""

    settings: Mapping[str, Any]
    items: Mapping[str, Item]
    labels: Mapping[str, Path]
    run: Run
    stack_sizes: dict[str, int]

    @property
    def reader(self) -> ProblemReader:
        """Reads the problems."""
        raise NotImplementedError

    @property
    def what(self) -> str:
        """Names the work in messages."""
        raise NotImplementedError

    @property
    def stack_size(self) -> StackSize:
        """Problems side by side."""
        raise NotImplementedError

    @cached_property
    def keys(self) -> list[Key]:
        """Items and seeds."""
        return [(str(item), int(seed)) for item, seed in self.settings["works"]]

    @cached_property
    def predictor(self) -> PredictorKind:
        """The predictor."""
        return read_entry(self.settings["predictor"])

    @property
    def protocol(self) -> Protocol:
        """Whose schedules."""
        return cast(Protocol, self.settings["protocol"])

    @property
    def published(self) -> bool:
        """Whether the protocol is that of the published code."""
        return self.protocol == "published-code"

    @property
    def precision(self) -> Precision:
        """How products on an accelerator round."""
        return cast(Precision, self.settings.get("precision", "fp32"))

    @property
    def convention(self) -> Convention:
        """Of the coordinates."""
        return cast(Convention, CONVENTIONS[self.protocol])

    def metadata(self, **more: Any) -> dict[str, Any]:
        """What is stored with all that the job makes."""
        about = {
            "settings": dict(self.settings),
            "versions": versions(),
            "stack_sizes": dict(self.stack_sizes),
        }
        return {**about, "convention": self.convention, **more}

    def complete(self, work: LongWork, checkpoint: str, what: str, /, **more: Any) -> None:
        """Advance some work of the job to its end, going on from a checkpoint of the same work.

        Args:
            work: before its first step.
            checkpoint: tells the checkpoints of several works of a job apart; empty if it has one.
            what: names it in messages.
            **more: what determines its numbers beside the settings.
        """
        run = self.run.beside(checkpoint) if checkpoint else self.run
        complete(work, run, fingerprint=fingerprint(self.settings, run, **more), what=what)

    def optimise(
        self,
        plan: Plan,
        works: Queue | Sequence[Key],
        load: Callable[[str, int], Problem],
        *,
        inputs: str,
        name: str = "",
        at_once: int | None = None,
    ) -> Result:
        """Optimise a plan for some problems, going on from a checkpoint of the same work.

        Args:
            plan: task and schedule.
            works: the problems and seeds, or a queue of works on them.
            load: reads one.
            inputs: a hash of all files that the problems are read from.
            name: tells the checkpoints of several plans of a job apart.
            at_once: how many of the problems can be optimised at once, where some wait for others;
                None for all.
        """
        queue = works
        if not isinstance(queue, Queue):
            attempts = Attempts.at(plan.task, load, self.run.device)
            queue = EqualWorks(queue, plan.schedule, plan.steps, attempts)
        size = self.choose_stack_size(plan, queue.keys, load, at_once)
        self.stack_sizes[name or "all"] = size
        try:
            stack = Stack(
                plan.task,
                queue,
                loading(load),
                stack_size=size,
                shared_initial_weights=self.published,
                device=self.run.device,
            )
            self.complete(
                stack,
                name,
                self.what,
                inputs=inputs,
                keys=list(queue.keys),
                schedule=describe(plan.schedule),
                stack_size=size,
            )
        except torch.cuda.OutOfMemoryError:
            raise UserError(
                f"{self.what}: {size} problems side by side need more memory than the GPU has "
                "free: set a smaller stack_size, or let no other job run there."
            ) from None
        stack.collect_history()
        for (problem, seed), finite in stack.result.finite.items():
            if not finite:
                _log.warning(
                    "%s: %s (seed %d) did not stay finite; its last finite state is kept",
                    *(self.what, problem, seed),
                )
        stack.result.told = queue.told
        for (problem, seed), told in queue.told.items():
            if told["status"] != FITTED:
                _log.warning("%s: %s (seed %d): %s", self.what, problem, seed, sentence(told))
        return stack.result

    def choose_stack_size(
        self,
        plan: Plan,
        keys: Sequence[Key],
        load: Callable[[str, int], Problem],
        at_once: int | None = None,
    ) -> int:
        """How many of some problems are optimised side by side.

        Args:
            plan: task and schedule.
            keys: names of the problems, and seeds.
            load: reads one.
            at_once: as for `optimise`.
        """
        device = self.run.device
        if self.stack_size != "auto":
            return self.stack_size
        if device.type == "cpu":
            return stack_sizes.ON_CPU
        works = at_once or len(keys)
        grids = {key: self.reader.item(key[0]).grid for key in keys}
        largest = stack_sizes.largest(grids, padded=plan.task.padded)
        about = {
            "settings": {name: self.settings[name] for name in self.settings.keys() - _NAMES},
            "modules": plan.modules,
            "schedule": describe(plan.schedule),
            "grids": [grids[key] for key in largest],
            "versions": versions(),
        }
        size = stack_sizes.stack_size(
            works,
            lambda: stack_sizes.measure(plan.task, plan.schedule, largest, load, device),
            stack_sizes.file_of(self.run.stack_sizes, device, about),
        )
        _log.info("%s: %d of %d side by side on %s", self.what, size, works, device)
        return size


@dataclass(frozen=True)
class FitJob(Job):
    """What a part of a batch is fitted from.

    Attributes:
        settings: what the job was told: study, batch, protocol, cell, predictor (its entry) and
            works, [[item, seed], ...].
        items: by name.
        semantic: folder of the semantic features, if they are seen.
        predictions: folders of the stored predictions, if they are projected or gone on from.
        labels: folders of the weak labels of videos, by their names.
        sequential: the stored fits that joint fits of videos go on from.
        run: where to compute, and the checkpoint of an interrupted fit.
        stack_sizes: of what was optimised so far, by its name.
    """

    settings: Mapping[str, Any]
    items: Mapping[str, Item]
    semantic: Path | None = None
    predictions: Sequence[Path] = ()
    labels: Mapping[str, Path] = field(default_factory=dict)
    sequential: Sequence[StoredFits] = ()
    run: Run = PLAIN_RUN
    stack_sizes: dict[str, int] = field(default_factory=dict, init=False)

    @cached_property
    def cell(self) -> CellSettings:
        """How the items are fitted."""
        return CellSettings.model_validate(self.settings["cell"])

    @property
    def steps(self) -> int:
        """Of each fit of a whole item, which the workflow always names."""
        assert self.cell.steps is not None
        return self.cell.steps

    @cached_property
    def trains(self) -> bool:
        """Whether a predictor is trained along, on scribbles."""
        return trains_along(self.predictor, self.cell, self.protocol)

    @property
    def what(self) -> str:
        """Names the work in messages."""
        return f"fit {self.settings['study']}/{self.settings['batch']}"

    @cached_property
    def reader(self) -> ProblemReader:
        """Reads the problems."""
        return ProblemReader(
            self.items,
            self.convention,
            self.predictor.scale,
            self.cell.features if self.trains else None,
            self.semantic,
            Predictions(self.predictions) if self.predictions else None,
            self.cell.corruption,
        )

    @property
    def stack_size(self) -> StackSize:
        """Problems side by side."""
        return self.cell.stack_size or 1


@dataclass(frozen=True)
class PredictJob(Job):
    """What predictions are made from.

    Attributes:
        settings: what the job was told: dataset, name (of the predictor), predictor (its entry),
            features, corruption, labels, training, protocol, works [[item, seed], ...], and of
            trained ones steps, points and stack_size.
        items: by name.
        semantic: folder of the semantic features, if they are seen.
        labels: folders of the weak labels of videos, by their names.
        checkpoints: published networks, if there are any, or the weights that are computed with.
        run: where to compute, and the checkpoint of an interrupted training.
        stack_sizes: of what was optimised so far, by its name.
    """

    settings: Mapping[str, Any]
    items: Mapping[str, Item]
    semantic: Path | None = None
    labels: Mapping[str, Path] = field(default_factory=dict)
    checkpoints: Path | None = None
    run: Run = PLAIN_RUN
    stack_sizes: dict[str, int] = field(default_factory=dict, init=False)

    @property
    def features(self) -> str | None:
        """The combination of features that the predictor sees."""
        own = self.predictor.sees if isinstance(self.predictor, Computed) else None
        return own or cast(str | None, self.settings.get("features"))

    @property
    def points(self) -> Points:
        """Pixels per step."""
        return Points(**self.settings["points"])

    @property
    def what(self) -> str:
        """Names the work in messages."""
        seen = self.features or self.settings.get("labels") or ""
        return f"predict {self.settings['dataset']} {self.settings['name']} {seen}"

    @cached_property
    def reader(self) -> ProblemReader:
        """Reads the problems with their features."""
        return ProblemReader(
            self.items,
            self.convention,
            self.predictor.scale,
            self.features,
            self.semantic,
            corruption=self.settings.get("corruption", CLEAN),
        )

    @property
    def stack_size(self) -> StackSize:
        """Problems side by side."""
        return cast(StackSize, self.settings["stack_size"])

    def shares(self) -> list[tuple[list[str], int]]:
        """Videos that share a network, with their seeds."""
        if self.settings.get("training") != TOGETHER:
            return [([name], seed) for name, seed in self.keys]
        seeds = dict.fromkeys(seed for _, seed in self.keys)
        return [([name for name, own in self.keys if own == seed], seed) for seed in seeds]


@dataclass
class Found:
    """What the fits of a part have found.

    Attributes:
        groups: of the representations, and the predictors that were trained along.
        history: rows (item, seed, step, term, value).
        finite: whether each fit stayed finite, by problem and seed.
        schedules: phases of each kind of fit, as plain data.
        frames: what became of each fit, of a frame or of an item: {status, iou with its unaries,
            strokes: IoU with its scribbles}.
        noisy: numbers of the frames whose unaries were replaced by noise, by video and seed.
        predictors: of joint fits of videos: their tuned networks.
    """

    groups: list[Group] = field(default_factory=list)
    history: History = field(default_factory=list)
    finite: dict[Key, bool] = field(default_factory=dict)
    schedules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    frames: dict[Key, dict[str, Any]] = field(default_factory=dict)
    noisy: dict[Key, list[int]] = field(default_factory=dict)
    predictors: list[Group] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        """Take over what other fits of the part have found."""
        self.groups += other.groups
        self.history += other.history
        self.finite |= other.finite
        self.schedules |= other.schedules
        self.frames |= other.frames
        self.noisy |= other.noisy
        self.predictors += other.predictors


def write_history(path: Path, history: History) -> None:
    """Write the course of the loss terms: item, seed, step, term, value."""
    rows = pd.DataFrame(history, columns=["item", "seed", "step", "term", "value"])
    with atomic_path(path) as temporary:
        rows.to_parquet(temporary, index=False)
