"""Unaries on a regular grid of cells, for searches that compare them with moved copies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Raster:
    """Averages over cells.

    Args:
        values: (*cells) mean of what fell into a cell, 0 where nothing did.
        known: (*cells) 1 where something fell into a cell, else 0.
        low: (dim,) coordinates of the middle of the first cell.
        cell: side of a cell.
    """

    values: Array
    known: Array
    low: Array
    cell: float

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.low)

    def points(self) -> Array:
        """Coordinates (n, dim) of the known cells, in the order of `values[known > 0]`."""
        return np.argwhere(self.known > 0) * self.cell + self.low

    def sample(self, points: Array) -> tuple[Array, Array]:
        """Values and knowledge in [0, 1], each (...,), at points (..., dim).

        Linear between cells; values are averages over known neighbours, 0 where there are none.
        """
        where = np.moveaxis((points - self.low) / self.cell, -1, 0)
        known = ndimage.map_coordinates(self.known, where, order=1, cval=0.0)
        mass = ndimage.map_coordinates(self.values * self.known, where, order=1, cval=0.0)
        return np.where(known > 1e-6, mass / np.maximum(known, 1e-6), 0.0), known


def known_points(coordinates: Tensor, unaries: Tensor) -> tuple[Array, Array]:
    """Points (n, dim) and unaries (n,) of the pixels whose unaries are known (not NaN)."""
    points = coordinates.detach().cpu().numpy().astype(np.float64)
    values = unaries.detach().cpu().numpy().astype(np.float64)
    known = np.isfinite(values)
    return points[known], values[known]


def rasterise(points: Array, values: Array, cells: int) -> Raster:
    """Average values (n,) at points (n, dim) over at most `cells` cells along the longest side.

    Cells are no smaller than the points' mean spacing.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    dim = points.shape[1]
    sides = np.maximum(high - low, 1e-9)
    # n points along a side of a grid are n - 1 spacings apart.
    spacing = _spacing(sides, len(points))
    cell = max(float(sides.max()) / max(cells - 1, 1), spacing)
    shape = tuple(np.round(sides / cell).astype(int) + 1)
    index = np.round((points - low) / cell).astype(int).clip(0, np.array(shape) - 1)
    flat = np.ravel_multi_index(tuple(index.T), shape)
    count = np.bincount(flat, minlength=int(np.prod(shape)))
    total = np.bincount(flat, weights=values, minlength=int(np.prod(shape)))
    mean = np.where(count > 0, total / np.maximum(count, 1), 0.0).reshape(shape)
    assert mean.ndim == dim
    return Raster(mean, (count > 0).reshape(shape).astype(np.float64), low, cell)


def _spacing(sides: Array, count: int) -> float:
    """The spacing of a regular grid of about `count` points whose outermost span `sides`."""
    spacing = float((np.prod(sides) / count) ** (1 / len(sides)))
    for _ in range(20):
        spacing = float((np.prod(sides + spacing) / count) ** (1 / len(sides)))
    return spacing
