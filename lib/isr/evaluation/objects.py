"""Several objects of one picture, drawn: their regions together, and where they overlap.

Every object's region has the guaranteed shape and is scored as it is. Regions of touching objects
may overlap, however small the penalty made that; labels give such a pixel to the region in which it
lies deepest, which may take that region's shape from the others.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isr.coordinates import Points
from isr.levels import foreground

Mask = NDArray[np.bool_]


def label_map(levels: Sequence[Points]) -> NDArray[np.uint8]:
    """Labels (h, w): 0 background, k where object k is foreground and has the least level.

    Args:
        levels: (h, w) of each object, in their order; the first of equals wins.

    >>> label_map([np.array([[-1.0, -1.0, 2.0]]), np.array([[3.0, -2.0, 1.0]])])
    array([[1, 2, 0]], dtype=uint8)
    """
    stacked = np.stack(levels)
    deepest = stacked.argmin(axis=0) + 1
    return np.where(foreground(stacked.min(axis=0)), deepest, 0).astype(np.uint8)


def together(masks: Sequence[Mask]) -> Mask:
    """The union (h, w) of the objects' masks."""
    return np.asarray(np.logical_or.reduce(masks))


def overlaps(masks: Sequence[Mask]) -> list[int]:
    """Pixels in which regions overlap: those of all together, then those of each object.

    >>> overlaps([np.array([True, True, False]), np.array([False, True, True])])
    [1, 1, 1]
    """
    several = np.sum(masks, axis=0) > 1
    return [int(several.sum()), *(int((several & mask).sum()) for mask in masks)]
