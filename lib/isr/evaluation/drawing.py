"""Levels of a representation, in float64: over a whole picture or at any points."""

import copy
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from isr.coordinates import Convention, Points, pixel_coordinates
from isr.levels import foreground
from isr.representations import Representation

# Activations of so many points stay in a core's cache: 65,536 points at a time take seven times as
# long as 2,048.
BATCH = 2048

LevelFunction = Callable[[Points], Points]


def frozen_copy(representation: Representation) -> Representation:
    """A float64 copy on the CPU, without gradients; `representation` is left as it is."""
    frozen = copy.deepcopy(representation).to(device="cpu", dtype=torch.float64)
    return frozen.requires_grad_(False).eval()


def level_function(representation: Representation, batch: int = BATCH) -> LevelFunction:
    """A function from points (..., dim) to levels (...,), both float64 arrays.

    It evaluates a frozen copy of `representation`, `batch` points at a time.
    """
    frozen = frozen_copy(representation)

    def level(points: Points) -> Points:
        flat = np.ascontiguousarray(points, dtype=np.float64).reshape(-1, points.shape[-1])
        values = np.empty(len(flat))
        with torch.no_grad():
            for start in range(0, len(flat), batch):
                part = slice(start, start + batch)
                values[part] = frozen(torch.from_numpy(flat[part])).numpy()
        return values.reshape(points.shape[:-1])

    return level


def draw_level(
    representation: Representation,
    height: int,
    width: int,
    convention: Convention = "isotropic",
    batch: int = BATCH,
) -> Points:
    """Levels (h, w), float64, at the pixel centres of a picture of `width` x `height`."""
    points = pixel_coordinates(height, width, convention)
    return level_function(representation, batch)(points)


def draw_mask(
    representation: Representation,
    height: int,
    width: int,
    convention: Convention = "isotropic",
    batch: int = BATCH,
) -> NDArray[np.bool_]:
    """Foreground (h, w) of `representation`, drawn from its float64 levels."""
    return foreground(draw_level(representation, height, width, convention, batch)).astype(bool)


def interpolated(values: Points) -> LevelFunction:
    """Values (h, w) at cells' centres as a function of points (..., 2) in units of cells.

    It is bilinear between centres, and constant beyond the outermost.
    """

    def at(points: Points) -> Points:
        places = np.moveaxis(points[..., ::-1] - 0.5, -1, 0)
        return np.asarray(ndimage.map_coordinates(values, places, order=1, mode="nearest"))

    return at
