"""Making the weak labels of a video by the name of what makes them."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from isr.data.videos import Video
from isr.data.weak_labels.foreground import tallied
from isr.data.weak_labels.store import WeakLabels, write_labels
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

_log = logging.getLogger(__name__)


def write_kind(
    kind: str, video: Video, entry: Mapping[str, Any], downloads: Path, output: Path
) -> pd.DataFrame:
    """Label a video and write the labels.

    Args:
        kind: one of KINDS, or AUTO. What was taken stands as `kind` in about.json, with `wanted`
            beside it and, where the published ones cannot be had, `reason`.
        video: what to label.
        entry: of its data set: {motion?: {others?, border?}} for our own labels, {labels?,
            mapping?} for the published ones, {simulated?: {unlabelled?, wrong?, seed?}} for
            simulated ones.
        downloads: where downloaded files lie.
        output: folder to write.

    Returns:
        What labels.csv holds.

    Raises:
        UserError: the kind is unknown, or a file that it needs is missing or not valid.
    """
    writers: dict[str, Callable[[], pd.DataFrame]] = {
        AUTO: lambda: _published_or_motion(video, entry, downloads, output),
        "motion": lambda: _motion(video, entry.get("motion") or {}, output),
        "published": lambda: _published(video, entry, downloads, output),
        "simulated": lambda: _simulated(video, entry.get("simulated") or {}, output),
    }
    if kind not in writers:
        names = ", ".join((*KINDS, AUTO))
        raise UserError(f"labels: {kind!r} is unknown: use one of {names}.")
    return writers[kind]()


def _write(
    video: Video, frames: Iterable[WeakLabels], about: dict[str, Any], output: Path
) -> pd.DataFrame:
    return write_labels(output, tallied(video, frames, about), about)


def _published_or_motion(
    video: Video, entry: Mapping[str, Any], downloads: Path, output: Path
) -> pd.DataFrame:
    from isr.data.weak_labels.published import MissingLabelsError

    try:
        if not entry.get("labels"):
            raise MissingLabelsError("the data set names no published labels")
        return _published(video, entry, downloads, output, wanted=AUTO)
    except MissingLabelsError as error:
        reason = error.reason
    _log.info("%s: our own labels are taken: %s", video.name, reason)
    return _motion(video, entry.get("motion") or {}, output, wanted=AUTO, reason=reason)


def _motion(video: Video, options: Mapping[str, Any], output: Path, **asked: str) -> pd.DataFrame:
    from isr.data.weak_labels import flow, motion, votes

    values = {"others": motion.OTHERS[0], "border": votes.BORDER, **options}
    text = MOTION_TEXT
    if values["border"]:
        text += _BORDER_TEXT.format(100 * values["border"])
    if values["others"] == motion.UNLABELLED:
        text += _OTHERS_TEXT
    about = {"kind": "motion", "text": text, "options": values, **asked}
    with flow.one_thread():
        return _write(video, motion.label(video, **values), about, output)


def _published(
    video: Video, entry: Mapping[str, Any], downloads: Path, output: Path, **asked: str
) -> pd.DataFrame:
    from isr.data.weak_labels import published

    about = {"kind": "published", "text": published.TEXT, "options": {}, "points": True, **asked}
    return _write(video, published.label(video, entry, downloads), about, output)


def _simulated(video: Video, options: Mapping[str, Any], output: Path) -> pd.DataFrame:
    from isr.data.weak_labels import simulated

    values = {"unlabelled": simulated.UNLABELLED, "wrong": simulated.WRONG, "seed": 0, **options}
    if unknown := sorted(set(values) - {"unlabelled", "wrong", "seed"}):
        raise UserError(f"simulated: {unknown[0]!r} is unknown: use unlabelled, wrong or seed.")
    text = simulated.describe(values["unlabelled"], values["wrong"])
    about = {"kind": "simulated", "text": text, "options": values, "points": True}
    return _write(video, simulated.label(video, **values), about, output)
