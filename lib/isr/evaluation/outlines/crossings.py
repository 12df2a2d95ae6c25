"""Where rays, and the edges of a grid, cross the boundary of a region.

Root finding between two points on different sides. Marching squares and cubes only interpolate;
with the level at hand their crossings are found in the same way.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

from isr.coordinates import Points
from isr.evaluation.drawing import LevelFunction
from isr.evaluation.pixels import Mask
from isr.levels import foreground

# From unit directions (n, 2) and distances (n,) to levels (n,).
RayLevel = Callable[[Points, Points], Points]

# In units of the grid.
_TOLERANCE = 1e-10
_SLIGHT = 1e-6


class Crossings(NamedTuple):
    """Where levels change sign between two places, (n,) each."""

    inside: Points
    """The foreground sides of the roots, bracketed to the tolerance."""
    roots: Points
    found: Mask
    """False where the level had one sign at both places, or was not a number."""


def find_crossings(
    level: Callable[..., Points],
    between: tuple[Points, Points],
    lines: tuple[NDArray[Any], ...],
    tolerance: float,
) -> Crossings:
    """Find the places on lines where a level changes sign, a level of exactly 0 being foreground.

    Args:
        level: of places (n,) on lines, given by the arrays (n,) that follow.
        between: the places (n,) and (n,) to start from, the smaller first.
        lines: arrays (n,) that say which line a place is on; `level` gets them as floats.
        tolerance: of places, absolute.
    """
    if not between[0].size:
        return Crossings(between[0], between[0], np.zeros(0, dtype=bool))

    def without_zero(places: Points, *lines: Points) -> Points:
        values = level(places, *lines)
        # A level of exactly 0 is foreground, and no root to stop at.
        return np.where(foreground(values), np.minimum(values, -np.finfo(float).tiny), values)

    result = elementwise.find_root(
        without_zero,
        between,
        args=lines,
        tolerances={"xatol": tolerance, "xrtol": 0.0, "fatol": 0.0, "frtol": 0.0},
    )
    bracket, values = np.stack(result.bracket), np.stack(result.f_bracket)
    inside = np.where(values[0] <= 0, bracket[0], bracket[1])
    return Crossings(inside, result.x, result.success)


def directions(angles: Points) -> Points:
    """Unit vectors (n, 2) at angles (n,)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def last_inside(
    level: RayLevel, along: Points, inside: Points, end: float, tolerance: float
) -> Points:
    """The last foreground distances (n,) on rays, on the way from `inside` to `end`.

    Args:
        level: of unit directions (n, 2) and distances (n,).
        along: directions (n, 2).
        inside: foreground distances (n,).
        end: which itself is the last where it is foreground.
        tolerance: of distances, absolute.
    """

    def at(distance: Points, x: Points, y: Points) -> Points:
        return level(np.stack([x, y], axis=-1), distance)

    x, y = along.T
    last = np.full(len(along), end)
    rooted = (at(last, x, y) > 0) & (inside != end)
    from_, to = inside[rooted], last[rooted]
    between = np.minimum(from_, to), np.maximum(from_, to)
    ends = find_crossings(at, between, (x[rooted], y[rooted]), tolerance)
    # Rounding may lift a level that was just foreground in another evaluation.
    last[rooted] = np.where(ends.found & np.isfinite(ends.inside), ends.inside, from_)
    return last


def signed(levels: Points) -> Points:
    """Levels (...,) between -1 and 1 of the same sign, none of them 0.

    A node at exactly 0 is foreground; contours through nodes would touch each other. Background
    stands where a level is not a number.
    """
    known = np.where(np.isnan(levels), np.inf, levels)
    largest = float(np.abs(known[np.isfinite(known)]).max(initial=0.0)) or 1.0
    sizes = np.clip(np.abs(known) / largest, _SLIGHT, 1.0)
    return np.where(foreground(known), -sizes, sizes)


def onto_boundary(
    level: LevelFunction, points: Points, counts: Sequence[int] | NDArray[np.int64]
) -> Points:
    """Points (n, d) on edges of the unit grid, moved along them to where the level changes sign.

    They stay a millionth away from the edges' ends: what is drawn through them has every node on
    the side where its level has it, a level of exactly 0 in the foreground. Points in the middle of
    a cell stay. Those outside of the grid, which lie on edges that lead out of it, go to its
    surface.

    Args:
        level: of points (..., d) in units of the grid.
        points: as marching squares or cubes find them.
        counts: cells along each axis.
    """
    moved = np.clip(points, 0.0, counts)
    out = (moved != points).any(axis=1)
    off = np.abs(moved - np.round(moved))
    # One coordinate runs along the edge, the others are those of nodes.
    axis = off.argmax(axis=1)
    rest = off.sum(axis=1) - off.max(axis=1)
    # A point at a node lies on several edges, as near to the boundary as it can.
    at = np.flatnonzero(~out & (rest < _SLIGHT) & (off.max(axis=1) > _TOLERANCE))
    axis = axis[at]
    base = np.round(moved[at])
    rows = np.arange(len(at))
    start = np.floor(moved[at][rows, axis])
    start = np.minimum(start, np.asarray(counts)[axis] - 1)

    def along(step: Points, row: NDArray[np.generic]) -> Points:
        index = row.astype(int)
        here = base[index].copy()
        here[np.arange(len(index)), axis[index]] = start[index] + step
        return level(here)

    zero, one = np.zeros(len(at)), np.ones(len(at))
    changes = foreground(along(zero, rows)) != foreground(along(one, rows))
    rows = rows[changes]
    crossings = find_crossings(along, (zero[rows], one[rows]), (rows,), _TOLERANCE)
    # Rounding may hide a change of sign from another evaluation; the point then stays.
    rows, steps = rows[crossings.found], crossings.roots[crossings.found]
    here = base[rows]
    steps = np.clip(steps, _SLIGHT, 1 - _SLIGHT)
    here[np.arange(len(rows)), axis[rows]] = start[rows] + steps
    moved[at[rows]] = here
    return np.asarray(moved)
