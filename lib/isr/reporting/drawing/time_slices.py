"""Figures 17 and 18: a region in (x, y, t) at the frames of its video and in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
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
_VIEW = (21.0, -62.0)
_SIDE = 160
_POINTS = 3_000_000
FINER_SIDE = 240


def raster(item: Item, long_side: int) -> tuple[int, int]:
    """Rows and columns of a raster over a video with at most so many on the longer side."""
    factor = min(1.0, long_side / max(item.size))
    return max(2, round(item.height * factor)), max(2, round(item.width * factor))


def levels(
    cell: CellFiles, item: Item, times: NDArray[np.floating], grid: tuple[int, int]
) -> Iterator[Points]:
    """Levels (rows, columns) on a raster over the video, one time after the other.

    Args:
        cell: of a fit of the whole video.
        item: the video; its first frame lies at t = 0, its last at t = 1 (appendix C.3.3).
        times: (n,) as indices of frames.
        grid: rows and columns.

    Raises:
        UserError: the cell has no fit of the whole video.
    """
    representation = cell.representation(item.name)
    third = cell.scene(item).third
    if representation.dim != 3 or third is None or not item.is_video:
        raise UserError(f"{cell.folder}: the fit of {item.name} has no time: name another cell.")
    level = level_function(representation)
    plane = grid_coordinates(*item.size, grid, cell.about["convention"])
    for time in np.interp(times, np.arange(len(item)), third.values):
        yield level(np.concatenate([plane, np.full((*grid, 1), time)], axis=-1))


@dataclass(frozen=True, eq=False)
class Slices:
    """Outlines of a region at several times.

    Attributes:
        image: (h, w, 3) of the first frame in [0, 1].
        times: (n,), ascending, as frame indices; those between two frames are no whole numbers.
        outlines: for each time the closed lines (m, 2) as (x, y) in pixel units of the image.
    """

    image: NDArray[np.floating]
    times: Floats
    outlines: Sequence[Sequence[Floats]]


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


def slices(cell: CellFiles, item: Item, factor: int) -> Slices:
    """Outlines at every frame and, `factor` times as many in all, between them."""
    times = np.arange((len(item) - 1) * factor + 1) / factor
    # Of a long video the slices lie close, and are drawn on a coarser raster.
    side = min(_SIDE, round((_POINTS / len(times)) ** 0.5))
    drawn = levels(cell, item, times, raster(item, side))
    return Slices(item.frame(0) / 255.0, times, [outlines(level, item.size) for level in drawn])


def draw_slices(slices: Slices, title: str, *, name: str, constraint: str) -> Figure:
    """Draw the outlines stacked along the axis of time over the first frame.

    At frames the region is filled, between them it is a line; colours go with time.

    Args:
        slices: what to show.
        title: stands above.
        name: of the video.
        constraint: of the representation, in words.
    """
    figure = Figure(figsize=(9.0, 8.4), dpi=160)
    axes: Any = figure.add_axes((-0.04, -0.05, 1.08, 1.07), projection="3d", computed_zorder=False)
    height, width = slices.image.shape[:2]
    side = max(height, width)
    polygons, colours = picture_squares(slices.image)
    polygons = polygons * [side, side, 1.0] + [0.0, 0.0, slices.times[0] - _below(slices)]
    axes.add_collection3d(flat_polygons(polygons, colours, 1), autolim=False)
    _add_slices(axes, slices)
    _set_axes(axes, slices)
    between = round((len(slices.times) - 1) / max(slices.times[-1] - slices.times[0], 1))
    middle = _COLOURS(_BRIGHTEST / 2)
    figure.legend(
        [Patch(facecolor=middle, edgecolor="#000000"), Line2D([], [], color=middle, lw=1.2)],
        [
            f"{name}: {constraint} in (x, y, t) at a frame",
            f"between frames ({between} times as many slices)" if between > 1 else "other frames",
        ],
        loc="lower center",
        ncols=2,
        frameon=False,
        fontsize=10.5,
    )
    panels.add_title(figure, title, y=0.985)
    return figure


def _below(slices: Slices) -> float:
    """How far below the first slice the picture lies, in frames."""
    return 0.06 * float(slices.times[-1] - slices.times[0])


def _add_slices(axes: Any, slices: Slices) -> None:
    span = slices.times[0], slices.times[-1]
    is_frame = np.isclose(slices.times, np.round(slices.times))
    every = -(-int(is_frame.sum()) // _FILLED)
    seen = 0
    for number, (time, lines) in enumerate(zip(slices.times, slices.outlines, strict=True)):
        colour = _COLOURS(_BRIGHTEST * (time - span[0]) / max(span[1] - span[0], 1e-9))
        filled = bool(is_frame[number]) and seen % every == 0
        seen += int(is_frame[number])
        if not lines:
            continue
        # Seen from above, what is later covers what is earlier.
        order = number + 2
        if filled:
            region = Path.make_compound_path(*(Path(line, closed=True) for line in lines))
            style = {"facecolor": (*colour[:3], 0.8), "edgecolor": "#000000", "linewidth": 0.9}
            patch = axes.add_patch(PathPatch(region, zorder=order, **style))
            pathpatch_2d_to_3d(patch, z=float(time), zdir="z")
        else:
            places = [np.column_stack([line, np.full(len(line), time)]) for line in lines]
            style = {"colors": [(*colour[:3], 0.75)], "linewidths": 0.7}
            axes.add_collection3d(Line3DCollection(places, zorder=order, **style), autolim=False)


def _set_axes(axes: Any, slices: Slices) -> None:
    height, width = slices.image.shape[:2]
    first, last = slices.times[0], slices.times[-1]
    axes.set(
        xlim=(0, width), ylim=(height, 0), zlim=(first - _below(slices), last + _below(slices) / 2)
    )
    axes.set_box_aspect((width, height, _TALL * max(height, width)), zoom=0.92)
    step = max(1, -(-int(last - first) // _TICKS))
    axes.set_zticks(np.arange(first, last + 1e-9, step))
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel("x", labelpad=-12)
    axes.set_ylabel("y", labelpad=-12)
    axes.set_zlabel("t as index of the frame")
    axes.tick_params(labelsize=9)
    axes.view_init(elev=_VIEW[0], azim=_VIEW[1])


@dataclass(frozen=True, eq=False)
class Moment:
    """A region at a frame or between two.

    Attributes:
        time: as index of the frame.
        mask: (h, w), the foreground of the representation.
        image: (h, w, 3) in [0, 1] of the frame; None between frames.
        noisy: whether the unaries of the frame were replaced by noise.
        iou: with the clean unaries, None where it is not known.
    """

    time: float
    mask: Mask
    image: NDArray[np.floating] | None = None
    noisy: bool = False
    iou: float | None = None


def moments(cell: CellFiles, item: Item, frames: range, factor: int) -> list[list[Moment]]:
    """For each of some frames: itself, then `factor` - 1 moments on the way to the next.

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
    grid = raster(item, FINER_SIDE)
    rows = []
    for number in frames:
        mask = cell.mask(item, number)
        row = [
            Moment(
                number,
                mask,
                item.frame(number) / 255.0,
                number in noisy,
                scores[REPRESENTATION].get(number),
            )
        ]
        if number + 1 in frames:
            times = number + np.arange(1, factor) / factor
            row += [
                Moment(float(time), foreground(level))
                for time, level in zip(times, levels(cell, item, times, grid), strict=True)
            ]
        rows.append(row)
    return rows


