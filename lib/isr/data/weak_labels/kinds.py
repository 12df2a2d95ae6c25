"""Making the weak labels of a video by the name of what makes them."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.data.items import Item
from isr.data.kinds.base import DatasetKind
from isr.data.kinds.videos import Motion, Simulated
from isr.data.pictures import OBJECT, UNKNOWN
from isr.data.weak_labels.store import (
    BACKGROUND,
    FOREGROUND,
    NONE,
    WeakLabels,
    tallied,
    write_labels,
)
from isr.errors import UserError

KINDS = ("motion", "published", "simulated")
AUTO = "auto"
"""The published labels of a video if they can be had, else our own from motion."""
MOTION_TEXT = (
    "our own, from motion alone: dense flow (DIS) against the background's homography, moving "
    "segments linked over the video, the largest of them the foreground"
)
_OTHERS_TEXT = "; other moving objects have no label"
_BORDER_TEXT = "; no label within {:g} % of the long side of its border"

# Wrong labels come in blobs: noise is smoothed by this share of the longer side.
_BLOB = 0.02

_log = logging.getLogger(__name__)


def write_kind(kind: str, video: Item, entry: DatasetKind, downloads: Path, output: Path) -> None:
    """Label a video and write the labels.

    Args:
        kind: one of KINDS, or AUTO. What was taken stands as `kind` in about.json, with `wanted`
            beside it and, where the published ones cannot be had, `reason`.
        video: what to label.
        entry: of its data set, whose keys `motion`, `labels`, `mapping` and `simulated` say how.
        downloads: where downloaded files lie.
        output: folder to write.

    Raises:
        UserError: the kind is unknown, or a file that it needs is missing or not valid.
    """
    if kind not in (*KINDS, AUTO):
        names = ", ".join((*KINDS, AUTO))
        raise UserError(f"labels: {kind!r} is unknown: use one of {names}.")
    if kind != AUTO:
        _write(kind, video, entry, downloads, output)
        return
    from isr.data.weak_labels.published import MissingLabelsError

    try:
        _write("published", video, entry, downloads, output, wanted=AUTO)
    except MissingLabelsError as error:
        _log.info("%s: our own labels are taken: %s", video.name, error.reason)
        _write("motion", video, entry, downloads, output, wanted=AUTO, reason=error.reason)


def _write(
    kind: str, video: Item, entry: DatasetKind, downloads: Path, output: Path, **asked: str
) -> None:
    from isr.data.weak_labels.evidence import one_thread

    with one_thread():
        match kind:
            case "motion":
                made, frames = _motion(video, getattr(entry, "motion", None) or Motion())
            case "published":
                made, frames = _published(video, entry, downloads)
            case _:
                made, frames = _simulated(video, getattr(entry, "simulated", None) or Simulated())
        about = {"kind": kind, **made, **asked}
        write_labels(output, tallied(video, frames, about), about)


def _motion(video: Item, options: Motion) -> tuple[dict[str, Any], Iterator[WeakLabels]]:
    from isr.data.weak_labels import motion

    text = MOTION_TEXT
    if options.border:
        text += _BORDER_TEXT.format(100 * options.border)
    if options.others == "unlabelled":
        text += _OTHERS_TEXT
    return {"text": text, "options": options.model_dump()}, motion.label(video, options)


def _published(
    video: Item, entry: DatasetKind, downloads: Path
) -> tuple[dict[str, Any], Iterator[WeakLabels]]:
    from isr.data.weak_labels import published

    labels = getattr(entry, "labels", None)
    if labels is None:
        raise published.MissingLabelsError("the data set names no published labels")
    about = {"text": published.TEXT, "options": {}, "points": True}
    return about, published.label(video, labels, getattr(entry, "mapping", None), downloads)


def _simulated(video: Item, options: Simulated) -> tuple[dict[str, Any], Iterator[WeakLabels]]:
    text = (
        f"simulated from ground truth: {options.unlabelled:.0%} unlabelled, {options.wrong:.0%} of "
        "the labels wrong"
    )
    about = {"text": text, "options": options.model_dump(), "points": True}
    return about, simulate(video, options)


def simulate(video: Item, options: Simulated) -> Iterator[WeakLabels]:
    """Label the annotated frames of a video from their ground truth, with declared noise.

    For tests and for experiments on noise. It is no way to segment a video: it looks at what is to
    be found.

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
