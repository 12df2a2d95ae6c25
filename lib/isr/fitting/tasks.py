"""Tasks of training a predictor on scribbles, alone or jointly with a representation."""

from collections.abc import Set
from typing import Literal

import torch
from torch import Tensor, nn

from isr.data.features.sets import RGB, XY, channel_slices
from isr.data.problems import Problem
from isr.fitting.engine.batches import Batch, PictureSource, Points, PointSource, Source
from isr.fitting.engine.task import Call, Task, Terms
from isr.fitting.schedules import (
    COLOUR_GRADIENT,
    COUPLING,
    OVERLAP,
    POSITION_GRADIENT,
    PREDICTOR_SCRIBBLES,
    REPRESENTATION_SCRIBBLES,
)
from isr.levels import probability
from isr.networks.predictors import CNN, Predictor
from isr.objectives import (
    cross_entropy,
    gradient_mean_absolute,
    gradient_norm,
    overlap,
    squared_distance,
)
from isr.representations import Representation

CouplingMode = Literal["both", "binarised"]


class PredictorTraining(Task):
    """Train a pixel-wise predictor on scribbles, alone or with a representation (eqs. 13, 14).

    Args:
        predictor: template of the predictor.
        points: pixels per step.
        representation: template of the representation for joint training; None trains alone.
        coupling: `both` lets the coupling move both networks (eq. 13); `binarised` couples the
            representation to the thresholded prediction and leaves the predictor alone.
    """

    def __init__(
        self,
        predictor: Predictor,
        points: Points,
        *,
        representation: Representation | None = None,
        coupling: CouplingMode = "both",
    ) -> None:
        self.modules = nn.ModuleDict({"predictor": predictor})
        if representation is not None:
            self.modules["representation"] = representation
        self.points, self.coupling = points, coupling
        self._parts = 0 if representation is None else representation.part_count

    @property
    def joint(self) -> bool:
        """Whether a representation is fitted along."""
        return "representation" in self.modules

    def source(self, problem: Problem, *, seed: int, device: torch.device) -> Source:
        """Strokes and random pixels."""
        return PointSource(problem, self.points, seed=seed, device=device)

    def terms(self, call: Call, batch: Batch, active: Set[str]) -> Terms:
        """The scribble terms and the coupling."""
        strokes = batch["targets"].shape[0]
        features = batch["features"]
        level = call("predictor", features if COUPLING in active else features[:strokes])
        terms = {
            PREDICTOR_SCRIBBLES: cross_entropy(
                level[:strokes], batch["targets"], batch["stroke_weights"]
            )
        }
        return terms | self.representation_terms(call, batch, active, level[strokes:])

    def representation_terms(
        self, call: Call, batch: Batch, active: Set[str], point_level: Tensor
    ) -> Terms:
        """The representation's scribble term and its coupling to the predictor at random pixels."""
        if not self.joint:
            return {}
        strokes = batch["targets"].shape[0]
        coordinates = batch["coordinates"]
        overlaps = OVERLAP in active and self._parts > 1
        seen = coordinates if overlaps or COUPLING in active else coordinates[:strokes]
        if overlaps:
            levels = call("representation", seen, method="parts")
            level = levels.amin(-1)
        else:
            level = call("representation", seen)
        terms = {
            REPRESENTATION_SCRIBBLES: cross_entropy(
                level[:strokes], batch["targets"], batch["stroke_weights"]
            )
        }
        if overlaps:
            terms[OVERLAP] = overlap(levels[strokes:], batch["point_weights"])
        if COUPLING in active:
            prediction = probability(point_level)
            if self.coupling == "binarised":
                prediction = (prediction >= 0.5).to(prediction).detach()
            terms[COUPLING] = squared_distance(level[strokes:], prediction, batch["point_weights"])
        return terms


class PictureTraining(PredictorTraining):
    """Train a convolutional predictor on whole pictures, alone or with a representation.

    All scribbled pixels enter its cross entropy and all pixels its gradient penalties (eqs. 13 and
    14). The coupling to a representation is taken at random pixels.

    Args:
        predictor: template of the predictor.
        points: pixels per step that the representation sees.
        features: the combination of features, to know colours and coordinates among the channels.
        absolute_penalty: use the published code's mean absolute gradient, not the mean norm.
        representation: as in `PredictorTraining`.
        coupling: as in `PredictorTraining`.
    """

    # Convolutions with stacked weights become grouped ones, several times slower than each alone.
    stacks = False

    def __init__(
        self,
        predictor: CNN,
        points: Points,
        *,
        features: str,
        absolute_penalty: bool = False,
        representation: Representation | None = None,
        coupling: CouplingMode = "both",
    ) -> None:
        super().__init__(predictor, points, representation=representation, coupling=coupling)
        slices = channel_slices(features)
        names = {COLOUR_GRADIENT: RGB, POSITION_GRADIENT: XY}
        self.penalised = {term: slices[name] for term, name in names.items() if name in slices}
        self.penalty = gradient_mean_absolute if absolute_penalty else gradient_norm

    def source(self, problem: Problem, *, seed: int, device: torch.device) -> Source:
        """The whole picture, strokes and random pixels."""
        return PictureSource(problem, self.points, seed=seed, device=device)

    def terms(self, call: Call, batch: Batch, active: Set[str]) -> Terms:
        """The scribble terms, the gradient penalties and the coupling."""
        penalised = {term: where for term, where in self.penalised.items() if term in active}
        picture = batch["picture"]
        if penalised:
            level, gradient = call("predictor", picture, method="with_gradient")
        else:
            level, gradient = call("predictor", picture), picture
        level = level.flatten()
        terms = {
            PREDICTOR_SCRIBBLES: cross_entropy(
                level[batch["labelled"]], batch["labels"], batch["label_weights"]
            )
        }
        every_pixel = torch.full_like(level, 1.0 / level.numel())
        for term, where in penalised.items():
            channels = gradient[0, where].movedim(0, -1).flatten(0, 1)
            terms[term] = self.penalty(channels, every_pixel)
        return terms | self.representation_terms(call, batch, active, level[batch["positions"]])
