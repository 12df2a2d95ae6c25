"""Where rays from a point enter and leave a region, when the level along each ray is convex.

Distances are in the coordinates in which the rays are straight.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

from isr.coordinates import Points
from isr.levels import foreground

# From unit directions (n, 2) and distances (n,) to levels (n,).
RayLevel = Callable[[Points, Points], Points]
# The same, to levels (n,) and their (sub)derivatives with the distance (n,).
RayLinearisation = Callable[[Points, Points], tuple[Points, Points]]

# Relative to the reach.
ROOT_TOLERANCE = 1e-12
MAX_CUTS = 120


class RayRegion(NamedTuple):
    """A region {level <= 0} that meets every ray from `centre` in an interval, or not at all."""

    centre: Points
    """(2,)"""
    level: RayLevel
    linearised: RayLinearisation | None
    """None where the centre is foreground: every interval starts there."""
    reach: float
    """How far rays are followed."""


def directions(angles: Points) -> Points:
    """Unit vectors (n, 2) at angles (n,)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def intervals(region: RayRegion, angles: Points, guess: Points) -> tuple[Points, Points]:
    """Distances (n,) and (n,) between which rays are foreground; NaN for rays that never are.

    A ray that is foreground at the centre starts there with 0, one that is never left ends at the
    reach. Other ends are the foreground side of a root bracketed to rounding. Where the centre is
    background, `guess` (n,) may say where foreground is likely; NaN where nothing is known.
    """
    along = directions(angles)
    if region.linearised is None:
        inside = np.zeros(len(angles))
        inside[~foreground(region.level(along, inside))] = np.nan
    else:
        inside = guess.copy()
        guessed = np.flatnonzero(np.isfinite(inside))
        wrong = guessed[~foreground(region.level(along[guessed], inside[guessed]))]
        inside[wrong] = np.nan
        unknown = np.isnan(inside)
        inside[unknown] = _inside(region.linearised, along[unknown], region.reach)
    inner, outer = inside.copy(), inside.copy()
    met = np.isfinite(inside)
    if region.linearised is not None:
        inner[met] = _last(region, along[met], inside[met], 0.0)
    outer[met] = _last(region, along[met], inside[met], region.reach)
    return inner, outer


def _last(region: RayRegion, along: Points, inside: Points, end: float) -> Points:
    """The last foreground distance (n,) on the way from `inside` (n,) to `end`."""

    def level(distance: Points, x: Points, y: Points) -> Points:
        values = region.level(np.stack([x, y], axis=-1), distance)
        # A level of exactly 0 is foreground, and no root to stop at.
        return np.where(foreground(values), np.minimum(values, -np.finfo(float).tiny), values)

    x, y = along.T
    last = np.full(len(along), end)
    rooted = (level(last, x, y) > 0) & (inside != end)
    if rooted.any():
        from_, to = inside[rooted], last[rooted]
        result = elementwise.find_root(
            level,
            (np.minimum(from_, to), np.maximum(from_, to)),
            args=(x[rooted], y[rooted]),
            tolerances={
                "xatol": ROOT_TOLERANCE * region.reach,
                "xrtol": 0.0,
                "fatol": 0.0,
                "frtol": 0.0,
            },
        )
        bracket, values = np.stack(result.bracket), np.stack(result.f_bracket)
        ends = np.where(values[0] <= 0, bracket[0], bracket[1])
        # Rounding may lift a level that was just foreground in another evaluation.
        last[rooted] = np.where(result.success & np.isfinite(ends), ends, from_)
    return last


def _inside(linearised: RayLinearisation, along: Points, reach: float) -> Points:
    """A foreground distance (n,) on each ray, NaN where there is none.

    By convexity the level lies above its tangents: where two tangents meet above zero the ray is
    background, else the level is tried there and, every second time, half-way between.
    """
    count = len(along)
    low, high = np.zeros(count), np.full(count, reach)
    (low_value, low_slope), (high_value, high_slope) = (
        linearised(along, low),
        linearised(along, high),
    )
    inside = np.where(low_value <= 0, low, np.where(high_value <= 0, high, np.nan))
    open_ = np.isnan(inside) & (low_slope < 0) & (high_slope > 0)
    for cut in range(MAX_CUTS):
        at = np.flatnonzero(open_)
        with np.errstate(all="ignore"):
            rise = high_value[at] - high_slope[at] * (high[at] - low[at]) - low_value[at]
            step = rise / (low_slope[at] - high_slope[at])
            bound = low_value[at] + low_slope[at] * step
        open_[at[~(bound <= 0)]] = False
        at, step = at[bound <= 0], step[bound <= 0]
        width = high[at] - low[at]
        step = np.where((step > 0) & (step < width) & (cut % 2 == 0), step, width / 2)
        trial = low[at] + step
        between = (trial > low[at]) & (trial < high[at])
        open_[at[~between]] = False
        at, trial = at[between], trial[between]
        if not at.size:
            break
        value, slope = linearised(along[at], trial)
        found: NDArray[np.bool_] = value <= 0
        inside[at[found]] = trial[found]
        open_[at[found | ~np.isfinite(value) | (slope == 0)]] = False
        falls, rises = at[slope < 0], at[slope > 0]
        low[falls], low_value[falls] = trial[slope < 0], value[slope < 0]
        low_slope[falls] = slope[slope < 0]
        high[rises], high_value[rises] = trial[slope > 0], value[slope > 0]
        high_slope[rises] = slope[slope > 0]
    return inside
