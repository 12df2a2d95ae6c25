"""The tasks: training a predictor on scribbles, alone or with a representation, and projecting."""

from collections.abc import Set

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from isr.data.features.sets import RGB, XY, channel_slices
from isr.data.problems import Problem, scribbles_of
from isr.errors import UserError
from isr.fitting.engine.sampling import Strata
from isr.fitting.engine.sources import Batch, PictureSource, Points, PointSource, Source
from isr.fitting.engine.task import Call, Evidence, Task, Terms
from isr.fitting.schedules import (
    ABSOLUTE_DISTANCE,
    BINARISED_COUPLING,
    COLOUR_GRADIENT,
    COUPLING,
    OVERLAP,
    POSITION_GRADIENT,
    PREDICTOR_SCRIBBLES,
    REGULARISER,
    REPRESENTATION_SCRIBBLES,
    TOTAL_VARIATION,
    UNARIES_ENTROPY,
)
from isr.levels import probability
from isr.networks.predictors import CNN, Predictor
from isr.objectives import (
    absolute_distance,
    cross_entropy,
    gradient_mean_absolute,
    gradient_norm,
    overlap,
    squared_distance,
    total_variation,
)
from isr.representations import Representation
from isr.representations.starts import shares
from isr.representations.union import Union

_COUPLINGS = frozenset({COUPLING, BINARISED_COUPLING})
"""Terms that compare the representation with the predictor."""


