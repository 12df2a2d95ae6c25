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

Of what is drawn the truth is known exactly, also where the object is hidden. Unaries are made from
the drawn and noisy pixels alone, like those of a photograph: what covers the object covers it in
the unaries too. Positions and lengths are coordinates (isotropic: the longer side is 1). All noise
is seeded.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.coordinates import ThirdAxis, ThirdName, grid_coordinates
from isr.data.items import write_picture
from isr.data.kinds import embedded
from isr.data.kinds.base import DatasetKind, Known, packaged
from isr.data.kinds.volumes import slice_coordinates
from isr.data.pictures import BACKGROUND, BACKGROUND_SCRIBBLE, OBJECT, Picture

LONG_SIDE = 240
MOTORCYCLE_LONG_SIDE = 320
FENCE_COLOUR = (0.16, 0.17, 0.2)

_LABELS = {"object": 1, "background": BACKGROUND_SCRIBBLE}
# Lines are drawn with positions of 1/16 pixel.
_SHIFT = 4
_THIRD: dict[str, ThirdName] = {"motorcycle": "depth", "drawn_ball": "t", "volume": "z"}

SOURCE = "drawn by this software"
LICENCE = "MIT"

SHEET_SIZE = (160, 240)
SHEET_BASIS = np.array([[0.073, 0.008], [-0.005, 0.07]])
"""Columns are the lattice vectors of the sheet's holes, after rectification."""
SHEET_ORIGIN = np.array([0.04, 0.045])
SHEET_HOMOGRAPHY = np.array([[1.0, 0.06, 0.0], [0.02, 1.05, 0.0], [0.24, 0.16, 1.0]])
"""Takes (x, y, 1) of the picture to the rectified sheet."""
SHEET_RADIUS = 0.017

BALL_SIZE, BALL_FRAMES, BALL_RADIUS = (96, 96), 8, 0.13
FLOWER_SIZE, FLOWER_ORDER, FLOWER_CENTRE = (180, 200), 5, np.array([0.53, 0.44])
VOLUME_SIZE, VOLUME_CENTRE = (32, 48, 48), np.array([0.47, 0.55, 0.34])
VOLUME_AXES = np.array([0.33, 0.2, 0.16])

_SAMPLES = 4

Floats = NDArray[np.float64]
Inside = Callable[[Floats], NDArray[np.bool_]]


class Gallery(DatasetKind):
    """Pictures, a volume and a video that come with unaries or scribbles and need no network."""

    kind: Literal["gallery"]

    def all_names(self, root: Path) -> list[str]:
        """Photographs first."""
        return [*_PHOTOGRAPHS, *DRAWN]

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
        UserError: the installed scikit-image has another photograph.
    """
    if name in DRAWN:
        return DRAWN[name]()
    text, source, licence = _texts(name)
    return Picture(name=name, text=text, source=source, licence=licence, **_PHOTOGRAPHS[name]())


def _texts(name: str) -> tuple[str, str, str]:
    if name in _COLOUR_RULES:
        about = embedded.description(name)
        source, author = about["source"], about["author"]
        return _COLOUR_RULES[name], f"{source}, {author}", about["licence"]
    entry = _entry(name)
    text = f"{entry['object'][0].upper()}{entry['object'][1:]}. {entry['recipe']}"
    source = f"{entry['function']} ({entry['files'][0]['file']} of scikit-image)"
    return text, f"{source}, {entry['author']}", entry["licence"]


def _entry(name: str) -> dict[str, Any]:
    return packaged("gallery_pictures", name)


def _photograph(name: str, long_side: int | None = LONG_SIDE) -> NDArray[np.float32]:
    return embedded.shrink(embedded.read_photograph(_entry(name)["files"][0]), long_side)


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
    image = _photograph("coins", None)[top:bottom, left:right]
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


def _depth(file: Mapping[str, Any], height: int, width: int) -> NDArray[np.float64]:
    from scipy import ndimage

    disparity = np.load(embedded.read_file(file))["arr_0"].astype(np.float64)
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

_PHOTOGRAPHS: dict[str, Callable[[], dict[str, Any]]] = {
    "coffee": _coffee,
    "rocket": _rocket,
    "chelsea": _chelsea,
    "horse": _horse,
    "coins": _coins,
    "motorcycle": _motorcycle,
}


class _Canvas:
    """A picture that shapes are painted on with smooth edges."""

    def __init__(self, size: tuple[int, int], colour: tuple[float, float, float]) -> None:
        self.image = np.empty((*size, 3))
        self.image[:] = colour

    def cover(self, inside: Inside) -> Floats:
        """The share (h, w) of each pixel that lies inside."""
        height, width, _ = self.image.shape
        points = grid_coordinates(height, width, (height * _SAMPLES, width * _SAMPLES))
        hits = inside(points).reshape(height, _SAMPLES, width, _SAMPLES)
        return np.asarray(hits.mean(axis=(1, 3)))

    def paint(
        self, inside: Inside, colour: tuple[float, float, float], opacity: float = 1.0
    ) -> Floats:
        """Paint a shape; return what share of each pixel it covers."""
        share = self.cover(inside)
        weight = opacity * share[..., None]
        self.image = (1 - weight) * self.image + weight * np.array(colour)
        return share

    def finish(self, noise: float, generator: np.random.Generator) -> NDArray[np.float32]:
        """Add noise and round to 8 bits, as a camera does."""
        noisy = self.image + generator.normal(0, noise, self.image.shape)
        return (np.rint(np.clip(noisy, 0, 1) * 255) / 255).astype(np.float32)


def _disc(centre: Floats | tuple[float, float], radius: float, inner: float = 0.0) -> Inside:
    def inside(points: Floats) -> NDArray[np.bool_]:
        distance = np.linalg.norm(points - np.asarray(centre), axis=-1)
        return np.asarray((distance <= radius) & (distance >= inner))

    return inside


def _bar(start: tuple[float, float], end: tuple[float, float], width: float) -> Inside:
    along = np.subtract(end, start)
    length = float(np.linalg.norm(along))
    along = along / length

    def inside(points: Floats) -> NDArray[np.bool_]:
        offset = points - np.asarray(start)
        position, distance = offset @ along, offset @ np.array([-along[1], along[0]])
        within = (position >= 0) & (position <= length)
        return np.asarray(within & (np.abs(distance) <= width / 2))

    return inside


def _truth(share: Floats) -> NDArray[np.uint8]:
    return np.where(share >= 0.5, OBJECT, BACKGROUND).astype(np.uint8)


def sheet_rectify(points: Floats) -> Floats:
    """Take coordinates (..., 2) of the sheet's picture to the rectified sheet."""
    ones = np.ones((*points.shape[:-1], 1))
    projected = np.concatenate([points, ones], axis=-1) @ SHEET_HOMOGRAPHY.T
    return np.asarray(projected[..., :2] / projected[..., 2:])


