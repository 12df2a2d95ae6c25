"""The outline of a region that meets every ray from a point in one interval, or not at all.

Rays are straight in coordinates of their own, which `place` carries to units of cells: an affine
map for a star-shaped region, the inverse of a diffeomorphism for a path-connected one.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, STRtree, box, distance, linestrings, points, unary_union

from isr.coordinates import Points
from isr.evaluation.outlines.canvas import astray, cell_centres, clip
from isr.evaluation.outlines.crossings import directions
from isr.evaluation.outlines.rays import RayRegion, intervals
from isr.evaluation.pixels import Mask

# From points (n, 2) of the rays to units of cells (n, 2), or back.
Place = Callable[[Points], Points]

# Lengths are in cells, but for the last three, which are shares of the reach.
SPACING = 0.5
SAGITTA = 0.02
FIRST_RAYS = 2048
MAX_RAYS = 100_000
MAX_ROUNDS = 100
MAX_REPAIRS = 30
MAX_CHECKS = 12
STEP = 2.0**-7
THIN = 1e-13
EDGE = 1e-10


class Rays(NamedTuple):
    """Rays by rising angle; distances and points are NaN where a ray is background throughout."""

    angles: Points
    inner: Points
    outer: Points
    near: Points
    """(n, 2): where the foreground begins, in units of cells."""
    far: Points
    """(n, 2): where it ends."""

    def successor(self) -> "Rays":
        """For each ray the next one, the first a turn later after the last."""
        angles, *others = (np.roll(column, -1, axis=0) for column in self)
        angles[-1:] += 2 * np.pi
        return Rays(angles, *others)

    def at(self, index: NDArray[np.intp]) -> "Rays":
        """The rays of an index."""
        return Rays(*(column[index] for column in self))

    def with_others(self, after: NDArray[np.intp], others: "Rays") -> "Rays":
        """With another ray after each of those of an index."""
        return Rays(
            *(np.insert(own, after + 1, new, 0) for own, new in zip(self, others, strict=True))
        )


class RadialOutline:
    """Sends rays until what lies between them is known, and makes polygons of their ends.

    Args:
        region: the region.
        place: from the rays' coordinates to units of cells.
        rim: points (n, 2) in the rays' coordinates all round the frame.
        height: rows of cells.
        width: columns of cells.
    """

    def __init__(
        self, region: RayRegion, place: Place, rim: Points, height: int, width: int
    ) -> None:
        self.region, self.place = region, place
        self.height, self.width = height, width
        self.whole = box(0, 0, width, height)
        self.first_angles = _first_angles(region.centre, rim)

    def polygons(self) -> Polygon | MultiPolygon:
        """The region in the frame, in units of cells."""
        return self._polygons(self._first_rays())

    def agreeing(self, inside: Mask, own: Place) -> Polygon | MultiPolygon:
        """The same, with rays also through cells' centres that it has on the wrong side.

        What is thinner than the rays are close, or lies between a chord and the boundary, may hold
        some. A few may be left, on the boundary above all.

        Args:
            inside: (h, w), which centres are foreground.
            own: from units of cells to the rays' coordinates, the inverse of `place`.
        """
        rays = self._first_rays()
        region = self._polygons(rays)
        for _ in range(MAX_CHECKS):
            wrong = astray(region, inside)
            if not wrong.any() or len(rays.angles) > MAX_RAYS:
                break
            centres = cell_centres(self.height, self.width)[wrong]
            rays = self._repaired(self._through(rays, own(centres)))
            region = self._polygons(rays)
        return region

    def _first_rays(self) -> Rays:
        rays = self._cast(self.first_angles, np.full(len(self.first_angles), np.nan))
        return self._repaired(self._refined(rays, np.ones(len(rays.angles), dtype=bool)))

    def _polygons(self, rays: Rays) -> Polygon | MultiPolygon:
        if np.isnan(rays.outer).all():
            return Polygon()
        return clip(self._area(rays), self.height, self.width)

    def _through(self, rays: Rays, points: Points) -> Rays:
        """With rays through points (n, 2) of the rays' coordinates, and beside these."""
        away = points - self.region.centre
        turns = np.mod(np.arctan2(away[:, 1], away[:, 0]) - rays.angles[0], 2 * np.pi)
        angles, first = np.unique(rays.angles[0] + turns, return_index=True)
        new = ~np.isin(angles, rays.angles)
        others = self._cast(angles[new], _length(away)[first[new]])
        rays = rays.with_others(np.searchsorted(rays.angles, angles[new]) - 1, others)
        # A point on a ray that meets the boundary at a slant may lie beyond the next chord.
        at = np.searchsorted(rays.angles, angles)
        gaps = np.unique(np.concatenate([at - 1, at]) % len(rays.angles))
        left, right = rays.at(gaps), rays.successor().at(gaps)
        worth = self._worth_a_ray(left, right)
        gaps, left, right = gaps[worth], left.at(worth), right.at(worth)
        rays = rays.with_others(gaps, self._between(left, right, halves=True))
        open_ = np.zeros(len(rays.angles), dtype=bool)
        beside = np.searchsorted(rays.angles, angles)[:, None] + np.arange(-2, 2)
        open_[beside % len(open_)] = True
        return self._refined(rays, open_)

    def _cast(self, angles: Points, guess: Points) -> Rays:
        inner, outer = intervals(self.region, angles, guess)
        placed = [np.full((len(angles), 2), np.nan) for _ in range(2)]
        met = np.isfinite(outer)
        for pixels, ends in zip(placed, (inner, outer), strict=True):
            pixels[met] = self.place(self._points(angles[met], ends[met]))
        return Rays(angles, inner, outer, *placed)

    def _between(self, left: Rays, right: Rays, *, halves: bool) -> Rays:
        guess = (left.inner + left.outer + right.inner + right.outer) / 4
        return self._cast(_middle_angles(left, right, halves=halves), guess)

    def _points(self, angles: Points, distances: Points) -> Points:
        return self.region.centre + distances[:, None] * directions(angles)

    def _refined(self, rays: Rays, open_: Mask) -> Rays:
        """Rays between which chords can be drawn, where the gaps after them are open."""
        for number in range(MAX_ROUNDS):
            gaps = np.flatnonzero(open_)
            left, right = rays.at(gaps), rays.successor().at(gaps)
            worth = self._worth_a_ray(left, right)
            gaps, left, right = gaps[worth], left.at(worth), right.at(worth)
            if not gaps.size or len(rays.angles) > MAX_RAYS:
                break
            middle = self._between(left, right, halves=number % 2 == 1)
            settled = self._settled(left, middle, right)
            rays = rays.with_others(gaps[~settled], middle.at(np.flatnonzero(~settled)))
            open_ = np.zeros(len(rays.angles), dtype=bool)
            first = gaps[~settled] + np.arange(np.count_nonzero(~settled))
            open_[first] = open_[first + 1] = True
        return rays

    def _worth_a_ray(self, left: Rays, right: Rays) -> NDArray[np.intp]:
        """Which gaps between two rays are to be looked into."""
        met = np.isfinite(left.outer).astype(int) + np.isfinite(right.outer)
        outer = np.fmax(left.outer, right.outer)
        shares = (right.angles - left.angles) * outer / self.region.reach
        thin = shares <= np.where(met == 2, THIN, EDGE)
        seen = (met == 2) & self._near(left.far, right.far)
        if self.region.linearised is not None:
            seen |= (met == 2) & self._near(left.near, right.near)
        # Between two background rays there is taken to be background.
        return np.flatnonzero(~thin & ((met == 1) | seen))

    def _near(self, here: Points, there: Points) -> NDArray[np.bool_]:
        """Whether what a chord stands for may reach into the frame."""
        far = np.zeros(len(here))
        known = np.isfinite(here).all(axis=1) & np.isfinite(there).all(axis=1)
        chords = linestrings(np.stack([here[known], there[known]], axis=1))
        far[known] = distance(chords, self.whole)
        return np.asarray(~(far > 1 + 2 * _length(there - here)))

    def _settled(self, left: Rays, middle: Rays, right: Rays) -> NDArray[np.bool_]:
        """Whether chords between two rays stand for the boundary, as a third one shows."""
        good = np.isfinite(left.outer) & np.isfinite(middle.outer) & np.isfinite(right.outer)
        left, middle, right = (rays.at(np.flatnonzero(good)) for rays in (left, middle, right))
        settled = np.ones(len(left.angles), dtype=bool)
        for side, end in (("far", "outer"), ("near", "inner")):
            here, half, there = (getattr(rays, side) for rays in (left, middle, right))
            short = _length(there - here) <= SPACING
            flat = _distance_to_chord(half, here, there) <= SAGITTA
            own = (self._points(rays.angles, getattr(rays, end)) for rays in (left, right))
            settled &= short & flat & (_length(np.subtract(*own)) <= STEP * self.region.reach)
        good[good] = settled
        return np.asarray(good)

    def _repaired(self, rays: Rays) -> Rays:
        """More rays where chords cross: where the region is thinner than chords are exact."""
        for _ in range(MAX_REPAIRS):
            near: NDArray[np.bool_] = self._near(rays.far, rays.successor().far)
            gaps = np.flatnonzero(
                near & np.isfinite(rays.outer) & np.isfinite(rays.successor().outer)
            )
            chords = np.stack([rays.far[gaps], rays.successor().far[gaps]], axis=1)
            lines = linestrings(chords)
            here, there = STRtree(lines).query(lines, predicate="crosses")
            gaps = gaps[np.unique(np.concatenate([here, there]))]
            left, right = rays.at(gaps), rays.successor().at(gaps)
            wide = np.flatnonzero(
                (right.angles - left.angles) * left.outer > THIN * self.region.reach
            )
            gaps, left, right = gaps[wide], left.at(wide), right.at(wide)
            if not gaps.size or len(rays.angles) > MAX_RAYS:
                break
            rays = rays.with_others(gaps, self._between(left, right, halves=False))
        return rays

    def _area(self, rays: Rays) -> Polygon | MultiPolygon:
        met: NDArray[np.bool_] = np.isfinite(rays.outer)
        if met.all():
            outer = Polygon(self._ring(rays.angles, rays.outer))
            if not (rays.inner > 0).any():
                return outer
            return clip(outer, self.height, self.width).difference(
                clip(Polygon(self._ring(rays.angles, rays.inner)), self.height, self.width)
            )
        # Begin with a background ray, so that no run is cut in two.
        shift = -int(np.flatnonzero(~met)[0])
        met = np.roll(met, shift)
        angles, inner, outer = (
            np.roll(column, shift) for column in (rays.angles, rays.inner, rays.outer)
        )
        starts = np.flatnonzero(met & ~np.roll(met, 1))
        stops = np.flatnonzero(met & ~np.roll(met, -1)) + 1
        sectors = [
            self._ring(
                np.concatenate([angles[start:stop], angles[start:stop][::-1]]),
                np.concatenate([outer[start:stop], inner[start:stop][::-1]]),
            )
            for start, stop in zip(starts, stops, strict=True)
            # One ray alone has no area.
            if stop - start > 1
        ]
        areas = [clip(Polygon(ring), self.height, self.width) for ring in sectors]
        return unary_union(areas)

    def _ring(self, angles: Points, distances: Points) -> Points:
        """Units of cells (m, 2) of a ring, with points of its chords where these are too long."""
        own = self._points(angles, distances)
        pixels = self.place(own)
        for _ in range(MAX_ROUNDS):
            following = np.roll(pixels, -1, axis=0)
            long = _length(following - pixels) > SPACING
            long[long] = self._near(pixels[long], following[long])
            gaps = np.flatnonzero(long)
            if not gaps.size or len(own) > 2 * MAX_RAYS:
                break
            middles = (own[gaps] + np.roll(own, -1, axis=0)[gaps]) / 2
            own = np.insert(own, gaps + 1, middles, axis=0)
            pixels = np.insert(pixels, gaps + 1, self.place(middles), axis=0)
        return pixels


