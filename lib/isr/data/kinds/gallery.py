"""The gallery: photographs of scikit-image and drawn pictures that come with unaries or scribbles.

The photographs are read from the installed scikit-image package; nothing is downloaded. What is
ours is one JSON file per photograph in gallery_pictures/ (coffee and rocket: embedded_pictures/):

- object, recipe: what is to be segmented, and how its unaries or scribbles are made
- files: the photograph, and what belongs to it, in the folder skimage/data with their sha256
- function, author, licence: as scikit-image's documentation states them
- size: width and height of the photograph
- crop: [left, top, right, bottom] in pixels of the photograph, where only a part is taken
- scribbles, fence: lines [[x, y], ...] with a width, in pixels of the whole photograph: x to the
  right, y down, pixel (row i, column j) covers [j, j + 1] x [i, i + 1]
"""

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

from isr.coordinates import ThirdAxis, ThirdName
from isr.data.items import write_picture
from isr.data.kinds import embedded
from isr.data.kinds.base import DatasetKind, Known
from isr.data.pictures import BACKGROUND_SCRIBBLE, Picture
from isr.errors import UserError

LONG_SIDE = 240
MOTORCYCLE_LONG_SIDE = 320
FENCE_COLOUR = (0.16, 0.17, 0.2)

_FOLDER = resources.files("isr.data") / "gallery_pictures"
_LABELS = {"object": 1, "background": BACKGROUND_SCRIBBLE}
# Lines are drawn with positions of 1/16 pixel.
_SHIFT = 4

Floats = NDArray[np.float32]


DRAWN = ("sheet", "drawn_ball", "flower", "volume")
"""What is drawn by this software (`gallery_drawings`)."""
_THIRD: dict[str, ThirdName] = {"motorcycle": "depth", "drawn_ball": "t", "volume": "z"}


