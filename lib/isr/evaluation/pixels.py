"""Geometry of drawn masks: convex hulls, connected components and holes.

Hulls of pixels are exact, in integer arithmetic; those of points with three coordinates are
qhull's. Foreground pixels (voxels) that touch at a corner are connected, background ones are not:
so a picture's foreground and background never cross.

Some components and holes matter more than others. A path-connected representation deforms a convex
region: that leaves it in one part and without a hole. Some objects are annotated otherwise: an
occluder divides them, or one looks through them. No such representation can agree with those, which
is no fault of its fit.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull
from skimage.measure import euler_number

from isr.coordinates import Points
from isr.data.pictures import BACKGROUND, OBJECT

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Pixel = tuple[int, int]

# Relative to the size of the hull. A centre of a regular volume of up to 300 pixels a side that is
# not in the hull is 2e-8 of that outside at least: the volume's own arithmetic is whole numbers.
SLACK = 1e-9
_CHUNK = 4096
SHARE = 0.02
"""Components and holes smaller than this share of the object do not count in its `Shape`."""


def pixel_hull(mask: Mask) -> Mask:
    """All pixels (h, w) whose centres lie in the closed convex hull of the centres of `mask`.

    >>> pixel_hull(np.array([[1, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)).astype(int)
    array([[1, 1, 1],
           [1, 1, 0],
           [1, 0, 0]])
    """
    hull = np.zeros(mask.shape, dtype=bool)
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return hull
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    left = _lower_chain(rows, first)
    # The right side is the left side of the mirrored picture.
    right = -_lower_chain(rows, -last)
    columns = np.arange(mask.shape[1])
    inside = (left[:, None] <= columns) & (columns <= right[:, None])
    hull[rows[0] : rows[-1] + 1] = inside
    return hull


def _lower_chain(rows: NDArray[np.integer], columns: NDArray[np.integer]) -> NDArray[np.int64]:
    """Smallest whole column in the hull, for each row from the first to the last of `rows`.

    `columns` holds the smallest column of each row; rows increase.
    """
    chain: list[Pixel] = []
    for point in zip(rows.tolist(), columns.tolist(), strict=True):
        while len(chain) > 1 and not _turns_outward(chain[-2], chain[-1], point):
            chain.pop()
        chain.append(point)
    smallest = np.empty(int(rows[-1] - rows[0]) + 1, dtype=np.int64)
    smallest[0] = chain[0][1]
    for (row, column), (next_row, next_column) in pairwise(chain):
        steps = np.arange(1, next_row - row + 1)
        # Minus the floor of the negative is the ceiling, exactly.
        risen = -(-(next_column - column) * steps // (next_row - row))
        smallest[row - rows[0] + steps] = column + risen
    return smallest


def _turns_outward(before: Pixel, corner: Pixel, after: Pixel) -> bool:
    """Whether `corner` lies strictly to the left of the line from `before` to `after`."""
    rise = (after[1] - before[1]) * (corner[0] - before[0])
    return (corner[1] - before[1]) * (after[0] - before[0]) < rise


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


@dataclass(frozen=True, eq=False)
class Components:
    """The connected components of a mask.

    Attributes:
        labels: of the mask's shape, 0 in the background, 1 for the largest component, and so on.
        count: how many.
    """

    labels: NDArray[np.int64]
    count: int

    @cached_property
    def euler(self) -> int:
        """Euler number of the mask: in two dimensions components minus holes."""
        mask = self.labels > 0
        return int(euler_number(mask, connectivity=mask.ndim))


def components(mask: Mask) -> Components:
    """Find the components of a mask (h, w) or (n, h, w), the largest first."""
    found, count = ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    order = np.argsort(-np.bincount(found.ravel(), minlength=count + 1)[1:], kind="stable")
    number = np.zeros(count + 1, dtype=np.int64)
    number[order + 1] = np.arange(1, count + 1)
    return Components(number[found], count)


def background_components(mask: Mask) -> tuple[NDArray[np.int64], int]:
    """Find the holes of a mask (h, w): background that the foreground cuts off from the frame.

    Returns:
        Labels (h, w), 0 in the foreground, 1 in the background that is connected to the outside of
        the picture, 2 and so on in holes; and the number of holes.
    """
    found, count = ndimage.label(np.pad(~mask, 1, constant_values=True))
    # The first pixel of the margin is the first that is labelled.
    return np.asarray(found[1:-1, 1:-1], dtype=np.int64), count - 1


@dataclass(frozen=True)
class Shape:
    """What of an object's shape no deformation of a convex region can give.

    Attributes:
        components: number of its components, those of less than `SHARE` of its area left out.
        holes: number of its holes, likewise.
    """

    components: int
    holes: int

    @property
    def contradicts(self) -> bool:
        """Whether it is in several components, or has a hole."""
        return self.components > 1 or self.holes > 0


def shape_of(truth: Bytes) -> Shape:
    """Count the components and holes of an object that matter.

    Unknown pixels may be either, so they connect: components count as divided only where background
    divides them, and holes only where the object alone encloses them. Pixels of the object that
    touch at a corner are connected, those of the background are not.

    Args:
        truth: uint8 (h, w), 0 background, 255 object, 128 unknown.

    >>> bars = np.array([[255, 0, 255]], dtype=np.uint8)
    >>> shape_of(bars), shape_of(np.where(bars == 0, 128, 255).astype(np.uint8))
    (Shape(components=2, holes=0), Shape(components=1, holes=0))
    """
    object_, background = truth == OBJECT, truth == BACKGROUND
    least = max(1.0, SHARE * np.count_nonzero(object_))
    pieces, _ = ndimage.label(~background, structure=np.ones((3, 3)))
    # The margin is what lies outside of the picture.
    outer, _ = ndimage.label(np.pad(~object_, 1, constant_values=True))
    rest = np.where(outer == outer[0, 0], 0, outer)[1:-1, 1:-1]
    return Shape(_large(pieces, object_, least), _large(rest, background, least))


def shape_of_mask(mask: Mask) -> Shape:
    """As `shape_of`, of a mask (h, w)."""
    return shape_of(np.where(mask, OBJECT, BACKGROUND).astype(np.uint8))


def _large(labels: NDArray[np.integer], counted: Mask, least: float) -> int:
    """How many regions of `labels` (0 is none) have at least `least` pixels that are `counted`."""
    sizes = np.bincount(labels[counted].ravel(), minlength=1)
    return int(np.count_nonzero(sizes[1:] >= least))
