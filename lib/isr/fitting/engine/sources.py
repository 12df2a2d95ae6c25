"""Where batches come from: which pixels of its problem a slot sees in each step.

A source belongs to one problem. On an accelerator the sources of a whole stack are joined, so that
the pixels of all slots and of a block of steps are drawn in one go, without the host.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.engine.random_numbers import (
    key_tensor,
    stream_key,
    tensor_uniforms,
    uniforms,
)
from isr.fitting.engine.sampling import (
    Strata,
    object_strata,
    pixel_strata,
    stroke_strata,
    unaries_strata,
)

Batch = dict[str, Tensor]


class Joined(Protocol):
    """The sources of a whole stack as one."""

    def block(self, first_steps: Sequence[int], steps: int) -> Batch:
        """The batches of some steps, with leading axes for the step and the slot."""


class Source(Protocol):
    """Where the batches of a problem come from.

    Attributes:
        constants: what every step sees.
    """

    constants: Batch

    def block(self, first_step: int, steps: int) -> Batch:
        """The batches of some steps, with a leading axis for the step."""

    def to(self, device: torch.device) -> Self:
        """Move what batches are made of to a device; returns itself."""

    @staticmethod
    def join(sources: Sequence[Any]) -> Joined:
        """The sources of some slots, all of this kind and on one device, as one."""


def stacked(constants: Sequence[Batch]) -> Batch:
    """What every step of several slots sees, with a leading axis for the slot.

    Where slots differ in shape, the smaller ones are filled up with zeros at the end of each axis:
    what is padded has to weigh nothing.
    """
    return {key: _padded([own[key] for own in constants]) for key in constants[0]}


def _padded(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors of as many axes, stacked."""
    shape = torch.Size(map(max, zip(*(tensor.shape for tensor in tensors), strict=True)))
    if all(tensor.shape == shape for tensor in tensors):
        return torch.stack(list(tensors))
    padded = tensors[0].new_zeros(len(tensors), *shape)
    for number, tensor in enumerate(tensors):
        padded[number][tuple(map(slice, tensor.shape))] = tensor
    return padded


