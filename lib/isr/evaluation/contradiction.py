"""Can a deformed convex region have a shape, and would the published code score a frame?

A path-connected representation deforms a convex region: that leaves it in one part and without a
hole. Some objects are annotated otherwise: an occluder divides them, or one looks through them. No
such representation can agree with those, which is no fault of its fit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from isr.data.pictures import BACKGROUND, OBJECT
from isr.data.weak_labels import store

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SHARE = 0.02
"""Components and holes smaller than this share of the object do not count."""

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=int)


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
    pieces, _ = ndimage.label(~background, structure=_EIGHT_NEIGHBOURS)
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


def scored_by_published_code(labels: Bytes, objects: Bytes) -> bool:
    """Whether the authors' code would score an annotated frame.

    It scores those alone whose weak labels tell the object from the background: foreground labels
    and background labels lie, most of them, on different annotated objects (the background counts
    as one). A frame without labels of both kinds tells nothing.

    Args:
        labels: uint8 (h, w), 0 none, 255 background, 1 foreground.
        objects: uint8 (h, w), 0 background, 1..n every annotated object.

    Raises:
        ValueError: the two have different sizes.
    """
    if labels.shape != objects.shape:
        raise ValueError(f"labels have size {labels.shape}, objects {objects.shape}")
    below = [objects[labels == label] for label in (store.FOREGROUND, store.BACKGROUND)]
    if not all(part.size for part in below):
        return False
    foreground, background = (int(np.bincount(part).argmax()) for part in below)
    return foreground != background
