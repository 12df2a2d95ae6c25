"""The outline of a convex region, by root finding along rays.

All points are in units of cells, and `level` is a convex function of them. Convexity carries every
step: a supporting line cuts off what cannot be foreground, a ray leaves the region once, and the
hull of root points lies inside the region.
"""

from collections.abc import Callable

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from shapely import Polygon, box, intersects, linestrings, multipoints

from isr.coordinates import Points
from isr.evaluation.drawing import LevelFunction, frozen_copy
from isr.evaluation.outlines.canvas import cell_centres, diamonds
from isr.evaluation.outlines.crossings import directions, last_inside
from isr.evaluation.pixels import Mask
from isr.levels import foreground
from isr.representations import Representation

# From one point (2,) to level and (sub)gradient (2,) there.
Linearisation = Callable[[Points], tuple[float, Points]]

# Lengths are in cells.
SPACING = 0.5
SAGITTA = 0.01
SHORTEST = 1e-6
MAX_RAYS = 16384
MAX_ROUNDS = 40
FIRST_RAYS = 64
ROOT_TOLERANCE = 1e-10
# Rays are followed so many times as far as to the farthest point of the frame.
BEYOND = 1.1
_GRID = 48
_SMALLEST_AREA = 1e-12


def linearisation(representation: Representation) -> Linearisation:
    """Level and (sub)gradient (2,) of a representation at a point (2,) of its coordinates."""
    frozen = frozen_copy(representation)

    def value_and_slope(point: Points) -> tuple[float, Points]:
        with torch.enable_grad():
            x = torch.from_numpy(np.array(point, dtype=np.float64)).requires_grad_()
            value = frozen(x[None]).sum()
            (slope,) = torch.autograd.grad(value, x)
        return float(value.detach()), slope.numpy()

    return value_and_slope


def interior_point(
    level: LevelFunction, linearised: Linearisation, height: int, width: int
) -> Points | None:
    """A point (2,) of the frame that is foreground, or None where there is none.

    The middle of the foreground points of a coarse grid is foreground by convexity. Where the grid
    misses the region, the method of centres of gravity (Levin 1965) finds it: the supporting plane
    of the level at the centre of what is left of the frame tells where there is no foreground, and
    leaves at most 1 - 1/e of the area, until a centre is foreground or the area below 1e-12 cells.
    """
    x = (np.arange(_GRID) + 0.5) / _GRID
    grid = np.stack(np.meshgrid(x * width, x * height), axis=-1).reshape(-1, 2)
    levels = level(grid)
    hits = foreground(levels)
    if hits.any():
        middle = grid[hits].mean(axis=0)
        # Rounding may lift the level where it is close to 0 everywhere.
        return np.asarray(middle if foreground(level(middle)) else grid[levels.argmin()])
    return _cut_to_foreground(linearised, height, width)


def _cut_to_foreground(linearised: Linearisation, height: int, width: int) -> Points | None:
    left = _corners(height, width)
    while len(left) > 2:
        region = Polygon(left)
        if region.area < _SMALLEST_AREA:
            return None
        centre = np.array(region.centroid.coords[0])
        value, slope = linearised(centre)
        if value <= 0:
            return centre
        if not (np.isfinite(value) and np.isfinite(slope).all() and slope.any()):
            return None
        # Foreground has value + slope (p - centre) <= 0.
        shorter = _half_plane(left, value + (left - centre) @ slope)
        if len(shorter) > 2 and Polygon(shorter).area >= region.area:
            return None
        left = shorter
    return None


def _corners(height: int, width: int) -> Points:
    return np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])


def _half_plane(corners: Points, sides: Points) -> Points:
    """The part of a convex polygon (n, 2) where a linear function, `sides` (n,), is at most 0."""
    kept = []
    for here, there, side, next_side in zip(
        corners, np.roll(corners, -1, axis=0), sides, np.roll(sides, -1), strict=True
    ):
        if side <= 0:
            kept.append(here)
        if (side <= 0) != (next_side <= 0):
            kept.append(here + side / (side - next_side) * (there - here))
    return np.array(kept).reshape(-1, 2)


