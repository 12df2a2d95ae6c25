"""Trivial projections: what a mask can be given for its shape without any fitting."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from isr.constraints import record
from isr.evaluation.pixels import Mask, Pixel, components, pixel_hull


def convex_hull(mask: Mask) -> Mask:
    """All pixels (h, w) whose centres lie in the convex hull of the foreground's centres."""
    return pixel_hull(mask)


def largest_component(mask: Mask) -> Mask:
    """The largest component (h, w) of `mask`, of eight neighbours; of equals the topmost."""
    return np.asarray(components(mask).labels == 1)


def largest_component_filled(mask: Mask) -> Mask:
    """The largest component (h, w) of `mask`, its holes filled."""
    return np.asarray(ndimage.binary_fill_holes(largest_component(mask)))


def convex_hull_largest(mask: Mask) -> Mask:
    """The convex hull (h, w) of the largest component: a stray pixel cannot blow it up."""
    return pixel_hull(largest_component(mask))


def inscribed_centre(mask: Mask) -> Pixel:
    """The pixel (row, column) of `mask` farthest from the background and from the frame.

    Raises:
        ValueError: the mask has no foreground.
    """
    if not mask.any():
        raise ValueError("a mask without foreground has no centre")
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), mask.shape)
    return int(row), int(column)


def ray_polygon(mask: Mask, centre: Pixel | None = None) -> Mask:
    """The part of `mask` (h, w) seen from a centre: the trivial star-shaped projection.

    Digital rays go from the centre through every pixel of a square round the picture; along each,
    the pixels before the first that is background are kept.

    Args:
        mask: boolean (h, w).
        centre: pixel (row, column); by default the centre of the largest inscribed circle.

    Returns:
        Boolean (h, w), empty where the mask is empty or background at the centre.
    """
    kept = np.zeros(mask.shape, dtype=bool)
    if not mask.any():
        return kept
    row, column = inscribed_centre(mask) if centre is None else centre
    if not mask[row, column]:
        return kept
    height, width = mask.shape
    reach = max(row, height - 1 - row, column, width - 1 - column, 1)
    side = np.arange(-reach, reach + 1)
    edge = np.full_like(side, reach)
    ends_row = np.concatenate([-edge, edge, side, side])
    ends_column = np.concatenate([side, side, -edge, edge])
    open_ = np.ones(len(ends_row), dtype=bool)
    kept[row, column] = True
    for step in range(1, reach + 1):
        rows = row + _rounded_ratio(ends_row * step, reach)
        columns = column + _rounded_ratio(ends_column * step, reach)
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        going = inside[open_]
        seen_rows, seen_columns = rows[open_][going], columns[open_][going]
        going[going] = mask[seen_rows, seen_columns]
        open_[open_] = going
        kept[rows[open_], columns[open_]] = True
        if not open_.any():
            break
    return kept


def _rounded_ratio(numerator: NDArray[np.int64], denominator: int) -> NDArray[np.int64]:
    """The nearest whole numbers, halves away from 0: every pixel lies on some ray."""
    size = (2 * np.abs(numerator) + denominator) // (2 * denominator)
    return np.asarray(np.sign(numerator) * size)


PROJECTIONS: Mapping[str, tuple[Callable[[Mask], Mask], str]] = {
    "convex_hull": (convex_hull, "hull of the predictor's mask"),
    "convex_hull_largest": (convex_hull_largest, "hull of the predictor's largest part"),
    "largest_component_filled": (
        largest_component_filled,
        "predictor's largest part, its holes filled",
    ),
    "ray_polygon": (ray_polygon, "part of the predictor's mask seen from its centre"),
}
"""All of them by the names that the records of constraints give, each with its words."""


def project_trivially(mask: Mask, constraint: str) -> dict[str, Mask]:
    """The trivial projections of `mask` (h, w) for `constraint`, by name; none if it has none."""
    return {name: PROJECTIONS[name][0](mask) for name in record(constraint).projections}
