"""ConvexityDB (Gorelick et al., ECCV 2014): the paper's 51 pictures of near-convex objects.

The archive holds img/img_N.png, `groun truth`/GT_N.png (255 = object) and
`user scribbles`/scribbleMask_N.png, N = 1..51. A scribble mask has exactly three grey values:
none < background < object. Other spellings of the folders' names are accepted too.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isr.data.dataset import (
    BACKGROUND,
    BACKGROUND_SCRIBBLE,
    NO_SCRIBBLE,
    OBJECT,
    Picture,
    check_picture,
    list_values,
)
from isr.data.files import read_image, read_labels
from isr.errors import UserError

COUNT = 51
NAMES = [f"img_{number}" for number in range(1, COUNT + 1)]
SOURCE = "ConvexityDB (Gorelick et al., ECCV 2014)"
LICENCE = "not stated"

_IMAGES = ("img", "images")
_SCRIBBLES = ("user scribbles", "user_scribbles", "scribbles")
_GROUND_TRUTH = ("groun truth", "ground truth", "ground_truth")


def names(folder: Path) -> list[str]:
    """Names of the pictures in an unpacked folder, by number; no file is opened.

    Raises:
        UserError: the folder does not hold ConvexityDB.
    """
    images, _, _ = _find_folders(Path(folder))
    matches = [re.fullmatch(r"img_(\d+)\.png", path.name) for path in images.iterdir()]
    numbers = sorted(int(match[1]) for match in matches if match)
    return [f"img_{number}" for number in numbers]


def read_folder(folder: Path, chosen: Iterable[str] | None = None) -> Iterator[Picture]:
    """Read the unpacked pictures one after the other.

    Args:
        folder: holds the three folders, or one folder that holds them. Where there is no folder of
            ground truth at all, the pictures have none.
        chosen: names (img_N) of the pictures wanted; all that are there by default.

    Raises:
        UserError: a file is missing, unreadable or not coded as expected; the message names it.
    """
    images, scribbles, truths = _find_folders(Path(folder))
    for name in names(folder) if chosen is None else chosen:
        number = name.removeprefix("img_")
        mask = scribbles / f"scribbleMask_{number}.png"
        truth = None if truths is None else truths / f"GT_{number}.png"
        picture = Picture(
            name=name,
            image=read_image(images / f"{name}.png"),
            scribbles=_read_scribbles(mask),
            ground_truth=None if truth is None else _read_ground_truth(truth),
        )
        check_picture(picture, path=mask)
        yield picture


def _find_folders(folder: Path) -> tuple[Path, Path, Path | None]:
    """Find the folders of images, scribbles and ground truth in `folder` or one level below."""
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist or is no folder: unpack ConvexityDB there.")
    below = sorted(path for path in folder.iterdir() if path.is_dir())
    for place in (folder, *below):
        images, scribbles = _pick(place, _IMAGES), _pick(place, _SCRIBBLES)
        if images is not None and scribbles is not None:
            return images, scribbles, _pick(place, _GROUND_TRUTH)
    raise UserError(
        f"{folder} does not hold ConvexityDB: expected the folders 'img' and 'user scribbles'."
    )


def _pick(place: Path, spellings: tuple[str, ...]) -> Path | None:
    found = {path.name.lower(): path for path in place.iterdir() if path.is_dir()}
    return next((found[name] for name in spellings if name in found), None)


def _read_scribbles(path: Path) -> NDArray[np.uint8]:
    values, inverse = np.unique(read_labels(path), return_inverse=True)
    if len(values) != 3:
        raise UserError(
            f"{path} holds the values {list_values(values.tolist())}, expected exactly three "
            "(none < background < object): unpack ConvexityDB again."
        )
    shape = inverse.shape
    return np.asarray(
        np.array([NO_SCRIBBLE, BACKGROUND_SCRIBBLE, 1], np.uint8)[inverse].reshape(shape)
    )


def _read_ground_truth(path: Path) -> NDArray[np.uint8]:
    labels = read_labels(path)
    if not (labels == 255).any():
        raise UserError(
            f"{path} holds the values {list_values(np.unique(labels).tolist())}, expected 255 for "
            "the object: unpack ConvexityDB again."
        )
    return np.where(labels == 255, OBJECT, BACKGROUND).astype(np.uint8)
