"""What fitting one shape to one problem takes: the representation, the task and the schedule."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from isr.data.dataset import BACKGROUND_SCRIBBLE
from isr.data.problems import Problem
from isr.distances import Distance
from isr.errors import UserError
from isr.fitting.projection import Projection
from isr.fitting.schedule import (
    ABSOLUTE_DISTANCE,
    COUPLING,
    OVERLAP,
    REGULARISER,
    REPRESENTATION_SCRIBBLES,
    TOTAL_VARIATION,
    UNARIES_ENTROPY,
    UNCOUPLED,
    OptimiserKind,
    Schedule,
    path_connected_schedule,
    projection_schedule,
    scribbles_schedule,
    unaries_schedule,
)
from isr.fitting.slots import Settings
from isr.fitting.sources import Points
from isr.fitting.stack import Stack, run
from isr.fitting.store import load_parameters, own_parameters
from isr.protocols import Protocol
from isr.representations import Representation, build
from isr.representations.rotationally_symmetric import choose_order

_TERMS: dict[Distance, str] = {
    "squared": COUPLING,
    "absolute": ABSOLUTE_DISTANCE,
    "entropy": UNARIES_ENTROPY,
}

RATE_FACTORS = {"star_shaped": 0.3, "radially_connected": 0.3, "path_connected": 0.4}
"""Factors of the learning rates for constraints that those of a convex region are too large for."""
_UNARIES_RATE, _PROJECTION_RATE = 0.01, 0.02


@dataclass(frozen=True)
class Shape:
    """How one shape is fitted.

    Attributes:
        constraint: name of the representation.
        options: of the representation.
        points: drawn per step; with scribbles and unaries, half of them are scribbled ones.
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
        alpha: weight of the unaries against the scribbles (eq. 15).
        uncoupled: share of the steps before it counts, of shapes that begin with the scribbles.
        protocol: whose schedules.
    """

    constraint: str
    options: Mapping[str, Any] = field(default_factory=dict)
    points: int = 1000
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

    def for_problem(self, problem: Problem) -> "Shape":
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

    def _with_order(self, problem: Problem) -> "Shape":
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
        return build(self.constraint, dim, **self.options)

    def task(self, problem: Problem) -> Projection:
        """The task of fitting it to a problem with unaries, scribbles or both."""
        if problem.unaries is None and problem.scribbles is None:
            raise UserError(f"{problem.name}: nothing to fit to: give unaries or scribbles.")
        strokes = 0 if problem.scribbles is None else self.points
        if strokes and problem.unaries is not None:
            strokes //= 2
        random = self.points if problem.unaries is None else self.points - strokes
        representation = self.build(problem.coordinates.shape[-1])
        objects, parts = count_objects(problem), representation.part_count
        if objects > 1 and objects != parts:
            raise UserError(
                f"{problem.name}: scribbles name {objects} objects, the union has {parts} parts: "
                "give it one member for each object."
            )
        return Projection(
            representation,
            Points(strokes, random),
            object_weight=self.object_weight,
            objects=objects > 1,
        )

    @property
    def evidence(self) -> str:
        """Name of the loss term by which unaries are followed."""
        # The entropy of a union is that of its parts against the shares they begin with.
        if self.distance == "entropy" and self.constraint == "union":
            return COUPLING
        return _TERMS[self.distance]

    def schedule(self, problem: Problem) -> Schedule:
        """The usual schedule for this constraint and what is known of the problem."""
        return self.schedule_from(
            unaries=problem.unaries is not None, scribbles=problem.scribbles is not None
        )

    def schedule_from(self, *, unaries: bool, scribbles: bool) -> Schedule:
        """The usual schedule where unaries, scribbles or both are known."""
        extra = {}
        if self.regulariser_weight:
            extra[REGULARISER] = self.regulariser_weight
        if unaries and self.tv_weight:
            extra[TOTAL_VARIATION] = self.tv_weight
        if self.constraint == "union" and self.overlap_weight:
            extra[OVERLAP] = self.overlap_weight
        kinds = dict(_kinds("representation", self.constraint, self.options))
        factor = min(RATE_FACTORS.get(kind, 1.0) for kind in kinds.values())
        rate = self.learning_rate or factor * _UNARIES_RATE
        bending = [name for name, kind in kinds.items() if kind == "path_connected"]
        if bending:
            alpha = 1.0
            if unaries and scribbles:
                extra[REPRESENTATION_SCRIBBLES], alpha = 1.0, self.alpha
            evidence = self.evidence if unaries else REPRESENTATION_SCRIBBLES
            return self._bending_schedule(bending, rate, evidence, extra, alpha)
        if not unaries:
            return scribbles_schedule(rate, extra=extra)
        if scribbles:
            rate = self.learning_rate or factor * _PROJECTION_RATE
            return projection_schedule(
                rate,
                evidence=self.evidence,
                extra=extra,
                alpha=self.alpha,
                uncoupled=self.uncoupled,
            )
        return unaries_schedule(rate, evidence=self.evidence, extra=extra)

    def _bending_schedule(
        self,
        groups: list[str],
        rate: float,
        evidence: str,
        extra: Mapping[str, float],
        alpha: float,
    ) -> Schedule:
        if self.protocol == "published-code":
            return path_connected_schedule(
                self.weight_decay,
                evidence=evidence,
                extra=extra,
                alpha=alpha,
                groups=groups,
                protocol=self.protocol,
            )
        return path_connected_schedule(
            self.weight_decay,
            learning_rate=rate,
            optimiser=self.optimiser,
            evidence=evidence,
            extra=extra,
            alpha=alpha,
            groups=groups,
        )


def _kinds(name: str, constraint: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of the modules that a representation is a union of, with their constraints."""
    if constraint != "union":
        yield name, constraint
        return
    members = options.get("members")
    if members is None:
        member = {"name": options.get("member", "convex"), "options": options.get("options", {})}
        members = [member] * options.get("count", 2)
    for number, member in enumerate(members):
        inner = f"{name}.members.{number}"
        yield from _kinds(inner, member["name"], member.get("options", {}))


def count_objects(problem: Problem) -> int:
    """The largest label among a problem's scribbled objects; 0 without scribbles."""
    if problem.scribbles is None:
        return 0
    labels = problem.scribbles[problem.scribbles != BACKGROUND_SCRIBBLE]
    return int(labels.max(initial=0))


def fit_shape(
    problem: Problem,
    shape: Shape,
    *,
    steps: int,
    seed: int,
    device: str,
    schedule: Schedule | None = None,
) -> Representation:
    """Fit a shape to one problem.

    Raises:
        UserError: the fit did not stay finite, or the problem lacks what the shape needs.
    """
    shape = shape.for_problem(problem)
    settings = Settings(
        schedule or shape.schedule(problem), steps, seed, device=torch.device(device)
    )
    result = run(Stack(shape.task(problem), [problem.name], lambda _: problem, settings))
    if not result.finite[problem.name]:
        raise UserError("the fit did not stay finite: lower the learning rate of the schedule.")
    representation = shape.build(problem.coordinates.shape[-1])
    state = result.states[problem.name]
    load_parameters(representation, own_parameters(state, "representation"))
    return representation.requires_grad_(False)
