"""A picture, video or volume in memory, with what is known of it, and what must hold of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.coordinates import ThirdAxis
from isr.data.names import check_name
from isr.errors import UserError

NO_SCRIBBLE = 0
BACKGROUND_SCRIBBLE = 255
BACKGROUND = 0
OBJECT = 255
UNKNOWN = 128


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, a picture with depth, a volume or a short video, with whatever is known of it.

    Its grid is (h, w), or (frames, h, w) of a volume or a video.

    Attributes:
        name: unique in its data set.
        image: float32 (*grid, 3), RGB in [0, 1].
        scribbles: uint8 (*grid): 0 none, 255 background, 1..n object n; or None.
        ground_truth: uint8 (*grid): 0 background, 255 object, 128 unknown; or None.
        instances: uint8 (*grid): k where the ground truth is object k of the scribbles, 0
            elsewhere; None where it does not tell objects apart.
        unaries: float32 (*grid), foreground probabilities that come with it, or None.
        third: the third coordinate: (frames,) values of t or z, (h, w) of depth; or None.
        text: what the object is, and how its unaries or scribbles are made.
        source: where the picture comes from.
        licence: its licence.
        bits: 8 or 16, at which its colours are kept.
    """

    name: str
    image: NDArray[np.float32]
    scribbles: NDArray[np.uint8] | None = None
    ground_truth: NDArray[np.uint8] | None = None
    instances: NDArray[np.uint8] | None = None
    unaries: NDArray[np.float32] | None = None
    third: ThirdAxis | None = None
    text: str = ""
    source: str = ""
    licence: str = ""
    bits: Literal[8, 16] = 8

    @property
    def grid(self) -> tuple[int, ...]:
        """(h, w), or (frames, h, w) of a video or a volume."""
        return self.image.shape[:-1]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.grid[-2:]
        return height, width

    @property
    def objects(self) -> int:
        """The number of scribbled objects; 0 without scribbles."""
        return 0 if self.scribbles is None else len(object_labels(self.scribbles))


def check_picture(picture: Picture, *, path: Path | str) -> None:
    """Check shapes, ranges and codings of a picture.

    Args:
        picture: what to check.
        path: the file (or name) that a message begins with.

    Raises:
        UserError: the name cannot be that of a folder, sizes differ, the image is not RGB in
            [0, 1], the unaries are not in [0, 1], the scribbles or the ground truth hold values
            outside the coding, a class of scribbles is missing, all of the ground truth is unknown,
            or the third coordinate does not fit.
    """
    check_name(picture.name, path)
    image, scribbles, truth = picture.image, picture.scribbles, picture.ground_truth
    if image.ndim not in (3, 4) or image.shape[-1] != 3 or 0 in image.shape:
        raise UserError(f"{path}: the image has shape {image.shape}, expected (*grid, 3).")
    _check_range(image, "image", path)
    if scribbles is not None:
        _check_same_size(image, scribbles, "scribbles", path)
        _check_scribbles(scribbles, path)
    if picture.unaries is not None:
        _check_same_size(image, picture.unaries, "unaries", path)
        _check_range(picture.unaries, "unaries", path)
    _check_third(picture, path)
    if truth is not None:
        _check_same_size(image, truth, "ground truth", path)
        _check_ground_truth(truth, path)
    if picture.instances is not None:
        _check_same_size(image, picture.instances, "ground truth", path)
        _check_instances(picture, path)


def _check_range(array: NDArray[Any], what: str, path: Path | str) -> None:
    if not np.isfinite(array).all():
        raise UserError(f"{path}: the {what} holds NaN or infinite values: repair it.")
    if array.min() < 0 or array.max() > 1:
        raise UserError(
            f"{path}: the values of the {what} reach from {array.min():g} to {array.max():g}, "
            "expected [0, 1]: rescale it."
        )


def _check_third(picture: Picture, path: Path | str) -> None:
    third, grid = picture.third, picture.grid
    if (third is None or third.name == "depth") != (len(grid) == 2):
        raise UserError(f"{path}: frames need t or z as third coordinate, and only they.")
    if third is None:
        return
    expected = grid if third.name == "depth" else grid[:1]
    if third.values.shape != expected:
        raise UserError(
            f"{path}: the third coordinate {third.name} has shape {third.values.shape}, "
            f"expected {expected}."
        )
    known = third.values if third.missing is None else third.values[~third.missing]
    if not known.size or not np.isfinite(known).all():
        raise UserError(f"{path}: the third coordinate holds NaN or infinite values.")


def _check_same_size(
    image: NDArray[Any], labels: NDArray[Any], what: str, path: Path | str
) -> None:
    if labels.shape != image.shape[:-1]:
        raise UserError(
            f"{path}: the {what} {'is' if what == 'ground truth' else 'are'} "
            f"{_size_words(labels.shape)} pixels, the image is {_size_words(image.shape[:-1])} "
            "(width x height): make them the same size."
        )


def _size_words(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape[::-1]))


def object_labels(scribbles: NDArray[np.uint8]) -> list[int]:
    """The numbers of the scribbled objects, ascending."""
    values = np.flatnonzero(np.bincount(scribbles.ravel(), minlength=256))
    return [int(v) for v in values if v not in (NO_SCRIBBLE, BACKGROUND_SCRIBBLE)]


def _check_scribbles(scribbles: NDArray[np.uint8], path: Path | str) -> None:
    if scribbles.dtype != np.uint8:
        raise UserError(f"{path}: the scribbles are {scribbles.dtype}, expected uint8.")
    labels = object_labels(scribbles)
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
    height, width = picture.size
    if max(height, width) <= long_side:
        return picture
    if len(picture.grid) == 3 or picture.third is not None:
        raise UserError(f"{picture.name}: volumes and depths are not shrunk: save them smaller.")
    scale = long_side / max(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    image = cv2.resize(picture.image, size[::-1], interpolation=cv2.INTER_AREA)
    scribbles, truth = picture.scribbles, picture.ground_truth
    instances, unaries = picture.instances, picture.unaries
    return replace(
        picture,
        image=np.clip(image, 0, 1).astype(np.float32),
        scribbles=None if scribbles is None else _shrink_scribbles(scribbles, size),
        ground_truth=None
        if truth is None
        else _shrink_classes(truth, (UNKNOWN, BACKGROUND, OBJECT), size),
        instances=None
        if instances is None
        else _shrink_classes(instances, range(picture.objects + 1), size),
        unaries=None
        if unaries is None
        else cv2.resize(unaries, size[::-1], interpolation=cv2.INTER_AREA).clip(0, 1),
    )


def _shrink_scribbles(scribbles: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    # Each source pixel belongs to the one small pixel that holds its centre.
    rows = (np.arange(scribbles.shape[0]) + 0.5) * size[0] // scribbles.shape[0]
    columns = (np.arange(scribbles.shape[1]) + 0.5) * size[1] // scribbles.shape[1]
    cells = (rows[:, None] * size[1] + columns[None, :]).astype(np.intp)
    small = np.zeros(size[0] * size[1], np.uint8)
    most = np.zeros(small.size, np.intp)
    for label in [*object_labels(scribbles), BACKGROUND_SCRIBBLE]:
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
