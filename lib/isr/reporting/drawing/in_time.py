"""Figures 3, 17 and 18: a region in (x, y, t) at the frames of its video and in between."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path
from mpl_toolkits.mplot3d.art3d import Line3DCollection, pathpatch_2d_to_3d
from numpy.typing import NDArray

from isr.coordinates import Points, grid_coordinates
from isr.data.items import Item
from isr.errors import UserError
from isr.evaluation.columns import UNARIES
from isr.evaluation.drawing import level_function
from isr.levels import foreground
from isr.reporting.cell_files import REPRESENTATION, CellFiles, Mask
from isr.reporting.drawing import overlays, panels
from isr.reporting.drawing.level_surface import flat_polygons, picture_squares

Floats = NDArray[np.float64]

NOISE = "#e0218a"

_COLOURS = colormaps["plasma"]
_BRIGHTEST = 0.88
_TALL = 1.15
_FILLED = 24
_TICKS = 20
_SIDE = 160
_POINTS = 3_000_000
_FINER_SIDE = 240
_ROOM = 0.18
"""Round a path, as a share of the picture's long side."""
_FRAMES = 12
"""Frames whose mean lies under the path: a long video is not read whole."""


def levels(
    cell: CellFiles, item: Item, times: NDArray[np.floating], long_side: int = _FINER_SIDE
) -> Iterator[Points]:
    """Levels (rows, columns) on a raster over the video, one time after the other.

    Args:
        cell: of a fit of the whole video.
        item: the video; its first frame lies at t = 0, its last at t = 1 (appendix C.3.3).
        times: (n,) as indices of frames.
        long_side: samples of the raster along the longer side, at most those of the video.

    Raises:
        UserError: the cell has no fit of the whole video.
    """
    representation = cell.representation(item.name)
    third = cell.scene(item).third
    if representation.dim != 3 or third is None or not item.is_video:
        raise UserError(f"{cell.folder}: the fit of {item.name} has no time: name another cell.")
    level = level_function(representation)
    factor = min(1.0, long_side / max(item.size))
    grid = max(2, round(item.height * factor)), max(2, round(item.width * factor))
    plane = grid_coordinates(*item.size, grid, cell.about["convention"])
    for time in np.interp(times, np.arange(len(item)), third.coordinates):
        yield level(np.concatenate([plane, np.full((*grid, 1), time)], axis=-1))


def _between(item: Item, steps: int) -> Floats:
    """Times of a video as indices of its frames, so many steps from a frame to the next."""
    return np.asarray(np.arange((len(item) - 1) * steps + 1) / steps)


def outlines(level: Floats, size: tuple[int, int]) -> list[Floats]:
    """Closed outlines (m, 2) of the foreground of a level (rows, columns).

    They are (x, y) in pixel units of a picture of a size (h, w) over which the level lies. Where
    the foreground meets the frame, its outline runs along it.
    """
    # Hardly background: so the outline runs outside, from where it is brought back to the frame.
    padded = np.pad(level, 1, constant_values=1e-9 * max(float(np.abs(level).max()), 1e-9))
    shares = np.array(size[::-1]) / np.array(level.shape[::-1])
    lines = overlays.contours(padded, 0.0)
    return [((line[:, ::-1] - 0.5) * shares).clip(0, size[::-1]) for line in lines]


