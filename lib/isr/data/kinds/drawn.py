"""Short videos drawn by this software: two scenes whose truth is known at any point and time.

Positions and lengths are coordinates of the picture (isotropic: the width is 1, y points down);
the time t runs from 0 to 1. A camera moves over a textured wall, an object moves before it to the
right, and something else moves by itself. Everything carries a texture that is fine enough for
optical flow and moves by a few pixels a frame.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.coordinates import grid_coordinates
from isr.data.items import Frame, Item, write_video
from isr.data.kinds.base import DatasetKind, Extent, Known, count_words
from isr.data.kinds.videos import DrawnMotion, Simulated

SOURCE = "drawn by this software"
LICENCE = "MIT"
FRAMES, LONG_SIDE, ANNOTATED_EVERY = 12, 160, 3
OBJECT, OTHER = 1, 2
"""What is walking or driving, the foreground; and what else moves."""

_SAMPLES = 3
_NOISE = 0.015

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Painted = tuple[Floats, NDArray[np.uint8]]
"""Colours (n, 3) in [0, 1] and objects (n,) at n points."""


class Drawn(DatasetKind):
    """Short videos that are drawn, with their ground truth; no download.

    `drive` is a van, in one piece in every frame, and two small ones in the same paint; `cut` an
    animal that a post cuts.
    """

    kind: Literal["drawn"]
    frames: Annotated[int, Field(ge=3, le=10_000)] = Field(FRAMES, description="number of frames")
    long_side: Annotated[int, Field(ge=32, le=4096)] = Field(
        LONG_SIDE, description="pixels on the longer side"
    )
    motion: DrawnMotion = Field(
        DrawnMotion(), description="how labels `motion` are made, whose borders are sharp here"
    )
    simulated: Simulated = Field(Simulated(), description="how labels `simulated` are made")

    def all_names(self, root: Path) -> list[str]:
        """What the constraint is true of, and what it is not."""
        return list(SCENES)

    def known(self, name: str, root: Path) -> Known:
        """Videos."""
        return Known(third="t")

    def extent(self, name: str, root: Path) -> Extent:
        """As it will be drawn."""
        return Extent(self.frames, round(self.long_side * 0.75), self.long_side)

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Draw a video."""
        unpack(output, name, self.frames, self.long_side)

    def describe(self, name: str, items: Sequence[str]) -> str:
        """Demo data."""
        return self.text or f"Demo data ({count_words(items, 'drawn video')}, not the paper's)"


def draw(
    name: str,
    frames: int = FRAMES,
    long_side: int = LONG_SIDE,
    annotated_every: int = ANNOTATED_EVERY,
) -> Iterator[Frame]:
    """Draw the frames of a scene one after the other.

    Args:
        name: of the scene, one of `SCENES`.
        frames: how many; the same motion is cut into more or fewer of them.
        long_side: width of the picture in pixels; the height is three quarters of it.
        annotated_every: every how many frames objects are given; the last has them too.
    """
    size = round(long_side * 0.75), long_side
    fine = size[0] * _SAMPLES, size[1] * _SAMPLES
    points = grid_coordinates(*size, fine).reshape(-1, 2)
    scene = SCENES[name]()
    generator = np.random.default_rng(5)
    for number in range(frames):
        colours, objects = scene.draw(points, number / max(frames - 1, 1))
        image = _pool(colours.reshape(*fine, 3))
        image += generator.normal(0, _NOISE, image.shape)
        annotated = number % annotated_every == 0 or number == frames - 1
        yield Frame(
            np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8),
            _visible(objects.reshape(fine)) if annotated else None,
        )


