"""The one layout on disk of the weak labels of a video, its one writer and its one reader.

They are a folder with

- 00000.png: 8-bit grey as scribbles, 0 none, 255 background, 1 foreground; one for each frame
- flip/00000.png: 16-bit grey, the probability that a label is wrong (not for every frame)
- labels.csv: frame, foreground and background (shares of the frame's pixels), kind, note
- about.json: kind, text, options; points: whether the labels are scattered points, not areas;
  wanted and reason: what was asked for, and why it is another kind; foreground: see there
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isr.data.items import frame_file
from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE, list_values
from isr.errors import UserError
from isr.io import atomic_folder, read_json, read_png, write_json, write_png

NONE = NO_SCRIBBLE
FOREGROUND = 1
BACKGROUND = BACKGROUND_SCRIBBLE

_STEPS = 65535
# What float arithmetic may take for covered.
_LEAST = 1e-3


@dataclass(frozen=True, eq=False)
class WeakLabels:
    """The weak labels of one frame.

    Attributes:
        labels: uint8 (h, w): 0 none, 255 background, 1 foreground.
        flip: float32 (h, w) in [0, 1], the probability that the label is wrong, 0 where there is
            none; None if it is 0 everywhere.
        note: what was odd about this frame, for labels.csv.
    """

    labels: NDArray[np.uint8]
    flip: NDArray[np.float32] | None = None
    note: str = ""


def write_labels(
    folder: Path, frames: Iterable[WeakLabels], about: Mapping[str, Any]
) -> pd.DataFrame:
    """Write the weak labels of a video, as a whole or not at all.

    Args:
        folder: where they will stand; older ones are replaced.
        frames: of every frame in order, drawn one at a time.
        about: {kind: published, motion or simulated, text: one sentence for tables, options,
            points?: whether the labels are scattered points}; may grow while frames are drawn.

    Returns:
        What labels.csv holds.

    Raises:
        UserError: there is no frame, or labels are not of the coding, or sizes differ.
    """
    rows: list[dict[str, Any]] = []
    size: tuple[int, ...] | None = None
    with atomic_folder(Path(folder)) as temporary:
        for number, frame in enumerate(frames):
            size = size or frame.labels.shape
            _check(frame, size, f"frame {number}")
            write_png(temporary / frame_file(number), frame.labels)
            if frame.flip is not None:
                stored = np.rint(frame.flip * _STEPS).astype(np.uint16)
                write_png(temporary / "flip" / frame_file(number), stored)
            rows.append(
                {
                    "frame": number,
                    "foreground": float((frame.labels == FOREGROUND).mean()),
                    "background": float((frame.labels == BACKGROUND).mean()),
                    "kind": about["kind"],
                    "note": frame.note,
                }
            )
        if not rows:
            raise UserError(f"{folder}: there are no frames to label: check the video.")
        table = pd.DataFrame(rows)
        table.to_csv(temporary / "labels.csv", index=False)
        write_json(temporary / "about.json", dict(about))
    return table


def _check(frame: WeakLabels, size: tuple[int, ...], what: str) -> None:
    labels, flip = frame.labels, frame.flip
    values = np.unique(labels).tolist()
    if labels.dtype != np.uint8 or not set(values) <= {NONE, FOREGROUND, BACKGROUND}:
        raise UserError(
            f"{what}: the labels ({labels.dtype}) hold the values {list_values(values)}, expected "
            "0 (none), 255 (background) and 1 (foreground) as uint8."
        )
    if labels.shape != size or (flip is not None and flip.shape != size):
        raise UserError(f"{what}: the labels have another size than those before: {labels.shape}.")
    if flip is not None and not (flip.min() >= 0 and flip.max() <= 1):
        raise UserError(f"{what}: probabilities of a wrong label are not all in [0, 1].")


def read_labels(
    folder: Path,
    number: int,
    size: tuple[int, int] | None = None,
    *,
    frame_size: tuple[int, int] | None = None,
) -> WeakLabels:
    """Read the weak labels of frame `number`.

    Args:
        folder: of the video's labels.
        number: of the frame, from 0.
        size: (h, w) to shrink to. A pixel takes the label that covers at least half of it (of its
            labelled part if the labels are scattered points; none if two of them do), and the mean
            probability of being wrong of those labels.
        frame_size: (h, w) of the frame that they belong to; None if that is not known.

    Raises:
        UserError: a file is missing, damaged, not of the coding or of another size than its frame.
    """
    path = Path(folder) / frame_file(number)
    labels = read_png(path)
    flip_path = Path(folder) / "flip" / frame_file(number)
    flip = None
    if flip_path.exists():
        flip = (read_png(flip_path) / np.float32(_STEPS)).astype(np.float32)
    frame = WeakLabels(labels, flip)
    _check(frame, labels.shape[:2], str(path))
    if frame_size is not None and labels.shape != frame_size:
        raise UserError(
            f"{path} has size {labels.shape}, its frame {frame_size}: label the video again."
        )
    if size is None or size == labels.shape:
        return frame
    return _resize(frame, size, points=bool(label_kind(folder).get("points", False)))


def _resize(frame: WeakLabels, size: tuple[int, int], *, points: bool) -> WeakLabels:
    labels = np.full(size, NONE, np.uint8)
    flip = None if frame.flip is None else np.zeros(size, np.float32)
    covers = {label: _area(frame.labels == label, size) for label in (FOREGROUND, BACKGROUND)}
    whole = sum(covers.values()) if points else 1.0
    # Areas are sums of floats: half may come out as a little less.
    taken = {
        label: cover >= np.maximum(whole / 2, _LEAST) - 1e-5 for label, cover in covers.items()
    }
    torn = taken[FOREGROUND] & taken[BACKGROUND]
    for label, cover in covers.items():
        won = taken[label] & ~torn
        labels[won] = label
        if flip is not None and frame.flip is not None:
            wrong = _area(np.where(frame.labels == label, frame.flip, 0), size)
            flip[won] = np.clip(wrong[won] / cover[won], 0, 1)
    return WeakLabels(labels, flip, frame.note)


def _area(values: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    larger = size[0] > values.shape[0] or size[1] > values.shape[1]
    how = cv2.INTER_NEAREST if larger else cv2.INTER_AREA
    return np.asarray(cv2.resize(values.astype(np.float32), size[::-1], interpolation=how))


def label_kind(folder: Path) -> dict[str, Any]:
    """What is known of the labels in `folder`: {kind, text, options}.

    Raises:
        UserError: there are no labels, or about.json is damaged.
    """
    path = Path(folder) / "about.json"
    if not path.exists():
        raise UserError(f"{path} does not exist: label the video first.")
    content = read_json(path)
    if not isinstance(content, dict) or not {"kind", "text"} <= content.keys():
        raise UserError(f"{path} is damaged: label the video again.")
    return content


def label_table(folder: Path) -> pd.DataFrame:
    """Read labels.csv: frame, foreground, background, kind, note; one row per frame.

    Raises:
        UserError: it is missing or damaged.
    """
    path = Path(folder) / "labels.csv"
    try:
        return pd.read_csv(path, dtype={"kind": str, "note": str}, keep_default_na=False)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: label the video first.") from None
    except ValueError as error:
        raise UserError(f"{path} is damaged ({error}): label the video again.") from None
