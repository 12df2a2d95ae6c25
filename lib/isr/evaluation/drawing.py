"""Levels of a representation, in float64: over a whole picture or at any points."""

import copy
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from isr.coordinates import Convention, Points, pixel_coordinates
from isr.levels import foreground
from isr.representations import Representation

# Activations of so many points stay in a core's cache: 65,536 points at a time take seven times as
# long as 2,048.
BATCH = 2048

PointMap = Callable[[Points], Points]
LevelFunction = PointMap
Kind = TypeVar("Kind", bound=Representation)


def frozen_copy(representation: Kind) -> Kind:
    """A float64 copy on the CPU, without gradients; `representation` is left as it is."""
    frozen = copy.deepcopy(representation).to(device="cpu", dtype=torch.float64)
    return frozen.requires_grad_(False).eval()


def point_map(transform: Callable[[Tensor], Tensor], dtype: torch.dtype) -> PointMap:
    """A function of arrays (..., dim), float64 in and out, that computes in `dtype`."""

    def mapped(points: Points) -> Points:
        flat = np.ascontiguousarray(points, np.float64).reshape(-1, points.shape[-1])
        with torch.no_grad():
            parts = torch.split(torch.from_numpy(flat), BATCH)
            values = [transform(part.to(dtype)).double() for part in parts]
        image = torch.cat(values).numpy()
        return np.asarray(image.reshape((*points.shape[:-1], *image.shape[1:])))

    return mapped


def level_function(representation: Representation) -> LevelFunction:
    """A function from points (..., dim) to levels (...,), both float64 arrays.

    It evaluates a frozen copy of `representation`.
    """
    return point_map(frozen_copy(representation), torch.float64)


def draw_level(
    representation: Representation, height: int, width: int, convention: Convention = "isotropic"
) -> Points:
    """Levels (h, w), float64, at the pixel centres of a picture of `width` x `height`."""
    return level_function(representation)(pixel_coordinates(height, width, convention))


def draw_mask(
    representation: Representation, height: int, width: int, convention: Convention = "isotropic"
) -> NDArray[np.bool_]:
    """Foreground (h, w) of `representation`, drawn from its float64 levels."""
    return foreground(draw_level(representation, height, width, convention))


def interpolated(values: Points) -> LevelFunction:
    """Values (h, w) at cells' centres as a function of points (..., 2) in units of cells.

    It is bilinear between centres, and constant beyond the outermost.
    """

    def at(points: Points) -> Points:
        places = np.moveaxis(points[..., ::-1] - 0.5, -1, 0)
        return np.asarray(ndimage.map_coordinates(values, places, order=1, mode="nearest"))

    return at