def _in_hole(points: Floats) -> NDArray[np.bool_]:
    flat = sheet_rectify(points) - SHEET_ORIGIN
    phase = flat @ np.linalg.inv(SHEET_BASIS).T
    offset = (phase - np.rint(phase)) @ SHEET_BASIS.T
    return np.asarray(np.linalg.norm(offset, axis=-1) <= SHEET_RADIUS)


def sheet() -> Picture:
    """A perforated sheet in perspective, partly under a note, two magnets and a key."""
    generator = np.random.default_rng(2)
    canvas = _Canvas(SHEET_SIZE, (0.86, 0.85, 0.83))
    truth = _truth(canvas.paint(_in_hole, (0.13, 0.12, 0.12)))
    canvas.paint(_bar((0.28, 0.42), (0.6, 0.34), 0.24), (0.93, 0.88, 0.55))
    for centre in ((0.3, 0.33), (0.57, 0.25)):
        canvas.paint(_disc(centre, 0.036), (0.75, 0.72, 0.7))
        canvas.paint(_disc(centre, 0.036, inner=0.031), (0.35, 0.33, 0.32))
    canvas.paint(_disc((0.77, 0.16), 0.05, inner=0.022), (0.55, 0.6, 0.62))
    canvas.paint(_bar((0.765, 0.2), (0.745, 0.42), 0.04), (0.1, 0.6, 0.25))
    image = canvas.finish(0.06, generator)
    return Picture(
        name="sheet",
        image=image,
        unaries=(image[..., 0] < 0.45).astype(np.float32),
        text="The holes of a sheet, periodic after rectification and partly hidden under a note, "
        "magnets and a key. Unaries: R below 0.45 is hole, which a part of the key is too.",
        ground_truth=truth,
        source=SOURCE,
        licence=LICENCE,
    )


def ball_centre(t: Floats) -> Floats:
    """Where the drawn ball is at times t (...) in [0, 1]: coordinates (..., 2)."""
    return np.stack([0.2 + 0.6 * t, 0.68 - 1.68 * t * (1 - t)], axis=-1)


