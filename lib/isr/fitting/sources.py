"""Batches: the pixels that each step sees, gathered from one problem block by block."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.sampling import (
    Indices,
    Strata,
    object_strata,
    pixel_strata,
    stroke_strata,
    systematic,
    unaries_strata,
)
from isr.fitting.streams import uniforms
from isr.fitting.windows import WholePicture, WindowSampler

Batch = dict[str, Tensor]

_LONGEST_BLOCK = 1000
_BLOCK_BYTES = 2**26
"""What the windows of a block may take; blocks of whole pictures are short."""


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
        self.longest_block = _LONGEST_BLOCK
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

    def block(self, first_step: int, steps: int) -> Batch:
        """The batches of some steps, with a leading axis for the step."""
        random = self._drawn(self.random, "points", first_step, steps)
        drawn = [random]
        if self.strokes is not None:
            drawn.insert(0, self._drawn(self.strokes, "strokes", first_step, steps))
        pixels = torch.from_numpy(np.concatenate(drawn, axis=1)).to(self.device)
        batch = {key: table[pixels] for key, table in self._gathered.items()}
        if self.unaries is not None:
            batch["unaries"] = self.unaries[pixels[:, -self.random.count :]]
        if self.shares is not None:
            batch["shares"] = self.shares[pixels[:, -self.random.count :]]
        return batch


class WindowSource:
    """Windows for a convolutional predictor, strokes and random pixels for the representation.

    Batches hold `windows` (k, channels, side, side) and `inside` (k, side, side); of the cores
    `core_weights` (for means over the picture), `core_stroke_weights` (for means over scribbles)
    and `core_targets`, all (k, core, core); `point_positions` (n,), which core pixels the random
    pixels are, `point_weights` (n,), and `coordinates` of the strokes and these pixels.

    Args:
        problem: the picture, with features and scribbles.
        points: pixels per step that the representation sees.
        sampler: where the windows lie.
        seed: of the study.
        device: where batches are made.
    """

    def __init__(
        self,
        problem: Problem,
        points: Points,
        sampler: WindowSampler | WholePicture,
        *,
        seed: int,
        device: torch.device,
    ) -> None:
        if problem.features is None or problem.scribbles is None:
            raise UserError(f"{problem.name}: a predictor needs features and scribbles.")
        self.name, self.seed, self.device = problem.name, seed, device
        self.sampler, self.random = sampler, points.random
        self.strokes, targets = stroke_strata(problem.scribbles, points.strokes, name=problem.name)
        self.constants: Batch = {
            "stroke_weights": self.strokes.weights.to(device),
            "targets": targets.to(device),
        }
        scribbles = problem.scribbles.ravel()
        one_over_coverage = (1.0 / sampler.coverage).ravel()
        labelled = scribbles != 0
        tables: Mapping[str, np.ndarray] = {
            "core_weights": one_over_coverage / scribbles.size,
            "core_stroke_weights": labelled * one_over_coverage / labelled.sum(),
            "core_targets": labelled & (scribbles != 255),
        }
        self._core_tables = {
            key: torch.from_numpy(table.astype(np.float32)).to(device)
            for key, table in tables.items()
        }
        channels = problem.features.shape[-1]
        bytes_per_step = 4 * (channels + 1) * sampler.pixels_per_step
        self.longest_block = max(1, min(_LONGEST_BLOCK, _BLOCK_BYTES // bytes_per_step))
        flat = torch.from_numpy(problem.features.reshape(-1, channels))
        self._features = flat.to(device)
        self._coordinates = torch.from_numpy(problem.coordinates.reshape(-1, 2)).to(device)

    def _uniforms(self, stream: str, count: int, first_step: int, steps: int) -> np.ndarray:
        return uniforms(
            self.seed, self.name, stream, first_step=first_step, steps=steps, count=count
        )

    def block(self, first_step: int, steps: int) -> Batch:
        """The batches of some steps, with a leading axis for the step."""
        drawn = self._uniforms("windows", self.sampler.uniforms, first_step, steps)
        corners = self.sampler.corners(drawn)
        window, inside = self.sampler.pixels(corners, margin=self.sampler.halo)
        core, core_inside = self.sampler.pixels(corners, margin=0)
        inside_mask = self._on_device(inside).float()
        windows = self._features[self._on_device(window)] * inside_mask.unsqueeze(-1)
        batch: Batch = {"windows": windows.movedim(-1, -3).contiguous(), "inside": inside_mask}
        core_pixels, core_mask = self._on_device(core), self._on_device(core_inside).float()
        for key, table in self._core_tables.items():
            batch[key] = table[core_pixels] * core_mask
        return batch | self._points(core_pixels.flatten(1), batch["core_weights"], first_step)

    def _points(self, core_pixels: Tensor, core_weights: Tensor, first_step: int) -> Batch:
        """A few of the core pixels for the representation, and the strokes."""
        steps, pixels = core_pixels.shape
        positions = self._on_device(
            systematic(self._uniforms("points", self.random, first_step, steps), pixels)
        )
        chosen = core_pixels.gather(1, positions)
        strokes = self.strokes.draw(
            self._uniforms("strokes", self.strokes.count, first_step, steps)
        )
        seen = torch.cat([self._on_device(strokes), chosen], dim=1)
        weights = core_weights.flatten(1).gather(1, positions) * (pixels / self.random)
        return {
            "point_positions": positions,
            "point_weights": weights,
            "coordinates": self._coordinates[seen],
        }

    def _on_device(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device)
