"""Tasks: what is optimised for one problem, written as loss terms, and the pixels a step sees.

A task holds template modules and turns a batch into named loss terms. It knows nothing of stacks:
the engine runs it for one problem, or over many by `torch.func.vmap`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.engine.sampling import (
    Indices,
    Strata,
    object_strata,
    pixel_strata,
    stroke_strata,
    unaries_strata,
    uniforms,
)
from isr.representations import Representation

Batch = dict[str, Tensor]


class Source(Protocol):
    """Where the batches of a problem come from.

    Attributes:
        constants: what every step sees.
    """

    constants: Batch

    def block(self, first_step: int, steps: int) -> Batch:
        """The batches of some steps, with a leading axis for the step."""


@dataclass(frozen=True)
class Points:
    """How many pixels a step draws.

    Attributes:
        strokes: scribbled pixels.
        random: pixels anywhere in the picture.
    """

    strokes: int = 200
    random: int = 800


class PointSource:
    """Scribbled and random pixels of one problem.

    Batches hold `coordinates` (n, dim) and, where the problem has them, `features` (n, channels) of
    the strokes first and the random pixels after, and `unaries` of the random pixels. Constants:
    `stroke_weights`, `targets`, `point_weights`.

    Args:
        problem: the picture. Without scribbles no strokes are drawn.
        points: pixels per step.
        seed: of the study.
        device: where batches are made.
        object_weight: see `unaries_strata`; only for problems with unaries.
        objects: number of objects that scribbles tell apart; None takes them for one. Constants
            `targets` and `stroke_weights` then have a column for each.
        shares: (*grid, parts) unaries of each part of a union; batches hold them as `shares`.
    """

    def __init__(
        self,
        problem: Problem,
        points: Points,
        *,
        seed: int,
        device: torch.device,
        object_weight: float | None = None,
        objects: int | None = None,
        shares: NDArray[np.float32] | None = None,
    ) -> None:
        self.name, self.seed, self.device = problem.name, seed, device
        dim = problem.coordinates.shape[-1]
        self.tables = {"coordinates": problem.coordinates.reshape(-1, dim)}
        if problem.features is not None:
            self.tables["features"] = problem.features.reshape(-1, problem.features.shape[-1])
        self._gathered = {
            key: torch.from_numpy(table).to(device) for key, table in self.tables.items()
        }
        self.constants: Batch = {}
        self.strokes: Strata | None = None
        if problem.scribbles is not None and points.strokes:
            if objects is None:
                self.strokes, targets = stroke_strata(
                    problem.scribbles, points.strokes, name=problem.name
                )
                weights = self.strokes.weights
            else:
                self.strokes, targets, weights = object_strata(
                    problem.scribbles, points.strokes, objects, name=problem.name
                )
            self.constants["stroke_weights"] = weights.to(device)
            self.constants["targets"] = targets.to(device)
        self.unaries = None
        if problem.unaries is not None:
            self.random = unaries_strata(
                problem.unaries, points.random, object_weight=object_weight
            )
            self.unaries = torch.from_numpy(problem.unaries.reshape(-1)).to(device)
        else:
            self.random = pixel_strata(len(self.tables["coordinates"]), points.random)
        self.shares = None
        if shares is not None:
            self.shares = torch.from_numpy(shares.reshape(-1, shares.shape[-1])).to(device)
        self.constants["point_weights"] = self.random.weights.to(device)

    def _drawn(self, strata: Strata, stream: str, first_step: int, steps: int) -> Indices:
        return strata.draw(
            uniforms(
                self.seed,
                self.name,
                stream,
                first_step=first_step,
                steps=steps,
                count=strata.count,
            )
        )

    def _pixels(self, first_step: int, steps: int) -> Tensor:
        """Which pixels some steps draw: (steps, n), strokes first and random ones after."""
        drawn = [self._drawn(self.random, "points", first_step, steps)]
        if self.strokes is not None:
            drawn.insert(0, self._drawn(self.strokes, "strokes", first_step, steps))
        return torch.from_numpy(np.concatenate(drawn, axis=1)).to(self.device)

    def block(self, first_step: int, steps: int) -> Batch:
        """The batches of some steps, with a leading axis for the step."""
        pixels = self._pixels(first_step, steps)
        batch = {key: table[pixels] for key, table in self._gathered.items()}
        if self.unaries is not None:
            batch["unaries"] = self.unaries[pixels[:, -self.random.count :]]
        if self.shares is not None:
            batch["shares"] = self.shares[pixels[:, -self.random.count :]]
        return batch


class PictureSource(PointSource):
    """The whole picture for a predictor that sees neighbourhoods, points for the representation.

    Batches hold `coordinates` of the strokes first and the random pixels after, and `positions`
    (n,), which pixels of the flattened picture the random ones are. Constants, beside those of a
    `PointSource`: `picture` (1, channels, h, w); `labelled` (m,), which pixels are scribbled, and
    their `labels` (m,), 1 for object, and `label_weights` (m,).

    Args:
        problem: the picture, with features and scribbles.
        points: pixels per step that the representation sees.
        seed: of the study.
        device: where batches are made.
    """

    def __init__(
        self, problem: Problem, points: Points, *, seed: int, device: torch.device
    ) -> None:
        if problem.features is None or problem.scribbles is None:
            raise UserError(f"{problem.name}: a predictor needs features and scribbles.")
        super().__init__(
            replace(problem, features=None, unaries=None), points, seed=seed, device=device
        )
        scribbles = problem.scribbles.ravel()
        labelled = np.flatnonzero(scribbles != NO_SCRIBBLE)
        labels = (scribbles[labelled] != BACKGROUND_SCRIBBLE).astype(np.float32)
        # Channels innermost, as they are read: convolutions are a third faster that way.
        picture = torch.from_numpy(problem.features).to(device).permute(2, 0, 1).unsqueeze(0)
        self.constants |= {
            "picture": picture,
            "labelled": torch.from_numpy(labelled).to(device),
            "labels": torch.from_numpy(labels).to(device),
            "label_weights": torch.full((len(labels),), 1.0 / len(labels), device=device),
        }

    def block(self, first_step: int, steps: int) -> Batch:
        """The batches of some steps, with a leading axis for the step."""
        pixels = self._pixels(first_step, steps)
        return {
            "coordinates": self._gathered["coordinates"][pixels],
            "positions": pixels[:, -self.random.count :],
        }


Terms = dict[str, Tensor]

Call = Callable[..., Any]
"""Run a module of the task by name, with the current parameters of one problem.

