"""Photographs that come with scikit-image, with our own scribbles and ground truth.

The photographs are read from the installed scikit-image package; nothing is downloaded. What is
ours is one JSON file per picture in the folder embedded_pictures/:

- object: what is to be segmented; near_convex: whether its outline is (almost) convex
- file, function, size, sha256: the photograph in the folder skimage/data, its width and height
- author, licence: as scikit-image's documentation states them
- crop: x_min, y_min, x_max, y_max of the part that is used
- ground_truth: polygons [[x, y], ...] and ellipses [x, y, half width, half height], each labelled
  object, background (a hole) or unknown, painted in this order
- scribbles: lines [[x, y], ...] with a width, labelled object or background

All coordinates are pixels of the whole photograph before cropping: x to the right, y down, pixel
(row i, column j) covers [j, j + 1] x [i, i + 1]. So everything is drawn anew at each resolution.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

from isr.data.items import write_picture
from isr.data.kinds.base import DatasetKind, Known, LongSide, count_words, packaged
from isr.data.pictures import (
    BACKGROUND,
    BACKGROUND_SCRIBBLE,
    NO_SCRIBBLE,
    OBJECT,
    UNKNOWN,
    Picture,
)
from isr.errors import UserError

_FOLDER = "embedded_pictures"
_TRUTH = {"background": BACKGROUND, "object": OBJECT, "unknown": UNKNOWN}
_SCRIBBLE = {"background": BACKGROUND_SCRIBBLE, "object": 1}


class Embedded(DatasetKind):
    """Photographs of scikit-image's package with our scribbles and ground truth; no download."""

    kind: Literal["embedded"]
    long_side: LongSide = None

    def all_names(self, root: Path) -> list[str]:
        """Near-convex objects first."""
        return names()

    def known(self, name: str, root: Path) -> Known:
        """All of them are scribbled."""
        return Known(scribbles=True)

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Draw the scribbles and the ground truth of a photograph at its size."""
        write_picture(output, load(name, self.long_side))

    def describe(self, name: str, items: Sequence[str]) -> str:
        """Demo data."""
        shown = count_words(items, "embedded picture")
        return self.text or f"Demo data ({shown}, not the paper's set)"


def names() -> list[str]:
    """Name all embedded pictures: near-convex objects first, each group in alphabetical order."""
    files = [Path(file.name) for file in (resources.files("isr.data") / _FOLDER).iterdir()]
    stems = [file.stem for file in files if file.suffix == ".json"]
    return sorted(stems, key=lambda name: (not _entry(name)["near_convex"], name))


def description(name: str) -> dict[str, Any]:
    """Tell what the picture `name` shows and where it comes from.

    Returns:
        object (str), near_convex (bool), source (str), author (str), licence (str).
    """
    entry = _entry(name)
    return {
        "object": entry["object"],
        "near_convex": entry["near_convex"],
        "source": f"{entry['function']} ({entry['file']} of scikit-image)",
        "author": entry["author"],
        "licence": entry["licence"],
    }


def load(name: str, long_side: int | None = 240) -> Picture:
    """Read one photograph and draw its scribbles and its ground truth at the wanted size.

    Args:
        name: one of `names()`.
        long_side: the larger of height and width in pixels at most; the photograph is shrunk by
            averaging areas and never enlarged. None keeps its own size.

    Raises:
        UserError: the installed scikit-image has another photograph.
    """
    entry = _entry(name)
    x_min, y_min, x_max, y_max = entry["crop"]
    image = shrink(read_photograph(entry)[y_min:y_max, x_min:x_max], long_side)
    centres = _pixel_centres(entry["crop"], image.shape[0], image.shape[1])
    about = description(name)
    return Picture(
        name=name,
        image=image,
        scribbles=draw_scribbles(entry["scribbles"], *centres),
        ground_truth=_draw_ground_truth(entry["ground_truth"], *centres),
        text=f"{about['object'][0].upper()}{about['object'][1:]}.",
        source=f"{about['source']}, {about['author']}",
        licence=about["licence"],
    )


def _entry(name: str) -> dict[str, Any]:
    return packaged(_FOLDER, name)


def read_file(file: Mapping[str, Any]) -> io.BytesIO:
    """A file of scikit-image's package.

    Args:
        file: its name in the folder skimage/data, and its sha256.

    Raises:
        UserError: it is not there, or is another one.
    """
    # The file itself, because the functions of skimage.data may start a download.
    path = Path(skimage.__file__).parent / "data" / file["file"]
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(
            f"{path} does not exist: install a scikit-image whose package includes it (0.26)."
        ) from None
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        raise UserError(f"{path} is not the file that was outlined: install scikit-image 0.26.")
    return io.BytesIO(content)


def read_photograph(file: Mapping[str, Any]) -> NDArray[np.float32]:
    """A photograph of scikit-image's package, see `read_file`: (h, w, 3) in [0, 1]."""
    with Image.open(read_file(file)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.float32) / np.float32(255)


