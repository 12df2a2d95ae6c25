"""Thumbnails of a cell's pictures with what was found in them."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from isr.data.dataset import OBJECT, read_index, read_picture
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from isr.io import read_png
from isr.reporting import overlays, summary

_LONG_SIDE = 380


@dataclass(frozen=True)
class Thumbnail:
    """One picture of a gallery: its name, a data URI, and a line of scores."""

    name: str
    source: str
    scores: str


def make(cell: Path, dataset: Path, pictures: Sequence[str] | None = None) -> list[Thumbnail]:
    """Make the thumbnails of one cell, of all pictures of its dataset or of those named.

    Pictures without a mask are left out.

    Raises:
        UserError: a file of the cell or of the dataset cannot be read.
    """
    scores = summary.read_metrics([cell / "metrics.csv"])
    names = pictures if pictures is not None else [str(name) for name in read_index(dataset).index]
    thumbnails = []
    for name in names:
        path = cell / "masks" / f"{name}.png"
        if path.exists() or pictures is not None:
            picture = read_picture(dataset, name)
            drawn = draw(picture.image, read_png(path) > 0, picture.ground_truth)
            line = _score_line(scores[scores["picture"] == name])
            thumbnails.append(Thumbnail(name, data_uri(drawn), line))
    return thumbnails


def draw(
    image: NDArray[np.floating], mask: NDArray[np.bool_], truth: NDArray[np.uint8] | None
) -> Image.Image:
    """Draw the outlines of a mask (orange) and of the ground truth (white) over a small picture.

    Args:
        image: (h, w, 3) in [0, 1].
        mask: (h, w).
        truth: (h, w), 255 object, or None.
    """
    height, width = mask.shape
    scale = min(1.0, _LONG_SIDE / max(height, width))
    pixels = np.rint(image * 255).astype(np.uint8)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    drawn = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    if truth is not None:
        _draw_outline(drawn, truth == OBJECT, scale, "#ffffff", 2)
    _draw_outline(drawn, mask, scale, overlays.REPRESENTATION, 5)
    return drawn


def _draw_outline(
    drawn: Image.Image, mask: NDArray[np.bool_], scale: float, colour: str, width: int
) -> None:
    canvas = ImageDraw.Draw(drawn)
    for contour in overlays.contours(np.pad(mask.astype(float), 1), 0.5):
        points = [((column - 0.5) * scale, (row - 0.5) * scale) for row, column in contour]
        if width > 2:
            canvas.line(points, fill="#000000", width=width + 2, joint="curve")
        canvas.line(points, fill=colour, width=width, joint="curve")


def data_uri(picture: Image.Image) -> str:
    """The picture as a JPEG inside a data URI."""
    stream = io.BytesIO()
    picture.convert("RGB").save(stream, "JPEG", quality=86)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _score_line(scores: pd.DataFrame) -> str:
    values = scores.set_index("output")["iou"].dropna()
    parts = [
        f"{label} {values[output]:.3f}"
        for output, label in (("predictor", "predictor"), ("representation", "representation"))
        if output in values
    ]
    return "IoU: " + ", ".join(parts) if parts else "no ground truth"
