"""Convex hulls of points with three coordinates, on qhull."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from isr.coordinates import Points
from isr.evaluation.pixel_hull import Mask

# Relative to the size of the hull. A centre of a regular volume of up to 300 pixels a side that is
# not in the hull is 2e-8 of that outside at least: the volume's own arithmetic is whole numbers.
SLACK = 1e-9
_CHUNK = 4096


def volume_hull(mask: Mask, heights: Points) -> Mask:
    """All voxels (n, h, w) whose centres lie in the closed convex hull of the centres of `mask`.

    Args:
        mask: (n, h, w).
        heights: (n,) of the layers, in any unit. Where they are not equally far apart, centres
            within a billionth of the hull's surface count as outside.
    """
    hull = mask.copy()
    if not mask.any():
        return hull
    regular = len(heights) < 3 or np.allclose(np.diff(heights, 2), 0, atol=1e-9 * np.ptp(heights))
    places = np.arange(len(heights)) if regular else heights / np.ptp(heights) * len(heights)
    corners = _row_ends(mask)
    low, high = corners.min(axis=0), corners.max(axis=0) + 1
    window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    outside = np.argwhere(~mask[window]) + low
    slack = SLACK if regular else -SLACK

    def positions(voxels: NDArray[np.int64]) -> Points:
        return np.column_stack([places[voxels[:, 0]], voxels[:, 1:]]).astype(float)

    found = outside[in_hull(positions(corners), positions(outside), slack)]
    hull[tuple(found.T)] = True
    return hull


def _row_ends(mask: Mask) -> NDArray[np.int64]:
    """The first and the last voxel (m, 3) of every row that has any: no other can be a corner."""
    rows = np.argwhere(mask.any(axis=-1))
    lines = mask[tuple(rows.T)]
    first, last = lines.argmax(axis=1), mask.shape[-1] - 1 - lines[:, ::-1].argmax(axis=1)
    return np.concatenate([np.column_stack([rows, ends]) for ends in (first, last)])


def depth_hull(mask: Mask, coordinates: Points) -> Mask:
    """All pixels (h, w) whose coordinates (h, w, 3) lie in the convex hull of those of `mask`.

    Points within a billionth of the hull's surface count as outside.
    """
    hull = mask.copy()
    if mask.any() and not mask.all():
        # A hull does not depend on the unit of an axis.
        sizes = np.ptp(coordinates.reshape(-1, coordinates.shape[-1]), axis=0)
        scaled = coordinates / np.where(sizes > 0, sizes, 1)
        hull[~mask] = in_hull(scaled[mask], scaled[~mask], -SLACK)
    return hull


def in_hull(points: Points, queries: Points, slack: float) -> Mask:
    """Which `queries` (q, d) lie in the convex hull of `points` (p, d), of any rank.

    Args:
        points: at least one.
        queries: any number.
        slack: how far outside of a face a query still counts as inside, relative to the size of the
            hull; negative for how far inside it has to be.
    """
    middle = points.mean(axis=0)
    spread, asked = points - middle, queries - middle
    size = float(np.abs(spread).max())
    if size == 0:
        return np.asarray((asked == 0).all(axis=1))
    _, widths, axes = np.linalg.svd(spread, full_matrices=False)
    across = axes[widths > SLACK * widths[0]]
    flat = np.full(len(queries), True)
    if len(across) < points.shape[1]:
        inside_plane = asked @ across.T
        flat = np.abs(asked - inside_plane @ across).max(axis=1) <= SLACK * size
        spread, asked = spread @ across.T, inside_plane
    if spread.shape[1] == 1:
        low, high = spread.min() - slack * size, spread.max() + slack * size
        return np.asarray(flat & (low <= asked[:, 0]) & (asked[:, 0] <= high))
    faces = np.unique(ConvexHull(spread).equations, axis=0)
    inside = np.empty(len(queries), dtype=bool)
    for start in range(0, len(queries), _CHUNK):
        part = slice(start, start + _CHUNK)
        heights = asked[part] @ faces[:, :-1].T + faces[:, -1]
        inside[part] = (heights <= slack * size).all(axis=1)
    return np.asarray(flat & inside)
