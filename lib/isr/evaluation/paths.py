"""Paths inside path-connected regions (proposition 2.3), in float64.

Also masks in which the connections that are thinner than a pixel are drawn by them.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree

from isr.coordinates import Convention, Points, pixel_coordinates, to_pixels
from isr.evaluation.drawing import PointMap, draw_mask, frozen_copy, point_map
from isr.evaluation.pixels import Mask, components
from isr.representations.path_connected import PathConnected
from isr.representations.polar import Polar
from isr.torch_state import in_usual_state

FIRST_STEPS = 33
# The parameter of a path is halved at most so often: 2^-40 of it is far below any pixel.
MAX_HALVINGS = 40
MAX_POINTS = 5000
# Of drawn paths, in pixels: so near that two neighbours lie in the same or in touching pixels.
SPACING = 0.25


@in_usual_state
def path(representation: PathConnected, v: Points, w: Points, steps: int) -> Points:
    """Points p(s) (steps, dim) from `v` to `w` (dim,), at equal steps of s from 0 to 1.

    p(s) is the pre-image of the base's segment between the images of v and w or, where the base is
    star-shaped, of its two segments through the centre. Between foreground points it stays in the
    foreground (proposition 2.3).
    """
    points = Paths(representation).at(v[None], w[None], np.linspace(0, 1, steps))
    return np.asarray(points[0])


class Paths:
    """The diffeomorphism, the base and the paths of one representation.

    Args:
        representation: as it was stored, in any precision.
        dtype: in which all values are computed.
    """

    def __init__(self, representation: PathConnected, dtype: torch.dtype = torch.float64) -> None:
        frozen = frozen_copy(representation).to(dtype)
        self.dtype: type[np.floating] = np.float32 if dtype == torch.float32 else np.float64
        self.to_base = point_map(frozen.to_base, dtype)
        self.from_base = point_map(frozen.from_base, dtype)
        self.level = point_map(frozen, dtype)
        self.base_level = point_map(frozen.base, dtype)
        self.centre: Points | None = None
        if isinstance(frozen.base, Polar):
            self.centre = frozen.base.centre.double().numpy()

    def base_points(self, v: Points, w: Points, s: Points) -> Points:
        """Where the paths from v to w (pairs, dim) are at s (steps,), in the base's coordinates."""
        start, end = (self.to_base(points)[:, None] for points in (v, w))
        return self._between(start, end, s[:, None])

    def _between(self, start: Points, end: Points, share: Points) -> Points:
        """Points (..., dim) at `share` (..., 1) of the base's paths from `start` to `end`."""
        if self.centre is None:
            return np.asarray((1 - share) * start + share * end)
        # In the precision of the paths: a centre far from a point takes digits from it.
        centre = self.centre.astype(self.dtype)
        away = np.where(share < 0.5, start, end).astype(self.dtype) - centre
        there = centre + np.abs(1 - 2 * share).astype(self.dtype) * away
        return np.asarray(there, np.float64)

    def at(self, v: Points, w: Points, s: Points) -> Points:
        """Points (pairs, steps, dim) of the paths from v to w (pairs, dim) at s (steps,)."""
        return self.from_base(self.base_points(v, w, s))

    def bound(self, start: Points, end: Points, s: Points) -> Points:
        """Largest levels (pairs, steps) that the base's convexity allows on paths.

        Args:
            start: (pairs,) levels at the starts.
            end: (pairs,) levels at the ends.
            s: (steps,) where on the paths.
        """
        if self.centre is None:
            return np.asarray((1 - s) * start[:, None] + s * end[:, None])
        share = np.abs(1 - 2 * s)
        return np.asarray(share * np.where(s < 0.5, start[:, None], end[:, None]) - (1 - share))

    def fine(self, v: Points, w: Points, spacing: float) -> list[Points]:
        """Paths from v to w (pairs, dim), refined until `coarseness` is at most 1."""
        ends = list(zip(self.to_base(v), self.to_base(w), strict=True))

        def curve(number: int, s: Points) -> Points:
            return self._between(*ends[number], s[:, None])

        return refine(curve, len(ends), self.from_base, spacing)


