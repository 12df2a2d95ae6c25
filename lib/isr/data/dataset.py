"""The one layout on disk of every data set, its one writer and its one reader.

A data set is a folder with

- images/NAME.png: 8-bit RGB
- scribbles/NAME.png: 8-bit grey, 0 none, 255 background, 1..n object n
- ground_truth/NAME.png: 8-bit grey, 0 background, 255 object, 128 unknown (not for every picture)
- instances/NAME.png: 8-bit grey, k where the ground truth is the scribbled object k (where known)
- index.csv: name, width, height, objects, has_ground_truth, source, licence
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isr.errors import UserError
from isr.io import atomic_folder, read_png, write_png

NO_SCRIBBLE = 0
BACKGROUND_SCRIBBLE = 255
BACKGROUND = 0
OBJECT = 255
UNKNOWN = 128


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture with its scribbles and, where there is one, its ground truth.

    Attributes:
        name: unique in its data set; also the stem of its files.
        image: float32 (h, w, 3), RGB in [0, 1].
        scribbles: uint8 (h, w): 0 none, 255 background, 1..n object n.
        ground_truth: uint8 (h, w): 0 background, 255 object, 128 unknown; or None.
        instances: uint8 (h, w): k where the ground truth is object k of the scribbles, 0 elsewhere;
            None where it does not tell objects apart.
    """

    name: str
    image: NDArray[np.float32]
    scribbles: NDArray[np.uint8]
    ground_truth: NDArray[np.uint8] | None = None
    instances: NDArray[np.uint8] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.scribbles.shape
        return height, width

    @property
    def objects(self) -> int:
        """The number of scribbled objects."""
        return len(_object_labels(self.scribbles))


def write_dataset(
    folder: Path,
    pictures: Iterable[Picture],
    *,
    source: str | Mapping[str, str],
    licence: str | Mapping[str, str],
) -> None:
    """Write `pictures` to `folder` in the one layout, as a whole or not at all.

    An older data set in `folder` is replaced. Every picture is checked before it is written.

    Args:
        folder: where the data set will stand.
        pictures: drawn one at a time, so they need not fit into memory together.
        source: where they come from, for index.csv: one text for all, or by picture name.
        licence: their licence, in the same way.

    Raises:
        UserError: a picture is not valid, a name occurs twice, or there is no picture.
    """
    rows: dict[str, dict[str, Any]] = {}
    with atomic_folder(folder) as temporary:
        for kind in ("images", "scribbles", "ground_truth"):
            (temporary / kind).mkdir()
        for picture in pictures:
            check_picture(picture, path=picture.name)
            if picture.name in rows:
                raise UserError(
                    f"{folder}: two pictures are named {picture.name!r}: rename one of them."
                )
            _write_picture(temporary, picture)
            height, width = picture.scribbles.shape
            rows[picture.name] = {
                "name": picture.name,
                "width": width,
                "height": height,
                "objects": picture.objects,
                "has_ground_truth": picture.ground_truth is not None,
                "source": source if isinstance(source, str) else source[picture.name],
                "licence": licence if isinstance(licence, str) else licence[picture.name],
            }
        if not rows:
            raise UserError(f"{folder}: the data set has no pictures: check its entry.")
        pd.DataFrame(rows.values()).to_csv(temporary / "index.csv", index=False)


def _write_picture(folder: Path, picture: Picture) -> None:
    file = f"{picture.name}.png"
    write_png(folder / "images" / file, np.rint(picture.image * 255).astype(np.uint8))
    write_png(folder / "scribbles" / file, picture.scribbles)
    if picture.ground_truth is not None:
        write_png(folder / "ground_truth" / file, picture.ground_truth)
    if picture.instances is not None:
        write_png(folder / "instances" / file, picture.instances)


