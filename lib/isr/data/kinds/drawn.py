"""Short videos drawn by this software, whose truth is known."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.coordinates import grid_coordinates
from isr.data.items import Frame, Item, write_video
from isr.data.kinds.base import DatasetKind, Known, count_words
from isr.data.kinds.drawn_scenes import OBJECT, OTHER, SCENES, Floats
from isr.data.weak_labels.options import DrawnMotion, Simulated
from isr.errors import UserError

SOURCE = "drawn by this software"
LICENCE = "MIT"
FRAMES, LONG_SIDE, ANNOTATED_EVERY = 12, 160, 3

_SAMPLES = 3
_NOISE = 0.015


class Drawn(DatasetKind):
    """Short videos that are drawn, with their ground truth; no download.

    `drive` is a van, in one piece in every frame, and two small ones in the same paint; `cut` an
    animal that a post cuts.
    """

    kind: Literal["drawn"]
    frames: Annotated[int, Field(ge=3)] = Field(FRAMES, description="number of frames")
    long_side: Annotated[int, Field(ge=32)] = Field(
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

    Raises:
        UserError: the picture would have less than one row.
    """
    if long_side < 2:
        raise UserError(f"long_side is {long_side}: choose at least 2 pixels.")
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
