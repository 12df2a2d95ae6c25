"""A video's frames with what a cell makes of them, as moments of an animation."""

from collections.abc import Iterator

import numpy as np

from isr.data.videos import Video
from isr.reporting.animation import LONGEST, Lines, Still, mask_lines, region_lines
from isr.reporting.super_resolution import outlines
from isr.reporting.time_slices import levels, raster
from isr.reporting.video_views import CellFiles

_SIDE = 240


def stills(cell: CellFiles, video: Video, between: int = 1) -> Iterator[Still]:
    """Frames with outlines, evenly left out where there are too many for an animation.

    Args:
        cell: whose outlines are drawn.
        video: its frames.
        between: steps from a frame to the next, of a fit in (x, y, t); 1 for frames alone.
    """
    every = -(-len(video) * between // LONGEST)
    for number in range(0, len(video), every):
        image = video.frame(number)
        predicted = mask_lines(cell.predicted(video.name, number, video.size))
        yield Still(image, _outline(cell, video, number), predicted, f"frame {number}")
        if between > 1 and number + every < len(video):
            times = number + every * np.arange(1, between) / between
            drawn = levels(cell, video, times, raster(video, _SIDE))
            for time, level in zip(times, drawn, strict=True):
                yield Still(image, outlines(level, video.size), predicted, f"frame {time:.2f}")


def _outline(cell: CellFiles, video: Video, number: int) -> Lines:
    region = cell.region(video.name, number)
    if region is None:
        return mask_lines(cell.mask(video.name, number, video.size))
    return region_lines(region)