class Stream(NamedTuple):
    """Pixels that are drawn under one name."""

    name: str
    strata: Strata


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
        object_weight: see `unaries_strata`; only for problems with unaries.
        objects: number of objects that scribbles tell apart; None takes them for one. Constants
            `targets` and `stroke_weights` then have a column for each.
        shares: (*grid, parts) unaries of each part of a union; batches hold them as `shares`.

    Attributes:
        constants: what every step sees.
        tables: what a batch holds of every pixel that is drawn, (pixels, ...).
        random_tables: what it holds of the random pixels alone, (pixels, ...).
        streams: the strokes, if there are any, and the random pixels last.
    """

    positions = False
    """Whether batches hold as `positions` (n,) which pixels the random ones are."""

    def __init__(
        self,
        problem: Problem,
        points: Points,
        *,
        seed: int,
        object_weight: float | None = None,
        objects: int | None = None,
        shares: NDArray[np.float32] | None = None,
    ) -> None:
        self.name, self.seed = problem.name, seed
        self.tables = {"coordinates": _table(problem.coordinates, problem.coordinates.ndim - 1)}
        if problem.features is not None:
            self.tables["features"] = _table(problem.features, problem.features.ndim - 1)
        self.random_tables: Batch = {}
        self.constants: Batch = {}
        self.streams: list[Stream] = []
        missing = problem.missing
        if problem.scribbles is not None and points.strokes:
            known = problem.scribbles
            if missing is not None:
                known = np.where(missing, np.uint8(NO_SCRIBBLE), known)
            self._draw_strokes(known, points.strokes, objects)
        if problem.unaries is not None:
            strata = unaries_strata(
                problem.unaries, points.random, object_weight=object_weight, missing=missing
            )
            self.random_tables["unaries"] = _table(problem.unaries, problem.unaries.ndim)
        else:
            strata = pixel_strata(len(self.tables["coordinates"]), points.random, missing)
        self.streams.append(Stream("points", strata))
        if shares is not None:
            self.random_tables["shares"] = _table(shares, shares.ndim - 1)
        self.constants["point_weights"] = strata.weights

    def _draw_strokes(self, scribbles: NDArray[np.uint8], count: int, objects: int | None) -> None:
        if objects is None:
            strata, targets = stroke_strata(scribbles, count, name=self.name)
            weights = strata.weights
        else:
            strata, targets, weights = object_strata(scribbles, count, objects, name=self.name)
        self.streams.append(Stream("strokes", strata))
        self.constants["stroke_weights"], self.constants["targets"] = weights, targets

    @property
    def random(self) -> Strata:
        """Of the random pixels."""
        return self.streams[-1].strata

    def to(self, device: torch.device) -> Self:
        """Move what batches are made of to a device; returns itself."""
        for tensors in (self.tables, self.random_tables, self.constants):
            tensors |= {key: tensor.to(device) for key, tensor in tensors.items()}
        return self

    def block(self, first_step: int, steps: int) -> Batch:
        """The batches of some steps, with a leading axis for the step."""
        drawn = [
            strata.draw(
                uniforms(
                    self.seed,
                    self.name,
                    stream,
                    first_step=first_step,
                    steps=steps,
                    count=strata.count,
                )
            )
            for stream, strata in self.streams
        ]
        pixels = torch.from_numpy(np.concatenate(drawn, axis=1))
        return self.gathered(pixels.to(self.tables["coordinates"].device))

    def gathered(self, pixels: Tensor) -> Batch:
        """What a batch holds of pixels (..., n)."""
        random = pixels[..., -self.random.count :]
        batch = {key: table[pixels] for key, table in self.tables.items()}
        batch |= {key: table[random] for key, table in self.random_tables.items()}
        return batch | {"positions": random} if self.positions else batch

    @staticmethod
    def join(sources: Sequence[Any]) -> Joined:
        """The sources of some slots as one."""
        return JoinedPoints(sources)


def _table(values: NDArray[np.float32], axes: int) -> Tensor:
    """Values of all pixels in one axis: (pixels, ...) from an array with so many axes of pixels."""
    return torch.from_numpy(values.reshape(-1, *values.shape[axes:]))


class JoinedPoints:
    """The sources of the slots of a stack: pixels of all are drawn where their tables lie.

    The pixels are those that each source draws alone.

    Args:
        sources: of one kind, with as many draws each.
    """

    def __init__(self, sources: Sequence[PointSource]) -> None:
        self._draws = [_JoinedStrata(sources, number) for number in range(len(sources[0].streams))]
        first = sources[0]
        self._random, self._positions = first.random.count, first.positions
        self._tables = _concatenated([source.tables for source in sources])
        self._random_tables = _concatenated([source.random_tables for source in sources])
        sizes = [len(source.tables["coordinates"]) for source in sources]
        device = first.tables["coordinates"].device
        starts = np.cumsum([0, *sizes[:-1]])
        self._starts = torch.from_numpy(starts).to(device)[:, None]

    def block(self, first_steps: Sequence[int], steps: int) -> Batch:
        """The batches of some steps, with leading axes for the step and the slot."""
        drawn = [draws.draw(first_steps, steps) for draws in self._draws]
        pixels = torch.cat(drawn, dim=-1).transpose(0, 1)
        rows = pixels + self._starts
        random = rows[..., -self._random :]
        batch = {key: table[rows] for key, table in self._tables.items()}
        batch |= {key: table[random] for key, table in self._random_tables.items()}
        if self._positions:
            batch["positions"] = pixels[..., -self._random :]
        return batch


class _JoinedStrata:
    """One stream of the sources of several slots.

    Args:
        sources: of the slots.
        number: of the stream.
    """

    def __init__(self, sources: Sequence[PointSource], number: int) -> None:
        device = sources[0].tables["coordinates"].device
        streams = [source.streams[number] for source in sources]
        self._keys = key_tensor(
            [
                stream_key(source.seed, source.name, stream.name)
                for source, stream in zip(sources, streams, strict=True)
            ]
        ).to(device)
        self._count = streams[0].strata.count
        members = [np.concatenate(strata.members) for _, strata in streams]
        self._members = torch.from_numpy(np.concatenate(members).astype(np.int32)).to(device)
        starts = np.cumsum([0, *map(len, members[:-1])])
        rows = [strata.positions(start) for (_, strata), start in zip(streams, starts, strict=True)]
        # (slots, 1, draws) each: see `Strata.positions`.
        self._places, self._ratios, self._limits, self._starts = (
            torch.from_numpy(np.stack(each)[:, None]).to(device) for each in zip(*rows, strict=True)
        )

    def draw(self, first_steps: Sequence[int], steps: int) -> Tensor:
        """Pixels (slots, steps, draws), int64."""
        drawn = tensor_uniforms(self._keys, first_steps, steps, self._count)
        positions = (self._places + drawn) * self._ratios
        positions = torch.minimum(positions, self._limits).long() + self._starts
        return self._members[positions].long()


def _concatenated(tables: Sequence[Batch]) -> Batch:
    return {key: torch.cat([each[key] for each in tables]) for key in tables[0]}


class PictureSource(PointSource):
    """The whole picture for a predictor that sees neighbourhoods, points for the representation.

    Batches hold `coordinates` of the strokes first and the random pixels after, and `positions`
    (n,), which pixels of the flattened picture the random ones are. Constants, beside those of a
    `PointSource`: `picture` (1, channels, h, w) and its `size` (2,), height and width;
    `pixel_weights` (h, w), of the mean over all pixels; `labelled` (m,), which pixels are
    scribbled, and their `labels` (m,), 1 for object, and `label_weights` (m,).

    Args:
        problem: the picture, with features and scribbles.
        points: pixels per step that the representation sees.
        seed: of the study.
    """

    positions = True

    def __init__(self, problem: Problem, points: Points, *, seed: int) -> None:
        if problem.features is None or problem.scribbles is None:
            raise UserError(f"{problem.name}: a predictor needs features and scribbles.")
        super().__init__(replace(problem, features=None, unaries=None), points, seed=seed)
        scribbles = problem.scribbles
        labelled = np.flatnonzero(scribbles != NO_SCRIBBLE)
        labels = (scribbles.ravel()[labelled] != BACKGROUND_SCRIBBLE).astype(np.float32)
        # Channels innermost, as they are read: convolutions are a third faster that way.
        picture = torch.from_numpy(problem.features).permute(2, 0, 1).unsqueeze(0)
        self.constants |= {
            "picture": picture,
            "size": torch.tensor(scribbles.shape),
            "pixel_weights": torch.full(scribbles.shape, 1.0 / scribbles.size),
            "labelled": torch.from_numpy(labelled),
            "labels": torch.from_numpy(labels),
            "label_weights": torch.full((len(labels),), 1.0 / len(labels)),
        }
