"""The one layout on disk of the weak labels of a video, its one writer and its one reader.

They are a folder with

- 00000.png: 8-bit grey as scribbles, 0 none, 255 background, 1 foreground; one for each frame
- flip/00000.png: 16-bit grey, the probability that a label is wrong (not for every frame)
- labels.csv: frame, foreground and background (shares of the frame's pixels), kind, note
- about.json: kind, text, options; points: whether the labels are scattered points, not areas;
  wanted and reason: what was asked for, and why it is another kind; foreground: see `Foreground`

Which annotated object of a video is its foreground is one rule, applied once for each video. Where
it is known from elsewhere, by the authors' mapping or because we drew the video, that object is it.
Else it is the annotated object that most foreground labels lie on. Labels never see the ground
truth: the ground truth chooses the object that corresponds to them, as the authors' mapping does.
about.json of the labels keeps the choice, and whether the labels agree with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isr.data.items import Item, frame_file
from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE, list_values
from isr.errors import UserError
from isr.io import atomic_folder, read_json, read_png, read_table, write_json, write_png
from isr.models import parse

NONE = NO_SCRIBBLE
FOREGROUND = 1
BACKGROUND = BACKGROUND_SCRIBBLE

_FOLLOWED = 0.5
"""Labels follow an object if at least this share of their foreground lies on it."""
ANOTHER, NO_OBJECT = "another object", "no object"

_KEY = "foreground"
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


def write_labels(folder: Path, frames: Iterable[WeakLabels], about: Mapping[str, Any]) -> None:
    """Write the weak labels of a video, as a whole or not at all.

    Args:
        folder: where they will stand; older ones are replaced.
        frames: of every frame in order, drawn one at a time.
        about: {kind: published, motion or simulated, text: one sentence for tables, options,
            points?: whether the labels are scattered points}; may grow while frames are drawn.

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
        pd.DataFrame(rows).to_csv(temporary / "labels.csv", index=False)
        write_json(temporary / "about.json", dict(about))


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
    table = read_table(
        path,
        ("kind", "note"),
        missing="label the video first",
        advice="label the video again",
    )
    frames = len(list(path.parent.glob("*.png")))
    if len(table) != frames:
        raise UserError(
            f"{path} is damaged ({len(table)} rows for {frames} frames): label the video again."
        )
    return table


@dataclass(frozen=True)
class Foreground:
    """The object that a video is scored by, and how the labels of its annotated frames lie.

    Attributes:
        object: its number.
        objects: how many objects are annotated.
        named: whether it is known from elsewhere than the labels.
        share: of the foreground labels, those that lie on it; 0 if there are none.
        follow: "" if the labels follow it, else ANOTHER or NO_OBJECT.
    """

    object: int
    objects: int
    named: bool
    share: float
    follow: str

    @property
    def is_sure(self) -> bool:
        """Whether no other object can be meant."""
        return self.named or self.objects == 1


def choose(counts: NDArray[np.int64], objects: int, named: int | None) -> Foreground:
    """Choose the foreground of a video.

    Args:
        counts: (n,) how many foreground labels of all annotated frames lie on the background [0]
            and on each object.
        objects: how many objects are annotated.
        named: number of the object that is known to be the foreground; None if that is not known.

    >>> choose(np.array([10, 20, 70]), 2, None)
    Foreground(object=2, objects=2, named=False, share=0.7, follow='')
    >>> choose(np.array([10, 20, 70]), 2, 1).follow, choose(np.array([80, 20, 0]), 2, 1).follow
    ('another object', 'no object')
    """
    most = 1 + int(counts[1:].argmax()) if len(counts) > 1 else 1
    chosen = most if named is None else named
    on = [int(counts[number]) if number < len(counts) else 0 for number in (chosen, most)]
    share = on[0] / max(1, int(counts.sum()))
    follow = ANOTHER if on[1] > on[0] else "" if share >= _FOLLOWED else NO_OBJECT
    return Foreground(chosen, objects, named is not None, round(share, 4), follow)


def tallied(
    video: Item, frames: Iterable[WeakLabels], about: dict[str, Any]
) -> Iterator[WeakLabels]:
    """Hand labels on, and when all are drawn add to `about` which object they follow.

    Args:
        video: that they belong to; nothing is added if it has no ground truth.
        frames: labels of every frame in order, made without a look at these counts.
        about: of the labels.
    """
    counts, there = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for number, frame in enumerate(frames):
        objects = video.objects(number) if number in video.annotated else None
        if objects is not None:
            counts += np.bincount(objects[frame.labels == FOREGROUND], minlength=256)
            there += np.bincount(objects.ravel(), minlength=256)
        yield frame
    if there[1:].any():
        named = video.object if video.named else None
        about[_KEY] = asdict(choose(counts, int(np.count_nonzero(there[1:])), named))


def foreground_of(about: Mapping[str, Any]) -> Foreground | None:
    """The foreground that labels keep in what is known of them; None if nothing is annotated.

    Raises:
        UserError: it is not of that form.
    """
    if _KEY not in about:
        return None
    try:
        return parse(Foreground, about[_KEY], _KEY)
    except UserError as error:
        raise UserError(
            f"about.json of weak labels is damaged ({error.reason}): label the video again."
        ) from None


def scored(video: Item, about: Mapping[str, Any]) -> Item:
    """The video with the ground truth of the object that is its foreground.

    Args:
        video: as it was unpacked.
        about: what is known of its labels.
    """
    found = foreground_of(about)
    return video if found is None else video.of_object(found.object)
