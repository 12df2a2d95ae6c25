"""A margin of background round a picture, so that shapes do not close outside it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.data.problems import Array, Problem
from isr.errors import UserError


def with_margin(problem: Problem, pixels: int) -> Problem:
    """Add `pixels` of background on every side of the last two grid axes.

    In the margin unaries are 0 and, where there are scribbles, the outermost ring is scribbled
    background. Coordinates go on at the distance of neighbouring pixels; along an axis of one
    pixel, at that of the other axis.

    Args:
        problem: coordinates (*grid, dim) over a regular grid; without features.
        pixels: width of the margin; 0 gives `problem` itself.

    Raises:
        UserError: the picture has a depth, which has no value outside of it, or its coordinates are
            those of no regular grid.
    """
    if pixels == 0:
        return problem
    grid = problem.coordinates.shape[:-1]
    if problem.coordinates.shape[-1] > len(grid) == 2:
        raise UserError(
            f"{problem.name}: a depth has no value outside its picture; set margin to 0."
        )
    sides = [(0, 0)] * (len(grid) - 2) + [(pixels, pixels)] * 2
    unaries = scribbles = None
    if problem.unaries is not None:
        # Those of several objects have an axis more.
        further = [(0, 0)] * (problem.unaries.ndim - len(grid))
        unaries = np.pad(problem.unaries, [*sides, *further])
    if problem.scribbles is not None:
        inner = [(a - (a > 0), b - (b > 0)) for a, b in sides]
        ring = [(int(a > 0), int(b > 0)) for a, b in sides]
        scribbles = np.pad(problem.scribbles, inner, constant_values=NO_SCRIBBLE)
        scribbles = np.pad(scribbles, ring, constant_values=BACKGROUND_SCRIBBLE)
    return replace(
        problem,
        coordinates=_continued(problem, pixels),
        unaries=unaries,
        scribbles=scribbles,
        features=None,
    )


def _continued(problem: Problem, pixels: int) -> Array:
    """Coordinates of the grid and `pixels` more on every side; within they are the same bits."""
    inner = problem.coordinates.astype(np.float64)
    height, width = inner.shape[-3:-1]
    corner = inner[..., :1, :1, :]
    down, right = _steps(inner)
    rows = np.arange(-pixels, height + pixels)[:, None, None]
    columns = np.arange(-pixels, width + pixels)[:, None]
    continued = corner + rows * down + columns * right
    within = (..., slice(pixels, pixels + height), slice(pixels, pixels + width), slice(None))
    if not np.allclose(continued[within], inner, atol=1e-4):
        raise UserError(f"{problem.name}: a margin needs coordinates of a regular grid: leave it.")
    continued[within] = inner
    return continued.astype(np.float32)


def _steps(coordinates: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From a pixel to the one below it and to the one on its right, both (dim,)."""
    plane = coordinates.reshape(-1, *coordinates.shape[-3:])[0]
    height, width, dim = plane.shape
    down = (plane[-1, 0] - plane[0, 0]) / max(1, height - 1)
    right = (plane[0, -1] - plane[0, 0]) / max(1, width - 1)
    x, y = np.eye(dim)[:2]
    # Pixels are square where coordinates are isotropic, and a single one is one unit wide.
    if width == 1:
        right = (down[1] if height > 1 else 1.0) * x
    if height == 1:
        down = right[0] * y
    return down, right
