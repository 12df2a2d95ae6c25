"""PNG, JPEG, BMP, WebP and PPM by Pillow, and NPY: opened whole, checked, as they are stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isr.data.pixels.stored import Facts, Order, Source
from isr.errors import UserError
from isr.io import deep_colours

PICTURES = ("PNG", "JPEG", "BMP", "WEBP")
FRAMES = ("JPEG", "PNG", "PPM")
"""Formats as Pillow calls them."""

_UNNAMED = "0123456"
_ORIENTATION = 0x0112
_DENSEST = {"PNG": 8256, "JPEG": 2048, "BMP": 1024, "WEBP": 2**15, "PPM": 8}
"""The most pixels that a byte of a file may stand for."""
_GREY = {"1": 8, "L": 8, "LA": 8, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 16, "F": 32}
"""Modes of Pillow with their bits."""


@contextmanager
def opened(path: Path, formats: tuple[str, ...], *, upright: bool = True) -> Iterator[Source]:
    """Open a picture and decode all of it.

    Args:
        path: the file.
        formats: that it may have.
        upright: whether the result tells its orientation.

    Raises:
        PIL.UnidentifiedImageError: the file is of no such format.
        Exception: whatever a decoder says of damaged bytes.
    """
    _check_whole(path, formats)
    with path.open("rb") as stream, Image.open(stream, formats=formats) as picture:
        _check_size(path, picture)
        # Decoding forgets how many bits were stored.
        stored = [tile[3] for tile in picture.tile]
        orientation = int(picture.getexif().get(_ORIENTATION, 1)) if upright else 1
        count = getattr(picture, "n_frames", 1) if picture.format in ("PNG", "WEBP") else 1

        def plane(number: int) -> NDArray[Any]:
            if number:
                picture.seek(number)
            return _decoded(path, picture, stored)

        facts = _facts(picture, stored, orientation)
        samples = len(picture.getbands()) > 1 and picture.mode != "PA"
        outer, shape = ("P", (count,)) if count > 1 else ("", ())
        yield Source(path, facts, outer, shape, "YXS" if samples else "YX", plane)


def _check_whole(path: Path, formats: tuple[str, ...]) -> None:
    """See that a file goes on to its end: decoders take what there is of some for all."""
    with path.open("rb") as stream, Image.open(stream, formats=formats) as picture:
        kind = picture.format
        if kind == "PNG":
            # Compares the checksums of all that was not read yet.
            picture.verify()
    if kind == "JPEG":
        content = path.read_bytes()
        if content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda"):
            raise ValueError("it ends before its end is marked")
    if kind == "WEBP":
        with path.open("rb") as stream:
            stated = int.from_bytes(stream.read(8)[4:], "little") + 8
        if path.stat().st_size < stated:
            raise ValueError(f"it ends before the {stated} bytes that it speaks of")


def _check_size(path: Path, picture: Image.Image) -> None:
    """See that the file can hold as many pixels as its header asks for."""
    densest = _DENSEST[str(picture.format)]
    if picture.width * picture.height > densest * path.stat().st_size:
        raise ValueError(
            f"it asks for {picture.width} x {picture.height} pixels, more than its "
            f"{path.stat().st_size} bytes can hold"
        )


def _is_deep(stored: list[Any]) -> bool:
    """Whether there are more than 8 bits, which Pillow cuts to 8 of all but grey."""
    parts = [part for each in stored for part in (each if isinstance(each, tuple) else (each,))]
    return any(";16" in str(part) or (type(part) is int and part > 255) for part in parts)


def _facts(picture: Image.Image, stored: list[Any], orientation: int) -> Facts:
    transparent = (True,) if picture.mode in ("LA", "RGBA") else ()
    if picture.mode in ("P", "PA"):
        colours = np.asarray(picture.getpalette("RGB"), np.float64).reshape(-1, 3) / 255
        return Facts("palette", palette=colours, orientation=orientation)
    if picture.mode in _GREY:
        return Facts("grey", _GREY[picture.mode], extra=transparent, orientation=orientation)
    bits = 16 if _is_deep(stored) else 8
    return Facts("rgb", bits, extra=transparent, orientation=orientation)


def _decoded(path: Path, picture: Image.Image, stored: list[Any]) -> NDArray[Any]:
    """The numbers of a picture: grey, indices, or colours with or without opacity."""
    # Grey keeps its 16 bits.
    picture.load()
    if picture.mode == "1":
        return np.asarray(picture).astype(np.uint8) * np.uint8(255)
    if picture.mode in ("RGB", "RGBA") and _is_deep(stored):
        return deep_colours(path)[..., : len(picture.mode)]
    if picture.mode == "PA":
        return np.asarray(picture)[..., 0]
    if picture.mode in ("L", "LA", "P", "RGB", "RGBA", "F"):
        return np.asarray(picture)
    if picture.mode in _GREY:
        return np.asarray(picture).astype(np.uint16)
    return np.asarray(picture.convert("RGB"))


@contextmanager
def opened_npy(path: Path, order: Order, axes: str | None) -> Iterator[Source]:
    """Open an array (h, w) or (slices, h, w), as is asked for, or of as many axes as are named.

    Raises:
        ValueError: the file is no array of numbers, or shorter than its header says.
        UserError: it has other axes.
    """
    # Mapped, so that the header is held against the length of the file before memory is taken.
    array = np.lib.format.open_memmap(path, mode="r")
    if axes is None and array.ndim != len(order):
        wanted = {"YX": "(height, width): save it as one picture in grey"}.get(
            order, "(depth, height, width): save it as a stack of grey slices"
        )
        raise UserError(f"{path} has shape {array.shape}, expected {wanted}, or name its axes.")
    inner = order if axes is None else "YX" if array.ndim == 2 else _UNNAMED[: array.ndim]
    bits = 8 * array.dtype.itemsize if array.dtype.kind != "b" else 1
    yield Source(path, Facts("grey", bits), "", (), inner, lambda _: np.array(array))