def read_index(folder: Path) -> pd.DataFrame:
    """Read index.csv: one row per picture, indexed by its name.

    Raises:
        UserError: the data set does not exist or its index cannot be read.
    """
    path = Path(folder) / "index.csv"
    try:
        table = pd.read_csv(
            path, dtype={"name": str, "source": str, "licence": str}, keep_default_na=False
        )
        return table.set_index("name")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: unpack the data set first.") from None
    except (KeyError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}): unpack the data set again.") from None


def read_picture(folder: Path, name: str) -> Picture:
    """Read the picture `name` of the data set in `folder`.

    Raises:
        UserError: a file is missing or damaged, or its content is not valid.
    """
    folder, file = Path(folder), f"{name}.png"
    truth_path, instances_path = (folder / kind / file for kind in ("ground_truth", "instances"))
    image = read_png(folder / "images" / file)
    picture = Picture(
        name=name,
        image=image.astype(np.float32) / np.float32(255),
        scribbles=read_png(folder / "scribbles" / file),
        ground_truth=read_png(truth_path) if truth_path.exists() else None,
        instances=read_png(instances_path) if instances_path.exists() else None,
    )
    check_picture(picture, path=folder / "scribbles" / file)
    return picture


def check_picture(picture: Picture, *, path: Path | str) -> None:
    """Check shapes, ranges and codings of a picture.

    Args:
        picture: what to check.
        path: the file (or name) that a message begins with.

    Raises:
        UserError: sizes differ, the image is not RGB in [0, 1], the scribbles or the ground truth
            hold values outside the coding, a class of scribbles is missing, or all of the ground
            truth is unknown.
    """
    _check_name(picture.name, path)
    image, scribbles, truth = picture.image, picture.scribbles, picture.ground_truth
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise UserError(f"{path}: the image has shape {image.shape}, expected (h, w, 3).")
    if not np.isfinite(image).all():
        raise UserError(f"{path}: the image holds NaN or infinite values: repair it.")
    if image.min() < 0 or image.max() > 1:
        raise UserError(
            f"{path}: the image's values reach from {image.min():g} to {image.max():g}, "
            "expected [0, 1]: rescale it."
        )
    _check_same_size(image, scribbles, "scribbles", path)
    _check_scribbles(scribbles, path)
    if truth is not None:
        _check_same_size(image, truth, "ground truth", path)
        _check_ground_truth(truth, path)
    if picture.instances is not None:
        _check_same_size(image, picture.instances, "ground truth", path)
        _check_instances(picture, path)


def _check_name(name: str, path: Path | str) -> None:
    if not name or name.startswith(".") or any(c in name for c in "/\\\0\n"):
        raise UserError(f"{path}: {name!r} cannot name a picture: rename the file.")


def _check_same_size(
    image: NDArray[Any], labels: NDArray[Any], what: str, path: Path | str
) -> None:
    if labels.shape != image.shape[:2]:
        size = " x ".join(map(str, labels.shape[1::-1] + labels.shape[2:]))
        raise UserError(
            f"{path}: the {what} {'is' if what == 'ground truth' else 'are'} {size} pixels, "
            f"the image is {image.shape[1]} x {image.shape[0]} (width x height): "
            "make them the same size."
        )


def _object_labels(scribbles: NDArray[np.uint8]) -> list[int]:
    values = np.flatnonzero(np.bincount(scribbles.ravel(), minlength=256))
    return [int(v) for v in values if v not in (NO_SCRIBBLE, BACKGROUND_SCRIBBLE)]


def _check_scribbles(scribbles: NDArray[np.uint8], path: Path | str) -> None:
    if scribbles.dtype != np.uint8:
        raise UserError(f"{path}: the scribbles are {scribbles.dtype}, expected uint8.")
    labels = _object_labels(scribbles)
    has_background = bool((scribbles == BACKGROUND_SCRIBBLE).any())
    if not labels and not has_background:
        raise UserError(f"{path}: there is no scribble: draw one on the object and one beside it.")
    if not has_background:
        raise UserError(f"{path}: the background has no scribble: draw one beside the object.")
    if not labels:
        raise UserError(f"{path}: the object has no scribble: draw one on it.")
    if labels != list(range(1, len(labels) + 1)):
        raise UserError(
            f"{path}: the scribbles hold the values {labels}, "
            f"expected objects numbered from 1 without gaps, 0 for none and 255 for background."
        )