def draw_moments(rows: Sequence[Sequence[Moment]], title: str, *, constraint: str) -> Figure:
    """Draw a row for each frame: the frame, then the masks on the way to the next one on white.

    Args:
        rows: a frame and the moments up to the next; the last row may be the frame alone.
        title: stands above.
        constraint: of the representation, in words.
    """
    height, width = rows[0][0].mask.shape
    columns = max(map(len, rows))
    figure, axes = panels.lay_out(
        [[width / height] * columns] * len(rows), title, captions=False, tallest=2.0
    )
    for places, row in zip(axes, rows, strict=True):
        for place, moment in zip(places, row, strict=False):
            _draw_moment(place, moment)
        for place in places[len(row) :]:
            place.set_axis_off()
    panels.add_legend(
        figure,
        [
            (panels.line(overlays.REPRESENTATION), f"{constraint} in (x, y, t)"),
            (
                Rectangle((0, 0), 1, 1, fill=False, edgecolor=NOISE, lw=3),
                "frame fitted to noise",
            ),
        ],
    )
    return figure


def _draw_moment(axes: Axes, moment: Moment) -> None:
    if moment.image is None:
        shown = np.ones((*moment.mask.shape, 3))
        shown[moment.mask] = 0.35 + 0.65 * np.array(to_rgb(overlays.REPRESENTATION))
        overlays.show(axes, shown)
        overlays.draw_outline(axes, moment.mask, overlays.REPRESENTATION, width=0.9)
        _frame(axes, "#9aa1a8", 0.8)
        axes.set_title(f"frame {moment.time:.2f}", fontsize=9, pad=3, color="#5b6670")
        return
    overlays.show(axes, moment.image)
    overlays.draw_outline(axes, moment.mask, overlays.REPRESENTATION)
    score = "" if moment.iou is None else f": IoU {moment.iou:.2f}"
    words = f"frame {round(moment.time)}{', noise' if moment.noisy else ''}{score}"
    axes.set_title(words, fontsize=9.5, pad=3, color=NOISE if moment.noisy else "#000000")
    if moment.noisy:
        _frame(axes, NOISE, 3.5)


def _frame(axes: Axes, colour: str, width: float) -> None:
    """A line round a whole panel."""
    place = Rectangle(
        (0, 0), 1, 1, transform=axes.transAxes, fill=False, edgecolor=colour, lw=width
    )
    place.set_clip_on(False)
    axes.add_patch(place)
