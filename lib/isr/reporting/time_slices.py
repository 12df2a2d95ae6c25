"""Levels of a representation in (x, y, t) at frames and between them, for figures 17 and 18."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from isr.coordinates import Convention, Points, grid_coordinates
from isr.data.videos import Video
from isr.errors import UserError
from isr.evaluation.drawing import LevelFunction, level_function
from isr.levels import foreground
from isr.reporting.noisy_frames import Moment
from isr.reporting.super_resolution import Slices, outlines
from isr.reporting.video_views import CellFiles
from isr.representations import Representation

_SIDE = 160
_POINTS = 3_000_000
_FINER_SIDE = 240


def read(cell: CellFiles, video: Video) -> tuple[LevelFunction, Convention]:
    """The level of the fit of a whole video as a function of (x, y, t), and its convention.

    Raises:
        UserError: the cell has no fit of the whole video.
    """
    fits = cell.fits_of(video.name)
    representation: Representation = fits.representation(video.name)
    if representation.dim != 3:
        raise UserError(f"{cell.folder}: the fit of {video.name} has no time: name another cell.")
    return level_function(representation), fits.metadata["convention"]


def raster(video: Video, long_side: int) -> tuple[int, int]:
    """Rows and columns of a raster over a video with at most so many on the longer side."""
    factor = min(1.0, long_side / max(video.size))
    return max(2, round(video.height * factor)), max(2, round(video.width * factor))


def levels(
    cell: CellFiles, video: Video, times: NDArray[np.floating], grid: tuple[int, int]
) -> Iterator[Points]:
    """Levels (rows, columns) on a raster over the video, one time after the other.

    Args:
        cell: of a fit of the whole video.
        video: the video; its first frame lies at t = 0, its last at t = 1 (appendix C.3.3).
        times: (n,) as indices of frames.
        grid: rows and columns.
    """
    level, convention = read(cell, video)
    plane = grid_coordinates(*video.size, grid, convention)
    for time in times / max(len(video) - 1, 1):
        yield level(np.concatenate([plane, np.full((*grid, 1), time)], axis=-1))


def slices(cell: CellFiles, video: Video, factor: int) -> Slices:
    """Outlines at every frame and, `factor` times as many in all, between them."""
    times = np.arange((len(video) - 1) * factor + 1) / factor
    # Of a long video the slices lie close, and are drawn on a coarser raster.
    side = min(_SIDE, round((_POINTS / len(times)) ** 0.5))
    drawn = levels(cell, video, times, raster(video, side))
    return Slices(video.frame(0) / 255.0, times, [outlines(level, video.size) for level in drawn])


def moments(cell: CellFiles, video: Video, frames: range, factor: int) -> list[list[Moment]]:
    """For each of some frames: itself, then `factor` - 1 moments on the way to the next.

    Raises:
        UserError: the cell has no fit of the whole video, or was not compared with its unaries.
    """
    noisy = cell.noisy(video.name)
    scores = cell.scores("unaries")
    if "representation" not in scores:
        raise UserError(
            f"{cell.folder / 'metrics.csv'} compares no representation with unaries: evaluate the "
            "cell again."
        )
    grid = raster(video, _FINER_SIDE)
    rows = []
    for number in frames:
        mask = cell.mask(video.name, number, video.size)
        row = [
            Moment(
                number,
                mask,
                video.frame(number) / 255.0,
                number in noisy,
                scores["representation"].get((video.name, number)),
            )
        ]
        if number + 1 in frames:
            times = number + np.arange(1, factor) / factor
            row += [
                Moment(float(time), foreground(level))
                for time, level in zip(times, levels(cell, video, times, grid), strict=True)
            ]
        rows.append(row)
    return rows
