"""Which pixels a step sees, and with which weights they stand for all.

Every estimate is unbiased for the loss over all pixels that the schedule states: a pixel drawn
with twice the rate of another counts half. Draws are systematic (one in each of n equal stretches
of the list of candidates), which keeps every pixel's rate and lowers the variance.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from isr.data.dataset import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.errors import UserError

Indices = NDArray[np.int64]


def systematic(drawn: NDArray[np.float64], candidates: int) -> Indices:
    """Turn uniforms (..., n) into indices (..., n) below `candidates`, each equally often.

    Draw k falls into the k-th of n equal stretches, so that every candidate is expected
    n / candidates times.
    """
    count = drawn.shape[-1]
    positions = (np.arange(count) + drawn) * (candidates / count)
    return np.asarray(np.minimum(positions, candidates - 1), dtype=np.int64)


@dataclass(frozen=True)
class Strata:
    """Pixels in classes, of which each step draws a fixed number.

    Attributes:
        members: pixel indices of each class that has any.
        counts: draws per step and class.
        weights: (sum of counts,) weight of each draw; they sum to one.
    """

    members: list[Indices]
    counts: list[int]
    weights: Tensor

    @property
    def count(self) -> int:
        """Draws per step."""
        return sum(self.counts)

    def draw(self, drawn: NDArray[np.float64]) -> Indices:
        """Pixel indices (steps, count) from uniforms (steps, count)."""
        ends = np.cumsum(self.counts)[:-1]
        parts = np.split(drawn, ends, axis=-1)
        return np.concatenate(
            [m[systematic(p, len(m))] for m, p in zip(self.members, parts, strict=True)], axis=-1
        )


def stratify(
    classes: list[Indices], count: int, *, class_weights: tuple[float, ...] | None = None
) -> Strata:
    """Divide `count` draws evenly over the classes that have pixels.

    Args:
        classes: pixel indices of each class; empty ones are left out.
        count: draws per step.
        class_weights: what each class weighs in the loss (means of the classes are weighted by
            it); None for the mean over all pixels.
    """
    sizes = [len(members) for members in classes]
    stated = class_weights or tuple(float(size) for size in sizes)
    present = [k for k, size in enumerate(sizes) if size]
    if not present or count < len(present):
        raise UserError(f"points: {count} draws a step are too few: ask for at least 2.")
    counts = [count // len(present) + (k < count % len(present)) for k in range(len(present))]
    total = sum(stated[k] for k in present)
    weights = [stated[k] / total / n for k, n in zip(present, counts, strict=True)]
    repeated = np.repeat(np.array(weights, dtype=np.float32), counts)
    return Strata([classes[k] for k in present], counts, torch.from_numpy(repeated))


def stroke_strata(
    scribbles: NDArray[np.uint8], count: int, *, name: str = "scribbles"
) -> tuple[Strata, Tensor]:
    """Draws among scribbled pixels, half object and half background, for the mean over all.

    Args:
        scribbles: (h, w), 0 none, 255 background, anything else object.
        count: draws per step.
        name: of the picture, for messages.

    Returns:
        The strata and the targets (count,): 1 for object, 0 for background.
    """
    flat = scribbles.ravel()
    background = np.flatnonzero(flat == BACKGROUND_SCRIBBLE)
    objects = np.flatnonzero((flat != NO_SCRIBBLE) & (flat != BACKGROUND_SCRIBBLE))
    if not len(background) or not len(objects):
        raise UserError(
            f"{name}: at the size it is fitted at, scribbles lack object or background: draw more."
        )
    strata = stratify([objects, background], count)
    targets = np.repeat(np.array([1.0, 0.0], dtype=np.float32), strata.counts)
    return strata, torch.from_numpy(targets)


def pixel_strata(pixels: int, count: int) -> Strata:
    """Draws among all pixels of a picture alike."""
    return stratify([np.arange(pixels)], count)


def unaries_strata(
    unaries: NDArray[np.float32],
    count: int,
    *,
    object_weight: float | None = None,
) -> Strata:
    """Draws for a fit to given unaries, evenly from four classes of pixels.

    The classes are object and background, each near the boundary that the unaries have and away
    from it. What a step learns lies mostly near the boundary, and few of the pixels do.

    Args:
        unaries: (*grid) foreground probabilities, such as (h, w).
        count: draws per step.
        object_weight: weight of the object's mean against the background's in the loss, in
            (0, 1); None for the mean over all pixels.
    """
    is_object = unaries >= 0.5  # Not a number counts as background: drawn, it stops the fit.
    near = _near_boundary(is_object)
    halves = [near, ~near] if count >= 4 else [np.ones_like(near)]
    classes = [np.flatnonzero(one & half) for one in (is_object, ~is_object) for half in halves]
    if object_weight is None:
        return stratify(classes, count)
    means = [
        object_weight / max(1, is_object.sum()),
        (1.0 - object_weight) / max(1, (~is_object).sum()),
    ]
    per_pixel = np.repeat(means, len(halves))
    weights = tuple(each * len(members) for each, members in zip(per_pixel, classes, strict=True))
    return stratify(classes, count, class_weights=weights)


def _near_boundary(is_object: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pixels lie within 3 % of the longest side, and within 2 pixels, of the other class."""
    if is_object.all() or not is_object.any():
        return np.zeros_like(is_object)
    reach = max(2.0, 0.03 * max(is_object.shape))
    distance = np.maximum(distance_transform_edt(is_object), distance_transform_edt(~is_object))
    return np.asarray(distance <= reach)