def refine(
    curve: Callable[[int, Points], Points], count: int, mapped: PointMap, spacing: float
) -> list[Points]:
    """Sample curves until their `coarseness` after a map is at most 1, or they jump.

    Args:
        curve: the points (n, dim) of a numbered curve at parameters (n,) from 0 to 1.
        count: how many curves there are.
        mapped: called with points of all curves at once.
        spacing: between neighbouring images.

    Returns:
        For each curve its images (n, dim), in order.
    """
    parameters: list[NDArray[np.float64]] = [np.linspace(0, 1, FIRST_STEPS)] * count
    images = _images(curve, parameters, mapped)
    for _ in range(MAX_HALVINGS):
        added = [_midpoints(s, p, spacing) for s, p in zip(parameters, images, strict=True)]
        if not any(each.size for each in added):
            break
        for number, new in enumerate(_images(curve, added, mapped)):
            order = np.argsort(np.concatenate([parameters[number], added[number]]), kind="stable")
            parameters[number] = np.concatenate([parameters[number], added[number]])[order]
            images[number] = np.concatenate([images[number], new])[order]
    return images


def coarseness(points: Points, spacing: float) -> float:
    """The largest step of a path (n, dim), in units of the largest that it should have.

    That is `spacing` or, for a path longer than 5,000 times that, a 5,000th of its length. It is
    above 1 for a refined path that jumps.
    """
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return float(steps.max() / max(spacing, steps.sum() / MAX_POINTS))


def _midpoints(s: Points, points: Points, spacing: float) -> Points:
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    coarse = steps > max(spacing, steps.sum() / MAX_POINTS)
    return np.asarray((s[:-1] + s[1:])[coarse] / 2)


def _images(
    curve: Callable[[int, Points], Points], parameters: Sequence[Points], mapped: PointMap
) -> list[Points]:
    points = [curve(number, s) for number, s in enumerate(parameters)]
    sizes = np.cumsum([len(each) for each in points])[:-1]
    return list(np.split(mapped(np.concatenate(points)), sizes))


@in_usual_state
def draw_connected(
    representation: PathConnected,
    height: int,
    width: int,
    convention: Convention = "isotropic",
) -> Mask:
    """The mask (h, w) of a path-connected region with its thin connections drawn in.

    A region that is connected in the plane may have a mask in several pieces, where it is thinner
    than a pixel or leaves the picture. From each piece the path of proposition 2.3 to the nearest
    part of the others (as seen in the base's coordinates) is drawn: every pixel on the way meets
    the region. Where a path leaves the frame, the pixels of the edge along which it runs are drawn
    instead. The result has one component (pixels that touch at a corner are connected); a mask that
    is connected already, or empty, comes back as it is.
    """
    mask = draw_mask(representation, height, width, convention)
    paths = Paths(representation)
    pixels = pixel_coordinates(height, width, convention)
    scale = to_pixels(np.ones(2), height, width, convention) - to_pixels(
        np.zeros(2), height, width, convention
    )
    base = np.full((height, width, 2), np.nan)
    base[mask] = paths.to_base(pixels[mask]) if mask.any() else 0.0
    # Paths start in pixels whose centres are foreground, not in drawn ones.
    own = mask.copy()
    found = components(mask)
    # Every path joins two components or more.
    for _ in range(found.count - 1):
        if found.count == 1:
            break
        start, end = _nearest(base, own, found.labels)
        ends = pixels[start][None], pixels[end][None]
        (curve,) = paths.fine(*ends, SPACING / float(scale.max()))
        # What a flow throws out of all bounds is bridged straight on.
        finite = curve[np.isfinite(curve).all(axis=1)]
        curve = to_pixels(np.concatenate([ends[0], finite, ends[1]]), height, width, convention)
        mask = mask | _drawn(curve, height, width)
        found = components(mask)
    return mask


def _nearest(
    base: Points, own: Mask, labels: NDArray[np.int64]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The two nearest pixels of the smallest component and of another, by `base` (h, w, 2)."""
    last = labels.max()
    here = np.argwhere(own & (labels == last))
    there = np.argwhere(own & (labels > 0) & (labels != last))
    distances, partners = KDTree(base[tuple(there.T)]).query(base[tuple(here.T)])
    start = int(np.argmin(distances))
    (i, j), (k, m) = here[start].tolist(), there[partners[start]].tolist()
    return (i, j), (k, m)


def _drawn(curve: Points, height: int, width: int) -> Mask:
    """The pixels (h, w) that a curve (n, 2) in pixel units goes through, moved into the frame."""
    steps = [curve]
    jumps = np.hypot(*np.diff(curve, axis=0).T)
    # A path that a flow stretches beyond all refinement.
    for number in np.flatnonzero(jumps > 1):
        share = np.linspace(0, 1, int(np.ceil(jumps[number] / SPACING)) + 1)[:, None]
        steps.append((1 - share) * curve[number] + share * curve[number + 1])
    columns, rows = np.floor(np.concatenate(steps)).astype(int).T
    drawn = np.zeros((height, width), dtype=bool)
    drawn[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)] = True
    return drawn
