"""Figure 3: the path of an object's centroid, frame by frame and between the frames."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from isr.coordinates import Points
from isr.data.items import Item
from isr.levels import foreground
from isr.reporting.cell_files import CellFiles
from isr.reporting.drawing import overlays, panels, time_slices

_COLOURS = "plasma"
_PADDING = 0.18
_FRAMES = 12
"""Frames whose mean lies under the path: a long video is not read whole."""


def centroids(masks: NDArray[np.bool_]) -> Points:
    """Centroids (frames, 2) as (x, y) in pixel units of masks (frames, h, w); NaN where empty."""
    rows, columns = np.mgrid[0 : masks.shape[1], 0 : masks.shape[2]] + 0.5
    found = np.full((len(masks), 2), np.nan)
    for number, mask in enumerate(masks):
        if mask.any():
            found[number] = columns[mask].mean(), rows[mask].mean()
    return found


def unevenness(path: Points) -> float:
    """Mean change of the step from one point (n, 2) to the next, in the path's unit.

    >>> unevenness(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 3.0]]))
    1.5
    """
    changes = np.linalg.norm(np.diff(path, n=2, axis=0), axis=-1)
    return float(np.nanmean(changes)) if np.isfinite(changes).any() else float("nan")


def draw_cell(cell: CellFiles, item: Item, between: int, title: str) -> Figure:
    """Draw the centroids of the thresholded unaries, and those of the fit in (x, y, t).

    Args:
        cell: of a fit of the whole video.
        item: the video.
        between: steps from a frame to the next.
        title: stands above.
    """
    count = len(item)
    shown = np.unique(np.linspace(0, count - 1, min(count, _FRAMES)).round().astype(int))
    return draw(
        np.stack([item.frame(int(number)) / 255.0 for number in shown]),
        centroids(np.stack(cell.predictions(item))),
        _between(cell, item, between),
        np.linspace(0.0, 1.0, count),
        title,
        name=item.name.replace("_", " "),
        predictor=cell.predictor.title,
        constraint=cell.constraint,
    )


def _between(cell: CellFiles, item: Item, factor: int) -> Points:
    """Centroids (n, 2) of the fit in pixels of the frames, `factor` from a frame to the next."""
    times = np.arange((len(item) - 1) * factor + 1) / factor
    rows, columns = time_slices.raster(item, time_slices.FINER_SIDE)
    drawn = time_slices.levels(cell, item, times, (rows, columns))
    found = [centroids(foreground(level)[None])[0] for level in drawn]
    return np.asarray(np.stack(found) * [item.width / columns, item.height / rows])


def draw(
    frames: NDArray[np.floating],
    framewise: Points,
    between: Points,
    times: Points,
    title: str,
    *,
    name: str,
    predictor: str,
    constraint: str,
) -> Figure:
    """Draw the path of the thresholded unaries' centroid and that of the representation.

    Both lie over the mean of all frames, cut to where the object moves.

    Args:
        frames: (frames, h, w, 3) in [0, 1].
        framewise: (frames, 2), the unaries' centroids in pixel units.
        between: (frames * k - k + 1, 2), the representation's at equal steps of time, every k-th at
            a frame.
        times: (frames,), those of the frames.
        title: stands above.
        name: of the video.
        predictor: in print.
        constraint: of the representation, in words.
    """
    image = frames.mean(axis=0)
    low, high = _window(np.concatenate([framewise, between]), image.shape[1::-1])
    aspect = float((high - low)[0] / (high - low)[1])
    figure, ((left, right),) = panels.lay_out([[aspect, aspect]], title, tallest=5.2)
    step = (len(between) - 1) // (len(framewise) - 1)
    fine = np.linspace(times[0], times[-1], len(between))
    for axes, path, when in ((left, framewise, times), (right, between, fine)):
        overlays.show(axes, 0.75 * image + 0.25)
        _draw_path(axes, path, when)
        axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]))
    _mark(left, framewise, times)
    _mark(right, between[::step], times)
    panels.head(left, f"(a) {name}: {predictor}, frame by frame")
    panels.head(right, f"(b) {constraint} in (x, y, t), {step} steps from frame to frame")
    for axes, path in ((left, framewise), (right, between[::step])):
        panels.caption(axes, f"mean change from step to step: {unevenness(path):.1f} px")
    _add_time(figure, times)
    return figure


def _window(points: Points, size: tuple[int, ...]) -> tuple[Points, Points]:
    """A box round the path with some room, inside the picture and not too flat."""
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    room = np.maximum(_PADDING * max(size), 0.0)
    middle, half = (low + high) / 2, (high - low) / 2 + room
    half = np.maximum(half, half.max() * 0.6)
    return np.maximum(middle - half, 0), np.minimum(middle + half, np.array(size, dtype=float))


def _draw_path(axes: Axes, path: Points, times: Points) -> None:
    pieces = np.stack([path[:-1], path[1:]], axis=1)
    axes.add_collection(LineCollection(list(pieces), colors="#000000", linewidths=5.0, alpha=0.6))
    lines = LineCollection(list(pieces), cmap=_COLOURS, norm=_span(times), linewidths=3.0)
    lines.set_array((times[:-1] + times[1:]) / 2)
    axes.add_collection(lines)


def _mark(axes: Axes, points: Points, times: Points) -> None:
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=46,
        c=times,
        cmap=_COLOURS,
        norm=_span(times),
        edgecolors="#ffffff",
        linewidths=1.3,
        zorder=3,
    )


def _span(times: Points) -> Normalize:
    return Normalize(float(times[0]), float(times[-1]))


def _add_time(figure: Figure, times: Points) -> None:
    height = float(figure.get_size_inches()[1])
    place = figure.add_axes((0.36, 0.16 / height, 0.28, 0.13 / height))
    bar = figure.colorbar(
        ScalarMappable(_span(times), _COLOURS), cax=place, orientation="horizontal"
    )
    bar.set_ticks([])
    place.text(
        -0.03, 0.5, "first frame", ha="right", va="center", fontsize=10.5, transform=place.transAxes
    )
    place.text(
        1.03, 0.5, "last frame", ha="left", va="center", fontsize=10.5, transform=place.transAxes
    )
