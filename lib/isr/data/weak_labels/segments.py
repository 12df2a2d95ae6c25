"""Moving segments of one frame: neighbouring pixels that move alike."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.data.weak_labels.evidence import Evidence
from isr.data.weak_labels.flow import Field, Mask

Numbers = NDArray[np.int32]

# One pair of frames that shows one and a half times the threshold, or several that show less.
_SEEN = 0.5
# Smaller ones are noise: as a share of the picture.
SMALLEST = 5e-4
# Motions that differ by more than this share of the faster one are two motions.
UNLIKE = 0.5
_WINDOW = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))


@dataclass(frozen=True, eq=False)
class Segments:
    """The moving segments of a frame.

    Attributes:
        numbers: int32 (h, w): 0 none, 1..n.
        velocities: float32 (n, 2): mean motion of each, pixels per frame.
    """

    numbers: Numbers
    velocities: NDArray[np.float32]

    def difference(self, first: int, second: int) -> float:
        """How differently two segments, from 1, move: a share of the faster one's speed."""
        a, b = self.velocities[first - 1], self.velocities[second - 1]
        speed = max(float(np.linalg.norm(a)), float(np.linalg.norm(b)), 1e-6)
        return float(np.linalg.norm(a - b)) / speed


def find_segments(evidence: Evidence) -> Segments:
    """Moving segments of a frame, from what is seen to move and not refuted."""
    moving = (evidence.moving >= _SEEN) & (evidence.moving > 2 * evidence.refuted)
    closed = cv2.morphologyEx(moving.astype(np.uint8), cv2.MORPH_CLOSE, _WINDOW)
    inside = closed * ~_seams(evidence, moving)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(
        inside.astype(np.uint8), connectivity=4
    )
    large = stats[:, cv2.CC_STAT_AREA] >= SMALLEST * moving.size
    large[0] = False
    rank = np.zeros(count, np.int32)
    rank[large] = np.arange(1, large.sum() + 1)
    numbers = np.where(moving, rank[pieces], 0).astype(np.int32)
    return Segments(numbers, _means(evidence.velocity, numbers, int(large.sum())))


def _seams(evidence: Evidence, moving: Mask) -> Mask:
    weight = (evidence.moving * moving)[..., None]
    velocity = cv2.blur(evidence.velocity * weight, (5, 5))
    velocity = velocity / np.maximum(cv2.blur(weight, (5, 5)), 1e-6)[..., None]
    speed = cv2.dilate(np.linalg.norm(velocity, axis=2), _WINDOW)
    spread = cv2.dilate(velocity, _WINDOW) - cv2.erode(velocity, _WINDOW)
    return np.asarray(np.linalg.norm(spread, axis=2) > UNLIKE * speed)


def _means(velocity: Field, numbers: Numbers, count: int) -> NDArray[np.float32]:
    flat = numbers.ravel()
    areas = np.maximum(np.bincount(flat, minlength=count + 1), 1)
    sums = [np.bincount(flat, velocity[..., k].ravel(), count + 1) for k in (0, 1)]
    return (np.stack(sums, axis=1) / areas[:, None])[1:].astype(np.float32)
