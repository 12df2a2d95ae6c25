"""Making the weak labels of a video by the name of what makes them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from isr.data.videos import Video
from isr.data.weak_labels.store import write_labels
from isr.errors import UserError

KINDS = ("motion", "published", "simulated")
MOTION_TEXT = (
    "our own, from motion alone: dense flow (DIS) against the background's homography, moving "
    "segments linked over the video, the largest of them the foreground"
)
_OTHERS_TEXT = "; other moving objects have no label"
_BORDER_TEXT = "; no label within {:g} % of the long side of its border"


def write_kind(
    kind: str, video: Video, entry: Mapping[str, Any], downloads: Path, output: Path
) -> pd.DataFrame:
    """Label a video and write the labels.

    Args:
        kind: one of KINDS.
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
        "motion": lambda: _motion(video, entry.get("motion") or {}, output),
        "published": lambda: _published(video, entry, downloads, output),
        "simulated": lambda: _simulated(video, entry.get("simulated") or {}, output),
    }
    if kind not in writers:
        raise UserError(f"labels: {kind!r} is unknown: use one of {', '.join(KINDS)}.")
    return writers[kind]()


def _motion(video: Video, options: Mapping[str, Any], output: Path) -> pd.DataFrame:
    from isr.data.weak_labels import borders, flow, motion

    values = {"others": motion.OTHERS[0], "border": borders.BORDER, **options}
    text = MOTION_TEXT
    if values["border"]:
        text += _BORDER_TEXT.format(100 * values["border"])
    if values["others"] == motion.UNLABELLED:
        text += _OTHERS_TEXT
    about = {"kind": "motion", "text": text, "options": values}
    with flow.one_thread():
        return write_labels(output, motion.label(video, **values), about)


def _published(
    video: Video, entry: Mapping[str, Any], downloads: Path, output: Path
) -> pd.DataFrame:
    from isr.data.weak_labels import published

    about = {"kind": "published", "text": published.TEXT, "options": {}, "points": True}
    return write_labels(output, published.label(video, entry, downloads), about)


def _simulated(video: Video, options: Mapping[str, Any], output: Path) -> pd.DataFrame:
    from isr.data.weak_labels import simulated

    values = {"unlabelled": simulated.UNLABELLED, "wrong": simulated.WRONG, "seed": 0, **options}
    if unknown := sorted(set(values) - {"unlabelled", "wrong", "seed"}):
        raise UserError(f"simulated: {unknown[0]!r} is unknown: use unlabelled, wrong or seed.")
    text = simulated.describe(values["unlabelled"], values["wrong"])
    about = {"kind": "simulated", "text": text, "options": values, "points": True}
    return write_labels(output, simulated.label(video, **values), about)