`call("representation", points)` runs its forward, `call(..., method="parts")` another method; a
name such as `representation.members.0` is that of a module inside.
"""


class _Method(nn.Module):
    """A method of a module as a module of its own, since `functional_call` runs only `forward`."""

    def __init__(self, module: nn.Module, name: str) -> None:
        super().__init__()
        self.module, self.name = module, name

    def forward(self, *inputs: Tensor) -> Any:
        return getattr(self.module, self.name)(*inputs)


def bind(modules: nn.ModuleDict, parameters: Mapping[str, Tensor]) -> Call:
    """Calls of `modules` that see `parameters`, by names such as `representation.centre`."""

    def call(name: str, *inputs: Tensor, method: str = "forward") -> Any:
        own = {
            f"module.{key.removeprefix(f'{name}.')}": value
            for key, value in parameters.items()
            if key.startswith(f"{name}.")
        }
        return functional_call(
            _Method(modules.get_submodule(name), method), own, inputs, tie_weights=False
        )

    return call


class Task(ABC):
    """What is optimised: template modules, batches and loss terms of one problem.

    Attributes:
        modules: the templates.
        stacks: whether problems of one shape gain by `vmap`; otherwise they run side by side.
    """

    modules: nn.ModuleDict
    stacks: bool = True

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
