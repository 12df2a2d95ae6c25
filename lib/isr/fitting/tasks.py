"""Tasks: what is optimised for one problem, written as loss terms.

A task holds template modules and turns a batch into named loss terms. It knows nothing of stacks:
the engine runs it for one problem, or over many by `torch.func.vmap`.
"""

from abc import ABC, abstractmethod
from collections.abc import Set
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from isr.data.dataset import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.data.features import RGB, XY, channel_slices
from isr.data.problems import Problem
from isr.fitting.calls import Call
from isr.fitting.schedule import (
    COLOUR_GRADIENT,
    COUPLING,
    POSITION_GRADIENT,
    PREDICTOR_SCRIBBLES,
    REPRESENTATION_SCRIBBLES,
)
from isr.fitting.sources import Batch, Points, PointSource, WindowSource
from isr.fitting.windows import WholePicture, window_sampler
from isr.levels import probability
from isr.objectives import (
    cross_entropy,
    gradient_mean_absolute,
    gradient_norm,
    squared_distance,
)
from isr.predictors.base import Predictor
from isr.representations.base import Representation

Terms = dict[str, Tensor]
Source = PointSource | WindowSource
CouplingMode = Literal["both", "binarised"]


class Task(ABC):
    """What is optimised: template modules, batches and loss terms of one problem."""

    modules: nn.ModuleDict

    @abstractmethod
    def source(self, problem: Problem, *, seed: int, device: torch.device) -> Source:
        """Where the batches of `problem` come from."""

    def start_(self, problem: Problem) -> None:
        """Put the representation's centre, axis and the like where its fit should start."""
        if "representation" not in self.modules:
            return
        representation = cast(Representation, self.modules["representation"])
        given = first_guess(problem)
        if given is not None:
            like = next(representation.parameters())
            representation.start_(
                torch.from_numpy(problem.coordinates).to(like), torch.from_numpy(given).to(like)
            )

    @abstractmethod
    def terms(self, call: Call, batch: Batch, active: Set[str]) -> Terms:
        """The loss terms of one step, at least those `active` that the task has."""


def first_guess(problem: Problem) -> NDArray[np.float32] | None:
    """What is known of the foreground: unaries, or else scribbles with NaN where there are none."""
    if problem.unaries is not None or problem.scribbles is None:
        return problem.unaries
    known = np.where(problem.scribbles == BACKGROUND_SCRIBBLE, np.float32(0), np.float32(1))
    return np.where(problem.scribbles == NO_SCRIBBLE, np.float32(np.nan), known)


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
        level = call("representation", coordinates if COUPLING in active else coordinates[:strokes])
        terms = {
            REPRESENTATION_SCRIBBLES: cross_entropy(
                level[:strokes], batch["targets"], batch["stroke_weights"]
            )
        }
        if COUPLING in active:
            prediction = probability(point_level)
            if self.coupling == "binarised":
                prediction = (prediction >= 0.5).to(prediction).detach()
            terms[COUPLING] = squared_distance(level[strokes:], prediction, batch["point_weights"])
        return terms


class WindowedTraining(PredictorTraining):
    """Train a convolutional predictor on windows, alone or with a representation.

    Args:
        predictor: template of the predictor.
        points: pixels per step that the representation sees.
        features: the combination of features, to know colours and coordinates among the channels.
        windows: windows per step; None for the whole picture as the only one.
        core: side of a window without its halo.
        absolute_penalty: use the published code's mean absolute gradient, not the mean norm.
        representation: as in `PredictorTraining`.
        coupling: as in `PredictorTraining`.
    """

    def __init__(
        self,
        predictor: Predictor,
        points: Points,
        *,
        features: str,
        windows: int | None = 8,
        core: int = 16,
        absolute_penalty: bool = False,
        representation: Representation | None = None,
        coupling: CouplingMode = "both",
    ) -> None:
        super().__init__(predictor, points, representation=representation, coupling=coupling)
        slices = channel_slices(features)
        names = {COLOUR_GRADIENT: RGB, POSITION_GRADIENT: XY}
        self.penalised = {term: slices[name] for term, name in names.items() if name in slices}
        self.windows, self.core = windows, core
        self.penalty = gradient_mean_absolute if absolute_penalty else gradient_norm
        # The gradient at a pixel gathers outputs one halo away, each of which needs its own halo.
        self.halo = 2 * predictor.halo if windows else 0

    def source(self, problem: Problem, *, seed: int, device: torch.device) -> Source:
        """Windows, strokes and random pixels."""
        sampler: Any = WholePicture(*problem.size)
        if self.windows and problem.scribbles is not None:
            sampler = window_sampler(
                problem.scribbles, core=self.core, halo=self.halo, windows=self.windows
            )
        return WindowSource(problem, self.points, sampler, seed=seed, device=device)

    def terms(self, call: Call, batch: Batch, active: Set[str]) -> Terms:
        """The scribble terms, the gradient penalties and the coupling."""
        penalised = {term: where for term, where in self.penalised.items() if term in active}
        level, gradient = self._levels(call, batch, with_gradient=bool(penalised))
        core = self._core(level)
        terms = {
            PREDICTOR_SCRIBBLES: cross_entropy(
                core.flatten(),
                batch["core_targets"].flatten(),
                batch["core_stroke_weights"].flatten(),
            )
        }
        for term, where in penalised.items():
            channels = self._core(gradient[:, where]).movedim(-3, -1)
            terms[term] = self.penalty(channels.flatten(0, 2), batch["core_weights"].flatten())
        point_level = core.flatten()[batch["point_positions"]]
        return terms | self.representation_terms(call, batch, active, point_level)

    def _core(self, windows: Tensor) -> Tensor:
        """Cut the halo off (..., side, side)."""
        if not self.halo:
            return windows
        return windows[..., self.halo : -self.halo, self.halo : -self.halo]

    @staticmethod
    def _levels(call: Call, batch: Batch, *, with_gradient: bool) -> tuple[Tensor, Tensor]:
        """Levels (k, side, side) and d(sum of all probabilities)/d(features), like the features."""

        def summed(windows: Tensor) -> tuple[Tensor, Tensor]:
            level = call("predictor", windows, batch["inside"])
            return (probability(level) * batch["inside"]).sum(), level

        if not with_gradient:
            level = call("predictor", batch["windows"], batch["inside"])
            return level, torch.empty(0)
        gradient, level = torch.func.grad(summed, has_aux=True)(batch["windows"])
        return level, gradient
