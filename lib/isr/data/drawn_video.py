"""A short video drawn by this software, whose truth is known: the embedded one.

A toy animal with thin legs, a thin tail and a window in its body walks to the right and passes
behind a post, while a small balloon sinks to the left and the camera moves over a textured wall.
The post stands on the wall. At first the animal is whole but for its window (1.5 % of it); then
the post cuts off its head, and later its front. Everything carries a texture that is fine enough
for optical flow and moves by a few pixels a frame. Positions and lengths are coordinates of the
picture (isotropic: the width is 1, y points down); the time t runs from 0 to 1.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.coordinates import grid_coordinates
from isr.data.videos import Video, VideoFrame, write_video
from isr.errors import UserError

NAME = "drawn"
SOURCE = "drawn by this software"
LICENCE = "MIT"
FRAMES, LONG_SIDE, ANNOTATED_EVERY = 12, 160, 3
ANIMAL, BALLOON = 1, 2

_SAMPLES = 3
_NOISE = 0.015
_LEGS = ((-0.12, 0.0), (-0.075, 0.5), (0.075, 0.25), (0.12, 0.75))
"""Where a leg hangs from the body, and at which phase it swings."""
_ANIMAL_SCALE = 0.95
_POST = (0.605, 0.026)
"""Middle and half width of the post, on the wall."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


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


class _Scene:
    """What stands on the wall and moves before it."""

    def __init__(self) -> None:
        self._wall = _Texture(1, (0.47, 0.52, 0.47), 0.13)
        self._post = _Texture(2, (0.33, 0.27, 0.24), 0.12)
        self._animal = _Texture(3, (0.74, 0.52, 0.3), 0.15)
        self._balloon = _Texture(4, (0.42, 0.36, 0.62), 0.15)

    def draw(self, points: Floats, time: float) -> tuple[Floats, NDArray[np.uint8]]:
        """Colours (n, 3) and objects (n,) at points (n, 2) of the picture."""
        wall = _to_wall(points, time)
        colours = self._wall(wall)
        objects = np.zeros(len(points), np.uint8)
        for label, texture, parts in (
            (BALLOON, self._balloon, _balloon(points, time)),
            (ANIMAL, self._animal, _animal(points, time)),
        ):
            for inside, place in parts:
                colours[inside] = texture(place[inside])
                objects[inside] = label
        hidden = np.abs(wall[:, 0] - _POST[0]) < _POST[1]
        colours[hidden] = self._post(wall[hidden])
        objects[hidden] = 0
        return colours, objects


def _turn(points: Floats, angle: float) -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cosine, -sine], [sine, cosine]]))


def _to_wall(points: Floats, time: float) -> Floats:
    """The camera: a similarity that pans, turns a little and comes closer."""
    centre = np.array([0.5, 0.375])
    turned = _turn(points - centre, 0.05 * time) * (1 - 0.06 * time)
    return np.asarray(turned + centre + np.array([0.16, -0.02]) * time)


def _balloon(points: Floats, time: float) -> Iterator[tuple[Mask, Floats]]:
    place = points - np.array([0.86 - 0.05 * time, 0.09 + 0.12 * time])
    shape = place / np.array([0.05, 0.06])
    yield np.asarray((shape**2).sum(axis=1) < 1), place


def _animal(points: Floats, time: float) -> Iterator[tuple[Mask, Floats]]:
    """The parts of the animal: which points lie in them, and their places on the texture."""
    bob = 0.006 * np.sin(4 * np.pi * time)
    place = _turn(points - np.array([0.31 + 0.05 * time, 0.4 + bob]), 0.04 * np.sin(6 * time))
    place = place / _ANIMAL_SCALE
    # It bends a little as it walks.
    bend = 0.012 * np.sin(2 * np.pi * time + 9 * place[:, 0])
    place = place + np.stack([np.zeros_like(bend), bend], axis=1)
    for hip, phase in _LEGS:
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


def _near_line(points: Floats, start: Floats, end: Floats, width: float) -> Mask:
    """Whether points are at most `width` away from a line segment."""
    along = end - start
    position = np.clip((points - start) @ along / (along @ along), 0, 1)
    offset = points - start - position[:, None] * along
    return np.asarray((offset**2).sum(axis=1) < width**2)


def draw(
    frames: int = FRAMES, long_side: int = LONG_SIDE, annotated_every: int = ANNOTATED_EVERY
) -> Iterator[VideoFrame]:
    """Draw the frames one after the other.

    Args:
        frames: how many; the same walk is cut into more or fewer of them.
        long_side: width of the picture in pixels; the height is three quarters of it.
        annotated_every: every how many frames objects are given; the last has them too.

    Raises:
        UserError: the picture would have less than one row.
    """
    if long_side < 2:
        raise UserError(f"long_side is {long_side}: choose at least 2 pixels.")
    size = round(long_side * 0.75), long_side
    fine = size[0] * _SAMPLES, size[1] * _SAMPLES
    points = grid_coordinates(*size, fine).reshape(-1, 2)
    scene = _Scene()
    generator = np.random.default_rng(5)
    for number in range(frames):
        colours, objects = scene.draw(points, number / max(frames - 1, 1))
        image = _pool(colours.reshape(*fine, 3))
        image += generator.normal(0, _NOISE, image.shape)
        annotated = number % annotated_every == 0 or number == frames - 1
        yield VideoFrame(
            np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8),
            _visible(objects.reshape(fine)) if annotated else None,
        )


def _pool(samples: Floats) -> Floats:
    height, width = samples.shape[0] // _SAMPLES, samples.shape[1] // _SAMPLES
    blocks = samples.reshape(height, _SAMPLES, width, _SAMPLES, -1)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _visible(objects: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each pixel belongs to what covers most of it."""
    shares = [_pool((objects == label).astype(np.float64)) for label in (0, ANIMAL, BALLOON)]
    return np.asarray(np.concatenate(shares, axis=2).argmax(axis=2), np.uint8)


def unpack(output: Path, frames: int = FRAMES, long_side: int = LONG_SIDE) -> Video:
    """Write the drawn video in the one layout of videos."""
    return write_video(
        output,
        draw(frames, long_side),
        name=NAME,
        object=ANIMAL,
        source=SOURCE,
        licence=LICENCE,
        notes=["the foreground is the walking animal"],
    )
