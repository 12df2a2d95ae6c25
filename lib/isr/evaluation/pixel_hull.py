"""Convex hulls of pixel centres, in exact integer arithmetic."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Pixel = tuple[int, int]


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
