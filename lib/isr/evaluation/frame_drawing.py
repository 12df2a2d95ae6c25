"""Levels, outlines and certificates of the representations of a video, frame by frame."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage
from shapely import MultiPolygon, Polygon

from isr.coordinates import Convention, Points, Scene, ThirdAxis, grid_coordinates, with_third
from isr.data.items import Item, frame_name
from isr.errors import UserError
from isr.evaluation.certificates import Certificate, certify
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.canvas import Canvas
from isr.evaluation.outlines.raster import raster_outline
from isr.representations import Representation
from isr.store import StoredFits

Size = tuple[int, int]

_CERTIFIED = 2**23
"""Pixels of all frames for which levels are kept for one certificate: 64 MiB."""


@dataclass(frozen=True, eq=False)
class DrawnFrame:
    """What a representation is in one frame.

    Attributes:
        number: of the frame.
        level: (h, w) at the size it is scored at; None where no representation was fitted.
        region: its outline, in pixel units of the original size; it agrees with `level` at the
            centres of its cells.
        certificates: those that were made at this frame, by the name of the representation.
    """

    number: int
    level: Points | None
    region: Polygon | MultiPolygon
    certificates: Mapping[str, list[Certificate]]


@dataclass(frozen=True, eq=False)
class VideoGrid:
    """At which sizes the frames of a video are drawn.

    Annotated frames are drawn at their original size, where their scores are taken. The others are
    compared with the unaries alone, and drawn at the size these have.

    Attributes:
        video: the video.
        working: height and width that its unaries have.
        convention: of the coordinates.
    """

    video: Item
    working: Size
    convention: Convention

    def size(self, number: int) -> Size:
        """Height and width that frame `number` is drawn at."""
        return self.video.size if number in self.video.annotated else self.working

    def coordinates(self, size: Size) -> Points:
        """Coordinates (*size, 2) of the cells of a grid of this size laid over the video."""
        return grid_coordinates(*self.video.size, size, self.convention)

    def keeps_coordinates(self, size: Size) -> bool:
        """Whether a picture of this size has the coordinates of that grid by itself."""
        own = Scene(*size, self.convention).coordinates()
        return bool(np.allclose(own, self.coordinates(size), rtol=0, atol=1e-9))


def draw_framewise(fits: StoredFits, grid: VideoGrid, *, seed: int) -> Iterator[DrawnFrame]:
    """Draw and certify the representations of a video that has one for each frame.

    Args:
        fits: those of its part.
        grid: its sizes.
        seed: for the sampled points of certificates.

    Raises:
        UserError: a frame has no fit, and was not skipped.
    """
    stored = set(fits.names)
    for number in range(len(grid.video)):
        name = frame_name(grid.video.name, number)
        if name not in stored:
            _check_skipped(fits, grid.video, number)
            yield DrawnFrame(number, None, Polygon(), {})
            continue
        representation = fits.representation(name)
        size = grid.size(number)
        level = level_function(representation)(grid.coordinates(size))
        found = certify(
            representation,
            *size,
            grid.convention,
            seed=seed,
            level=level if grid.keeps_coordinates(size) else None,
        )
        region = outline(representation, *grid.video.size, grid.convention, grid=size, level=level)
        yield DrawnFrame(number, level, region, {name: found})


def _check_skipped(fits: StoredFits, video: Item, number: int) -> None:
    """A frame without a fit has to be one that was skipped."""
    name = frame_name(video.name, number)
    if told_of(fits, name).get("status") != "skipped":
        raise UserError(
            f"--fits holds no fit of {name}, nor was it skipped: give the parts of the cell."
        )


def draw_spatio_temporal(fits: StoredFits, grid: VideoGrid, *, seed: int) -> Iterator[DrawnFrame]:
    """Draw and certify the one representation in (x, y, t) of a video: slices at t of each frame.

    It is certified once, with the last frame. Outlines are those of the drawn levels, interpolated
    in between. A video that was skipped has empty frames.

    Raises:
        UserError: the video has no fit, and was not skipped.
    """
    video = grid.video
    if video.name not in fits.names:
        for number in range(len(video)):
            _check_skipped(fits, video, number)
            yield DrawnFrame(number, None, Polygon(), {})
        return
    representation, third = fits.representation(video.name), video.third_axis()
    assert third is not None
    level = level_function(representation)
    keeps = _certified_size(grid) == grid.working and grid.keeps_coordinates(grid.working)
    kept: list[Points] = []
    for number, time in enumerate(third.values):
        size = grid.size(number)
        drawn = level(_slice(grid, size, time))
        if keeps:
            own = size == grid.working
            kept.append(drawn if own else level(_slice(grid, grid.working, time)))
        found = {}
        if number + 1 == len(video):
            levels = np.stack(kept) if keeps else None
            found[video.name] = _certified(representation, grid, third, seed, levels)
        canvas = Canvas(video.size, size, grid.convention)
        region = canvas.in_pixels(raster_outline(_interpolated(drawn), *size, drawn))
        yield DrawnFrame(number, drawn, region, found)


def _certified(
    representation: Representation,
    grid: VideoGrid,
    third: ThirdAxis,
    seed: int,
    levels: Points | None,
) -> list[Certificate]:
    """The certificates of a whole video; `levels` (frames, h, w) are at its certified size."""
    size = _certified_size(grid)
    return certify(representation, *size, grid.convention, third=third, seed=seed, level=levels)


def told_of(fits: StoredFits, frame: str) -> dict[str, Any]:
    """What the fits tell of a frame: its status, and its IoU with its unaries; {} for nothing."""
    told: dict[str, Any] = fits.metadata["frames"].get(str(fits.seed), {}).get(frame, {})
    return told


def _slice(grid: VideoGrid, size: Size, time: float) -> Points:
    third = ThirdAxis("t", np.array([time]))
    return np.asarray(with_third(grid.coordinates(size), third)[0])


def _certified_size(grid: VideoGrid) -> Size:
    """The working size, made smaller for a video whose levels would not fit into memory."""
    height, width = grid.working
    factor = int(np.ceil(np.sqrt(len(grid.video) * height * width / _CERTIFIED)))
    return max(1, height // factor), max(1, width // factor)


def _interpolated(level: Points) -> LevelFunction:
    """A drawn level as a function of points (..., 2) in units of its cells."""

    def at(points: Points) -> Points:
        places = np.moveaxis(points[..., ::-1] - 0.5, -1, 0)
        return np.asarray(ndimage.map_coordinates(level, places, order=1, mode="nearest"))

    return at