def _check_ground_truth(truth: NDArray[np.uint8], path: Path | str) -> None:
    values = set(np.unique(truth).tolist())
    if truth.dtype != np.uint8 or not values <= {BACKGROUND, OBJECT, UNKNOWN}:
        raise UserError(
            f"{path}: the ground truth ({truth.dtype}) holds the values "
            f"{list_values(sorted(values))}, expected 0 (background), 255 (object) and 128 "
            "(unknown) as uint8."
        )
    if values == {UNKNOWN}:
        raise UserError(f"{path}: all of the ground truth is unknown: leave its file out.")


def _check_instances(picture: Picture, path: Path | str) -> None:
    instances = picture.instances
    assert instances is not None
    if picture.ground_truth is None or instances.dtype != np.uint8:
        raise UserError(f"{path}: instances need a ground truth and uint8: make them from it.")
    if instances.max() > picture.objects:
        raise UserError(
            f"{path}: the ground truth tells {instances.max()} objects apart, the scribbles "
            f"{picture.objects}: make them agree."
        )


def list_values(values: list[int]) -> str:
    """Write values for a message, at most eight of them."""
    shown = ", ".join(map(str, values[:8]))
    return f"{shown}, ... ({len(values)} values)" if len(values) > 8 else shown


def resize_picture(picture: Picture, long_side: int) -> Picture:
    """Shrink a picture so that neither side is longer than `long_side`; never enlarge it.

    The image is averaged over areas. A small pixel is scribbled as soon as one of its source pixels
    is (thin strokes stay whole); of several labels that with the most source pixels wins, the lower
    one at a tie. The ground truth goes by the largest area, unknown being a class of its own that
    wins at a tie.
    """
    height, width = picture.scribbles.shape
    if max(height, width) <= long_side:
        return picture
    scale = long_side / max(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    image = cv2.resize(picture.image, size[::-1], interpolation=cv2.INTER_AREA)
    return Picture(
        name=picture.name,
        image=np.clip(image, 0, 1).astype(np.float32),
        scribbles=_shrink_scribbles(picture.scribbles, size),
        ground_truth=None
        if picture.ground_truth is None
        else _shrink_classes(picture.ground_truth, (UNKNOWN, BACKGROUND, OBJECT), size),
        instances=None
        if picture.instances is None
        else _shrink_classes(picture.instances, range(picture.objects + 1), size),
    )


def _shrink_scribbles(scribbles: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    # Each source pixel belongs to the one small pixel that holds its centre.
    rows = (np.arange(scribbles.shape[0]) + 0.5) * size[0] // scribbles.shape[0]
    columns = (np.arange(scribbles.shape[1]) + 0.5) * size[1] // scribbles.shape[1]
    cells = (rows[:, None] * size[1] + columns[None, :]).astype(np.intp)
    small = np.zeros(size[0] * size[1], np.uint8)
    most = np.zeros(small.size, np.intp)
    for label in [*_object_labels(scribbles), BACKGROUND_SCRIBBLE]:
        count = np.bincount(cells[scribbles == label], minlength=small.size)
        small[count > most] = label
        most = np.maximum(most, count)
    return small.reshape(size)


def _shrink_classes(
    labels: NDArray[np.uint8], values: Iterable[int], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The class of the largest area, the first of `values` at a tie."""
    classes = np.array(list(values), np.uint8)
    areas = [
        cv2.resize((labels == c).astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
        for c in classes
    ]
    # Rounded, so that equal areas are a tie in spite of float arithmetic.
    winner = np.round(np.stack(areas), 5).argmax(axis=0)
    return np.asarray(classes[winner])
