"""Figure 3 of a video: how its object moves, frame by frame and between the frames."""

import numpy as np
from matplotlib.figure import Figure

from isr.coordinates import Points
from isr.data.videos import Video
from isr.levels import foreground
from isr.reporting import centroid_path, time_slices
from isr.reporting.video_views import CellFiles

_SIDE = 240
_FRAMES = 12
"""Frames whose mean lies under the path: a long video is not read whole."""


def draw(cell: CellFiles, video: Video, factor: int, title: str) -> Figure:
    """Draw the centroids of the thresholded unaries, and those of the fit in (x, y, t).

    Args:
        cell: of a fit of the whole video.
        video: the video.
        factor: steps from a frame to the next.
        title: stands above.
    """
    count = len(video)
    shown = np.unique(np.linspace(0, count - 1, min(count, _FRAMES)).round().astype(int))
    framewise = [
        centroid_path.centroids(cell.predicted(video.name, number, video.size)[None])[0]
        for number in range(count)
    ]
    return centroid_path.draw(
        np.stack([video.frame(number) / 255.0 for number in shown]),
        np.stack(framewise),
        _between(cell, video, factor),
        np.linspace(0.0, 1.0, count),
        title,
        name=video.name,
        constraint=cell.constraint,
    )


def _between(cell: CellFiles, video: Video, factor: int) -> Points:
    """Centroids (n, 2) of the fit in pixels of the frames, `factor` from a frame to the next."""
    times = np.arange((len(video) - 1) * factor + 1) / factor
    rows, columns = time_slices.raster(video, _SIDE)
    drawn = time_slices.levels(cell, video, times, (rows, columns))
    found = [centroid_path.centroids(foreground(level)[None])[0] for level in drawn]
    return np.asarray(np.stack(found) * [video.width / columns, video.height / rows])