class Gallery(DatasetKind):
    """Pictures, a volume and a video that come with unaries or scribbles and need no network."""

    kind: Literal["gallery"]

    def all_names(self, root: Path) -> list[str]:
        """Photographs first."""
        return [*_MAKERS, *DRAWN]

    def known(self, name: str, root: Path) -> Known:
        """What its recipe gives of each."""
        return Known(name == "motorcycle", name != "motorcycle", _THIRD.get(name))

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Make a picture by its recipe."""
        write_picture(output, load(name))

    def describe(self, name: str, items: Sequence[str]) -> str:
        """Demo data."""
        return self.text or "embedded pictures, not the paper's"


def load(name: str) -> Picture:
    """Make the picture `name`.

    Raises:
        UserError: there is none, or the installed scikit-image has another photograph.
    """
    if name in DRAWN:
        from isr.data.kinds import gallery_drawings

        return gallery_drawings.load(name)
    text, source, licence = _texts(name)
    return Picture(name=name, text=text, source=source, licence=licence, **_MAKERS[name]())


def _texts(name: str) -> tuple[str, str, str]:
    if name in _COLOUR_RULES:
        about = embedded.description(name)
        source, author = about["source"], about["author"]
        return _COLOUR_RULES[name], f"{source}, {author}", about["licence"]
    entry = _entry(name)
    text = f"{entry['object'][0].upper()}{entry['object'][1:]}. {entry['recipe']}"
    source = f"{entry['function']} ({entry['files'][0]['file']} of scikit-image)"
    return text, f"{source}, {entry['author']}", entry["licence"]


@cache
def _entry(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return entry


def _content(file: dict[str, str]) -> io.BytesIO:
    # The file itself, because the functions of skimage.data may start a download.
    path = Path(skimage.__file__).parent / "data" / file["file"]
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(
            f"{path} does not exist: install a scikit-image whose package includes it (0.26)."
        ) from None
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        raise UserError(f"{path} is not the file that was expected: install scikit-image 0.26.")
    return io.BytesIO(content)


def _photograph(name: str, long_side: int = LONG_SIDE) -> Floats:
    with Image.open(_content(_entry(name)["files"][0])) as picture:
        image = np.asarray(picture.convert("RGB"), dtype=np.float32) / np.float32(255)
    scale = long_side / max(image.shape)
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return np.clip(cv2.resize(image, size, interpolation=cv2.INTER_AREA), 0, 1).astype(np.float32)


def _draw_line(
    canvas: NDArray[Any], line: dict[str, Any], colour: tuple[float, ...], size: list[int]
) -> None:
    """Draw a line that is given in pixels of a photograph of `size` = [width, height]."""
    scale = np.array([canvas.shape[1] / size[0], canvas.shape[0] / size[1]])
    # OpenCV puts whole numbers at the pixels' centres.
    points = np.rint((np.array(line["line"]) * scale - 0.5) * 2**_SHIFT).astype(np.int32)
    width = max(1, round(line["width"] * float(scale.min())))
    cv2.polylines(canvas, [points], False, colour, thickness=width, shift=_SHIFT)


def _coffee() -> dict[str, Any]:
    image = embedded.load("coffee", LONG_SIDE).image
    red, green = image[..., 0], image[..., 1]
    return {"image": image, "unaries": ((green < 0.29 * red) & (red > 0.15)).astype(np.float32)}


def _rocket() -> dict[str, Any]:
    picture = embedded.load("rocket", LONG_SIDE)
    return {
        "image": picture.image,
        "unaries": (picture.image[..., 0] > 0.4).astype(np.float32),
        "ground_truth": picture.ground_truth,
    }


def _chelsea() -> dict[str, Any]:
    entry, image = _entry("chelsea"), _photograph("chelsea")
    for bar in entry["fence"]:
        _draw_line(image, bar, FENCE_COLOUR, entry["size"])
    return {"image": image, "unaries": (image[..., 0] - image[..., 2] > 0.2).astype(np.float32)}


def _horse() -> dict[str, Any]:
    image = _photograph("horse")
    return {"image": image, "unaries": 1 - image[..., 0]}


def _coins() -> dict[str, Any]:
    left, top, right, bottom = _entry("coins")["crop"]
    image = _photograph("coins", max(_entry("coins")["size"]))[top:bottom, left:right]
    grey = cv2.GaussianBlur(image[..., 0], (0, 0), 2.0)
    return {"image": image, "unaries": (grey > 0.4).astype(np.float32)}


def _motorcycle() -> dict[str, Any]:
    entry, image = _entry("motorcycle"), _photograph("motorcycle", MOTORCYCLE_LONG_SIDE)
    height, width, _ = image.shape
    scribbles = np.zeros((height, width), np.uint8)
    for stroke in entry["scribbles"]:
        _draw_line(scribbles, stroke, (_LABELS[stroke["label"]],), entry["size"])
    depth = ThirdAxis("depth", _depth(entry["files"][1], height, width))
    return {"image": image, "scribbles": scribbles, "third": depth}


def _depth(file: dict[str, str], height: int, width: int) -> NDArray[np.float64]:
    from scipy import ndimage

    disparity = np.load(_content(file))["arr_0"].astype(np.float64)
    gaps = ~np.isfinite(disparity)
    nearest = ndimage.distance_transform_edt(gaps, return_distances=False, return_indices=True)
    disparity = disparity[tuple(nearest)]
    # An average over an edge would be a depth where there is nothing: the pixel's centre decides.
    rows = ((np.arange(height) + 0.5) * disparity.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * disparity.shape[1] / width).astype(int)
    depth = disparity[rows[:, None], columns]
    return np.asarray((depth - depth.min()) / (depth.max() - depth.min()))


_COLOUR_RULES = {
    "coffee": "The red saucer, partly hidden by the cup and the spoon. Unaries: G below 0.29 R, "
    "with R above 0.15, is saucer.",
    "rocket": "The rocket and the platform it stands on, without the tower and the lights. "
    "Unaries: R above 0.4 is rocket.",
}

_MAKERS: dict[str, Callable[[], dict[str, Any]]] = {
    "coffee": _coffee,
    "rocket": _rocket,
    "chelsea": _chelsea,
    "horse": _horse,
    "coins": _coins,
    "motorcycle": _motorcycle,
}
