"""The one reader of pixels: pictures, scribbles, truth, volumes, depths and frames.

A file is opened and checked by format (`common_formats`, `tiff` after `tiff_structure`), brought
into one order of axes (`stored`), and its numbers are taken for what the caller says that they are
(`meaning`): brightness, probabilities, labels or distances.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from PIL import UnidentifiedImageError

from isr.data.pixels import common_formats
from isr.data.pixels.stored import PAGE, Order, Pixels, Source, arrange
from isr.errors import UserError, told

__all__ = [
    "FRAME_SUFFIXES",
    "STACK_SUFFIXES",
    "SUFFIXES",
    "Order",
    "Pixels",
    "read_frame",
    "read_pixels",
]

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
"""Of pictures."""
STACK_SUFFIXES = (".tif", ".tiff", ".npy")
"""Of volumes."""
FRAME_SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm")
"""Of frames of a video."""

_NPY = b"\x93NUMPY"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_pixels(
    path: Path,
    order: Order = "YX",
    *,
    select: Mapping[str, int] | None = None,
    axes: str | None = None,
) -> Pixels:
    """Read a picture or a stack of slices: the numbers as they are stored, upright.

    Args:
        path: the file; its content says of which format it is.
        order: YX of a picture, ZYX of a stack of slices.
        select: of a file with more axes, which one to take along each, from 0: `page`, `slice`,
            `channel`, `time`, `sample`.
        axes: letters for all axes but colours, where the file says otherwise or nothing.

    Raises:
        UserError: the file is missing, empty, damaged, truncated or of another format, asks for
            more pixels than it can hold, or has axes of which nothing says which to take.
    """
    path, chosen = Path(path), select or {}
    with _told(path), _opened(path, order, chosen, axes) as source:
        return arrange(source, order, chosen, axes)


def read_frame(path: Path, *, upright: bool = True) -> Pixels:
    """Read a JPEG, PNG, PPM or PGM file: (h, w), or (h, w, 3) of colours.

    Raises:
        UserError: as `read_pixels`.
    """
    formats = common_formats.FRAMES
    with _told(path), common_formats.opened(path, formats, upright=upright) as source:
        return arrange(source, "YX", {}, None)


@contextmanager
def _opened(
    path: Path, order: Order, select: Mapping[str, int], axes: str | None
) -> Iterator[Source]:
    with path.open("rb") as stream:
        start = stream.read(8)
    if start[:4] in _TIFF:
        from isr.data.pixels import tiff

        with tiff.opened(path, select.get(PAGE)) as source:
            yield source
    elif start[:6] == _NPY or (order == "ZYX" and path.suffix.lower() == ".npy"):
        with common_formats.opened_npy(path, order, axes) as source:
            yield source
    elif order == "YX":
        with common_formats.opened(path, common_formats.PICTURES) as source:
            yield source
    else:
        raise ValueError("it does not begin like a TIFF file")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell whatever a decoder raises in one sentence that names the file."""
    with told(path, "is damaged, truncated or of a kind that is not read", "save it again"):
        if path.stat().st_size == 0:
            raise UserError(f"{path} is empty: put it there again.")
        try:
            yield
        except UnidentifiedImageError:
            raise UserError(
                f"{path} is not a picture of a format that can be read: save it as PNG."
            ) from None
