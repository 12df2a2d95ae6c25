"""Weak labels made from ground truth with declared noise: for tests and for experiments on noise.

They are not a way to segment a video: they look at what is to be found.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.data.items import Item
from isr.data.pictures import OBJECT, UNKNOWN
from isr.data.weak_labels.store import BACKGROUND, FOREGROUND, NONE, WeakLabels
from isr.errors import UserError

UNLABELLED, WRONG = 0.7, 0.02

# Wrong labels come in blobs: noise is smoothed by this share of the longer side.
_BLOB = 0.02


def describe(unlabelled: float, wrong: float) -> str:
    """One sentence for tables."""
    return (
        f"simulated from ground truth: {unlabelled:.0%} unlabelled, {wrong:.0%} of the labels wrong"
    )


def label(
    video: Item, unlabelled: float = UNLABELLED, wrong: float = WRONG, seed: int = 0
) -> Iterator[WeakLabels]:
    """Label the annotated frames of a video from their ground truth.

    Args:
        video: whose ground truth is used.
        unlabelled: share of each frame's pixels that get no label.
        wrong: share of each frame's labels that are wrong; they lie in blobs.
        seed: of the noise.

    Yields:
        The labels of each frame; a frame that is not annotated has none.

    Raises:
        UserError: a share is not in [0, 1].
    """
    for key, share in (("unlabelled", unlabelled), ("wrong", wrong)):
        if not 0 <= share <= 1:
            raise UserError(f"{key} is {share}, expected a share from 0 to 1: correct it.")
    for number in range(len(video)):
        truth = video.ground_truth(number)
        if truth is None:
            yield WeakLabels(np.full(video.size, NONE, np.uint8), note="not annotated")
            continue
        generator = np.random.Generator(np.random.Philox(key=[seed, number]))
        yield WeakLabels(_label(truth, unlabelled, wrong, generator))


def _label(
    truth: NDArray[np.uint8], unlabelled: float, wrong: float, generator: np.random.Generator
) -> NDArray[np.uint8]:
    is_object = truth == OBJECT
    missing = _lowest(generator.random(truth.shape), np.ones_like(is_object), unlabelled)
    labelled = ~missing & (truth != UNKNOWN)
    turned = _lowest(_smooth_noise(truth.shape, generator), labelled, wrong)
    labels = np.where(is_object ^ turned, FOREGROUND, BACKGROUND)
    return np.where(labelled, labels, NONE).astype(np.uint8)


def _smooth_noise(size: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.floating]:
    noise = generator.normal(size=size).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), max(size) * _BLOB))


def _lowest(
    values: NDArray[np.floating], among: NDArray[np.bool_], share: float
) -> NDArray[np.bool_]:
    """The given share of the pixels `among`: those with the lowest values."""
    count = round(share * int(among.sum()))
    chosen = np.zeros(values.size, bool)
    places = np.flatnonzero(among)
    chosen[places[np.argsort(values.ravel()[places], kind="stable")[:count]]] = True
    return chosen.reshape(values.shape)
