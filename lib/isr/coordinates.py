"""Where pixels lie: the only place that converts between pixels and coordinates.

Coordinates are (x to the right, y down). In the `isotropic` convention pixel (row i, column j) of a
picture of height h and width w lies at ((j + 0.5) / s, (i + 0.5) / s) with s = max(h, w), so that
angles and circles are those of the picture and the same at every resolution. The `linspace`
convention is that of the paper's published code: numpy.linspace(0, 1) along each axis.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Convention = Literal["isotropic", "linspace"]
Points = NDArray[np.float64]
ThirdName = Literal["t", "z", "depth"]


@dataclass(frozen=True, eq=False)
class ThirdAxis:
    """A third coordinate beside x and y, in any unit: millimetres, milliseconds, frame numbers.

    Coordinates are (value - origin) / length. If these are not given, values that lie about as x
    and y do, between -1 and 2 and over a tenth or more, are coordinates as they are; others are
    shifted and scaled so that the smallest is 0 and the largest 1.

    Pixels of a depth without a reading are left out of fits, masks and scores: NaN, and 0 where
    it stands apart, ten times as far below the other values as these are from each other.

    Args:
        name: `t` for the frames of a video, `z` for the slices of a volume, `depth` for a value
            that every pixel of one picture has.
        values: (frames,) for t and z, (h, w) for depth.
        origin: the value whose coordinate is 0; for a part of an axis, that of the whole.
        length: of values, that is 1 in coordinates; likewise.
        step: thickness of a slice, in values; None for the distance to the next. A single slice
            without it is as thick as a pixel is wide.
    """

    name: ThirdName
    values: Points
    origin: float | None = None
    length: float | None = None
    step: float | None = None

    @cached_property
    def missing(self) -> NDArray[np.bool_] | None:
        """(h, w) pixels of a depth without a reading; None where all have one."""
        if self.name != "depth":
            return None
        found = np.isnan(self.values) | (self._zero_stands_apart & (self.values == 0))
        return found if found.any() else None

    @property
    def words_of_missing(self) -> str:
        """That some pixels have no depth, and what becomes of them; empty if all have one."""
        if self.missing is None:
            return ""
        return (
            f"{np.count_nonzero(self.missing):,} of {self.missing.size:,} pixels have no depth "
            "(NaN, or 0 apart from all others): they are left out of fit, mask and scores"
        )

    @property
    def _zero_stands_apart(self) -> bool:
        levels = np.unique(self.values[np.isfinite(self.values)])
        if len(levels) < 4 or levels[0] != 0:
            return False
        apart = np.diff(levels.astype(np.float64))
        return bool(apart[0] >= 10 * np.median(apart[1:]))

    @cached_property
    def unit(self) -> tuple[float, float]:
        """Origin and length."""
        known = self._known
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        usual = low >= -1 and high <= 2 and (high - low >= 0.1 or known.size == 1)
        origin, length = (0.0, 1.0) if usual else (low, high - low or 1.0)
        return (
            origin if self.origin is None else self.origin,
            length if self.length is None else self.length,
        )

    @property
    def _known(self) -> NDArray[Any]:
        missing = self.missing
        return self.values if missing is None else self.values[~missing]

    @cached_property
    def coordinates(self) -> Points:
        """Coordinates like `values`; NaN where a depth is missing."""
        found = self.to_coordinates(self.values)
        return found if self.missing is None else np.where(self.missing, np.nan, found)

    def to_coordinates(self, values: NDArray[Any]) -> Points:
        """Coordinates of values of the same axis."""
        origin, length = self.unit
        return np.asarray((values.astype(np.float64) - origin) / length)

    def to_values(self, coordinates: Points) -> Points:
        """The values that coordinates stand for."""
        origin, length = self.unit
        return np.asarray(coordinates * length + origin)

    def layers(self, coordinates: Points) -> Points:
        """At which slice coordinates of z or t lie: slice k reaches from k to k + 1."""
        own, numbers = self.coordinates, np.arange(len(self.coordinates)) + 0.5
        if len(own) == 1:
            low, high = self.edges(1.0)
            return np.asarray((coordinates - low) / ((high - low) or 1.0))
        order = np.argsort(own)
        own, numbers = own[order], numbers[order]
        # Beyond the outermost slices it goes on as between them and the next.
        first = numbers[0] + (coordinates - own[0]) * (numbers[1] - numbers[0]) / (own[1] - own[0])
        last = numbers[-1] + (coordinates - own[-1]) * (numbers[-1] - numbers[-2]) / (
            own[-1] - own[-2]
        )
        between = np.interp(coordinates, own, numbers)
        found = np.where(coordinates < own[0], first, between)
        return np.asarray(np.where(coordinates > own[-1], last, found))

    def part(self, index: Any) -> "ThirdAxis":
        """Some of the frames or slices, with the coordinates that they have in the whole."""
        return ThirdAxis(self.name, self.values[index], *self.unit, self.step)

    def edges(self, pixel: float) -> tuple[float, float]:
        """Where it begins and ends, in coordinates: slices at their edges, as pixels do.

        Args:
            pixel: how thick a single slice is whose thickness is not known.
        """
        known = self.to_coordinates(self._known)
        low, high = float(known.min()), float(known.max())
        if self.name != "z":
            return low, high
        first = last = pixel
        if self.step is not None:
            first = last = self.step / self.unit[1]
        elif len(known) > 1:
            ordered = np.sort(known)
            first, last = ordered[1] - ordered[0], ordered[-1] - ordered[-2]
        return low - first / 2, high + last / 2


def _scale_and_shift(height: int, width: int, convention: Convention) -> tuple[Points, Points]:
    """Pixel units p = coordinates * scale + shift, as two (2,) arrays in the order (x, y)."""
    if convention == "isotropic":
        return np.full(2, float(max(height, width))), np.zeros(2)
    if convention == "linspace":
        # A side of one pixel has linspace(0, 1, 1) = [0]: any positive scale serves.
        return np.array([max(width - 1.0, 1.0), max(height - 1.0, 1.0)]), np.full(2, 0.5)
    raise ValueError(f"unknown coordinate convention {convention!r}")


def to_pixels(
    points: Points, height: int, width: int, convention: Convention = "isotropic"
) -> Points:
    """Turn coordinates (..., 2) into pixel units, where pixel (i, j) covers [j, j+1] x [i, i+1]."""
    scale, shift = _scale_and_shift(height, width, convention)
    return np.asarray(points * scale + shift)


def from_pixels(
    points: Points, height: int, width: int, convention: Convention = "isotropic"
) -> Points:
    """Turn points (..., 2) in pixel units into coordinates: the inverse of `to_pixels`."""
    scale, shift = _scale_and_shift(height, width, convention)
    return np.asarray((points - shift) / scale)


def pixel_coordinates(height: int, width: int, convention: Convention = "isotropic") -> Points:
    """Coordinates (h, w, 2) of all pixel centres."""
    return grid_coordinates(height, width, (height, width), convention)


def grid_coordinates(
    height: int, width: int, grid: tuple[int, int], convention: Convention = "isotropic"
) -> Points:
    """Coordinates (rows, columns, 2) of the cell centres of a grid laid over a whole picture.

    A picture shrunk to `grid` = (rows, columns) keeps the coordinates of the original, also where
    its sides were rounded to whole pixels.
    """
    rows, columns = np.mgrid[0 : grid[0], 0 : grid[1]] + 0.5
    points = np.stack([columns * (width / grid[1]), rows * (height / grid[0])], axis=-1)
    return from_pixels(points, height, width, convention)


def frame(
    height: int, width: int, convention: Convention = "isotropic"
) -> tuple[float, float, float, float]:
    """The outer edges (x_min, y_min, x_max, y_max) of the picture."""
    corners = np.array([[0.0, 0.0], [width, height]])
    (x_min, y_min), (x_max, y_max) = from_pixels(corners, height, width, convention)
    return float(x_min), float(y_min), float(x_max), float(y_max)


def with_third(coordinates: Points, third: ThirdAxis | None) -> Points:
    """Coordinates (h, w, 2) of a picture with a third one beside them.

    Returns:
        (h, w, 3) with a depth, (frames, h, w, 3) with t or z, `coordinates` themselves with None.
    """
    if third is None:
        return coordinates
    height, width, _ = coordinates.shape
    if third.name == "depth":
        return np.concatenate([coordinates, third.coordinates[..., None]], axis=-1)
    frames = len(third.coordinates)
    plane = np.broadcast_to(coordinates, (frames, height, width, 2))
    values = np.broadcast_to(third.coordinates[:, None, None, None], (frames, height, width, 1))
    return np.concatenate([plane, values], axis=-1)


def with_nearest_depths(coordinates: NDArray[Any]) -> NDArray[Any]:
    """Coordinates (h, w, 3) in which missing depths (NaN) are those of the nearest pixels."""
    missing = np.isnan(coordinates[..., -1])
    if not missing.any():
        return coordinates
    from scipy.ndimage import distance_transform_edt  # Takes long to import, for few.

    nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
    filled = coordinates.copy()
    filled[..., -1] = coordinates[..., -1][tuple(nearest)]
    return filled


@dataclass(frozen=True, eq=False)
class Scene:
    """What a representation is drawn and certified for: a picture, a video or a volume."""

    height: int
    width: int
    convention: Convention = "isotropic"
    third: ThirdAxis | None = None

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return 2 if self.third is None else 3

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the raster: (h, w), or (frames, h, w) with a third axis t or z."""
        if self.third is None or self.third.name == "depth":
            return self.height, self.width
        return len(self.third.values), self.height, self.width

    @property
    def pixels(self) -> int:
        """Number of pixels of the raster."""
        return math.prod(self.shape)

    @property
    def missing(self) -> NDArray[np.bool_] | None:
        """(h, w) pixels that lie nowhere, for their depth is missing; None for none."""
        return None if self.third is None else self.third.missing

    def coordinates(self) -> Points:
        """Coordinates (*shape, dim) of all pixel centres; NaN where a depth is missing."""
        return with_third(pixel_coordinates(self.height, self.width, self.convention), self.third)

    def points(self, start: int, stop: int) -> Points:
        """Coordinates (stop - start, dim) of some pixels, in the order of the raster."""
        numbers = np.arange(start, stop)
        *layer, row, column = np.unravel_index(numbers, self.shape)
        plane = np.stack([column, row], axis=-1).astype(np.float64) + 0.5
        points = from_pixels(plane, self.height, self.width, self.convention)
        if self.third is None:
            return points
        third = self.third.coordinates.ravel()[layer[0] if layer else numbers]
        return np.concatenate([points, third[:, None]], axis=-1)

    def box(self, size: float = 1.0) -> tuple[Points, Points]:
        """Lower and upper corner (dim,) of a box `size` times the scene, round its middle."""
        edges = np.array(frame(self.height, self.width, self.convention)).reshape(2, 2)
        if self.third is not None:
            pixel = float((edges[1] - edges[0]).min() / max(self.height, self.width))
            edges = np.column_stack([edges, self.third.edges(pixel)])
        middle, half = edges.mean(axis=0), (edges[1] - edges[0]) / 2
        return middle - size * half, middle + size * half
