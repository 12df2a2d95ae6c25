"""Where pixels lie: the only place that converts between pixels and coordinates.

Coordinates are (x to the right, y down). In the `isotropic` convention pixel (row i, column j) of a
picture of height h and width w lies at ((j + 0.5) / s, (i + 0.5) / s) with s = max(h, w), so that
angles and circles are those of the picture and the same at every resolution. The `linspace`
convention is that of the paper's published code: numpy.linspace(0, 1) along each axis.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Convention = Literal["isotropic", "linspace"]
Points = NDArray[np.float64]
ThirdName = Literal["t", "z", "depth"]


@dataclass(frozen=True, eq=False)
class ThirdAxis:
    """A third coordinate beside x and y.

    Args:
        name: `t` for the frames of a video, `z` for the slices of a volume, `depth` for a value
            that every pixel of one picture has.
        values: (frames,) coordinates for t and z, (h, w) for depth.
    """

    name: ThirdName
    values: Points


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
        return np.concatenate([coordinates, third.values[..., None]], axis=-1)
    frames = len(third.values)
    plane = np.broadcast_to(coordinates, (frames, height, width, 2))
    values = np.broadcast_to(third.values[:, None, None, None], (frames, height, width, 1))
    return np.concatenate([plane, values], axis=-1)


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

    def coordinates(self) -> Points:
        """Coordinates (*shape, dim) of all pixel centres."""
        return with_third(pixel_coordinates(self.height, self.width, self.convention), self.third)

    def points(self, start: int, stop: int) -> Points:
        """Coordinates (stop - start, dim) of some pixels, in the order of the raster."""
        numbers = np.arange(start, stop)
        *layer, row, column = np.unravel_index(numbers, self.shape)
        plane = np.stack([column, row], axis=-1).astype(np.float64) + 0.5
        points = from_pixels(plane, self.height, self.width, self.convention)
        if self.third is None:
            return points
        third = self.third.values.ravel()[layer[0] if layer else numbers]
        return np.concatenate([points, third[:, None]], axis=-1)

    def box(self, size: float = 1.0) -> tuple[Points, Points]:
        """Lower and upper corner (dim,) of a box `size` times the scene, round its middle."""
        edges = np.array(frame(self.height, self.width, self.convention)).reshape(2, 2)
        if self.third is not None:
            values = self.third.values
            edges = np.column_stack([edges, [values.min(), values.max()]])
        middle, half = edges.mean(axis=0), (edges[1] - edges[0]) / 2
        return middle - size * half, middle + size * half
