"""Weak labels made from ground truth with declared noise: for tests and for experiments on noise.

They are not a way to segment a video: they look at what is to be found.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.data.items import Item
from isr.data.pictures import OBJECT, UNKNOWN
from isr.data.weak_labels.options import Simulated
from isr.data.weak_labels.store import BACKGROUND, FOREGROUND, NONE, WeakLabels

# Wrong labels come in blobs: noise is smoothed by this share of the longer side.
_BLOB = 0.02


def describe(options: Simulated) -> str:
    """One sentence for tables."""
    return (
        f"simulated from ground truth: {options.unlabelled:.0%} unlabelled, {options.wrong:.0%} of "
        "the labels wrong"
    )


def label(video: Item, options: Simulated) -> Iterator[WeakLabels]:
    """Label the annotated frames of a video from their ground truth.

    Args:
        video: whose ground truth is used.
        options: the shares of each frame's pixels that get no label and of its labels that are
            wrong, in blobs; and the seed of the noise.

    Yields:
        The labels of each frame; a frame that is not annotated has none.
    """
    for number in range(len(video)):
        truth = video.ground_truth(number)
        if truth is None:
            yield WeakLabels(np.full(video.size, NONE, np.uint8), note="not annotated")
            continue
        generator = np.random.Generator(np.random.Philox(key=[options.seed, number]))
        yield WeakLabels(_label(truth, options, generator))


def _label(
    truth: NDArray[np.uint8], options: Simulated, generator: np.random.Generator
) -> NDArray[np.uint8]:
    is_object = truth == OBJECT
    missing = _lowest(generator.random(truth.shape), np.ones_like(is_object), options.unlabelled)
    labelled = ~missing & (truth != UNKNOWN)
    turned = _lowest(_smooth_noise(truth.shape, generator), labelled, options.wrong)
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