def ball() -> Picture:
    """A ball thrown over a meadow, in eight frames; one frame is dim, in one a reed covers it."""
    generator = np.random.default_rng(3)
    times = np.linspace(0, 1, BALL_FRAMES)
    images, truths = [], []
    for number, centre in enumerate(ball_centre(times)):
        canvas = _Canvas(BALL_SIZE, (0.62, 0.74, 0.86))
        canvas.paint(_bar((0.0, 0.86), (1.0, 0.86), 0.28), (0.45, 0.6, 0.35))
        truths.append(_truth(canvas.paint(_disc(centre, BALL_RADIUS), (0.86, 0.2, 0.24))))
        eyes = ((-0.04, -0.03), (0.04, -0.03))
        for eye in eyes:
            canvas.paint(_disc(centre + np.array(eye), 0.018), (0.12, 0.1, 0.1))
        canvas.paint(_bar((0.37, 0.1), (0.34, 1.0), 0.07), (0.35, 0.5, 0.2))
        # The light flickers, so that the colour rule finds little of the ball in that frame.
        canvas.image *= 0.55 if number == 5 else 1.0
        images.append(canvas.finish(0.07, generator))
    image = np.stack(images)
    redness = image[..., 0] - (image[..., 1] + image[..., 2]) / 2
    noise = generator.normal(0, 0.12, redness.shape)
    return Picture(
        name="drawn_ball",
        image=image,
        unaries=np.clip(0.5 + 1.2 * (redness - 0.36) + noise, 0, 1).astype(np.float32),
        third=ThirdAxis("t", times),
        text="A thrown ball in eight frames; a reed covers a part of it and the light flickers. "
        "Unaries: the redness R - (G + B) / 2, 0.36 being as likely ball as not, with noise.",
        ground_truth=np.stack(truths),
        source=SOURCE,
        licence=LICENCE,
    )


def _in_flower(points: Floats) -> NDArray[np.bool_]:
    x, y = np.moveaxis(points - FLOWER_CENTRE, -1, 0)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    # Petals that lean to one side: a rotational symmetry without a mirror.
    wave = np.cos(FLOWER_ORDER * (angle - 0.2 - 1.1 * radius))
    return np.asarray(radius <= 0.245 + 0.115 * wave)


def flower() -> Picture:
    """A flower of five leaning petals, partly under a leaf and a twig."""
    generator = np.random.default_rng(4)
    canvas = _Canvas(FLOWER_SIZE, (0.24, 0.42, 0.2))
    for centre in generator.uniform(0, 1, (20, 2)):
        canvas.paint(_disc(centre, 0.08), (0.3, 0.5, 0.22), opacity=0.5)
    truth = _truth(canvas.paint(_in_flower, (0.82, 0.42, 0.72)))
    canvas.paint(_disc(FLOWER_CENTRE, 0.07), (0.9, 0.75, 0.2))
    canvas.paint(_disc((0.82, 0.12), 0.25), (0.2, 0.46, 0.18))
    canvas.paint(_bar((0.18, 0.85), (0.6, 0.3), 0.045), (0.36, 0.26, 0.16))
    image = canvas.finish(0.12, generator)
    red, green = image[..., 0], image[..., 1]
    return Picture(
        name="flower",
        image=image,
        unaries=(red - green > 0.2).astype(np.float32),
        text="A flower of five equal petals, partly hidden under a leaf and a twig. Unaries: R - G "
        "above 0.2 is flower, in an image with noise.",
        ground_truth=truth,
        source=SOURCE,
        licence=LICENCE,
    )


def _volume_points() -> Floats:
    depth, height, width = VOLUME_SIZE
    plane = grid_coordinates(height, width, (height, width))
    third = slice_coordinates(depth, height, width).coordinates
    planes = np.broadcast_to(plane, (depth, height, width, 2))
    z = np.broadcast_to(third[:, None, None, None], (depth, height, width, 1))
    return np.concatenate([planes, z], axis=-1)


def volume() -> Picture:
    """A tilted ellipsoid in a noisy stack of slices, dark in some of them."""
    generator = np.random.default_rng(5)
    depth, height, width = VOLUME_SIZE
    tilt = np.linalg.qr(np.array([[1.0, 0.3, 0.2], [0.5, -1.0, 0.1], [0.3, 0.2, 1.0]]))[0]
    offset = (_volume_points() - VOLUME_CENTRE) @ tilt / VOLUME_AXES
    inside = np.linalg.norm(offset, axis=-1) <= 1
    grey = np.where(inside, 0.68, 0.32)
    grey[13:15] -= np.where(inside[13:15], 0.25, 0.0)
    noisy = np.clip(grey + generator.normal(0, 0.12, grey.shape), 0, 1)
    image = (np.rint(noisy * 255) / 255).astype(np.float32)
    return Picture(
        name="volume",
        image=np.repeat(image[..., None], 3, axis=-1),
        unaries=np.clip(0.5 + 2 * (image - 0.5), 0, 1).astype(np.float32),
        third=slice_coordinates(depth, height, width),
        text="An ellipsoid in a stack of slices, two of which are dark. Unaries: the grey value, "
        "stretched round 0.5.",
        ground_truth=np.where(inside, OBJECT, BACKGROUND).astype(np.uint8),
        source=SOURCE,
        licence=LICENCE,
    )


DRAWN: dict[str, Callable[[], Picture]] = {
    "sheet": sheet,
    "drawn_ball": ball,
    "flower": flower,
    "volume": volume,
}
"""What is drawn by this software."""