def root_points(level: LevelFunction, centre: Points, height: int, width: int) -> Points:
    """Points (n, 2) where rays from `centre` leave the region, in order of direction.

    Between two neighbours another ray is sent through their middle while they are more than half a
    cell apart or the boundary may still lie more than a hundredth of a cell beyond their chord,
    unless the chord misses the frame. A ray without a root ends on a circle round the frame.
    """
    reach = reach_of(centre, _corners(height, width))
    first = directions(2 * np.pi * np.arange(FIRST_RAYS) / FIRST_RAYS)
    points = _ends(level, centre, first, np.zeros(FIRST_RAYS), reach)
    whole = box(0, 0, width, height)
    done = np.zeros(len(points), dtype=bool)
    for _ in range(MAX_ROUNDS):
        done |= _settled(points)
        open_ = np.flatnonzero(~done)
        chords = linestrings(np.stack([points[open_], points[(open_ + 1) % len(points)]], axis=1))
        done[open_] = ~intersects(chords, whole)
        open_ = np.flatnonzero(~done)
        middles = (points[open_] + points[(open_ + 1) % len(points)]) / 2
        starts = np.hypot(*(middles - centre).T)
        # No direction leads from the centre to itself.
        led = starts > ROOT_TOLERANCE
        open_, middles, starts = open_[led], middles[led], starts[led]
        if not open_.size or len(points) > MAX_RAYS:
            break
        found = _ends(level, centre, (middles - centre) / starts[:, None], starts, reach)
        # A chord with a boundary point in its middle is boundary as a whole.
        straight = np.hypot(*(found - middles).T) <= ROOT_TOLERANCE
        done[open_] = straight
        points = np.insert(points, open_ + 1, found, axis=0)
        done = np.insert(done, open_ + 1, straight)
    return points


def reach_of(centre: Points, rim: Points) -> float:
    """How far rays from `centre` (2,) are followed, to leave what has `rim` (n, 2) all round."""
    return BEYOND * float(np.hypot(*(rim - centre).T).max())


def _settled(points: Points) -> NDArray[np.bool_]:
    """Whether the chord from each of the points (n, 2) to its successor need not be split.

    By convexity the boundary beyond a chord lies in the triangle between the chord and the two
    neighbouring chords drawn on; its height bounds what the chord leaves out.
    """
    following = np.roll(points, -1, axis=0)
    chord = following - points
    length = np.hypot(*chord.T)
    before = np.roll(chord, 1, axis=0)
    after = -np.roll(chord, -1, axis=0)

    def cross(a: Points, b: Points) -> Points:
        return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])

    with np.errstate(all="ignore"):
        # The drawn-on chords meet at point + share * before; apart or parallel ones never do.
        share = cross(chord, after) / cross(before, after)
        height = share * cross(before, chord) / length
    flat = np.isfinite(height) & (share >= 0) & (np.abs(height) <= SAGITTA)
    return np.asarray(((length <= SPACING) & flat) | (length <= SHORTEST))


def _ends(
    level: LevelFunction, centre: Points, along: Points, starts: Points, reach: float
) -> Points:
    """Where rays (n, 2) from `centre` leave the region, if not before the distances `starts`."""

    def at(along: Points, distances: Points) -> Points:
        return level(centre + distances[..., None] * along)

    # Rounding may put the middle of a chord just outside.
    inside = np.where(at(along, starts) > 0, 0.0, starts)
    ends = last_inside(at, along, inside, reach, ROOT_TOLERANCE)
    return np.asarray(centre + ends[:, None] * along)


def convex_outline(level: LevelFunction, linearised: Linearisation, inside: Mask) -> Polygon:
    """The convex hull of the root points, cut to the frame; empty where nothing is foreground.

    A cell's centre that is foreground may lie between a chord and the boundary: a ray is sent
    through it too. Background cannot lie in a hull of foreground.

    Args:
        level: of points (..., 2) in units of cells.
        linearised: the same, with slopes.
        inside: (h, w), which centres are foreground.
    """
    height, width = inside.shape
    centre = interior_point(level, linearised, height, width)
    points = np.zeros((0, 2))
    if centre is not None:
        points = root_points(level, centre, height, width)
    outline = _hull(points, height, width)
    missed = _missed(outline, inside)
    if centre is not None and len(missed):
        starts = np.hypot(*(missed - centre).T)
        led = starts > ROOT_TOLERANCE
        along, starts = (missed[led] - centre) / starts[led, None], starts[led]
        reach = reach_of(centre, _corners(height, width))
        points = np.concatenate([points, _ends(level, centre, along, starts, reach)])
        outline = _hull(points, height, width)
        missed = _missed(outline, inside)
    if len(missed):
        # Their level is 0, or the region has no area.
        points = np.concatenate([points, shapely.get_coordinates(diamonds(missed))])
        outline = _hull(points, height, width)
    return outline


def _hull(points: Points, height: int, width: int) -> Polygon:
    hull = multipoints(points).convex_hull.intersection(box(0, 0, width, height))
    return hull if isinstance(hull, Polygon) else Polygon()


def _missed(outline: Polygon, inside: Mask) -> Points:
    """Foreground centres (n, 2) that are not within the outline."""
    centres = cell_centres(*inside.shape)
    shapely.prepare(outline)
    within = shapely.contains_xy(outline, *np.moveaxis(centres, -1, 0))
    return np.asarray(centres[inside & ~within])
