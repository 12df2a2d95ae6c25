"""Recipes: how a shape is fitted, from the settings of a cell to a task and a schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from isr import constraints
from isr.data.pictures import BACKGROUND_SCRIBBLE
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.engine.queue import Schedule, State
from isr.fitting.engine.sources import Points
from isr.fitting.schedules import (
    ABSOLUTE_DISTANCE,
    COUPLING,
    OVERLAP,
    REGULARISER,
    REPRESENTATION_SCRIBBLES,
    TOTAL_VARIATION,
    UNARIES_ENTROPY,
    UNCOUPLED,
    concurrent_schedule,
    joint_schedule,
    near_schedule,
    path_connected_schedule,
    projection_schedule,
    scribbles_schedule,
    unaries_schedule,
)
from isr.fitting.tasks import Projection
from isr.fitting.three_stages import LEARNING_RATE, three_stage_schedule
from isr.representations import Representation
from isr.representations.rotationally_symmetric import choose_order
from isr.settings import CellSettings, Distance, OptimiserKind, Protocol, ScheduleName
from isr.store import load_parameters, own_parameters

_TERMS: dict[Distance, str] = {
    "squared": COUPLING,
    "absolute": ABSOLUTE_DISTANCE,
    "entropy": UNARIES_ENTROPY,
}
_UNARIES_RATE, _PROJECTION_RATE = 0.01, 0.02
_STEPS, _NEAR_STEPS = 3000, 800
_VIDEO_RATE = 1e-3
"""Of path-connected regions in videos (section C.2)."""
_BLOCKS_IN_TIME = 18
"""Blocks of the flow in (x, y, t), a multiple of its six masks (section C.3.3)."""


@dataclass(frozen=True)
class Recipe:
    """How one shape is fitted.

    Attributes:
        constraint: name of the representation.
        options: of the representation.
        points: drawn per step.
        object_weight: weight in (0, 1) of the unaries' object against the background; None for the
            mean over all pixels.
        learning_rate: at the beginning; None for the usual one of the constraint.
        optimiser: of the diffeomorphism of a path-connected region and its base; others take Adam.
        distance: from the unaries (the d of equation 9): squared; absolute, which noise in some of
            them misleads less, but which loses small objects; or the cross entropy.
        weight_decay: on the diffeomorphism of a path-connected region.
        regulariser_weight: of what the representation penalises (amplitudes of waves).
        tv_weight: of the total variation of the foreground probability, in fits to unaries.
        overlap_weight: of the overlap of the parts of a union.
        alpha: weight of the unaries against the scribbles (eqs. 13 and 15).
        uncoupled: share of the steps before it counts, of shapes that begin with the scribbles.
        protocol: whose schedules.
        schedule_name: of another one than theirs.
    """

    constraint: str
    options: Mapping[str, Any] = field(default_factory=dict)
    points: Points = field(default_factory=Points)
    object_weight: float | None = None
    learning_rate: float | None = None
    optimiser: OptimiserKind = "adam"
    distance: Distance = "squared"
    weight_decay: float = 1e-5
    regulariser_weight: float = 0.0
    tv_weight: float = 0.0
    overlap_weight: float = 1.0
    alpha: float = 1.0
    uncoupled: float = UNCOUPLED
    protocol: Protocol = "paper"
    schedule_name: ScheduleName | None = None

    @classmethod
    def of_cell(cls, cell: CellSettings, protocol: Protocol, *, video: bool = False) -> "Recipe":
        """The recipe of a cell; what it leaves open is the usual.

        Args:
            cell: its settings, with points.
            protocol: whose schedules.
            video: whether it is fitted to frames of videos, or to videos in time: path-connected
                regions then take Adamax at 0.001, the paper's.
        """
        shared = (
            *("object_weight", "learning_rate", "optimiser", "distance", "weight_decay"),
            *("regulariser_weight", "tv_weight", "overlap_weight", "alpha", "uncoupled"),
        )
        given = {key: value for key in shared if (value := getattr(cell, key)) is not None}
        options = dict(cell.options)
        if video and cell.constraint == "path_connected":
            given = {"optimiser": "adamax", "learning_rate": _VIDEO_RATE, **given}
            if cell.fit == "spatio-temporal":
                options = {"blocks": _BLOCKS_IN_TIME, **options}
        points = Points() if cell.points is None else Points(**cell.points.model_dump())
        named = cell.schedule
        return cls(
            cell.constraint, options, points, protocol=protocol, schedule_name=named, **given
        )

    def for_problem(self, problem: Problem) -> "Recipe":
        """What the problem settles: the order among several, and a member for each object.

        Raises:
            UserError: the option `order` is a list, and there are no unaries to choose by.
        """
        if isinstance(self.options.get("order"), list):
            return self._with_order(problem).for_problem(problem)
        count = count_objects(problem)
        if count < 2 or self.constraint == "union":
            return self
        union = {"member": self.constraint, "count": count, "options": dict(self.options)}
        return replace(self, constraint="union", options=union)

    def _with_order(self, problem: Problem) -> "Recipe":
        if problem.unaries is None:
            raise UserError(f"{problem.name}: order is a list, but there are no unaries: name one.")
        order = choose_order(
            torch.from_numpy(problem.coordinates),
            torch.from_numpy(problem.unaries),
            self.options["order"],
        )
        return replace(self, options={**self.options, "order": order})

    def build(self, dim: int) -> Representation:
        """The representation, not yet fitted."""
        return constraints.build(self.constraint, dim, **self.options)

    def built(self, dim: int, state: State) -> Representation:
        """The representation with the parameters of what was fitted by this recipe."""
        representation = self.build(dim)
        load_parameters(representation, own_parameters(state, "representation"))
        return representation

    def about(self, dim: int) -> dict[str, Any]:
        """How the representation is built again, to be stored with it."""
        return {"name": self.constraint, "dim": dim, "options": dict(self.options)}

    def projection(
        self,
        representation: Representation,
        name: str,
        *,
        unaries: bool,
        scribbles: bool = False,
        objects: int = 1,
        kind: type[Projection] = Projection,
    ) -> Projection:
        """The task of fitting a representation where unaries, scribbles or both are known.

        Args:
            representation: as `build` makes it.
            name: of a problem, for messages.
            unaries: whether there are any.
            scribbles: whether there are any.
            objects: how many scribbles tell apart, each for one member of a union.
            kind: of the task.

        Raises:
            UserError: there is nothing to fit to, or a union has not one part for each object.
        """
        if not unaries and not scribbles:
            raise UserError(f"{name}: nothing to fit to: give unaries or scribbles.")
        if objects > 1 and objects != representation.part_count:
            raise UserError(
                f"{name}: scribbles name {objects} objects, the union has "
                f"{representation.part_count} parts: give it one member for each object."
            )
        points, every = self.points, self.points.strokes + self.points.random
        if not (unaries and scribbles):
            points = Points(every if scribbles else 0, every)
        weight = self.object_weight
        return kind(representation, points, object_weight=weight, objects=objects > 1)

    @property
    def evidence(self) -> str:
        """Name of the loss term by which unaries are followed."""
        # The entropy of a union is that of its parts against the shares they begin with.
        if self.distance == "entropy" and self.constraint == "union":
            return COUPLING
        return _TERMS[self.distance]

    @property
    def rate_factor(self) -> float:
        """Factor of the learning rates: the least of what it consists of."""
        return min(each.rate for _, each in constraints.members(self.constraint, self.options))

    def schedule(self, *, unaries: bool, scribbles: bool) -> Schedule:
        """The usual schedule of a projection where unaries, scribbles or both are known."""
        extra = self._penalties(unaries=unaries)
        if self.schedule_name == "three-stage":
            return self._three_stages(extra, teacher=False)
        kinds = list(constraints.members(self.constraint, self.options))
        rate = self.learning_rate or self.rate_factor * _UNARIES_RATE
        bending = [f"representation{name}" for name, each in kinds if each.bends]
        if bending:
            alpha = 1.0
            if unaries and scribbles:
                extra[REPRESENTATION_SCRIBBLES], alpha = 1.0, self.alpha
            evidence = self.evidence if unaries else REPRESENTATION_SCRIBBLES
            return self._bending_schedule(bending, rate, evidence, extra, alpha)
        if not unaries:
            return scribbles_schedule(rate, extra=extra)
        if scribbles:
            rate = self.learning_rate or self.rate_factor * _PROJECTION_RATE
            return projection_schedule(
                rate,
                evidence=self.evidence,
                extra=extra,
                alpha=self.alpha,
                uncoupled=self.uncoupled,
            )
        schedule = near_schedule if self._near else unaries_schedule
        return schedule(rate, evidence=self.evidence, extra=extra)

    def usual_steps(self, *, unaries: bool, scribbles: bool) -> int:
        """After how many steps of the usual schedule more would hardly be better."""
        return _NEAR_STEPS if self._near and unaries and not scribbles else _STEPS

    @property
    def _near(self) -> bool:
        return constraints.record(self.constraint).near

    def _penalties(self, *, unaries: bool) -> dict[str, float]:
        penalties = {}
        if self.regulariser_weight:
            penalties[REGULARISER] = self.regulariser_weight
        if unaries and self.tv_weight:
            penalties[TOTAL_VARIATION] = self.tv_weight
        if self.constraint == "union" and self.overlap_weight:
            penalties[OVERLAP] = self.overlap_weight
        return penalties

    def _bending_schedule(
        self,
        groups: list[str],
        rate: float,
        evidence: str,
        extra: Mapping[str, float],
        alpha: float,
    ) -> Schedule:
        published = self.protocol == "published-code"
        own = {} if published else {"learning_rate": rate, "optimiser": self.optimiser}
        return path_connected_schedule(
            self.weight_decay,
            evidence=evidence,
            extra=extra,
            alpha=alpha,
            groups=groups,
            protocol=self.protocol,
            **own,  # type: ignore[arg-type]
        )

    def training_schedule(self, fit: str) -> Schedule:
        """The schedule of a fit that trains its predictor along: joint, or the published code's."""
        coupling = {"alpha": self.alpha, "uncoupled": self.uncoupled}
        overlap = self.constraint == "union" and self.overlap_weight
        if self.schedule_name == "three-stage":
            extra = {OVERLAP: self.overlap_weight} if overlap else {}
            return self._three_stages(extra, teacher=True)
        if fit == "sequential":
            return concurrent_schedule(**coupling)
        return joint_schedule(
            self.protocol,
            representation_rate=self.rate_factor,
            extra={OVERLAP: self.overlap_weight} if overlap else None,
            **coupling,
        )

    def _three_stages(self, extra: Mapping[str, float], *, teacher: bool) -> Schedule:
        rate = self.learning_rate or LEARNING_RATE
        return three_stage_schedule(rate, teacher=teacher, alpha=self.alpha, extra=extra)


def count_objects(problem: Problem) -> int:
    """The largest label among a problem's scribbled objects; 0 without scribbles."""
    if problem.scribbles is None:
        return 0
    labels = problem.scribbles[problem.scribbles != BACKGROUND_SCRIBBLE]
    return int(labels.max(initial=0))
