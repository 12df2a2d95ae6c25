"""Components and holes of drawn masks.

Foreground pixels (voxels) that touch at a corner are connected, background ones are not: so a
picture's foreground and background never cross.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import euler_number

from isr.evaluation.pixel_hull import Mask


@dataclass(frozen=True, eq=False)
class Components:
    """The connected components of a mask.

    Attributes:
        labels: of the mask's shape, 0 in the background, 1 for the largest component, and so on.
        count: how many.
        euler: Euler number of the mask: in two dimensions components minus holes.
    """

    labels: NDArray[np.int64]
    count: int
    euler: int


def components(mask: Mask) -> Components:
    """Find the components of a mask (h, w) or (n, h, w), the largest first."""
    found, count = ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    order = np.argsort(-np.bincount(found.ravel(), minlength=count + 1)[1:], kind="stable")
    number = np.zeros(count + 1, dtype=np.int64)
    number[order + 1] = np.arange(1, count + 1)
    euler = int(euler_number(mask, connectivity=mask.ndim))  # type: ignore[no-untyped-call]
    return Components(number[found], count, euler)


def background_components(mask: Mask) -> tuple[NDArray[np.int64], int]:
    """Find the holes of a mask (h, w): background that the foreground cuts off from the frame.

    Returns:
        Labels (h, w), 0 in the foreground, 1 in the background that is connected to the outside of
        the picture, 2 and so on in holes; and the number of holes.
    """
    found, count = ndimage.label(np.pad(~mask, 1, constant_values=True))
    # The first pixel of the margin is the first that is labelled.
    return np.asarray(found[1:-1, 1:-1], dtype=np.int64), count - 1