def shrink(image: NDArray[np.float32], long_side: int | None) -> NDArray[np.float32]:
    """An image (h, w, 3) averaged to a long side of at most so many pixels, if any are named."""
    height, width = image.shape[:2]
    if long_side is None or max(height, width) <= long_side:
        return image
    scale = long_side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.clip(small, 0, 1).astype(np.float32)


def _pixel_centres(
    crop: list[int], height: int, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give x (width) and y (height) of the drawn pixels' centres in the whole photograph."""
    x_min, y_min, x_max, y_max = crop
    x = x_min + (np.arange(width) + 0.5) * (x_max - x_min) / width
    y = y_min + (np.arange(height) + 0.5) * (y_max - y_min) / height
    return x, y


def _draw_ground_truth(
    shapes: list[dict[str, Any]], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.uint8]:
    truth = np.full((y.size, x.size), BACKGROUND, np.uint8)
    for shape in shapes:
        inside = (
            _inside_ellipse(shape["ellipse"], x, y)
            if "ellipse" in shape
            else _inside_polygon(shape["polygon"], x, y)
        )
        truth[inside] = _TRUTH[shape["label"]]
    return truth


def _inside_ellipse(
    ellipse: list[float], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.bool_]:
    centre_x, centre_y, half_width, half_height = ellipse
    across, down = (x - centre_x) / half_width, (y - centre_y) / half_height
    return np.asarray(across[None, :] ** 2 + down[:, None] ** 2 <= 1)


def _inside_polygon(
    polygon: list[list[float]], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell for each pixel centre whether a ray to its right leaves the polygon (even-odd rule)."""
    corners = np.asarray(polygon, dtype=np.float64)
    inside = np.zeros((y.size, x.size), np.bool_)
    for (x_0, y_0), (x_1, y_1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        rows = (y_0 > y) != (y_1 > y)
        crossing = x_0 + (y[rows] - y_0) * (x_1 - x_0) / (y_1 - y_0)
        inside[rows] ^= x[None, :] < crossing[:, None]
    return inside


def draw_scribbles(
    strokes: Sequence[Mapping[str, Any]], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Draw scribbles (h, w), 0 none, 255 background, 1 object.

    Args:
        strokes: in their order: line [[x, y], ...], width, and label, object or background.
        x: (w,) of the pixels' centres, in the unit of the strokes.
        y: (h,) likewise.
    """
    scribbles = np.full((y.size, x.size), NO_SCRIBBLE, np.uint8)
    for stroke in strokes:
        # A stroke thinner than a drawn pixel would tear.
        width = max(stroke["width"], x[1] - x[0], y[1] - y[0])
        near = _distance(stroke["line"], x, y) <= width / 2
        scribbles[near] = _SCRIBBLE[stroke["label"]]
    return scribbles


def _distance(
    line: list[list[float]], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give each pixel centre's distance to a line through at least two points."""
    points = np.stack(np.broadcast_arrays(x[None, :], y[:, None]), axis=-1)
    nearest = np.full(points.shape[:2], np.inf)
    corners = np.asarray(line, dtype=np.float64)
    for start, end in pairwise(corners):
        along = end - start
        share = np.clip((points - start) @ along / (along @ along), 0, 1)
        distance = np.linalg.norm(points - start - share[..., None] * along, axis=-1)
        nearest = np.minimum(nearest, distance)
    return nearest
