"""Pictures as files: which there are in a folder, and reading one of any common format.

Images come back as colours in [0, 1], labels as the very numbers that the file stores. Frames of a
video are pictures too, of fewer formats, in the natural order of their names.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from isr.data.names import canonical, check_name, is_clutter
from isr.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
FRAME_SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm")
_FRAME_FORMATS = ("JPEG", "PNG", "PPM")
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
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
    """Read an image of 8 or 16 bits, grey, palette or colour, upright after its EXIF orientation.

    Transparency is dropped: a pixel has the colour that the file stores for it. Floating-point
    images must lie in [0, 1].

    Returns:
        float32 (h, w, 3), RGB in [0, 1].

    Raises:
        UserError: the file is missing, empty, truncated, of unknown format, or its values are not
            finite or out of range.
    """
    with _opened(path) as picture:
        if picture.mode in ("F", "I") or picture.mode.startswith("I;"):
            grey = np.asarray(picture).astype(np.float64)
            # A 32-bit integer picture is how some readers present 16 bits.
            grey = grey if picture.mode == "F" else grey / 65535
            colours = np.repeat(grey[..., None], 3, axis=2)
        else:
            colours = np.asarray(picture.convert("RGB")) / 255.0
    if not np.isfinite(colours).all():
        raise UserError(f"{path}: the image holds NaN or infinite values: repair it.")
    if colours.min() < 0 or colours.max() > 1:
        raise UserError(f"{path}: the image's values leave the range of its format: rescale it.")
    return colours.astype(np.float32)


def read_labels(path: Path, *, transparent: int | None = None) -> NDArray[np.int64]:
    """Read a picture of labels: the numbers that it stores, upright after its EXIF orientation.

    The number is the index for a palette picture and the grey value else (8 or 16 bits; grey of
    fewer bits counts as its 8-bit grey, so that black and white are 0 and 255). A colour picture
    is read as grey if its three channels are equal.

    Args:
        path: the file.
        transparent: the label of fully transparent pixels; without it, they are refused.

    Returns:
        int64 (h, w).

    Raises:
        UserError: the file cannot be read, is coloured, partly transparent or not of integers.
    """
    with _opened(path) as picture:
        mode, array = picture.mode, np.asarray(picture)
        if mode == "1":
            return np.where(array, 255, 0).astype(np.int64)
        if mode in ("L", "P", "I") or mode.startswith("I;"):
            return array.astype(np.int64)
        if mode not in ("LA", "PA", "RGB", "RGBA"):
            raise UserError(f"{path} stores no grey or palette values ({mode}): save it as PNG.")
        if "16" in str(picture.info.get("rawmode", "")):
            raise UserError(f"{path} is a 16-bit colour picture: save it as 16-bit grey.")
    colours = array if mode in ("RGB", "RGBA") else array[..., [0, 0, 0, 1]]
    alpha = colours[..., 3] if colours.shape[2] == 4 else np.full(array.shape[:2], 255)
    return _grey(path, colours[..., :3], alpha, transparent)


def _grey(
    path: Path, colours: NDArray[Any], alpha: NDArray[Any], transparent: int | None
) -> NDArray[np.int64]:
    visible = alpha > 0
    if not np.isin(alpha, (0, 255)).all() or (transparent is None and not visible.all()):
        raise UserError(f"{path} is partly transparent: flatten it to grey or palette values.")
    if (colours[visible] != colours[visible][:, :1]).any():
        raise UserError(
            f"{path} is coloured, so its labels are not clear: save it as grey or palette picture."
        )
    labels = colours[..., 0].astype(np.int64)
    return labels if transparent is None else np.where(visible, labels, transparent)


def is_turned(path: Path) -> bool:
    """Whether the file says that it must be turned or mirrored to stand upright."""
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            return bool(picture.getexif().get(_ORIENTATION, 1) != 1)
    except Exception:
        return False


@contextmanager
def _opened(
    path: Path, formats: tuple[str, ...] = _FORMATS, *, upright: bool = True
) -> Iterator[Image.Image]:
    """Open a picture, read all of its pixels and turn it upright."""
    try:
        if path.stat().st_size == 0:
            raise UserError(f"{path} is empty: put the picture there again.")
        # Given a path, Pillow maps uncompressed TIFF and garbles those that are to be turned.
        with path.open("rb") as stream, Image.open(stream, formats=formats) as picture:
            # Decoding forgets how many bits were stored.
            rawmode = str([tile[3] for tile in picture.tile])
            picture.load()
            found = ImageOps.exif_transpose(picture) if upright else picture.copy()
            found.info["rawmode"] = rawmode
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: put the picture there.") from None
    except UnidentifiedImageError:
        raise UserError(
            f"{path} is not a picture of a format that can be read: save it as PNG."
        ) from None
    except UserError:
        raise
    except Exception as error:
        # A decoder may raise anything on damaged bytes.
        raise UserError(
            f"{path} is damaged, truncated or too large ({error}): put the picture there again."
        ) from None
    yield found


def opened_frame(path: Path, *, upright: bool) -> AbstractContextManager[Image.Image]:
    """Open a JPEG, PNG, PPM or PGM file, and turn it after its EXIF orientation if asked to.

    Raises:
        UserError: the file cannot be read.
    """
    return _opened(path, _FRAME_FORMATS, upright=upright)
