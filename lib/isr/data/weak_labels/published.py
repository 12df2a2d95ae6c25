"""The published weak labels: multicut labels with confidences (Kardoost and Keuper, UAI 2021).

For each frame there is a file SEQ/NAME.h5 with the datasets `img` (0 background, 1 foreground, -1
none; or more objects) and `confidence` (-1 none), both transposed. They are processed as in the
paper's experiments: points of low confidence get a probability of being wrong from the labels
around them, and empty parts of the border become background.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from isr.data.archives import unpacked
from isr.data.files import natural_order
from isr.data.items import Item
from isr.data.kinds.base import remote_file, verified
from isr.data.kinds.fbms import find_label
from isr.data.kinds.videos import PublishedLabels, mapping_path
from isr.data.weak_labels.store import BACKGROUND, FOREGROUND, NONE, WeakLabels
from isr.errors import UserError, told
from isr.models import RemoteFile

TEXT = "multicut labels with confidences, published by Kardoost and Keuper (UAI 2021)"

_SURE = 0.4
"""Labels of lower confidence may be wrong."""
_HALF = 64
"""Half the side of the neighbourhood that votes."""
_MANY = 900
"""A class with more labels than this is not doubted, and casts doubt up to _MOST only."""
_MOST = 0.3
_LONELY = 1000
"""A foreground label is dropped if the squared distance to the next exceeds this."""
_BORDER, _STRIDE = 30, 5

_MOST_LABELS = 1 << 31

_NONE, _BACKGROUND, _FOREGROUND = -1, 0, 1

Ints = NDArray[np.int64]


class MissingLabelsError(UserError):
    """The published labels of this video cannot be had, or not without the authors' mapping."""


Floats = NDArray[np.float64]


def label(
    video: Item, labels: PublishedLabels, mapping: RemoteFile | None, downloads: Path
) -> Iterator[WeakLabels]:
    """Read and process the published labels of a video.

    Args:
        video: whose frames are labelled.
        labels: where they lie.
        mapping: the authors' choice of objects, if there is one.
        downloads: where the archive, or a folder of its name, lies.

    Yields:
        The labels of each frame; a frame without a file has none.

    Raises:
        MissingLabelsError: there are none of this video, or they are of several objects and
            nothing says which is the foreground; the message says what belongs where.
        UserError: a file is not of the form.
    """
    foreground = find_label(video.name, mapping_path(mapping, downloads))
    with _folder(labels, video.name, Path(downloads)) as folder:
        for path in _match(video, folder):
            if path is None:
                yield WeakLabels(np.full(video.size, NONE, np.uint8), note="nothing published")
                continue
            numbers, confidence = _read(path, video.size)
            frame = process(_choose(numbers, foreground, path), confidence)
            found = {FOREGROUND, BACKGROUND} & set(np.unique(frame.labels).tolist())
            note = "" if len(found) == 2 else "not both classes labelled"
            yield WeakLabels(frame.labels, frame.flip, note)


@contextmanager
def _folder(entry: PublishedLabels, name: str, downloads: Path) -> Iterator[Path]:
    """The folder of one sequence, unpacked for the time being if it lies in an archive."""
    archive = downloads / entry.file
    own = Path(entry.path).expanduser() if entry.path else archive.with_suffix("")
    if own.is_dir():
        yield _find(own, name, own)
        return
    if not archive.exists():
        address = f" from {entry.url}" if entry.url else ""
        raise MissingLabelsError(
            f"{archive} does not exist: put the published labels{address} there, or their folders "
            f"SEQ with SEQ/*.h5 below {own}, or choose other labels."
        )
    verified(remote_file(entry), downloads)
    with unpacked(archive, lambda member: name in member.parts[:-1]) as folder:
        yield _find(folder, name, archive)


def _find(folder: Path, name: str, where: Path) -> Path:
    found = sorted({path.parent for path in folder.glob(f"**/{name}/*.h5")})
    if len(found) != 1:
        error = UserError if found else MissingLabelsError
        raise error(
            f"{where} holds {len(found)} folders {name} with .h5 files, expected one: put the "
            f"published labels of {name} there, or choose other labels."
        )
    return found[0]


def _match(video: Item, folder: Path) -> list[Path | None]:
    """The file of each frame: by its name, or in their order if there are as many."""
    # NAME.h5 or NAME.ppm.h5, where NAME.jpg is the picture.
    files = {path.name.split(".")[0]: path for path in sorted(folder.glob("*.h5"))}
    matched = [files.get(stem) for stem in video.files]
    if any(matched):
        return matched
    if len(files) != len(video):
        raise UserError(
            f"{folder.name}: {len(files)} published files of labels do not fit the {len(video)} "
            "frames by name: check that they belong to this video."
        )
    return [files[stem] for stem in sorted(files, key=natural_order)]


