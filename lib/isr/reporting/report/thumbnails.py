"""Thumbnails of items with what was found in them."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage.measure import find_contours

from isr.data.items import Item, frame_file
from isr.data.pictures import OBJECT
from isr.io import read_png

MOST = 60
_LONG_SIDE = 380
_REPRESENTATION = "#f07f13"


@dataclass(frozen=True)
class Thumbnail:
    """One item: what stands below it, and the picture as a data URI."""

    name: str
    source: str
    text: str


def make(cell: Path, item: Item, name: str, text: str) -> Thumbnail | None:
    """Draw what a cell found in an item; of a video or a volume, in one frame of the middle.

    Args:
        cell: its folder.
        item: that it segmented.
        name: what stands below.
        text: further words.

    Returns:
        None if the cell has no mask of the item.

    Raises:
        UserError: a file of the item or of the cell cannot be read.
    """
    number = _middle(item) if item.is_layered else 0
    place = f"{item.name}/{frame_file(number)}" if item.is_layered else f"{item.name}.png"
    path = cell / "masks" / place
    if not path.exists():
        return None
    if item.is_layered:
        layer = "frame" if item.is_video else "slice"
        text = "; ".join(filter(None, [text, f"{layer} {number + 1} of {len(item)}"]))
    drawn = draw(item.frame(number), read_png(path) > 0, item.ground_truth(number))
    return Thumbnail(name, data_uri(drawn), text)


def _middle(item: Item) -> int:
    """The frame of the middle, if there are some among those with ground truth."""
    numbers = item.annotated or tuple(range(len(item)))
    return min(numbers, key=lambda number: abs(2 * number + 1 - len(item)))


def draw(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], truth: NDArray[np.uint8] | None
) -> Image.Image:
    """Draw the outlines of a mask (orange) and of the ground truth (white) over a picture.

    Its long side becomes that of a thumbnail.

    Args:
        image: (h, w, 3), 8 bits.
        mask: (h, w).
        truth: (h, w), 255 object, or None.
    """
    height, width = mask.shape
    scale = _LONG_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    drawn = Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)
    if truth is not None:
        _draw_outline(drawn, truth == OBJECT, scale, "#ffffff", 2)
    _draw_outline(drawn, mask, scale, _REPRESENTATION, 5)
    return drawn


def _draw_outline(
    drawn: Image.Image, mask: NDArray[np.bool_], scale: float, colour: str, width: int
) -> None:
    canvas = ImageDraw.Draw(drawn)
    padded = np.pad(mask.astype(float), 1)
    for contour in find_contours(padded, 0.5):
        points = [((column - 0.5) * scale, (row - 0.5) * scale) for row, column in contour]
        if width > 2:
            canvas.line(points, fill="#000000", width=width + 2, joint="curve")
        canvas.line(points, fill=colour, width=width, joint="curve")


def data_uri(picture: Image.Image) -> str:
    """The picture as a JPEG inside a data URI."""
    stream = io.BytesIO()
    picture.convert("RGB").save(stream, "JPEG", quality=86)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
