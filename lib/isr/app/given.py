"""What people give: pictures, stacks and clips, and strokes, boxes, points, masks on them.

Strokes are read in two ways. Painted ones, from any program: green on the object, red on the
background; whatever else there is counts for nothing. Coded ones, in grey or by a palette: 0 none,
255 background and k object k, or other values that are stated.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isr.coordinates import ThirdAxis
from isr.data.files import list_frames, list_pictures, read_image, read_labels
from isr.data.kinds.pictures import Coding, ScribbleValues, TruthValues, read_coding, with_labels
from isr.data.kinds.volumes import read_volume, slice_coordinates
from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE, Picture
from isr.data.pixels import read_pixels
from isr.data.pixels.meaning import probabilities
from isr.errors import UserError
from isr.models import parse

Scribbles = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Point = tuple[float, float]

CLIPS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".gif")
STACKS = (".npy", ".tif", ".tiff")
_PURE = 100
"""By so much one channel of a painted stroke is above the two others."""
_DISC = 0.01
"""Radius of a point, of the longer side."""
_MIDDLE = 0.1
"""Radius of what is taken for object in the middle of a box, of its shorter side."""


def read_subject(path: Path, *, frames: bool = False, spacing: float = 1.0) -> Picture:
    """Read a picture, a volume or a clip.

    Args:
        path: a picture; a stack of slices (TIFF of several pages, NPY); a clip (MP4, GIF and
            others); or a folder.
        frames: whether `path` is a folder of the frames of one clip.
        spacing: the distance of two slices of a volume, in pixels.

    Raises:
        UserError: it cannot be read.
    """
    path = Path(path)
    if frames or path.suffix.lower() in CLIPS:
        return _clip(path.stem, _frames(path))
    if is_stack(path):
        return volume(path.stem, read_volume(path, holds="brightness"), spacing)
    return Picture(path.stem, read_image(path))


def picture_of(image: NDArray[Any], name: str = "picture") -> Picture:
    """A picture from an array: (h, w) or (h, w, 3), whole numbers or numbers in [0, 1].

    Raises:
        UserError: it has another shape or type.
    """
    image = np.asarray(image)
    if image.dtype == np.bool_:
        image = image.astype(np.float32)
    elif image.dtype.kind in "iu":
        image = image / np.iinfo(image.dtype).max
    if image.ndim == 3 and image.shape[-1] == 4:
        image = image[..., :3]
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=-1)
    if image.ndim != 3 or image.shape[-1] != 3 or image.dtype.kind != "f":
        raise UserError(
            f"image has shape {image.shape} and type {image.dtype}: give (h, w) or (h, w, 3), and "
            "`third` with a stack of frames or slices."
        )
    return Picture(name, np.clip(image, 0, 1).astype(np.float32))


def volume(name: str, grey: NDArray[np.floating[Any]], spacing: float = 1.0) -> Picture:
    """A volume from its grey values (d, h, w) in [0, 1]."""
    third = slice_coordinates(*grey.shape, spacing=spacing)
    colours = np.repeat(np.asarray(grey, np.float32)[..., None], 3, axis=-1)
    return Picture(name, colours, third=third)


def is_stack(path: Path) -> bool:
    """Whether a file holds slices: an NPY of three axes, or a TIFF of several pages."""
    if path.suffix.lower() not in STACKS or not path.is_file():
        return False
    try:
        if path.suffix.lower() == ".npy":
            return bool(np.load(path, mmap_mode="r").ndim > 2)
        with Image.open(path) as picture:
            return getattr(picture, "n_frames", 1) > 1
    except Exception:
        return True  # Whatever cannot be read so, the reader of volumes tells of.


def _clip(name: str, frames: NDArray[np.float32]) -> Picture:
    return Picture(name, frames, third=ThirdAxis("t", np.linspace(0, 1, len(frames))))


def _frames(path: Path) -> NDArray[np.float32]:
    """The frames (n, h, w, 3) of a clip, or of a folder."""
    if path.is_dir():
        found = [read_image(each) for each in list_frames(path)]
    else:
        found = [np.asarray(each / 255, np.float32) for each in _decoded(path)]
    if not found:
        raise UserError(f"{path} holds no frames: give a clip, or a folder of pictures.")
    if len({each.shape for each in found}) > 1:
        raise UserError(f"{path} holds frames of different sizes: make them equal.")
    return np.stack(found)


def _decoded(path: Path) -> list[NDArray[Any]]:
    if not path.is_file():
        raise UserError(f"{path} does not exist: put the clip there.")
    if path.suffix.lower() == ".gif":
        with Image.open(path) as clip:
            frames = []
            for number in range(getattr(clip, "n_frames", 1)):
                clip.seek(number)
                frames.append(np.asarray(clip.convert("RGB")))
            return frames
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        there, frame = capture.read()
        if not there:
            return frames
        frames.append(frame[..., ::-1])


# Strokes


def coding_of(values: Mapping[str, Any] | None) -> Coding:
    """What stored values of strokes mean; without any stated, those of this library.

    Raises:
        UserError: a value has two meanings, or a name is unknown.
    """
    stated = values or {
        "none": NO_SCRIBBLE,
        "object": list(range(1, BACKGROUND_SCRIBBLE)),
        "background": BACKGROUND_SCRIBBLE,
    }
    named = {"foreground" if key == "object" else key: value for key, value in stated.items()}
    told: ScribbleValues = parse(ScribbleValues, named, "scribble values")
    return read_coding(told, TruthValues(background=0, object=255, unknown=128), False)


def with_strokes(picture: Picture, path: Path, values: Mapping[str, Any] | None = None) -> Picture:
    """The picture with the strokes of a file, painted or coded.

    Those of a volume or a clip are a stack of slices; a folder of pictures of which some may be
    missing, whose names end with the numbers of the slices or frames from 0; or one picture, of the
    first.

    Args:
        picture: that they belong to.
        path: of the file or the folder.
        values: what the values of coded ones mean: {none, object, background}.

    Raises:
        UserError: the file cannot be read or is of another size, a value has no meaning, or the
            object or the background has no stroke.
    """
    coding = coding_of(values)

    def stored(path: Path, transparent: int | None) -> NDArray[np.int64]:
        labels = _stored(path, picture.grid, coding)
        if labels.shape != picture.grid:
            raise UserError(
                f"{path} is {_size(labels.shape)} pixels, {picture.name} is "
                f"{_size(picture.grid)} (width x height): make them the same size."
            )
        return labels

    return with_labels(picture, {"scribbles": Path(path)}, coding, stored)


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape[::-1]))


def _stored(path: Path, grid: tuple[int, ...], coding: Coding) -> NDArray[np.int64]:
    none = coding.none or 0
    if len(grid) == 2:
        return _labels(path, coding)
    if is_stack(path):
        return np.asarray(read_volume(path, holds="labels"), np.int64)
    files = list_pictures(path) if path.is_dir() else {"0": path}
    found = np.full(grid, none, np.int64)
    for stem, file in files.items():
        digits = stem[len(stem.rstrip("0123456789")) :]
        if not digits or int(digits) >= grid[0]:
            raise UserError(
                f"{file}: its name must end with the number of a frame from 0 to {grid[0] - 1}: "
                "rename it."
            )
        labels = _labels(file, coding)
        if labels.shape != grid[1:]:
            raise UserError(f"{file} is {_size(labels.shape)}, the frames {_size(grid[1:])}.")
        found[int(digits)] = labels
    return found


def _labels(path: Path, coding: Coding) -> NDArray[np.int64]:
    """The stored values of a picture of strokes; of a painted one, those that say the same."""
    painted = _painted(path)
    if painted is None:
        return read_labels(path, transparent=coding.none)
    assert coding.scribbles is not None
    values = {meaning: value for value, meaning in coding.scribbles.items()}
    table = np.array([values[NO_SCRIBBLE], values[1], values[BACKGROUND_SCRIBBLE]], np.int64)
    return np.asarray(table[painted])


def _painted(path: Path) -> NDArray[np.int64] | None:
    """1 where a picture is green, 2 where it is red, else 0 (h, w); None of one without colours."""
    if not path.is_file():
        return None
    try:
        with Image.open(path) as picture:
            if picture.mode not in ("RGB", "RGBA"):
                return None
            colours = np.asarray(picture.convert("RGBA")).astype(int)
    except OSError:
        return None  # `read_labels` says what is wrong.
    red, green, blue, alpha = np.moveaxis(colours, -1, 0)
    seen = alpha > 127
    if not (seen & ((red != green) | (green != blue))).any():
        return None
    found = np.zeros(red.shape, np.int64)
    found[seen & (green - np.maximum(red, blue) >= _PURE)] = 1
    found[seen & (red - np.maximum(green, blue) >= _PURE)] = 2
    return found


# Boxes and points


def prompted(
    size: tuple[int, int],
    box: Box | None = None,
    points: Sequence[Point] = (),
    background: Sequence[Point] = (),
) -> Scribbles:
    """Strokes (h, w) that say what a box and points say.

    All outside of a box is background. Where there is a box and no point on the object, a disc in
    its middle is taken for object.

    Args:
        size: height and width.
        box: left, top, right and bottom in pixels.
        points: (x, y) on the object, in pixels.
        background: (x, y) on the background.

    Raises:
        UserError: a box is empty, or something lies outside of the picture.
    """
    height, width = size
    found = np.full(size, NO_SCRIBBLE, np.uint8)
    radius = _DISC * max(size)
    rows, columns = np.mgrid[:height, :width] + 0.5
    if box is not None:
        left, top, right, bottom = box
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise UserError(
                f"box {box} must be left, top, right, bottom within {width} x {height}: correct it."
            )
        inside = (columns > left) & (columns < right) & (rows > top) & (rows < bottom)
        found[~inside] = BACKGROUND_SCRIBBLE
        if not points:
            points = [((left + right) / 2, (top + bottom) / 2)]
            radius = max(1.0, _MIDDLE * min(right - left, bottom - top))
    for value, places in ((1, points), (BACKGROUND_SCRIBBLE, background)):
        for x, y in places:
            if not (0 <= x <= width and 0 <= y <= height):
                raise UserError(
                    f"point ({x:g}, {y:g}) lies outside of {width} x {height}: move it."
                )
            reach = radius if value == 1 else _DISC * max(size)
            found[np.hypot(columns - x, rows - y) <= max(1.0, reach)] = value
    return found


def read_unaries(path: Path, grid: tuple[int, ...]) -> NDArray[np.float32]:
    """Foreground probabilities, or a mask, of another program.

    Args:
        path: grey values from 0 (background) to the most (object), in 8 or 16 bits; a stack of
            these, a folder of these, or numbers in [0, 1] as NPY.
        grid: (h, w) or (n, h, w) that they have to be of.

    Raises:
        UserError: the file cannot be read, is coloured, or of another size.
    """
    if path.is_dir():
        found = np.stack([_grey(each) for each in list_frames(path)] or [np.zeros((0, 0), "f4")])
    elif path.suffix.lower() == ".npy" or is_stack(path):
        found = _numbers(path, len(grid))
    else:
        found = _grey(path)
    if found.shape != grid:
        raise UserError(
            f"{path} is {_size(found.shape)} pixels, what it belongs to {_size(grid)}: make them "
            "the same size."
        )
    if not (found.min() >= 0 and found.max() <= 1):
        raise UserError(f"{path} holds values outside of [0, 1]: rescale it.")
    return found


def _grey(path: Path) -> NDArray[np.float32]:
    return probabilities(read_pixels(path, "YX"))


def _numbers(path: Path, dim: int) -> NDArray[np.float32]:
    return np.asarray(read_volume(path), np.float32) if dim == 3 else _grey(path)