def draw_slices(cell: CellFiles, item: Item, steps: int, title: str) -> Figure:
    """Figure 17: outlines at times stacked along the axis of time over the first frame.

    At frames the region is filled, between them it is a line; colours go with time.

    Args:
        cell: of a fit of the whole video.
        item: the video.
        steps: from a frame to the next.
        title: stands above.
    """
    times = _between(item, steps)
    # Of a long video the slices lie close, and are drawn on a coarser raster.
    side = min(_SIDE, round((_POINTS / len(times)) ** 0.5))
    lines = [outlines(level, item.size) for level in levels(cell, item, times, side)]
    figure = Figure(figsize=(9.0, 8.4), dpi=160)
    axes: Any = figure.add_axes((-0.04, -0.05, 1.08, 1.07), projection="3d", computed_zorder=False)
    # How far below the first slice the picture lies, in frames.
    below = 0.06 * (len(item) - 1)
    polygons, colours = picture_squares(item.frame(0) / 255.0)
    side = max(item.size)
    polygons = polygons * [side, side, 1.0] + [0.0, 0.0, -below]
    axes.add_collection3d(flat_polygons(polygons, colours, 1), autolim=False)
    add_slices(axes, times, lines)
    last = len(item) - 1
    axes.set(xlim=(0, item.width), ylim=(item.height, 0), zlim=(-below, last + below / 2))
    axes.set_box_aspect((item.width, item.height, _TALL * side), zoom=0.92)
    axes.set_zticks(np.arange(0.0, last + 1e-9, max(1, -(-last // _TICKS))))
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel("x", labelpad=-12)
    axes.set_ylabel("y", labelpad=-12)
    axes.set_zlabel("t as index of the frame")
    axes.tick_params(labelsize=9)
    axes.view_init(elev=21.0, azim=-62.0)
    at = f"{item.name.replace('_', ' ')}: {cell.constraint} in (x, y, t) at a frame"
    more = f"between frames ({steps} times as many slices)" if steps > 1 else "other frames"
    middle = _COLOURS(_BRIGHTEST / 2)
    entries: list[panels.Entry] = [
        (Patch(facecolor=middle, edgecolor="#000000"), at),
        (panels.line(middle, 1.2), more),
    ]
    panels.add_legend(figure, entries)
    panels.add_title(figure, title, y=0.985)
    return figure


def add_slices(axes: Any, times: Floats, outlines: Sequence[Sequence[Floats]]) -> None:
    """Stack outlines on 3-D axes.

    Args:
        axes: of (x, y, t).
        times: (n,) from 0, as indices of frames; those between two frames are no whole numbers.
        outlines: for each time the closed lines (m, 2) as (x, y) in pixel units.
    """
    is_frame = np.isclose(times, np.round(times))
    every = -(-int(is_frame.sum()) // _FILLED)
    filled = is_frame & ((np.cumsum(is_frame) - 1) % every == 0)
    for number, (time, lines) in enumerate(zip(times, outlines, strict=True)):
        colour = _COLOURS(_BRIGHTEST * time / max(times[-1], 1e-9))
        # Seen from above, what is later covers what is earlier.
        order = number + 2
        if not lines:
            continue
        if filled[number]:
            region = Path.make_compound_path(*(Path(line, closed=True) for line in lines))
            style = {"facecolor": (*colour[:3], 0.8), "edgecolor": "#000000", "linewidth": 0.9}
            patch = axes.add_patch(PathPatch(region, zorder=order, **style))
            pathpatch_2d_to_3d(patch, z=float(time), zdir="z")
        else:
            places = [np.column_stack([line, np.full(len(line), time)]) for line in lines]
            style = {"colors": [(*colour[:3], 0.75)], "linewidths": 0.7}
            axes.add_collection3d(Line3DCollection(places, zorder=order, **style), autolim=False)


def draw_moments(cell: CellFiles, item: Item, frames: range, steps: int, title: str) -> Figure:
    """Figure 18: a row for each frame: itself, then the masks on the way to the next on white.

    Args:
        cell: of a fit of the whole video.
        item: the video.
        frames: that are shown.
        steps: from a frame to the next.
        title: stands above.

    Raises:
        UserError: the cell has no fit of the whole video, or was not compared with its unaries.
    """
    noisy = cell.noisy(item.name)
    scores = cell.scores(item.name, UNARIES)
    if REPRESENTATION not in scores:
        raise UserError(
            f"{cell.folder / 'metrics.csv'} compares no representation with unaries: evaluate the "
            "cell again."
        )
    columns = steps if len(frames) > 1 else 1
    aspects = [item.width / item.height] * (columns * len(frames))
    figure, places = panels.lay_out(aspects, title, per_row=columns, captions=False, tallest=2.0)
    for row, number in enumerate(frames):
        first, *between = places[columns * row : columns * (row + 1)]
        overlays.show(first, item.frame(number) / 255.0)
        mask = cell.mask(item, number)
        overlays.draw_outline(first, mask, overlays.REPRESENTATION, width=1.6)
        colour = NOISE if number in noisy else "#000000"
        iou = scores[REPRESENTATION].get(number)
        told = f"frame {number}{', noise' if number in noisy else ''}"
        told += "" if iou is None else f": IoU {iou:.2f}"
        first.set_title(told, fontsize=9.5, pad=3, color=colour)
        if number in noisy:
            _frame(first, NOISE, 3.5)
        if number + 1 in frames:
            times = number + np.arange(1, steps) / steps
            for place, time, level in zip(between, times, levels(cell, item, times), strict=True):
                _draw_between(place, time, foreground(level))
        else:
            for place in between:
                place.set_axis_off()
    noise = Rectangle((0, 0), 1, 1, fill=False, edgecolor=NOISE, lw=3)
    shown = panels.line(overlays.REPRESENTATION)
    entries = [(shown, f"{cell.constraint} in (x, y, t)"), (noise, "frame fitted to noise")]
    panels.add_legend(figure, entries)
    return figure


def _draw_between(axes: Axes, time: float, mask: Mask) -> None:
    white = np.ones((*mask.shape, 3))
    overlays.show(axes, overlays.painted(white, [(mask, overlays.REPRESENTATION)], 0.65))
    overlays.draw_outline(axes, mask, overlays.REPRESENTATION, width=0.9)
    _frame(axes, "#9aa1a8", 0.8)
    axes.set_title(f"frame {time:.2f}", fontsize=9, pad=3, color="#5b6670")


def _frame(axes: Axes, colour: str, width: float) -> None:
    """A line round a whole panel."""
    place = Rectangle(
        (0, 0), 1, 1, transform=axes.transAxes, fill=False, edgecolor=colour, lw=width
    )
    place.set_clip_on(False)
    axes.add_patch(place)


def centroids(masks: Iterable[Mask], size: tuple[int, int]) -> Points:
    """Centroids (n, 2) of masks as (x, y) in pixel units; NaN where empty.

    Args:
        masks: (rows, columns) each, over a whole picture.
        size: (h, w) of the picture.
    """
    found = []
    for mask in masks:
        shares = np.array(size) / mask.shape
        row, column = (
            (places + 0.5).mean() if len(places) else np.nan for places in np.nonzero(mask)
        )
        found.append((column * shares[1], row * shares[0]))
    return np.array(found)


def unevenness(path: Points) -> float:
    """Mean change of the step from one point (n, 2) to the next, in the path's unit.

    >>> unevenness(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 3.0]]))
    1.5
    """
    changes = np.linalg.norm(np.diff(path, n=2, axis=0), axis=-1)
    return float(np.nanmean(changes)) if np.isfinite(changes).any() else float("nan")


def draw_path(cell: CellFiles, item: Item, steps: int, title: str) -> Figure:
    """Figure 3: the centroids of the thresholded unaries, and those of the fit in (x, y, t).

    Both paths lie over the mean of the frames, cut to where the object moves.

    Args:
        cell: of a fit of the whole video.
        item: the video, of two frames or more.
        steps: from a frame to the next.
        title: stands above.
    """
    count = len(item)
    shown = np.unique(np.linspace(0, count - 1, min(count, _FRAMES)).round().astype(int))
    image = np.stack([item.frame(int(number)) / 255.0 for number in shown]).mean(axis=0)
    framewise = centroids(cell.predictions(item), item.size)
    between = centroids(map(foreground, levels(cell, item, _between(item, steps))), item.size)
    low, high = _window(np.concatenate([framewise, between]), item.size[::-1])
    aspect = float((high - low)[0] / (high - low)[1])
    figure, (left, right) = panels.lay_out([aspect, aspect], title, tallest=5.2)
    heads = (
        f"(a) {item.name.replace('_', ' ')}: {cell.predictor.title}, frame by frame",
        f"(b) {cell.constraint} in (x, y, t), {steps} steps from frame to frame",
    )
    for axes, path, step, head in (
        (left, framewise, 1, heads[0]),
        (right, between, steps, heads[1]),
    ):
        overlays.show(axes, 0.75 * image + 0.25)
        _draw_path(axes, path, step)
        axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]))
        uneven = unevenness(path[::step])
        panels.head(axes, head, f"mean change from step to step: {uneven:.1f} px")
    _add_time(figure)
    return figure


def _window(points: Points, size: tuple[int, ...]) -> tuple[Points, Points]:
    """A box round the path with some room, inside the picture and not too flat."""
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    middle, half = (low + high) / 2, (high - low) / 2 + _ROOM * max(size)
    half = np.maximum(half, half.max() * 0.6)
    return np.maximum(middle - half, 0), np.minimum(middle + half, np.array(size, dtype=float))


def _draw_path(axes: Axes, path: Points, step: int) -> None:
    """A path (n, 2) in the colours of time, with a mark at every so many of its points."""
    times = np.linspace(0.0, 1.0, len(path))
    pieces = list(np.stack([path[:-1], path[1:]], axis=1))
    style: dict[str, Any] = {"cmap": _COLOURS, "norm": Normalize(0.0, 1.0)}
    axes.add_collection(LineCollection(pieces, colors="#000000", linewidths=5.0, alpha=0.6))
    lines = LineCollection(pieces, linewidths=3.0, **style)
    lines.set_array((times[:-1] + times[1:]) / 2)
    axes.add_collection(lines)
    style |= {"s": 46, "edgecolors": "#ffffff", "linewidths": 1.3, "zorder": 3}
    x, y = path[::step].T
    axes.scatter(x, y, c=times[::step], **style)


def _add_time(figure: Figure) -> None:
    height = float(figure.get_size_inches()[1])
    place = figure.add_axes((0.36, 0.16 / height, 0.28, 0.13 / height))
    times = ScalarMappable(Normalize(0.0, 1.0), _COLOURS)
    figure.colorbar(times, cax=place, orientation="horizontal").set_ticks([])
    style: dict[str, Any] = {"va": "center", "fontsize": 10.5, "transform": place.transAxes}
    place.text(-0.03, 0.5, "first frame", ha="right", **style)
    place.text(1.03, 0.5, "last frame", ha="left", **style)
