"""Dense flow between two frames, and where it can be believed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Every video is looked at with this long side, so that a length in pixels is a share of the picture
# and a small video's flow is found below its own pixels.
WORKING_SIDE = 480
# DIS cannot take less.
SHORTEST_SIDE = 16
# The way there and back of a visible point misses its start by at most so much, in squared pixels
# and as a share of the squared lengths (Sundaram, Brox & Keutzer, ECCV 2010, eq. 5).
_CLOSED, _CLOSED_SHARE = 0.5, 0.01


@dataclass(frozen=True, eq=False)
class Flow:
    """Motion from one frame to another, at each pixel of the first.

    Attributes:
        vectors: float32 (h, w, 2), x and y in pixels.
        error: float32 (h, w): by how many pixels the way there and back misses its start.
        valid: bool (h, w): the way ends inside the picture and closes.
    """

    vectors: Field
    error: Field
    valid: Mask


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV with one thread while the block runs: one process, one core."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def flow_size(height: int, width: int) -> tuple[int, int]:
    """Height and width at which the flow of a video of this size is computed."""
    factor = WORKING_SIDE / max(height, width)
    return (
        max(SHORTEST_SIDE, round(height * factor)),
        max(SHORTEST_SIDE, round(width * factor)),
    )


def working_grey(frame: NDArray[np.uint8]) -> Grey:
    """A frame uint8 (h, w, 3), RGB, as grey at working size."""
    grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    height, width = flow_size(*grey.shape)
    shrinks = width < grey.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (width, height), interpolation=how), np.uint8)


def flow_between(first: Grey, second: Grey) -> tuple[Flow, Flow]:
    """Flow from `first` to `second` and back (DIS: Kroeger et al., ECCV 2016), uint8 (h, w)."""
    there, back = _dis(first, second), _dis(second, first)
    return _checked(there, back), _checked(back, there)


def _dis(first: Grey, second: Grey) -> Field:
    # OpenCV's own types forbid None, which means that there is no flow to begin with.
    method: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(method.calc(first, second, None), np.float32)


def _checked(there: Field, back: Field) -> Flow:
    returned = warp(back, there, outside=np.nan)
    error = np.linalg.norm(there + returned, axis=2)
    lengths = (there**2).sum(axis=2) + (returned**2).sum(axis=2)
    with np.errstate(invalid="ignore"):
        valid = error**2 < _CLOSED + _CLOSED_SHARE * lengths
    return Flow(there, np.nan_to_num(error, nan=np.inf).astype(np.float32), valid)


def grid(height: int, width: int) -> Field:
    """Coordinates x and y of every pixel: float32 (h, w, 2)."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x, y], axis=2).astype(np.float32)


def warp(
    values: NDArray[np.float32], vectors: Field, *, outside: float = 0, nearest: bool = False
) -> NDArray[np.float32]:
    """Values of the frame that `vectors` point into, drawn to where the vectors start."""
    x, y = np.ascontiguousarray(np.moveaxis(grid(*vectors.shape[:2]) + vectors, -1, 0))
    return np.asarray(
        cv2.remap(
            values,
            x,
            y,
            cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(outside,) * 4,
        ),
        np.float32,
    )
