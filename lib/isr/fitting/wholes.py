"""Fits of whole items: pictures, pictures with depth, volumes.

Items of several objects are fitted as binary problems, one for each (`fitting.objects`). Problems
that are fitted alike, by one recipe on as many coordinates and objects, are one stack.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch

from isr.constraints import load, record
from isr.data.features.sets import channels
from isr.data.problems import Problem, with_margin
from isr.errors import UserError
from isr.fitting.engine.long_work import files_digest
from isr.fitting.engine.queue import Key, Result, Schedule, State, describe
from isr.fitting.engine.sources import Points
from isr.fitting.engine.task import Task
from isr.fitting.jobs import FitJob, Found, Plan
from isr.fitting.objects import ObjectsTask, schedule_of_all, separate
from isr.fitting.recipe import Recipe
from isr.fitting.tasks import PictureTraining, PredictorTraining
from isr.predictors import PredictorKind, Trained
from isr.representations import Representation
from isr.representations.union import Union
from isr.store import Group


def fit(job: FitJob, keys: Sequence[Key]) -> Found:
    """Fit some items with their seeds.

    Raises:
        UserError: files are missing, there are too few steps, or an item cannot be fitted so.
    """
    found, base = Found(), Recipe.of_cell(job.cell, job.protocol)
    stacks: dict[_Alike, list[Key]] = {}
    for key in keys:
        stacks.setdefault(_Alike.of(job, base, key), []).append(key)
    plans = {alike: alike.plan(own[0][0]) for alike, own in stacks.items()}
    for number, (alike, own) in enumerate(stacks.items()):
        plan = plans[alike]
        result = job.optimise(
            plan, own, alike.load, inputs=_inputs(job, own), name=f"stack-{number}"
        )
        if alike.objects > 1:
            result = separate(result, alike.objects)
        if job.cell.threshold:
            result = alike.shifted(result)
        found.groups.append(Group(result.states, plan.modules))
        found.history += result.history
        found.finite |= result.finite
        found.frames |= result.told
        found.schedules[f"stack {number}"] = describe(plan.schedule)
    return found


def _read(job: FitJob, name: str, seed: int) -> Problem:
    """Read a problem, without its scribbles if the fit is not to follow them."""
    problem = job.reader.load(name, seed)
    return problem if job.cell.scribbles else replace(problem, scribbles=None)


def _inputs(job: FitJob, keys: Sequence[Key]) -> str:
    """A hash of all that some problems are read from."""
    names = list(dict.fromkeys(name for name, _ in keys))
    seeds = list(dict.fromkeys(seed for _, seed in keys))
    return files_digest(job.reader.files(names, seeds))


@dataclass(frozen=True, eq=False)
class _Alike:
    """How some problems are fitted, all alike; equal if all but the job is.

    Attributes:
        job: whose they are.
        recipe: of each object.
        dim: number of coordinates.
        objects: of each item that are problems of their own.
        members: scribbled objects of each item that one union has a member for each of; at most 1
            where there is no such union.
        unaries: whether there are any to follow.
        scribbles: whether there are any.
    """

    job: FitJob
    recipe: Recipe
    dim: int
    objects: int
    members: int
    unaries: bool
    scribbles: bool

    @classmethod
    def of(cls, job: FitJob, base: Recipe, key: Key) -> "_Alike":
        """What a problem is fitted like.

        Raises:
            UserError: its file is missing, or nothing settles which of several orders it has.
        """
        name, seed = key
        item, objects = job.items[name], job.reader.objects(name)
        dim = 2 if item.third is None else 3
        chooses = isinstance(base.options.get("order"), list)
        if job.trains:
            if chooses:
                raise UserError(
                    f"{name}: order is a list, but there are no unaries to choose by: name one."
                )
            return cls(job, base, dim, objects, 1, unaries=False, scribbles=True)
        if job.predictions and not chooses:
            scribbles = bool(item.scribbled) and job.cell.scribbles
            return cls(job, base, dim, objects, 1, unaries=True, scribbles=scribbles)
        problem = _read(job, name, seed)
        members = 1 if job.predictions or problem.scribbles is None else item.scribbled
        known = {
            "unaries": problem.unaries is not None,
            "scribbles": problem.scribbles is not None,
        }
        return cls(job, base.for_problem(problem), dim, objects, members, **known)

    @property
    def _about(self) -> str:
        settled = [self.objects, self.members, self.unaries, self.scribbles]
        return json.dumps([self.recipe.about(self.dim), *settled], sort_keys=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Alike) and self._about == other._about

    def __hash__(self) -> int:
        return hash(self._about)

    def load(self, name: str, seed: int) -> Problem:
        """Read a problem, with its margin."""
        return with_margin(_read(self.job, name, seed), self.job.cell.margin)

    def plan(self, name: str) -> Plan:
        """What is optimised for them.

        Args:
            name: of one of them, for messages.

        Raises:
            UserError: the settings do not go with the constraint.
        """
        if self.job.cell.threshold and not record(self.recipe.constraint).threshold:
            raise UserError(f"threshold is not for {self.recipe.constraint}: drop it.")
        modules: dict[str, dict[str, Any]] = {"representation": self.recipe.about(self.dim)}
        if self.job.trains:
            about = about_predictor(self.job.predictor, self.job.cell.features, self.dim)
            modules["predictor"] = about
        if self.objects == 1:
            task = self._task(self.recipe.build(self.dim), name)
            return Plan(task, self._schedule(), self.job.steps, modules)
        options = dict(self.recipe.options)
        union = Union(self.dim, member=self.recipe.constraint, count=self.objects, options=options)
        tasks = [self._task(cast(Representation, member), name) for member in union.members]
        every = ObjectsTask(tasks, union, self.recipe.points.random)
        schedule = schedule_of_all(self._schedule(), self.objects, self.recipe.overlap_weight)
        return Plan(every, schedule, self.job.steps, modules)

    def _schedule(self) -> Schedule:
        if self.job.trains:
            return self.recipe.training_schedule(self.job.cell.fit)
        return self.recipe.schedule(unaries=self.unaries, scribbles=self.scribbles)

    def _task(self, representation: Representation, name: str) -> Task:
        if not self.job.trains:
            return self.recipe.projection(
                representation,
                name,
                unaries=self.unaries,
                scribbles=self.scribbles,
                objects=self.members,
            )
        return training(
            self.job.predictor,
            self.job.cell.features,
            self.recipe.points,
            dim=self.dim,
            absolute_penalty=self.job.published,
            representation=representation,
        )

    def shifted(self, result: Result) -> Result:
        """The result with functions whose foreground is where theirs is at most the threshold."""
        states = {key: self._shift(state) for key, state in result.states.items()}
        return replace(result, states=states)

    def _shift(self, state: State) -> State:
        representation: Any = self.recipe.built(self.dim, state)
        with torch.no_grad():
            representation.shift_threshold_(self.job.cell.threshold)
        shifted = {f"representation.{k}": p.detach() for k, p in representation.named_parameters()}
        return {**state, **shifted}


def training(
    predictor: PredictorKind,
    features: str | None,
    points: Points,
    *,
    dim: int = 2,
    absolute_penalty: bool = False,
    representation: Representation | None = None,
) -> Task:
    """The task of training a predictor on scribbles, alone or with a representation.

    Args:
        predictor: of the configuration.
        features: the combination that it sees.
        points: pixels per step.
        dim: number of coordinates.
        absolute_penalty: use the published code's mean absolute gradient, not the mean norm.
        representation: template of the representation for joint training; None trains alone.
    """
    assert isinstance(predictor, Trained)
    assert features is not None
    network = load(predictor.network)(channels(features, dim), **predictor.options())
    if not predictor.sees_pictures:
        return PredictorTraining(network, points, representation=representation)
    return PictureTraining(
        network,
        points,
        features=features,
        absolute_penalty=absolute_penalty,
        representation=representation,
    )


def about_predictor(predictor: PredictorKind, features: str | None, dim: int = 2) -> dict[str, Any]:
    """How a predictor is built again, to be stored with it."""
    assert isinstance(predictor, Trained)
    assert features is not None
    return {
        "kind": predictor.kind,
        "channels": channels(features, dim),
        "options": predictor.options(),
    }