def _first_angles(centre: Points, rim: Points) -> Points:
    """Angles (n,) all round, as many again where the frame is seen if that is a smaller part."""
    middle = np.arctan2(*(rim.mean(axis=0) - centre)[::-1])
    seen = np.unwrap(np.arctan2(*(rim - centre).T[::-1]), period=2 * np.pi)
    seen += 2 * np.pi * np.round((middle - seen.mean()) / (2 * np.pi))
    extent = min(float(np.ptp(seen)), 2 * np.pi) / 2
    around = middle - np.pi + 2 * np.pi * np.arange(FIRST_RAYS) / FIRST_RAYS
    ahead = (seen.min() + seen.max()) / 2 + extent * np.linspace(-1, 1, FIRST_RAYS + 1)[:-1]
    if extent > np.pi / 2:
        return np.asarray(around)
    both = np.concatenate([around, ahead])
    return np.asarray(np.unique(around[0] + np.mod(both - around[0], 2 * np.pi)))


def _middle_angles(left: Rays, right: Rays, *, halves: bool) -> Points:
    """Angles (n,) between neighbours: half-way, or through the middles of their chords.

    Middles of chords find the ends of long shapes, half angles those of spikes.
    """
    turn = right.angles - left.angles
    middle = np.arctan2(right.outer * np.sin(turn), left.outer + right.outer * np.cos(turn))
    usable = np.isfinite(middle) & (middle > 0) & (middle < turn) & (not halves)
    return left.angles + np.where(usable, middle, turn / 2)


def _length(vectors: Points) -> Points:
    return np.asarray(np.hypot(vectors[..., 0], vectors[..., 1]))


def _distance_to_chord(here: Points, start: Points, end: Points) -> Points:
    return np.asarray(distance(points(here), linestrings(np.stack([start, end], axis=1))))
