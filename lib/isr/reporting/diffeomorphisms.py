"""What figures 14 and 16 show of a path-connected region, computed from its representation."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from isr.coordinates import Points, Scene, from_pixels, grid_coordinates, to_pixels
from isr.evaluation.drawing import frozen_copy, level_function
from isr.evaluation.outlines import outline
from isr.evaluation.paths import path
from isr.levels import foreground
from isr.reporting import deformation, thin_connection
from isr.reporting.deformation import Deformation, Labels
from isr.reporting.thin_connection import Connection
from isr.representations.path_connected import PathConnected

Mask = NDArray[np.bool_]

_COARSER = (1, 1.5, 2, 3, 4, 6, 8, 12)
_FINER = (2, 4, 8, 16)
_PATH_STEPS = 400
_LINES = 20
_EVERY = 8
_BASE_SIDE = 420


def find_connection(
    representation: PathConnected, scene: Scene, image: NDArray[np.floating]
) -> Connection:
    """Find the finest raster on which a region falls apart, and the path between two pieces.

    Rasters are the picture's own and coarser ones. A region that stays in one piece on all of them
    is shown on its own raster, without a path.

    Args:
        representation: path-connected, in (x, y).
        scene: the picture's.
        image: (h, w, 3) in [0, 1].
    """
    size = scene.height, scene.width
    level = level_function(representation)
    region = outline(representation, *size, scene.convention)
    raster = size
    for factor in _COARSER:
        raster = max(2, round(size[0] / factor)), max(2, round(size[1] / factor))
        mask = foreground(level(grid_coordinates(*size, raster, scene.convention)))
        if thin_connection.pieces(mask)[1] > 1:
            ends = _nearest_ends(mask) * (np.array(size[::-1]) / raster[::-1])
            break
    else:
        mask = foreground(level(scene.coordinates()))
        shown = np.argwhere(mask) if mask.any() else np.argwhere(~mask)
        middle = shown.mean(axis=0)[::-1] + 0.5
        window = _window(middle[None], float(min(size)) / 4)
        fine = foreground(level(_inside(window, min(size), scene)))
        return Connection(image, mask, region, None, window, fine, 2.0)
    points = from_pixels(ends, *size, scene.convention)
    way = to_pixels(
        path(representation, points[0], points[1], _PATH_STEPS), *size, scene.convention
    )
    pixel = size[0] / raster[0]
    window = _window(way, 6 * pixel)
    for fineness in _FINER:
        samples = round((window[2] - window[0]) / pixel * fineness)
        fine = foreground(level(_inside(window, samples, scene)))
        labels = thin_connection.pieces(fine)[0]
        places = (ends - window[:2]) / (window[2] - window[0]) * samples
        first, second = (labels[int(y), int(x)] for x, y in places)
        if first == second != 0:
            break
    return Connection(image, mask, region, way, window, fine, fineness)


def _nearest_ends(mask: Mask) -> Points:
    """Centres (2, 2) as (x, y) of the nearest pixels of a mask's two largest pieces."""
    labels, _ = thin_connection.pieces(mask)
    first, second = np.argwhere(labels == 1), np.argwhere(labels == 2)
    distances, nearest = cKDTree(first).query(second)
    end = int(distances.argmin())
    return np.stack([first[nearest[end]], second[end]])[:, ::-1] + 0.5


def _window(points: Points, room: float) -> tuple[float, float, float, float]:
    """A square round points (n, 2), at least `room` away from each."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) / 2 + room
    x, y = (low + high) / 2
    return float(x - half), float(y - half), float(x + half), float(y + half)


def _inside(window: tuple[float, float, float, float], samples: int, scene: Scene) -> Points:
    """Coordinates (samples, samples, 2) of a raster over a square window in pixel units."""
    steps = (np.arange(samples) + 0.5) / samples * (window[2] - window[0])
    points = np.stack(np.meshgrid(window[0] + steps, window[1] + steps), axis=-1)
    return from_pixels(points, scene.height, scene.width, scene.convention)


def find_deformation(
    representation: PathConnected, scene: Scene, image: NDArray[np.floating], mask: Mask
) -> Deformation:
    """Carry a grid over the picture and a region in parts into the base's space.

    Args:
        representation: path-connected, in (x, y).
        scene: the picture's.
        image: (h, w, 3) in [0, 1].
        mask: (h, w), the drawn foreground.
    """
    frozen: Any = frozen_copy(representation)
    low, high = scene.box()
    rows, columns = (max(2, round(_LINES * side)) for side in (high - low)[::-1])
    x = np.linspace(low[0], high[0], columns * _EVERY + 1)
    y = np.linspace(low[1], high[1], rows * _EVERY + 1)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    carried = _through(frozen.to_base, grid)
    region = _through(frozen.to_base, scene.coordinates()[mask])
    window = _base_window(grid.reshape(-1, 2), carried.reshape(-1, 2), region)
    base = _raster(window)
    origins = to_pixels(
        _through(frozen.from_base, base), scene.height, scene.width, scene.convention
    )
    parts = deformation.split(mask)
    return Deformation(
        image,
        parts,
        grid,
        carried,
        _EVERY,
        _look_up(parts, origins),
        foreground(level_function(frozen.base)(base)),
        window,
    )


def _through(function: Any, points: Points) -> Points:
    """Apply a function of tensors to points (..., 2)."""
    with torch.no_grad():
        return np.asarray(function(torch.from_numpy(np.ascontiguousarray(points))).numpy())


def _box(points: Points) -> tuple[float, float, float, float]:
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.04 * float((high - low).max())
    (left, top), (right, bottom) = low - room, high + room
    return float(left), float(top), float(right), float(bottom)


def _base_window(
    grid: Points, carried: Points, region: Points
) -> tuple[float, float, float, float]:
    """What is shown of the base's space, all arguments (n, 2): grid and region as a whole.

    Of the carried grid only what lies near them: far from the region it may be drawn out at will.
    """
    shown = np.concatenate([grid, region])
    low, high = shown.min(axis=0), shown.max(axis=0)
    reach = 0.4 * float((high - low).max())
    return _box(np.concatenate([shown, carried.clip(low - reach, high + reach)]))


def _raster(window: tuple[float, float, float, float]) -> Points:
    left, top, right, bottom = window
    step = max(right - left, bottom - top) / _BASE_SIDE
    x = np.arange(left + step / 2, right, step)
    y = np.arange(top + step / 2, bottom, step)
    return np.stack(np.meshgrid(x, y), axis=-1)


def _look_up(parts: Labels, origins: Points) -> Labels:
    """The nearest part of each point (..., 2) in pixel units; -1 outside of the picture."""
    height, width = parts.shape
    if not parts.any():
        return np.full(origins.shape[:-1], -1)
    rows, columns = ndimage.distance_transform_edt(
        parts == 0, return_distances=False, return_indices=True
    )
    nearest = parts[rows, columns]
    x, y = np.moveaxis(np.nan_to_num(origins, nan=-1.0), -1, 0)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    column = np.clip(x, 0, width - 1).astype(int)
    row = np.clip(y, 0, height - 1).astype(int)
    return np.where(inside, nearest[row, column], -1)
