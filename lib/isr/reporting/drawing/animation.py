"""Short animations of a video with the outlines of a representation and of a predictor."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.font_manager import findfont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from isr.data.items import Item
from isr.io import atomic_path
from isr.reporting.cell_files import CellFiles
from isr.reporting.drawing import in_time, overlays

Bytes = NDArray[np.uint8]
Lines = Sequence[NDArray[np.float64]]

WIDTH, NARROWEST = 480, 360
LARGEST = 3_000_000
"""Bytes that an animation has at most."""
LONGEST = 60
"""Frames that an animation has at most."""
MILLISECONDS = 120
"""That each moment stays."""
_SMALLER = ((1.0, 128), (1.0, 64), (0.8, 64), (0.65, 48), (0.5, 32), (0.4, 16))
_BAR, _FONT, _FITS = 24, 13, 340
_SUBPIXEL = 4
_PALETTE_FRAMES = 6
_OUTLINES = (overlays.PREDICTOR, overlays.REPRESENTATION)


@dataclass(frozen=True, eq=False)
class Still:
    """One moment of an animation.

    Attributes:
        image: uint8 (h, w, 3).
        outline: of the representation, closed lines (m, 2) as (x, y) in pixel units of the image.
        predicted: of the predictor, likewise.
        caption: stands below.
    """

    image: Bytes
    outline: Lines
    predicted: Lines
    caption: str


def stills(cell: CellFiles, item: Item, between: int = 1) -> Iterator[Still]:
    """Frames with outlines, evenly left out where there are too many for an animation.

    Args:
        cell: whose outlines are drawn.
        item: a video.
        between: steps from a frame to the next, of a fit in (x, y, t); 1 for frames alone.
    """
    every = -(-len(item) * between // LONGEST)
    for number in range(0, len(item), every):
        image = item.frame(number)
        mask, region = cell.predicted(item, number), cell.region(item, number)
        predicted = [] if mask is None else overlays.outlines(mask)
        outline = overlays.outlines(cell.mask(item, number) if region is None else region)
        yield Still(image, outline, predicted, f"frame {number}")
        if between > 1 and number + every < len(item):
            times = number + every * np.arange(1, between) / between
            for time, level in zip(times, in_time.levels(cell, item, times), strict=True):
                outline = in_time.outlines(level, item.size)
                yield Still(image, outline, predicted, f"frame {time:.2f}")


def paint(still: Still, width: int, entries: Sequence[tuple[str, str]]) -> Bytes:
    """Paint a moment `width` pixels wide, with a bar of words below.

    Args:
        still: the moment.
        width: of the result in pixels.
        entries: colour and name of each kind of outline.
    """
    height = round(width * still.image.shape[0] / still.image.shape[1])
    scale = width / still.image.shape[1]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small: Bytes = np.asarray(cv2.resize(still.image, (width, height), interpolation=how), np.uint8)
    for lines, colour, thickness in (
        (still.outline, "#000000", 7),
        (still.outline, overlays.REPRESENTATION, 5),
        # Last and thinner: both outlines often lie on each other.
        (still.predicted, overlays.PREDICTOR, 2),
    ):
        _draw_lines(small, [line * scale for line in lines], colour, thickness)
    canvas = Image.new("RGB", (width, height + _BAR), "#ffffff")
    canvas.paste(Image.fromarray(small), (0, 0))
    _write(ImageDraw.Draw(canvas), still.caption, entries, (width, height))
    return np.asarray(canvas)


def _draw_lines(image: Bytes, lines: Lines, colour: str, thickness: int) -> None:
    # OpenCV counts from pixel centres, in whole fractions of a pixel.
    places = [np.rint((line - 0.5) * 2**_SUBPIXEL).astype(np.int32) for line in lines]
    value = tuple(round(255 * part) for part in to_rgb(colour))
    # Blurred, a thin line would take the colour of what it lies on.
    kind = cv2.LINE_AA if thickness > 2 else cv2.LINE_8
    cv2.polylines(image, places, True, value, thickness, kind, _SUBPIXEL)


def _write(
    draw: ImageDraw.ImageDraw,
    caption: str,
    entries: Sequence[tuple[str, str]],
    place: tuple[int, int],
) -> None:
    width, top = place
    font = ImageFont.truetype(findfont("DejaVu Sans"), _FONT * min(1.0, width / _FITS))
    draw.text((4, top + _BAR / 2), caption, "#000000", font, anchor="lm")
    right = width - 4
    for colour, name in reversed(entries):
        draw.text((right, top + _BAR / 2), name, "#000000", font, anchor="rm")
        right -= round(draw.textlength(name, font)) + 5
        middle = top + _BAR // 2
        draw.line((right - 16, middle, right, middle), colour, 3)
        right -= 28


def _encode(pictures: Sequence[Bytes], colours: int) -> bytes:
    """Encode pictures of one size as a GIF that loops for ever, with one palette for all."""
    palette = _palette(pictures[:: max(1, len(pictures) // _PALETTE_FRAMES)], colours)
    first, *others = (
        Image.fromarray(each).quantize(palette=palette, dither=Image.Dither.NONE)
        for each in pictures
    )
    stream = BytesIO()
    moves = {"save_all": True, "append_images": others, "duration": MILLISECONDS, "loop": 0}
    first.save(stream, "GIF", **moves)
    return stream.getvalue()


def _palette(pictures: Sequence[Bytes], colours: int) -> Image.Image:
    """A palette for some pictures that has the colours of the outlines as they are."""
    outlines = [round(255 * part) for colour in _OUTLINES for part in to_rgb(colour)]
    count = colours - len(_OUTLINES)
    common = Image.fromarray(np.concatenate(pictures)).quantize(count, Image.Quantize.MEDIANCUT)
    found = (common.getpalette() or [])[: 3 * count]
    palette = Image.new("P", (1, 1))
    palette.putpalette(found + outlines)
    return palette


def save(
    stills: Iterable[Still],
    path: Path,
    *,
    entries: Sequence[tuple[str, str]],
    largest: int = LARGEST,
) -> None:
    """Write an animation as a GIF, made smaller until it has no more than `largest` bytes.

    Args:
        stills: its moments, all of one size.
        path: of the GIF.
        entries: colour and name of each kind of outline.
        largest: bytes at most; the smallest size is taken even if it has more.
    """
    moments = list(stills)
    # Words need some room: small videos are enlarged.
    full = int(np.clip(moments[0].image.shape[1], NARROWEST, WIDTH))
    for share, colours in _SMALLER:
        pictures = [paint(still, round(full * share), entries) for still in moments]
        content = _encode(pictures, colours)
        if len(content) <= largest:
            break
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
