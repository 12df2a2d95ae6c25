"""Regions that meet every ray from a point in one interval, or not at all.

Which representations have such a region, and where rays enter and leave it: the level along each
ray is convex. Distances are in the coordinates in which the rays are straight.
"""

from collections.abc import Callable, Iterator
from functools import singledispatch
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isr.coordinates import Points
from isr.evaluation.drawing import BATCH, frozen_copy, level_function
from isr.evaluation.outlines.convex import interior_point, linearisation, reach_of
from isr.evaluation.outlines.crossings import RayLevel, directions, last_inside
from isr.levels import foreground
from isr.representations import Representation
from isr.representations.convex import Convex
from isr.representations.polar import Polar

# From unit directions (n, 2) and distances (n,) to levels and their (sub)derivatives (n,).
RayLinearisation = Callable[[Points, Points], tuple[Points, Points]]

# Relative to the reach.
ROOT_TOLERANCE = 1e-12
MAX_CUTS = 120
# Squares per side of the box in which a convex region is looked for.
_SIDE = 1024


class RayRegion(NamedTuple):
    """A region {level <= 0} that meets every ray from `centre` in an interval, or not at all."""

    centre: Points
    """(2,)"""
    level: RayLevel
    linearised: RayLinearisation | None
    """None where the centre is foreground: every interval starts there."""
    reach: float
    """How far rays are followed."""


@singledispatch
def ray_region(representation: Representation, rim: Points) -> RayRegion | None:
    """The region by rays in the representation's own coordinates; None where it is empty.

    Args:
        representation: a convex, star-shaped or radially connected one.
        rim: coordinates (n, 2) all round what is to be drawn.

    Raises:
        TypeError: other representations need not have one interval per ray.
    """
    raise TypeError(f"{type(representation).__name__} is not one interval on every ray.")


@ray_region.register
def _(representation: Polar, rim: Points) -> RayRegion | None:
    frozen = frozen_copy(representation)
    centre = frozen.centre.numpy().copy()
    level, linearised = _radial(frozen.radial)
    # The level at the centre is that of every ray.
    at_centre = level(np.array([[1.0, 0.0]]), np.zeros(1))
    if not (np.isfinite(centre).all() and np.isfinite(at_centre).all()):
        return None
    from_centre = None if foreground(at_centre).all() else linearised
    return RayRegion(centre, level, from_centre, reach_of(centre, rim))


@ray_region.register
def _(representation: Convex, rim: Points) -> RayRegion | None:
    centre = _point_of_convex(representation, rim)
    if centre is None:
        return None
    at = level_function(representation)

    def level(directions: Points, distances: Points) -> Points:
        return at(centre + distances[..., None] * directions)

    return RayRegion(centre, level, None, reach_of(centre, rim))


def _radial(radial: Callable[[Tensor, Tensor], Tensor]) -> tuple[RayLevel, RayLinearisation]:
    def level(directions: Points, distances: Points) -> Points:
        with torch.no_grad():
            values = [radial(*part) for part in batches(directions, distances)]
        return torch.cat(values).numpy()

    def linearised(directions: Points, distances: Points) -> tuple[Points, Points]:
        values: list[Tensor] = []
        slopes: list[Tensor] = []
        with torch.enable_grad():
            for along, at in batches(directions, distances):
                level = radial(along, at.requires_grad_())
                slopes += torch.autograd.grad(level.sum(), at)
                values.append(level.detach())
        return torch.cat(values).numpy(), torch.cat(slopes).numpy()

    def batches(*columns: Points) -> Iterator[tuple[Tensor, ...]]:
        parts = [torch.split(torch.from_numpy(column), BATCH) for column in columns]
        return zip(*parts, strict=True)

    return level, linearised


def _point_of_convex(representation: Convex, rim: Points) -> Points | None:
    """A foreground point (2,) in the box round `rim`, None where there is none."""
    low, high = rim.min(axis=0), rim.max(axis=0)
    unit = (high - low) / _SIDE
    at = level_function(representation)
    linearised = linearisation(representation)

    def scaled(point: Points) -> tuple[float, Points]:
        value, slope = linearised(low + unit * point)
        return value, slope * unit

    point = interior_point(lambda points: at(low + unit * points), scaled, _SIDE, _SIDE)
    if point is None:
        return None
    centre = np.asarray(low + unit * point)
    return centre if foreground(at(centre[None])).all() else None


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
    inner, outer, tolerance = inside.copy(), inside.copy(), ROOT_TOLERANCE * region.reach
    met = np.isfinite(inside)
    if region.linearised is not None:
        inner[met] = last_inside(region.level, along[met], inside[met], 0.0, tolerance)
    outer[met] = last_inside(region.level, along[met], inside[met], region.reach, tolerance)
    return inner, outer


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
