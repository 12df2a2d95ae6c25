"""A margin of background round a picture, so that shapes do not close outside it."""

from dataclasses import replace

import numpy as np

from isr.data.dataset import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.data.problems import Problem
from isr.errors import UserError


def with_margin(problem: Problem, pixels: int) -> Problem:
    """Add `pixels` of background on every side of the last two grid axes.

    In the margin unaries are 0 and, where there are scribbles, the outermost ring is scribbled
    background. Coordinates go on at the distance of neighbouring pixels.

    Args:
        problem: coordinates (*grid, dim) over a regular grid; without features.
        pixels: width of the margin; 0 gives `problem` itself.

    Raises:
        UserError: the picture has a depth, which has no value outside of it.
    """
    if pixels == 0:
        return problem
    grid = problem.coordinates.shape[:-1]
    sides = [(0, 0)] * (len(grid) - 2) + [(pixels, pixels)] * 2
    coordinates = np.pad(
        problem.coordinates.astype(np.float64),
        [*sides, (0, 0)],
        mode="reflect",
        reflect_type="odd",
    )
    steps = np.diff(problem.coordinates.astype(np.float64), axis=-2)
    if not np.allclose(steps, steps.flat[: steps.shape[-1]], atol=1e-4):
        raise UserError(f"{problem.name}: a margin needs coordinates that go on outside: leave it.")
    unaries = scribbles = None
    if problem.unaries is not None:
        unaries = np.pad(problem.unaries, sides)
    if problem.scribbles is not None:
        inner = [(a - (a > 0), b - (b > 0)) for a, b in sides]
        ring = [(int(a > 0), int(b > 0)) for a, b in sides]
        scribbles = np.pad(problem.scribbles, inner, constant_values=NO_SCRIBBLE)
        scribbles = np.pad(scribbles, ring, constant_values=BACKGROUND_SCRIBBLE)
    return replace(
        problem,
        coordinates=coordinates.astype(np.float32),
        unaries=unaries,
        scribbles=scribbles,
        features=None,
    )
