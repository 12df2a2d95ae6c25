"""What the drawn videos show, at any point and time: two scenes whose truth is known.

Positions and lengths are coordinates of the picture (isotropic: the width is 1, y points down);
the time t runs from 0 to 1. A camera moves over a textured wall, an object moves before it to the
right, and something else moves by itself. Everything carries a texture that is fine enough for
optical flow and moves by a few pixels a frame.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

OBJECT, OTHER = 1, 2
"""What is walking or driving, the foreground; and what else moves."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Drawn = tuple[Floats, NDArray[np.uint8]]
"""Colours (n, 3) in [0, 1] and objects (n,) at n points."""


class Scene(Protocol):
    """What is seen at points of the picture."""

    def draw(self, points: Floats, time: float) -> Drawn:
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

    def draw(self, points: Floats, time: float) -> Drawn:
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
    """A van drives before everything else; a second van in the same paint comes from the right.

    Through the windows of both the wall is seen, and their tyres are dark. The whole outline is
    the object, windows and wheels included: it is in one piece without holes in every frame.
    """

    _WINDOWS = ((-0.145, -0.045), (-0.02, 0.08))
    """Left and right end of a window."""
    _WHEELS = (-0.115, 0.115)

    def __init__(self) -> None:
        self._wall = _Texture(1, (0.47, 0.52, 0.47), 0.13)
        self._paint = _Texture(3, (0.74, 0.52, 0.3), 0.15)
        self._tyre = np.array([0.2, 0.2, 0.22])
        self._pane = np.array([0.5, 0.56, 0.53])

    def draw(self, points: Floats, time: float) -> Drawn:
        """Colours (n, 3) and objects (n,) at points (n, 2) of the picture."""
        wall = _to_wall(points, time)
        colours = self._wall(wall)
        objects = np.zeros(len(points), np.uint8)
        near = (points - np.array([0.32 + 0.05 * time, 0.5])) / 1.0
        far = (points - np.array([0.95 - 0.3 * time, 0.15])) / 0.3 * np.array([-1.0, 1.0])
        far2 = (points - np.array([0.66 - 0.3 * time, 0.335])) / 0.3 * np.array([-1.0, 1.0])
        for label, place, turn in ((OTHER, far2, 0.0), (OTHER, far, 0.0), (OBJECT, near, 0.0)):
            body, glass = self._body(place), self._glass(place)
            painted = body & ~glass
            colours[painted] = self._paint(place[painted])
            wheels = self._wheels(place)
            colours[wheels] = self._tyre
            colours[glass] = 0.85 * self._pane + 0.15 * self._wall(wall[glass])
            objects[body | wheels] = label
        return colours, objects

    @staticmethod
    def _body(place: Floats) -> Mask:
        return _box(place, (-0.2, 0.2), (-0.035, 0.085), 0.03) | _box(
            place, (-0.175, 0.11), (-0.13, 0.0), 0.03
        )

    def _glass(self, place: Floats) -> Mask:
        boxes = [_box(place, ends, (-0.102, -0.04), 0.012) for ends in self._WINDOWS]
        return np.logical_or.reduce(boxes)

    def _wheels(self, place: Floats) -> Mask:
        offsets = [place - np.array([x, 0.085]) for x in self._WHEELS]
        return np.logical_or.reduce([(offset**2).sum(axis=1) < 0.045**2 for offset in offsets])


SCENES: dict[str, type[Scene]] = {"drive": Drive, "cut": Cut}


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


def _box(points: Floats, across: tuple[float, float], down: tuple[float, float], r: float) -> Mask:
    """Whether points lie in a box whose corners are rounded by the radius r."""
    low, high = np.array([across[0], down[0]]) + r, np.array([across[1], down[1]]) - r
    offset = points - np.clip(points, low, high)
    return np.asarray((offset**2).sum(axis=1) < r**2)