def _pool(samples: Floats) -> Floats:
    height, width = samples.shape[0] // _SAMPLES, samples.shape[1] // _SAMPLES
    blocks = samples.reshape(height, _SAMPLES, width, _SAMPLES, -1)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _visible(objects: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each pixel belongs to what covers most of it."""
    shares = [_pool((objects == label).astype(np.float64)) for label in (0, OBJECT, OTHER)]
    return np.asarray(np.concatenate(shares, axis=2).argmax(axis=2), np.uint8)


def unpack(output: Path, name: str, frames: int = FRAMES, long_side: int = LONG_SIDE) -> Item:
    """Write the drawn video of a name, one of `SCENES`, in the one layout of videos."""
    return write_video(
        output,
        draw(name, frames, long_side),
        name=name,
        object=OBJECT,
        source=SOURCE,
        licence=LICENCE,
        notes=[f"the foreground is {SCENES[name].foreground}"],
    )


class Scene(Protocol):
    """What is seen at points of the picture.

    Attributes:
        foreground: what the object is.
    """

    foreground: str

    def draw(self, points: Floats, time: float) -> Painted:
        """Colours (n, 3) and objects (n,) at points (n, 2) of the picture."""


class _Texture:
    """Colours of a plane: noise of wavelengths from 4 to 40 of 160 pixels, longer ones stronger."""

    _SIZE = 512
    _TEXELS = 320.0

    def __init__(self, seed: int, colour: tuple[float, float, float], contrast: float) -> None:
        generator = np.random.default_rng(seed)
        noise = generator.normal(size=(self._SIZE, self._SIZE, 3))
        # A part that all channels share, so that the texture is seen in grey too.
        noise = 0.8 * noise[..., :1] + 0.4 * noise
        frequency = np.fft.fftfreq(self._SIZE)
        radius = np.hypot(frequency[:, None], frequency[None, :])[..., None]
        band = ((radius > 1 / 80) & (radius < 1 / 8)) / np.maximum(radius, 1 / 80)
        plane = np.fft.ifft2(np.fft.fft2(noise, axes=(0, 1)) * band, axes=(0, 1)).real
        self._plane = (np.array(colour) + contrast * plane / plane.std()).astype(np.float32)

    def __call__(self, points: Floats) -> Floats:
        """Colours (n, 3) at points (n, 2); the texture repeats itself."""
        if not len(points):
            return np.zeros((0, 3))
        texels = (points * self._TEXELS % self._SIZE).astype(np.float32)
        # cv2.remap takes at most 32,767 columns.
        rows = np.array_split(texels, len(texels) // 4096 + 1)
        return np.concatenate([self._look_up(row) for row in rows]).astype(np.float64)

    def _look_up(self, texels: NDArray[np.float32]) -> NDArray[np.float32]:
        columns, rows = np.ascontiguousarray(texels.T[:, None])
        how, wrap = cv2.INTER_LINEAR, cv2.BORDER_WRAP
        return np.asarray(cv2.remap(self._plane, columns, rows, how, borderMode=wrap)[0])


class Cut:
    """A toy animal with thin legs, a thin tail and a window in its body walks behind a post.

    A small balloon sinks to the left. At first the animal is whole but for its window (1.5 % of
    it); then the post, which stands on the wall, cuts off its head, and later its front: what is
    seen of it is not connected.
    """

    foreground = "the walking animal"
    _LEGS = ((-0.12, 0.0), (-0.075, 0.5), (0.075, 0.25), (0.12, 0.75))
    """Where a leg hangs from the body, and at which phase it swings."""
    _SCALE = 0.95
    _POST = (0.605, 0.026)
    """Middle and half width of the post, on the wall."""

    def __init__(self) -> None:
        self._wall = _Texture(1, (0.47, 0.52, 0.47), 0.13)
        self._post = _Texture(2, (0.33, 0.27, 0.24), 0.12)
        self._animal = _Texture(3, (0.74, 0.52, 0.3), 0.15)
        self._balloon = _Texture(4, (0.42, 0.36, 0.62), 0.15)

    def draw(self, points: Floats, time: float) -> Painted:
        """Colours (n, 3) and objects (n,) at points (n, 2) of the picture."""
        wall = _to_wall(points, time)
        colours = self._wall(wall)
        objects = np.zeros(len(points), np.uint8)
        for label, texture, parts in (
            (OTHER, self._balloon, self._balloon_parts(points, time)),
            (OBJECT, self._animal, self._animal_parts(points, time)),
        ):
            for inside, place in parts:
                colours[inside] = texture(place[inside])
                objects[inside] = label
        hidden = np.abs(wall[:, 0] - self._POST[0]) < self._POST[1]
        colours[hidden] = self._post(wall[hidden])
        objects[hidden] = 0
        return colours, objects

    @staticmethod
    def _balloon_parts(points: Floats, time: float) -> Iterator[tuple[Mask, Floats]]:
        place = points - np.array([0.86 - 0.05 * time, 0.09 + 0.12 * time])
        shape = place / np.array([0.05, 0.06])
        yield np.asarray((shape**2).sum(axis=1) < 1), place

    def _animal_parts(self, points: Floats, time: float) -> Iterator[tuple[Mask, Floats]]:
        """Which points lie in the parts of the animal, and their places on the texture."""
        bob = 0.006 * np.sin(4 * np.pi * time)
        place = _turn(points - np.array([0.31 + 0.05 * time, 0.4 + bob]), 0.04 * np.sin(6 * time))
        place = place / self._SCALE
        # It bends a little as it walks.
        bend = 0.012 * np.sin(2 * np.pi * time + 9 * place[:, 0])
        place = place + np.stack([np.zeros_like(bend), bend], axis=1)
        for hip, phase in self._LEGS:
            swing = 0.32 * np.sin(2 * np.pi * (time + phase))
            leg = _turn(place - np.array([hip, 0.06]), swing)
            yield _near_line(leg, np.array([0.0, 0.0]), np.array([0.0, 0.17]), 0.013), leg
        tail = [np.array([-0.15, -0.02]), np.array([-0.21, -0.05]), np.array([-0.225, -0.13])]
        for start, end in pairwise(tail):
            yield _near_line(place, start, end, 0.011), place
        yield _near_line(place, np.array([0.14, -0.02]), np.array([0.195, -0.14]), 0.032), place
        yield _near_line(place, np.array([0.195, -0.14]), np.array([0.25, -0.125]), 0.026), place
        body = (place / np.array([0.175, 0.088])) ** 2
        window = _near_line(place, np.array([-0.006, 0.0]), np.array([0.006, 0.0]), 0.0155)
        yield np.asarray((body.sum(axis=1) < 1) & ~window), place


class Drive:
    """A van drives to the right; two small ones in the same paint drive to the left behind it.

    The whole outline of the van is the object, panes and tyres included: in every frame it is in
    one piece without holes. The panes have the colour of the wall, which is also seen through them
    a little, and no texture of their own that would show their motion. One of the small vans
    passes behind the roof. Each has 9 % of the large one's area, too little for another object:
    labels from motion leave it out, and what learns from them takes it for the same.
    """

    foreground = "the large van"
    _VANS = (
        (OTHER, (0.66, 0.3), -0.3, 0.36),
        (OTHER, (0.95, 0.12), -0.3, 0.36),
        (OBJECT, (0.35, 0.49), 0.05, 1.2),
    )
    """From back to front: the object, where its middle is at first, how far it goes, its size."""
    _BODY = (((-0.2, 0.2), (-0.035, 0.085)), ((-0.175, 0.11), (-0.13, 0.0)))
    _PANES = (((-0.14, -0.06), (-0.1, -0.052)), ((-0.02, 0.06), (-0.1, -0.052)))
    """Boxes of a van of size 1 that looks to the right: left and right, upper and lower end."""
    _TYRES = ((-0.115, 0.085), (0.115, 0.085))
    _RADIUS = 0.045
    _THROUGH = 0.15
    """Share of the wall in the colour of a pane."""

    def __init__(self) -> None:
        self._wall = _Texture(1, (0.47, 0.52, 0.47), 0.13)
        self._paint = _Texture(3, (0.74, 0.52, 0.3), 0.15)
        self._tyre = _Texture(2, (0.2, 0.2, 0.22), 0.08)
        self._pane = np.array([0.5, 0.56, 0.53])

    def draw(self, points: Floats, time: float) -> Painted:
        """Colours (n, 3) and objects (n,) at points (n, 2) of the picture."""
        wall = _to_wall(points, time)
        colours = self._wall(wall)
        objects = np.zeros(len(points), np.uint8)
        for label, (x, y), way, size in self._VANS:
            facing = np.array([np.sign(way), 1.0])
            place = (points - np.array([x + way * time, y])) / size * facing
            body = _in_boxes(place, self._BODY, 0.03)
            colours[body] = self._paint(place[body])
            panes = _in_boxes(place, self._PANES, 0.012)
            through = self._wall(wall[panes])
            colours[panes] = (1 - self._THROUGH) * self._pane + self._THROUGH * through
            tyres = np.logical_or.reduce(
                [((place - at) ** 2).sum(axis=1) < self._RADIUS**2 for at in self._TYRES]
            )
            colours[tyres] = self._tyre(place[tyres])
            objects[body | tyres] = label
        return colours, objects


SCENES: dict[str, type[Scene]] = {"drive": Drive, "cut": Cut}
"""The drawn videos by name: of what a path-connected region is true, and of what it is not."""


def _turn(points: Floats, angle: float) -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cosine, -sine], [sine, cosine]]))


def _to_wall(points: Floats, time: float) -> Floats:
    """The camera: a similarity that pans, turns a little and comes closer."""
    centre = np.array([0.5, 0.375])
    turned = _turn(points - centre, 0.05 * time) * (1 - 0.06 * time)
    return np.asarray(turned + centre + np.array([0.16, -0.02]) * time)


def _near_line(points: Floats, start: Floats, end: Floats, width: float) -> Mask:
    """Whether points are at most `width` away from a line segment."""
    along = end - start
    position = np.clip((points - start) @ along / (along @ along), 0, 1)
    offset = points - start - position[:, None] * along
    return np.asarray((offset**2).sum(axis=1) < width**2)


def _in_boxes(
    points: Floats,
    boxes: Iterable[tuple[tuple[float, float], tuple[float, float]]],
    radius: float,
) -> Mask:
    """Whether points lie in one of some boxes, whose corners are rounded by a radius."""
    inside = np.zeros(len(points), bool)
    for across, down in boxes:
        corners = np.array([across, down])
        nearest = np.clip(points, corners[:, 0] + radius, corners[:, 1] - radius)
        inside |= ((points - nearest) ** 2).sum(axis=1) < radius**2
    return inside
