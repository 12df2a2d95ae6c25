"""Levels and masks of a representation, in float64: over a whole scene or at any points."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from isr.coordinates import (
    Convention,
    Points,
    Scene,
    ThirdAxis,
    pixel_coordinates,
    with_nearest_depths,
)
from isr.errors import UserError
from isr.levels import foreground
from isr.representations import Representation
from isr.torch_state import in_usual_state

# Activations of so many points stay in a core's cache: 65,536 points at a time take seven times as
# long as 2,048.
BATCH = 2048

_PIXELS = 2**16
"""Whose coordinates and levels are in memory at once, of masks."""

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


def scene_level(representation: Representation, scene: Scene) -> Points:
    """Levels (*scene.shape), float64, at all pixel centres; 1 where a depth is missing."""
    level = level_function(representation)(with_nearest_depths(scene.coordinates()))
    return level if scene.missing is None else np.where(scene.missing, 1.0, level)


@in_usual_state
def masks(
    representation: Representation,
    size: Sequence[int],
    third: ThirdAxis | None = None,
    *,
    parts: bool = False,
    convention: Convention = "isotropic",
) -> NDArray[np.bool_]:
    """The foreground of a picture, a video or a volume of any size, drawn in float64.

    Beside the mask itself it takes a few megabytes: pixels are evaluated in batches. The size need
    not be the one that was fitted at; a picture keeps its region at every resolution.

    Args:
        representation: as it was fitted, in any precision.
        size: (height, width), or (frames, height, width) with a third axis t or z.
        third: the third coordinate, with which it was fitted.
        parts: whether those of a union are drawn one by one.
        convention: of the coordinates that it was fitted with.

    Returns:
        (height, width), with a third axis t or z (frames, height, width), each with a last axis for
        the parts if these are asked for; background where a depth is missing.

    Raises:
        UserError: the size is none, or the third axis does not go with it or the representation.

    >>> import isr
    >>> isr.masks(isr.build("convex"), (30, 40)).shape
    (30, 40)
    """
    scene = _scene(size, third, convention)
    if scene.dim != representation.dim:
        raise UserError(
            f"the representation has {representation.dim} coordinates, the scene {scene.dim}: give "
            "the third axis that it was fitted with, and no other."
        )
    frozen = frozen_copy(representation)
    level = point_map(frozen.parts if parts else frozen, torch.float64)
    last = (frozen.part_count,) if parts else ()
    found = np.empty((scene.pixels, *last), np.bool_)
    for start in range(0, scene.pixels, _PIXELS):
        stop = min(start + _PIXELS, scene.pixels)
        found[start:stop] = foreground(level(scene.points(start, stop)))
    return found.reshape(*scene.shape, *last)


def _scene(size: Any, third: ThirdAxis | None, convention: Convention) -> Scene:
    """The scene of a raster of this size.

    Raises:
        UserError: there is none.
    """
    given = tuple(size) if isinstance(size, Sequence | np.ndarray) else ()
    whole = all(isinstance(n, int | np.integer) and n > 0 for n in given)
    if len(given) not in (2, 3) or not whole:
        raise UserError(f"size is {size!r}: give whole numbers (height, width).")
    height, width = map(int, given[-2:])
    scene = Scene(height, width, convention, third)
    depth = third is not None and third.name == "depth"
    if (len(given) == 3 and scene.shape != given) or (
        depth and third is not None and third.values.shape != given
    ):
        raise UserError(f"size is {given}, but the third axis has another: make them agree.")
    return scene


def interpolated(values: Points) -> LevelFunction:
    """Values (h, w) at cells' centres as a function of points (..., 2) in units of cells.

    It is bilinear between centres, and constant beyond the outermost.
    """

    def at(points: Points) -> Points:
        places = np.moveaxis(points[..., ::-1] - 0.5, -1, 0)
        return np.asarray(ndimage.map_coordinates(values, places, order=1, mode="nearest"))

    return at
