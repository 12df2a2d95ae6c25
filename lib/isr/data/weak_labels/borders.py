"""Labels without those near the border of an object, where motion says least.

Dense flow is smooth: it is dragged over the border of what moves, on to the background that is
covered or comes to light there. Sparse trajectories end there (Ochs, Malik & Brox, PAMI 2014).
Where the border lies is left to the network, which sees the picture.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from isr.data.weak_labels.store import BACKGROUND, FOREGROUND, NONE

BORDER = 0.01
"""Half the width of the band, as a share of the long side."""
# An object that is thinner than the band keeps this share of its depth.
_CORE = 0.5


def without_borders(
    labels: NDArray[np.uint8], objects: NDArray[np.bool_], band: float = BORDER
) -> NDArray[np.uint8]:
    """Labels without a band on both sides of the borders of objects.

    Args:
        labels: uint8 (h, w): 0 none, 255 background, 1 foreground.
        objects: bool (h, w): the foreground with its gaps.
        band: half the width of the band, as a share of the long side.

    Returns:
        uint8 (h, w): labels at most so far from the border are gone. Of each piece of the
        foreground what lies deeper than half of its greatest depth stays, however thin it is.
    """
    if band == 0 or not objects.any():
        return labels
    reach = band * max(labels.shape)
    inside = _distance(objects)
    pieces, count = ndimage.label(objects, np.ones((3, 3)))
    deepest = np.asarray(ndimage.maximum(inside, pieces, np.arange(count + 1)))
    near = inside <= np.minimum(reach, _CORE * deepest[pieces])
    kept = labels.copy()
    kept[(labels == FOREGROUND) & near] = NONE
    kept[(labels == BACKGROUND) & (_distance(~objects) <= reach)] = NONE
    return kept


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Of each pixel of a mask from the nearest outside it: float32 (h, w), 0 outside.

    What the picture cuts off has no border there.
    """
    found = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(found, np.float32)
