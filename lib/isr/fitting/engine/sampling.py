"""Which pixels a step sees by its random numbers, and with which weights these stand for all.

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

from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.errors import UserError

Indices = NDArray[np.int64]
Reals = NDArray[np.float64]

_SLAB = 2**16
"""Pixels whose distances are computed at once."""


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

    def positions(self, start: int) -> tuple[Reals, Reals, Reals, Indices]:
        """What turns uniforms (..., count) u into places in a list of all members.

        Args:
            start: where the members begin in the list.

        Returns:
            (count,) each: place, ratio, limit and start, so that the pixel of a draw is that at
            start + min((place + u) ratio, limit), rounded down (see `systematic`).
        """
        sizes = np.array([len(members) for members in self.members])
        counts = np.array(self.counts)
        starts = start + np.cumsum([0, *sizes[:-1]])
        return (
            np.concatenate([np.arange(count, dtype=np.float64) for count in counts]),
            np.repeat(sizes / counts, counts),
            np.repeat(sizes - 1.0, counts),
            np.repeat(starts, counts),
        )

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


def object_strata(
    scribbles: NDArray[np.uint8], count: int, objects: int, *, name: str = "scribbles"
) -> tuple[Strata, Tensor, Tensor]:
    """Draws among the scribbles of several objects, evenly from every object and background.

    Args:
        scribbles: (*grid), 0 none, 255 background, k object k.
        count: draws per step.
        objects: their number.
        name: of the picture, for messages.

    Returns:
        The strata, the targets (count, objects): 1 for the object's own scribbles, 0 for all
        others, and the weights (count, objects): an object's own scribbles weigh as much as all
        others together.
    """
    flat = scribbles.ravel()
    classes = [
        np.flatnonzero(flat == label) for label in (*range(1, objects + 1), BACKGROUND_SCRIBBLE)
    ]
    missing = [k for k, members in enumerate(classes[:-1], start=1) if not len(members)]
    if missing or len(classes[-1]) == 0:
        what = f"object {missing[0]}" if missing else "background"
        raise UserError(f"{name}: at the size it is fitted at, scribbles lack {what}: draw more.")
    strata = stratify(classes, count)
    label = np.repeat(np.arange(1, objects + 2), strata.counts)
    own = label[:, None] == np.arange(1, objects + 1)
    stands_for = np.broadcast_to(strata.weights.numpy()[:, None], own.shape)
    sums = np.stack([(stands_for * ~own).sum(0), (stands_for * own).sum(0)])
    weights = stands_for / np.where(own, sums[1], sums[0]) / 2
    return strata, torch.from_numpy(own.astype(np.float32)), torch.from_numpy(weights)


def pixel_strata(pixels: int, count: int, missing: NDArray[np.bool_] | None = None) -> Strata:
    """Draws among all pixels of a picture alike, but for those that are `missing` (h, w)."""
    return stratify([np.arange(pixels) if missing is None else np.flatnonzero(~missing)], count)


def unaries_strata(
    unaries: NDArray[np.float32],
    count: int,
    *,
    object_weight: float | None = None,
    missing: NDArray[np.bool_] | None = None,
) -> Strata:
    """Draws for a fit to given unaries: object, background close to it, and the rest, evenly.

    Of the background a step learns most close to the object, where few of its pixels are.

    Args:
        unaries: (*grid) foreground probabilities, such as (h, w).
        count: draws per step.
        object_weight: weight of the object's mean against the background's in the loss, in
            (0, 1); None for the mean over all pixels.
        missing: (*grid) pixels that are never drawn; None for none.
    """
    is_object = unaries >= 0.5  # Not a number counts as background: drawn, it stops the fit.
    close = _close_to(is_object) if count >= 3 else np.zeros_like(is_object)
    every = [is_object, close, ~is_object & ~close]
    if missing is not None:
        every = [each & ~missing for each in every]
    classes = [np.flatnonzero(each) for each in every]
    if object_weight is None:
        return stratify(classes, count)
    background = max(1, len(classes[1]) + len(classes[2]))
    shares = [(1.0 - object_weight) * len(members) / background for members in classes[1:]]
    return stratify(classes, count, class_weights=(object_weight, *shares))


def _close_to(is_object: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Background within 3 % of the longest side, or within 2 pixels, of an object."""
    if not is_object.any():
        return np.zeros_like(is_object)
    reach = max(2.0, 0.03 * max(is_object.shape))
    # Distances of a whole video would take several times what its pixels do.
    nearest = distance_transform_edt(~is_object, return_distances=False, return_indices=True)
    close = ~is_object
    slab = max(1, _SLAB // is_object[0].size)
    for start in range(0, len(close), slab):
        found = nearest[:, start : start + slab]
        own = np.indices(found.shape[1:], dtype=found.dtype)
        own[0] += start
        squares = np.square((found - own).astype(np.float64)).sum(axis=0)
        close[start : start + slab] &= np.sqrt(squares) <= reach
    return np.asarray(close)