def _read(path: Path, size: tuple[int, int]) -> tuple[Ints, Floats]:
    """Labels and confidences (h, w) of a frame.

    The size is seen before anything is read: a file can state any, without holding a value.
    """
    arrays = []
    with told(path.name, "is no HDF5 file", "get it again"), h5py.File(path, "r") as content:
        for key in ("img", "confidence"):
            if key not in content:
                raise UserError(f"{path.name} holds no dataset '{key}': get the file again.")
            found = tuple(side for side in content[key].shape if side != 1)[::-1]
            if found != tuple(side for side in size if side != 1):
                raise UserError(
                    f"{path.name} has size {found}, the video's frames {size} (height, width): "
                    "check that the labels belong to this video."
                )
            array = np.asarray(content[key], dtype=np.float64).reshape(size[::-1]).T
            if key == "img" and not (np.abs(array) < _MOST_LABELS).all():
                raise UserError(f"{path.name}: '{key}' holds no numbers of labels: get it again.")
            arrays.append(array)
    return np.rint(arrays[0]).astype(np.int64), arrays[1]


def _choose(labels: Ints, foreground: int | None, path: Path) -> Ints:
    """Reduce labels of several objects to foreground (1), background (0) and none (-1).

    `foreground` is the value in the authors' masks: 1 and 255 stand for the labels 1 and 0 where
    these are all there are, label + 1 else.
    """
    values, counts = np.unique(labels[labels >= 0], return_counts=True)
    if set(values.tolist()) <= {_BACKGROUND, _FOREGROUND}:
        chosen, background = (0, 1) if foreground == 255 else (1, 0)
    elif foreground is None:
        raise MissingLabelsError(
            f"{path.name} labels {len(values)} objects, and nothing says which of them is the "
            "foreground: add the mapping of objects to the data set's entry."
        )
    else:
        chosen = foreground - 1
        others = values != chosen
        background = int(values[others][counts[others].argmax()])
    reduced = np.full(labels.shape, _NONE)
    reduced[labels == background] = _BACKGROUND
    reduced[labels == chosen] = _FOREGROUND
    return reduced


def process(labels: Ints, confidence: Floats) -> WeakLabels:
    """Turn multicut labels into weak labels with probabilities of being wrong.

    A foreground label far from all others is dropped. A label with a confidence in [0, 0.4) is
    wrong with a probability that comes from the shares of both classes among the labels of its
    128 x 128 neighbourhood, if both occur there: a foreground label if foreground does not draw it
    again and background does, a background label if foreground does. A class of more than 900
    labels votes with 0.3 at most, and its own labels are never doubted. Where a 30 x 30 square at
    the border has no label, every second pixel becomes background.

    Args:
        labels: (h, w): 0 background, 1 foreground, -1 none.
        confidence: (h, w), -1 where there is none.
    """
    labels = _drop_lonely(labels)
    flip = _flip_probabilities(labels, confidence)
    result = np.full(labels.shape, NONE, np.uint8)
    result[_fill_border(labels) == _BACKGROUND] = BACKGROUND
    result[labels == _FOREGROUND] = FOREGROUND
    return WeakLabels(result, flip if flip.any() else None)


def _drop_lonely(labels: Ints) -> Ints:
    places = np.argwhere(labels == _FOREGROUND)
    if not len(places):
        return labels
    distance = cKDTree(places).query(places, k=2)[0][:, 1]
    lonely = places[distance**2 > _LONELY]
    kept = labels.copy()
    kept[lonely[:, 0], lonely[:, 1]] = _NONE
    return kept


def _flip_probabilities(labels: Ints, confidence: Floats) -> NDArray[np.float32]:
    flip = np.zeros(labels.shape, np.float32)
    classes = (_FOREGROUND, _BACKGROUND)
    counts = {c: _count_around(labels == c) for c in classes}
    total = np.maximum(counts[_FOREGROUND] + counts[_BACKGROUND], 1)
    many = {c: int((labels == c).sum()) > _MANY for c in classes}
    votes = {c: np.minimum(counts[c] / total, _MOST if many[c] else 1.0) for c in classes}
    doubtful = (confidence >= 0) & (confidence < _SURE)
    doubtful &= (counts[_FOREGROUND] > 0) & (counts[_BACKGROUND] > 0)
    wrong = {
        _FOREGROUND: (1 - votes[_FOREGROUND]) * votes[_BACKGROUND],
        _BACKGROUND: votes[_FOREGROUND],
    }
    for c in classes:
        if not many[c]:
            place = doubtful & (labels == c)
            flip[place] = wrong[c][place]
    return flip


def _count_around(mask: NDArray[np.bool_]) -> Ints:
    """How many pixels of `mask` lie in the 128 x 128 pixels around each pixel."""
    sums = np.pad(mask, ((1, 0), (1, 0))).astype(np.int64).cumsum(axis=0).cumsum(axis=1)
    top, bottom = _window(mask.shape[0])
    left, right = _window(mask.shape[1])
    rows = sums[bottom] - sums[top]
    return np.asarray(rows[:, right] - rows[:, left])


def _window(length: int) -> tuple[Ints, Ints]:
    places = np.arange(length)
    return np.maximum(places - _HALF, 0), np.minimum(places + _HALF, length)


def _fill_border(labels: Ints) -> Ints:
    filled = labels.copy()
    for turned in (filled, filled.T):
        for strip in (turned[:, :_BORDER], turned[:, -_BORDER:]):
            for start in range(0, strip.shape[0] - _BORDER, _STRIDE):
                # What is filled is seen by the next square.
                square = strip[start : start + _BORDER]
                if (square == _NONE).all():
                    square[::2, ::2] = _BACKGROUND
    return filled