class PredictorTraining(Task):
    """Train a pixel-wise predictor on scribbles, alone or with a representation (eqs. 13, 14).

    The coupling moves both networks (eq. 13); the binarised one couples the representation to the
    thresholded prediction and leaves the predictor alone.

    Args:
        predictor: template of the predictor.
        points: pixels per step.
        representation: template of the representation for joint training; None trains alone.
    """

    def __init__(
        self,
        predictor: Predictor,
        points: Points,
        *,
        representation: Representation | None = None,
    ) -> None:
        self.modules = nn.ModuleDict({"predictor": predictor})
        if representation is not None:
            self.modules["representation"] = representation
        self.points = points
        self._parts = 0 if representation is None else representation.part_count

    @property
    def joint(self) -> bool:
        """Whether a representation is fitted along."""
        return "representation" in self.modules

    def source(self, problem: Problem, *, seed: int) -> Source:
        """Strokes and random pixels."""
        return PointSource(problem, self.points, seed=seed)

    def terms(self, call: Call, batch: Batch, active: Set[str]) -> Terms:
        """The scribble terms and the coupling."""
        strokes = batch["targets"].shape[0]
        features = batch["features"]
        level = call("predictor", features if _COUPLINGS & active else features[:strokes])
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
        seen = coordinates if overlaps or _COUPLINGS & active else coordinates[:strokes]
        level, levels = _levels(call, seen, parts=overlaps)
        terms = {
            REPRESENTATION_SCRIBBLES: cross_entropy(
                level[:strokes], batch["targets"], batch["stroke_weights"]
            )
        }
        if overlaps:
            terms[OVERLAP] = overlap(levels[strokes:], batch["point_weights"])
        prediction = probability(point_level)
        if COUPLING in active:
            terms[COUPLING] = squared_distance(level[strokes:], prediction, batch["point_weights"])
        if BINARISED_COUPLING in active:
            binary = (prediction >= 0.5).to(prediction).detach()
            terms[BINARISED_COUPLING] = squared_distance(
                level[strokes:], binary, batch["point_weights"]
            )
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
    """

    padded = True

    def __init__(
        self,
        predictor: CNN,
        points: Points,
        *,
        features: str,
        absolute_penalty: bool = False,
        representation: Representation | None = None,
    ) -> None:
        super().__init__(predictor, points, representation=representation)
        slices = channel_slices(features)
        names = {COLOUR_GRADIENT: RGB, POSITION_GRADIENT: XY}
        self.penalised = {term: slices[name] for term, name in names.items() if name in slices}
        self.penalty = gradient_mean_absolute if absolute_penalty else gradient_norm
        self._predictor = predictor

    def stacks(self, device: torch.device) -> bool:
        """Where the predictor has kernels: else `vmap` is several times slower than each alone."""
        return self._predictor.stacks(device)

    def source(self, problem: Problem, *, seed: int) -> Source:
        """The whole picture, strokes and random pixels."""
        return PictureSource(problem, self.points, seed=seed)

    def terms(self, call: Call, batch: Batch, active: Set[str]) -> Terms:
        """The scribble terms, the gradient penalties and the coupling."""
        penalised = {term: where for term, where in self.penalised.items() if term in active}
        picture, size = batch["picture"], batch["size"]
        # In a stack, a picture may be padded to the size of the largest.
        inputs = (picture, size) if self.stacks(picture.device) else (picture,)
        if penalised:
            level, gradient = call("predictor", *inputs, method="with_gradient")
        else:
            level, gradient = call("predictor", *inputs), picture
        level, padding = level.flatten(), picture.shape[-1] - size[1]
        labelled, positions = (
            pixels + pixels // size[1] * padding
            for pixels in (batch["labelled"], batch["positions"])
        )
        terms = {
            PREDICTOR_SCRIBBLES: cross_entropy(
                # Here a pixel counts but once: its gradient needs no order of sums.
                level.gather(0, labelled),
                batch["labels"],
                batch["label_weights"],
            )
        }
        for term, where in penalised.items():
            channels = gradient[0, where].movedim(0, -1).flatten(0, 1)
            terms[term] = self.penalty(channels, batch["pixel_weights"].flatten())
        return terms | self.representation_terms(call, batch, active, level[positions])


_OF_UNARIES = {
    COUPLING: squared_distance,
    ABSOLUTE_DISTANCE: absolute_distance,
    UNARIES_ENTROPY: cross_entropy,
}
"""How far levels are from unaries, by term."""


class Projection(Task):
    """Fit a representation to given unaries and, where there are any, scribbles (eqs. 9 and 15).

    Args:
        representation: template of the representation.
        points: pixels per step.
        object_weight: weight of the unaries' object against the background; see `unaries_strata`.
        objects: whether scribbles 1..n stand for objects of their own, each for one member of a
            union.
    """

    def __init__(
        self,
        representation: Representation,
        points: Points,
        *,
        object_weight: float | None = None,
        objects: bool = False,
    ) -> None:
        self.modules = torch.nn.ModuleDict({"representation": representation})
        self.points, self.object_weight, self.objects = points, object_weight, objects
        if objects and not (
            isinstance(representation, Union)
            and representation.part_count == len(representation.members)
        ):
            raise UserError("constraint: several objects need a union with one member for each.")

    def source(self, problem: Problem, *, seed: int) -> PointSource:
        """Strokes and pixels of a problem."""
        source = PointSource(
            problem,
            self.points,
            seed=seed,
            object_weight=self.object_weight,
            objects=len(self._members()) if self.objects else None,
            shares=self._shares(problem),
        )
        source.constants["pixel_weights"] = _pixel_weights(source.random)
        return source

    def _shares(self, problem: Problem) -> NDArray[np.float32] | None:
        """Which part of a union should begin where, since equal parts would all take everything."""
        union = self.modules["representation"]
        if problem.unaries is None or problem.scribbles is not None or not isinstance(union, Union):
            return None
        coordinates, unaries = map(
            torch.from_numpy, (problem.filled().coordinates, problem.unaries)
        )
        return torch.stack(shares(coordinates, unaries, union.part_count), dim=-1).numpy()

    def _members(self) -> list[Representation]:
        union = self.modules["representation"]
        assert isinstance(union, Union)
        return [member for member in union.members if isinstance(member, Representation)]

    def evidence(self, problem: Problem) -> list[Evidence]:
        """The unaries of the whole; strokes of the whole too, or of each object its own."""
        if not self.objects or problem.scribbles is None:
            return super().evidence(problem)
        strokes = [scribbles_of(problem.scribbles, k + 1) for k in range(len(self._members()))]
        members = [
            Evidence(f"representation.members.{k}", None, own) for k, own in enumerate(strokes)
        ]
        return [Evidence("representation", problem.unaries, None), *members]

    def start_(self, problem: Problem, *, again: bool = False) -> None:
        """Start every object from its own scribbles, or the whole from what is known."""
        if not self.objects or problem.scribbles is None:
            super().start_(problem, again=again)
            return
        like = next(self.modules.parameters())
        coordinates = torch.from_numpy(problem.coordinates).to(like)
        labels = torch.from_numpy(problem.scribbles).to(like.device)
        for number, member in enumerate(self._members(), start=1):
            known = (labels == number).to(like)
            start = member.restart_ if again else member.start_
            start(coordinates, torch.where(labels == 0, torch.nan, known))

    def terms(self, call: Call, batch: Batch, active: Set[str]) -> Terms:
        """Scribbles, the distance to the unaries that the schedule names, and penalties."""
        strokes = batch["targets"].shape[0] if "targets" in batch else 0
        objects = strokes and batch["targets"].ndim == 2
        coordinates = batch["coordinates"]
        needs_points = bool({*_OF_UNARIES, OVERLAP} & active)
        seen = coordinates if needs_points else coordinates[:strokes]
        terms: Terms = {}
        begins = UNARIES_ENTROPY in active and "shares" in batch
        parts = bool(objects or begins or OVERLAP in active)
        level, levels = _levels(call, seen, parts=parts)
        if strokes:
            scribbled = levels if objects else level
            terms[REPRESENTATION_SCRIBBLES] = _entropy(
                scribbled[:strokes], batch["targets"], batch["stroke_weights"]
            )
        if OVERLAP in active:
            terms[OVERLAP] = overlap(levels[strokes:], batch["point_weights"])
        if REGULARISER in active:
            terms[REGULARISER] = call("representation", method="regulariser")
        if TOTAL_VARIATION in active:
            terms[TOTAL_VARIATION] = total_variation(
                lambda points: call("representation", points),
                coordinates[strokes:],
                batch["pixel_weights"],
            )
        if begins:
            terms[UNARIES_ENTROPY] = _entropy(
                levels[strokes:], batch["shares"], batch["point_weights"]
            )
        distances = {
            name: distance(level[strokes:], batch["unaries"], batch["point_weights"])
            for name, distance in _OF_UNARIES.items()
            if name in active
        }
        return distances | terms


def _levels(call: Call, coordinates: Tensor, *, parts: bool) -> tuple[Tensor, Tensor]:
    """Levels (n,) of the representation and, where they are asked for, of its parts (n, parts)."""
    if not parts:
        level = call("representation", coordinates)
        return level, level
    levels = call("representation", coordinates, method="parts")
    return levels.amin(-1), levels


def _entropy(level: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """The cross entropy of levels (n,), or the mean of those of each part of (n, parts).

    Weights (n,) are those of every part.
    """
    if targets.ndim == 1:
        return cross_entropy(level, targets, weights)
    if weights.ndim == 2:
        weights = weights.movedim(-1, 0)
    return cross_entropy(level.movedim(-1, 0), targets.movedim(-1, 0), weights).mean()


def _pixel_weights(strata: Strata) -> Tensor:
    """(draws,) weights of the mean over all pixels alike, whatever an object weighs."""
    pairs = zip(strata.members, strata.counts, strict=True)
    stands_for = torch.tensor([len(members) / count for members, count in pairs])
    weights = stands_for.repeat_interleave(torch.tensor(strata.counts))
    return weights / weights.sum()
