"""Pictures as files: which there are in a folder, and reading one of any common format.

Images come back as colours in [0, 1], labels as the very numbers that the file stores. Frames of a
video are pictures too, of fewer formats, in the natural order of their names.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isr.data import pixels
from isr.data.names import canonical, check_name, is_clutter
from isr.data.pixels import FRAME_SUFFIXES, SUFFIXES, read_pixels
from isr.data.pixels.meaning import brightness, bytes_of, labels
from isr.errors import UserError

Number = TypeVar("Number", bound=np.generic)

_ORIENTATION = 0x0112


def by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    """Files by their names without suffix, sorted by these.

    Names are composed (NFC), however a file system spells them.

    Raises:
        UserError: two differ in nothing but their suffix or spelling, or one cannot name an item.
    """
    found: dict[str, Path] = {}
    for path in sorted(paths):
        stem = canonical(path.stem)
        check_name(stem, path)
        if stem in found:
            raise UserError(f"{path} and {found[stem].name} share a name: keep one.")
        found[stem] = path
    return dict(sorted(found.items()))


def list_pictures(folder: Path) -> dict[str, Path]:
    """Find the pictures of a folder: their paths by stem, sorted by stem. Opens none of them.

    Raises:
        UserError: the folder does not exist, holds something that is no picture, or two pictures
            of the same stem.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist or is no folder: check the path of the data set.")
    pictures = []
    for path in sorted(folder.iterdir()):
        if is_clutter(Path(path.name)) or path.is_dir():
            continue
        if path.suffix.lower() not in SUFFIXES:
            raise UserError(
                f"{path} is not of a supported format ({', '.join(SUFFIXES)}): "
                "convert it or move it elsewhere."
            )
        pictures.append(path)
    return by_stem(pictures)


def is_frame(path: Path) -> bool:
    """Whether a path is, by its name, that of a frame and not hidden."""
    return path.suffix.lower() in FRAME_SUFFIXES and not is_clutter(Path(path.name))


def list_frames(folder: Path) -> list[Path]:
    """The pictures of a folder in the natural order of their names; opens none of them.

    Other files and hidden ones are passed over.

    Raises:
        UserError: two pictures differ in nothing but their suffix, or are of two series.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("frame_10.png", "frame_9.png", "notes.txt"):
    ...         (Path(folder) / name).touch()
    ...     [path.name for path in list_frames(Path(folder))]
    ['frame_9.png', 'frame_10.png']
    """
    frames = by_stem(filter(is_frame, folder.iterdir()))
    check_series(frames, folder)
    return [frames[stem] for stem in sorted(frames, key=natural_order)]


def check_series(stems: Iterable[str], folder: Path) -> None:
    """Check that frames are of one series: left_01 and right_01 are two pictures of one time.

    Series are told by what stands between the numbers of a name, so that times of day, or shots
    that are counted beside their frames, are one.

    Args:
        stems: names of the frames.
        folder: that they lie in, for the message.

    Raises:
        UserError: frames of the same number have different names around it.
    """
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for stem in stems:
        *words, _ = re.split(r"\d+", stem.lower())
        numbers = re.findall(r"\d+", stem)
        if not numbers:
            continue
        key = tuple(str(int(number)) for number in numbers)
        series, other = found.setdefault(key, ("".join(words), stem))
        if series != "".join(words) or other != stem:
            raise UserError(
                f"{folder} holds the frames {other} and {stem} of the same number: keep one series "
                "of frames in a folder."
            )


def natural_order(stem: str) -> list[tuple[str, int]]:
    """Orders numbers within names by their values, and case only where nothing else differs."""
    parts = re.findall(r"(\D*)(\d*)", stem.lower())
    return [*((text, int(digits or -1)) for text, digits in parts), (stem, 0)]


def read_image(path: Path) -> NDArray[np.float32]:
    """Read an image of any depth, grey, palette or colour, upright after its orientation.

    Transparency is dropped: a pixel has the colour that the file stores for it.

    Returns:
        float32 (h, w, 3), RGB in [0, 1], see `isr.data.pixels.meaning.brightness`.

    Raises:
        UserError: the file is missing, empty, truncated, of unknown format, has several pages, or
            its values are not finite.
    """
    return in_colour(brightness(read_pixels(path)))


def in_colour(values: NDArray[Number], dimensions: int = 2) -> NDArray[Number]:
    """RGB (*grid, 3) of grey or of colours, over a grid of so many dimensions."""
    return np.repeat(values[..., None], 3, axis=-1) if values.ndim == dimensions else values


def read_labels(path: Path, *, transparent: int | None = None) -> NDArray[np.int64]:
    """Read a picture of labels: the numbers that it stores, upright after its orientation.

    Args:
        path: the file.
        transparent: the label of fully transparent pixels; without it, they are refused.

    Returns:
        int64 (h, w), see `isr.data.pixels.meaning.labels`.

    Raises:
        UserError: the file cannot be read, has several pages, is coloured, partly transparent or
            not of whole numbers.
    """
    return labels(read_pixels(path), transparent)


def is_turned(path: Path) -> bool:
    """Whether the file says that it must be turned or mirrored to stand upright."""
    try:
        with Image.open(path) as picture:
            return bool(picture.getexif().get(_ORIENTATION, 1) != 1)
    except Exception:
        return False


def read_frame(path: Path, *, upright: bool = True) -> NDArray[np.uint8]:
    """Read a JPEG, PNG, PPM or PGM file of 8 bits: (h, w) of grey, (h, w, 3) of colours.

    Args:
        path: the file.
        upright: whether it is turned after its EXIF orientation.

    Raises:
        UserError: the file cannot be read, or has more than 8 bits.
    """
    return bytes_of(pixels.read_frame(path, upright=upright))
