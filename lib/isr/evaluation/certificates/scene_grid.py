"""Cells of a scene: where coordinates fall among its pixels, frames and slices."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.coordinates import Points, Scene, from_pixels, to_pixels

Cells = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SceneGrid:
    """Turns coordinates into positions (..., dim) in the order of the raster's axes, and back.

    Positions are in pixels and layers: (row, column) or (layer, row, column). A pixel covers one
    unit from its whole number on, so that its centre lies at a half. A picture with a depth has no
    cells.

    Args:
        scene: a picture, a video or a volume.
    """

    scene: Scene

    @property
    def shape(self) -> NDArray[np.int64]:
        """Number of cells along each axis."""
        return np.array(self.scene.shape)

    @property
    def pixel(self) -> float:
        """Shorter side of a pixel, in coordinates."""
        scene = self.scene
        low, high = from_pixels(
            np.array([[0.0, 0.0], [1.0, 1.0]]), scene.height, scene.width, scene.convention
        )
        return float((high - low).min())

    def positions(self, points: Points) -> Points:
        """Positions of coordinates (..., dim)."""
        scene = self.scene
        plane = to_pixels(points[..., :2], scene.height, scene.width, scene.convention)
        plane = plane[..., ::-1]
        if scene.third is None:
            return np.asarray(plane)
        layer = _piecewise(points[..., 2], self._heights(), np.arange(-1.0, self.shape[0] + 1))
        return np.concatenate([layer[..., None] + 0.5, plane], axis=-1)

    def points(self, positions: Points) -> Points:
        """Coordinates of positions (..., dim)."""
        scene = self.scene
        plane = from_pixels(positions[..., :-3:-1], scene.height, scene.width, scene.convention)
        if scene.third is None:
            return plane
        layer = positions[..., 0] - 0.5
        height = _piecewise(layer, np.arange(-1.0, self.shape[0] + 1), self._heights())
        return np.concatenate([plane, height[..., None]], axis=-1)

    def _heights(self) -> Points:
        """The layers' third coordinates, and one layer more at each end."""
        assert self.scene.third is not None
        values = self.scene.third.coordinates
        if len(values) == 1:
            return np.asarray(values[0] + self.pixel * np.arange(-1, 2))
        first, last = 2 * values[0] - values[1], 2 * values[-1] - values[-2]
        return np.concatenate([[first], values, [last]])

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """Which of coordinates (..., dim) lie in the picture, from first to last frame."""
        positions = self.positions(points)
        edge = np.zeros(positions.shape[-1])
        if self.scene.third is not None and self.scene.third.name == "t":
            edge[0] = 0.5
        # Rounding takes a pixel centre's own layer a little away from the half.
        edge = edge - 1e-9
        return np.asarray(((positions >= edge) & (positions <= self.shape - edge)).all(axis=-1))


def lookup(values: NDArray[Any], cells: Cells, outside: bool | int) -> NDArray[Any]:
    """The entries of a raster at cells (..., dim), and `outside` for cells that it has not."""
    shape = np.array(values.shape)
    within = np.asarray(((cells >= 0) & (cells < shape)).all(axis=-1))
    safe = np.where(within[..., None], cells, 0)
    return np.asarray(np.where(within, values[tuple(np.moveaxis(safe, -1, 0))], outside))


def _piecewise(x: Points, knots: Points, values: Points) -> Points:
    """Piecewise linear interpolation, with the first and the last piece going on for ever."""
    if knots[0] > knots[-1]:
        knots, values = knots[::-1], values[::-1]
    piece = np.clip(np.searchsorted(knots, x) - 1, 0, len(knots) - 2)
    share = (x - knots[piece]) / (knots[piece + 1] - knots[piece])
    return np.asarray(values[piece] + share * (values[piece + 1] - values[piece]))
