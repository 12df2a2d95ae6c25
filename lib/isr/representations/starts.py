"""Where a fit starts: points, shares and rasters of the foreground of unaries.

The searches for mirrors, centres of rotation and lattices, which compare rasters with moved copies,
stand beside the representations that they start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy  # Its parts load on first use: most fits need none of them, half a second saved.
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]
_POINTS = 20_000
"""Points that are looked at, of large pictures."""
_LEAST = 50
"""Points of the foreground that are looked at, if it has so many."""
_NEIGHBOURS = 9
"""Known pixels over whose mean noise is smoothed."""
_CANDIDATES = 64
_TARGETS = 128
_STEPS = 12


def known_points(coordinates: Tensor, unaries: Tensor) -> tuple[Array, Array]:
    """Points (n, dim) and unaries (n,) of the pixels whose unaries are known (not NaN)."""
    points = coordinates.detach().cpu().numpy().astype(np.float64)
    values = unaries.detach().cpu().numpy().astype(np.float64)
    known = np.isfinite(values)
    return points[known], values[known]


def _known(coordinates: Tensor, unaries: Tensor, limit: int | None) -> tuple[Array, Array]:
    """Points (n, dim) and probabilities (n,) of about `limit` pixels where the unaries are known.

    Without any known pixel: all points, with probability 0.
    """
    points, values = known_points(coordinates, unaries)
    if not len(points):
        points = coordinates.detach().cpu().numpy().astype(np.float64)
        points = points.reshape(-1, points.shape[-1])
        values = np.zeros(len(points))
    if limit is None:
        return points, values
    # An odd stride does not fall into step with rows of an even number of pixels.
    stride = max(1, len(points) // limit) | 1
    likely = values >= 0.5
    if np.count_nonzero(likely[::stride]) < min(_LEAST, int(np.count_nonzero(likely))):
        return _close_by(points, values, limit)
    return points[::stride], values[::stride]


def _close_by(points: Array, values: Array, limit: int) -> tuple[Array, Array]:
    """About `limit` of the points round a foreground of which a stride would leave hardly any."""
    inside = points[values >= 0.5]
    low, high = inside.min(axis=0), inside.max(axis=0)
    # As wide as the foreground on either side, and never flat.
    reach = np.maximum(high - low, 0.02 * np.ptp(points, axis=0))
    near = ((points >= low - reach) & (points <= high + reach)).all(axis=1)
    points, values = points[near], values[near]
    stride = max(1, len(points) // limit) | 1
    return points[::stride], values[::stride]


def _foreground(values: Array) -> NDArray[np.bool_]:
    """Likely foreground; the most likely points where none is likely."""
    return np.asarray((values >= 0.5) if (values >= 0.5).any() else values == values.max())


def _spread(points: Array, count: int) -> Array:
    """At most `count` of the points, evenly through their order."""
    chosen = np.linspace(0, len(points) - 1, min(count, len(points))).round().astype(int)
    return np.asarray(points[chosen])


def centroid(coordinates: Tensor, unaries: Tensor) -> Tensor:
    """The centroid (dim,) of the likely foreground, weighted by its probability.

    Args:
        coordinates: (*grid, dim).
        unaries: (*grid) foreground probabilities; NaN where nothing is known.
    """
    points, values = _known(coordinates, unaries, None)
    inside = _foreground(values)
    weights = np.maximum(values[inside], 1e-6)
    return coordinates.new_tensor(np.average(points[inside], axis=0, weights=weights))


def value_near(point: Tensor, coordinates: Tensor, unaries: Tensor) -> float:
    """The mean probability of the known pixels nearest to a point (dim,).

    Args:
        point: (dim,).
        coordinates: (*grid, dim).
        unaries: (*grid) foreground probabilities; NaN where nothing is known.
    """
    points, values = _known(coordinates, unaries, None)
    squares = ((points - point.detach().cpu().numpy()) ** 2).sum(-1)
    return float(values[np.argsort(squares, kind="stable")[:9]].mean())


def inside_point(coordinates: Tensor, unaries: Tensor) -> Tensor:
    """The point (dim,) of the likely foreground from which most of it can be seen.

    Seen is measured by the mean probability along segments to other foreground points; of points
    that see nearly the same, the one near the centroid is taken.

    Args:
        coordinates: (*grid, dim).
        unaries: (*grid) foreground probabilities; NaN where nothing is known.
    """
    points, values = _known(coordinates, unaries, _POINTS)
    tree = scipy.spatial.KDTree(points)
    _, around = tree.query(points, k=range(1, min(_NEIGHBOURS, len(points)) + 1))
    smooth = values[around].mean(axis=1)
    inside = points[smooth >= 0.5] if (smooth >= 0.5).any() else points[_foreground(values)]
    middle = np.average(inside, axis=0)
    nearest = inside[np.argmin(((inside - middle) ** 2).sum(-1))]
    candidates = np.concatenate([nearest[None], _spread(inside, _CANDIDATES)])
    targets = _spread(inside, _TARGETS)
    share = ((np.arange(_STEPS) + 0.5) / _STEPS)[:, None]
    start, end = candidates[:, None, None], targets[None, :, None]
    _, found = tree.query(start + share * (end - start))
    seen = smooth[found].mean(axis=(1, 2))
    size = max(float(np.ptp(inside, axis=0).max()), 1e-12)
    away = np.sqrt(((candidates - middle) ** 2).sum(-1)) / size
    return coordinates.new_tensor(candidates[np.argmax(seen - 0.3 * away)])


class MainPart(NamedTuple):
    """The largest part of the likely foreground, and what is known besides."""

    inside: Tensor
    """(m, dim): middles of the cells that it fills."""
    points: Tensor
    """(n, dim): middles of all cells in which something is known."""
    reach: float
    """Half the side of a cell."""


def main_part(coordinates: Tensor, unaries: Tensor) -> MainPart | None:
    """The largest connected part of the likely foreground, without specks.

    Averages over cells take out noise.

    Args:
        coordinates: (*grid, dim).
        unaries: (*grid) foreground probabilities; NaN where nothing is known.

    Returns:
        None if no foreground is likely, or where some of it is not known, as between scribbles.
    """
    points, values = known_points(coordinates, unaries)
    if len(points) < unaries.numel() or not (values >= 0.5).any():
        return None
    raster = rasterise(points, values, round(_POINTS ** (1 / points.shape[1])))
    known = raster.known > 0
    likely = known & (raster.values >= 0.5)
    if not likely.any():  # Smaller than a cell.
        likely = known & (raster.values == raster.values.max())
    # Thin things fall apart in cells: what is a cell apart is connected.
    around = scipy.ndimage.generate_binary_structure(likely.ndim, likely.ndim)
    parts, _ = scipy.ndimage.label(scipy.ndimage.binary_dilation(likely, around))
    inside = likely & (parts == np.argmax(np.bincount(parts[likely])))
    return MainPart(
        coordinates.new_tensor(np.argwhere(inside) * raster.cell + raster.low),
        coordinates.new_tensor(raster.points),
        raster.cell / 2,
    )


def shares(coordinates: Tensor, unaries: Tensor, count: int) -> list[Tensor]:
    """Split the likely foreground into `count` shares, largest first.

    The components of a grid where it has enough of them, else clusters (k-means).

    Args:
        coordinates: (*grid, dim).
        unaries: (*grid) foreground probabilities; NaN where nothing is known.
        count: number of shares.

    Returns:
        For each share the unaries (*grid), with 0 at the foreground of the others.
    """
    points = coordinates.detach().cpu().numpy().astype(np.float64)
    points = points.reshape(-1, points.shape[-1])
    inside = unaries.detach().cpu().numpy() >= 0.5
    if inside.sum() < count:
        return [unaries] * count
    parts, _ = scipy.ndimage.label(inside)
    largest = _large(parts)[:count]
    if len(largest) == count:
        labels = parts.reshape(-1)
        middles = np.stack([points[labels == part].mean(axis=0) for part in largest])
    else:
        middles = _clusters(_spread(points[inside.reshape(-1)], _POINTS), count)
    owner = _nearest(points, middles).reshape(inside.shape)
    if len(largest) == count:
        # One may lie around another, so that the nearer middle does not tell them apart.
        for number, part in enumerate(largest):
            owner[parts == part] = number
    sizes = np.bincount(owner[inside], minlength=count)
    return [
        torch.where(torch.from_numpy(inside & (owner != k)).to(unaries.device), 0.0, unaries)
        for k in np.argsort(-sizes, kind="stable")
    ]


def _large(parts: NDArray[np.int32]) -> NDArray[np.intp]:
    """Labels of the components that hold at least a fiftieth of the foreground, largest first."""
    sizes = np.bincount(parts.reshape(-1))
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")
    return np.asarray(order[sizes[order] >= 0.02 * sizes.sum()])


def _clusters(points: Array, count: int) -> Array:
    """Middles (count, dim) of clusters of points (n, dim): k-means from points far apart."""
    away = ((points - points.mean(axis=0)) ** 2).sum(-1)
    middles = points[[np.argmax(away)]]
    while len(middles) < count:
        away = ((points[:, None] - middles) ** 2).sum(-1).min(axis=1)
        middles = np.concatenate([middles, points[[np.argmax(away)]]])
    for _ in range(20):
        owner = _nearest(points, middles)
        middles = np.stack(
            [
                points[owner == k].mean(axis=0) if (owner == k).any() else middles[k]
                for k in range(count)
            ]
        )
    return middles


def _nearest(points: Array, middles: Array) -> NDArray[np.intp]:
    return np.asarray(((points[:, None] - middles) ** 2).sum(-1).argmin(axis=1))


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

    @cached_property
    def points(self) -> Array:
        """Coordinates (n, dim) of the known cells, in the order of `values[known > 0]`."""
        return np.argwhere(self.known > 0) * self.cell + self.low

    def sample(self, points: Array) -> tuple[Array, Array]:
        """Values and knowledge in [0, 1], each (...,), at points (..., dim).

        Linear between cells; values are averages over known neighbours, 0 where there are none.
        """
        where = np.moveaxis((points - self.low) / self.cell, -1, 0)
        known = scipy.ndimage.map_coordinates(self.known, where, order=1, cval=0.0)
        mass = scipy.ndimage.map_coordinates(self.values * self.known, where, order=1, cval=0.0)
        return np.where(known > 1e-6, mass / np.maximum(known, 1e-6), 0.0), known


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


def refined(
    cost: Callable[[Array], float], start: Array, steps: Array, **options: float
) -> tuple[Array, float]:
    """The place (n,) of least cost near `start`, and that cost, by the method of Nelder and Mead.

    Args:
        cost: of a place (n,).
        start: (n,).
        steps: (n,) first steps along each axis.
        **options: of `scipy.optimize.minimize`.
    """
    simplex = np.vstack([start, start + np.diag(steps)])
    told = {"initial_simplex": simplex, **options}
    found = scipy.optimize.minimize(cost, start, method="Nelder-Mead", options=told)
    return np.asarray(found.x), float(found.fun)
