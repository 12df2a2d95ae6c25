"""Figure 17: a region in (x, y, t), at the frames of its video and in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from mpl_toolkits.mplot3d.art3d import Line3DCollection, pathpatch_2d_to_3d
from numpy.typing import NDArray

from isr.reporting import overlays
from isr.reporting.level_surface import flat_polygons, picture_squares

Floats = NDArray[np.float64]

_COLOURS = colormaps["plasma"]
_BRIGHTEST = 0.88
_TALL = 1.15
_FILLED = 24
_TICKS = 20
_VIEW = (21.0, -62.0)


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


def draw(slices: Slices, title: str, *, name: str, constraint: str) -> Figure:
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
    figure.suptitle(title, fontsize=13, y=0.985, va="top")
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
