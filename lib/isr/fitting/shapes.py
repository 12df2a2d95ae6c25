"""What fitting one shape to one problem takes: the representation, the task and the schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from isr.data.dataset import BACKGROUND_SCRIBBLE
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.projection import Projection
from isr.fitting.schedule import (
    COUPLING,
    OVERLAP,
    REGULARISER,
    REPRESENTATION_SCRIBBLES,
    UNARIES_ENTROPY,
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
from isr.fitting.store import load_parameters
from isr.protocols import Protocol
from isr.representations import Representation, build

Distance = Literal["squared", "entropy"]

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
        distance: from the unaries (the d of equation 9): squared, or the cross entropy.
        weight_decay: on the diffeomorphism of a path-connected region.
        regulariser_weight: of what the representation penalises (amplitudes of waves).
        overlap_weight: of the overlap of the parts of a union.
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
    overlap_weight: float = 1.0
    protocol: Protocol = "paper"

    def for_problem(self, problem: Problem) -> "Shape":
        """The shape with one member for each object, where scribbles tell several apart."""
        count = count_objects(problem)
        if count < 2 or self.constraint == "union":
            return self
        union = {"member": self.constraint, "count": count, "options": dict(self.options)}
        return Shape(**{**vars(self), "constraint": "union", "options": union})

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
        return Projection(
            self.build(problem.coordinates.shape[-1]),
            Points(strokes, random),
            object_weight=self.object_weight,
            objects=count_objects(problem) > 1,
        )

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
        if self.constraint == "union" and self.overlap_weight:
            extra[OVERLAP] = self.overlap_weight
        factor = RATE_FACTORS.get(self.options.get("member", self.constraint), 1.0)
        rate = self.learning_rate or factor * _UNARIES_RATE
        # The entropy of a union is that of its parts against the shares they begin with.
        entropy = self.distance == "entropy" and self.constraint != "union"
        evidence = UNARIES_ENTROPY if entropy else COUPLING
        if not unaries:
            evidence = REPRESENTATION_SCRIBBLES
        elif scribbles:
            extra[REPRESENTATION_SCRIBBLES] = 1.0
        if self.constraint == "path_connected" and self.protocol == "published-code":
            return path_connected_schedule(
                self.weight_decay, evidence=evidence, extra=extra, protocol=self.protocol
            )
        if self.constraint == "path_connected":
            return path_connected_schedule(
                self.weight_decay,
                optimiser=self.optimiser,
                evidence=evidence,
                learning_rate=rate,
                extra=extra,
            )
        if not unaries:
            return scribbles_schedule(rate, extra=extra)
        if scribbles:
            rate = self.learning_rate or factor * _PROJECTION_RATE
            return projection_schedule(rate, extra=extra)
        return unaries_schedule(rate, evidence=evidence, extra=extra)


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
    prefix = "representation."
    state = {key.removeprefix(prefix): value for key, value in result.states[problem.name].items()}
    load_parameters(representation, state)
    return representation.requires_grad_(False)
