"""Fits of whole items: pictures, pictures with depth, volumes.

Items of several objects are fitted as binary problems, one for each (`fitting.objects`). Problems
that are fitted alike, by one recipe on as many coordinates and objects, are one stack.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from isr.constraints import load, record
from isr.data.features.sets import channels
from isr.data.margins import with_margin
from isr.data.objects import object_names
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.engine.batches import Points
from isr.fitting.engine.long_work import files_digest
from isr.fitting.engine.phases import describe
from isr.fitting.engine.queue import Key, Result
from isr.fitting.engine.task import Task
from isr.fitting.objects import ObjectsTask, schedule_of_all, separate
from isr.fitting.optimise import Plan
from isr.fitting.recipe import Recipe, drawn_points
from isr.fitting.tasks import CouplingMode, PictureTraining, PredictorTraining
from isr.predictors import Trained
from isr.representations import Representation
from isr.representations.union import Union
from isr.store import Group, load_parameters, own_parameters

if TYPE_CHECKING:
    from isr.fitting.fit import FitJob, Found


def fit(job: "FitJob", keys: Sequence[Key]) -> "Found":
    """Fit some items with their seeds.

    Raises:
        UserError: files are missing, there are too few steps, or an item cannot be fitted so.
    """
    from isr.fitting.fit import Found

    found, alike = Found(), dict[str, _Alike]()
    reader, base = job.reader, Recipe.of_cell(job.cell, job.protocol)
    for key in keys:
        own = _Alike.of(job, base, key)
        alike.setdefault(own.name, own).keys.append(key)
    for number, own in enumerate(alike.values()):
        plan = own.plan()
        names = list(dict.fromkeys(name for name, _ in own.keys))
        seeds = list(dict.fromkeys(seed for _, seed in own.keys))
        result = job.job.optimise(
            plan,
            own.keys,
            own.load,
            inputs=files_digest(reader.files(names, seeds)),
            name=f"stack-{number}" if number else "",
        )
        if own.objects > 1:
            result = separate(result, own.objects)
        if job.cell.threshold:
            result = own.shifted(result, job.cell.threshold)
        found.groups.append(Group(result.states, plan.modules))
        found.history += result.history
        found.finite |= result.finite
        found.schedules[f"stack {number}"] = describe(plan.schedule)
    for number in range(len(alike)):
        if number:
            job.run.beside(f"stack-{number}").end()
    return found


class _Alike:
    """Problems that are fitted alike.

    Args:
        job: whose they are.
        recipe: of each object.
        dim: number of coordinates.
        objects: of each item that are problems of their own.
        unaries: whether there are any to follow.
        scribbles: whether there are any.
        separate: number of scribbled objects that one union has a member for each of.
    """

    def __init__(
        self,
        job: "FitJob",
        recipe: Recipe,
        dim: int,
        objects: int,
        *,
        unaries: bool,
        scribbles: bool,
    ) -> None:
        self.job, self.recipe, self.dim, self.objects = job, recipe, dim, objects
        self.unaries, self.scribbles = unaries, scribbles
        self.keys: list[Key] = []

    @classmethod
    def of(cls, job: "FitJob", base: Recipe, key: Key) -> "_Alike":
        """What a problem is fitted like."""
        name, seed = key
        item, objects = job.items[name], job.reader.objects(name)
        dim = 2 if item.third is None else 3
        if job.trains:
            recipe = base
            if isinstance(base.options.get("order"), list):
                raise UserError(
                    f"{name}: order is a list, but no unaries are given that settle which: name "
                    "one."
                )
            return cls(job, recipe, dim, objects, unaries=False, scribbles=True)
        needs_problem = isinstance(base.options.get("order"), list) or not job.predictions
        if needs_problem:
            problem = job.reader.load(name, seed)
            recipe = base.for_problem(problem)
            unaries = problem.unaries is not None
            return cls(
                job, recipe, dim, objects, unaries=unaries, scribbles=problem.scribbles is not None
            )
        return cls(job, base, dim, objects, unaries=True, scribbles=bool(item.scribbled))

    @property
    def name(self) -> str:
        """Equal for problems that are fitted alike."""
        about = [self.recipe.about(self.dim), self.objects, self.unaries, self.scribbles]
        return json.dumps(about, sort_keys=True)

    def load(self, name: str, seed: int) -> Problem:
        """Read a problem, with its margin."""
        return with_margin(self.job.reader.load(name, seed), self.job.cell.margin)

    def plan(self) -> Plan:
        """What is optimised for them."""
        steps = self.job.cell.steps
        assert steps is not None
        if self.job.trains:
            schedule = self.recipe.training_schedule(self.job.cell.fit)
        else:
            schedule = self.recipe.schedule(unaries=self.unaries, scribbles=self.scribbles)
        modules: dict[str, dict[str, Any]] = {"representation": self.recipe.about(self.dim)}
        if self.job.trains:
            modules["predictor"] = self._about_predictor()
        if self.objects == 1:
            return Plan(self._task(self.recipe.build(self.dim)), schedule, steps, modules)
        options = dict(self.recipe.options)
        union = Union(self.dim, member=self.recipe.constraint, count=self.objects, options=options)
        tasks = [self._task(cast(Representation, member)) for member in union.members]
        task = ObjectsTask(tasks, union, self.recipe.points.random)
        every = schedule_of_all(schedule, self.objects, self.recipe.overlap_weight)
        return Plan(task, every, steps, modules)

    def _task(self, representation: Representation) -> Task:
        from isr.fitting.projection import Projection

        if self.job.trains:
            return self._training(representation)
        if self.objects > 1:
            return Projection(representation, self.recipe.points)
        return Projection(
            representation,
            drawn_points(self.recipe.points, unaries=self.unaries, scribbles=self.scribbles),
            object_weight=self.recipe.object_weight,
            objects=self._members() > 1,
        )

    def _members(self) -> int:
        """How many scribbled objects one union has a member for each of."""
        if self.job.predictions or not self.scribbles:
            return 1
        count = max(self.job.items[name].scribbled for name, _ in self.keys)
        parts = self.recipe.build(self.dim).part_count
        if count > 1 and count != parts:
            raise UserError(
                f"{self.keys[0][0]}: scribbles name {count} objects, the union has {parts} parts: "
                "give it one member for each object."
            )
        return count

    def _training(self, representation: Representation) -> Task:
        cell, points = self.job.cell, self.recipe.points
        return training(
            self.job.predictor,
            cell.features,
            points,
            dim=self.dim,
            absolute_penalty=self.job.protocol == "published-code",
            representation=representation,
            coupling="binarised" if cell.fit == "sequential" else "both",
        )

    def _about_predictor(self) -> dict[str, Any]:
        return about_predictor(self.job.predictor, self.job.cell.features, self.dim)

    def shifted(self, result: Result, threshold: float) -> Result:
        """The result with functions whose foreground is where theirs is at most `threshold`.

        Raises:
            UserError: the representation has its foreground at levels up to 0 alone.
        """
        if not record(self.recipe.constraint).threshold:
            raise UserError(f"threshold is not for {self.recipe.constraint}: drop it.")
        states = {key: self._shift(state, threshold) for key, state in result.states.items()}
        return Result(states, result.finite, result.history)

    def _shift(self, state: Mapping[str, Tensor], threshold: float) -> dict[str, Tensor]:
        representation: Any = self.recipe.build(self.dim)
        load_parameters(representation, own_parameters(state, "representation"))
        with torch.no_grad():
            representation.shift_threshold_(threshold)
        return {f"representation.{k}": value for k, value in representation.state_dict().items()}


def training(
    predictor: Any,
    features: str | None,
    points: Points,
    *,
    dim: int = 2,
    absolute_penalty: bool = False,
    representation: Representation | None = None,
    coupling: CouplingMode = "both",
) -> Task:
    """The task of training a predictor on scribbles, alone or with a representation.

    Args:
        predictor: of the configuration.
        features: the combination that it sees.
        points: pixels per step.
        dim: number of coordinates.
        absolute_penalty: use the published code's mean absolute gradient, not the mean norm.
        representation: template of the representation for joint training; None trains alone.
        coupling: see `PredictorTraining`.
    """
    assert isinstance(predictor, Trained)
    assert features is not None
    network = load(predictor.network)(channels(features, dim), **predictor.options())
    if not predictor.sees_pictures:
        return PredictorTraining(network, points, representation=representation, coupling=coupling)
    return PictureTraining(
        network,
        points,
        features=features,
        absolute_penalty=absolute_penalty,
        representation=representation,
        coupling=coupling,
    )


def about_predictor(predictor: Any, features: str | None, dim: int = 2) -> dict[str, Any]:
    """How a predictor is built again, to be stored with it."""
    assert features is not None
    return {
        "kind": predictor.kind,
        "channels": channels(features, dim),
        "options": predictor.options(),
    }


__all__ = ["about_predictor", "fit", "object_names", "training"]
