"""Figure 16: the diffeomorphism as a deformed grid, and where it carries each part of a region."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage
from scipy.cluster.vq import kmeans2

from isr.coordinates import Points, Scene, to_pixels
from isr.evaluation.drawing import frozen_copy, level_function
from isr.levels import foreground
from isr.reporting.cell_files import Mask
from isr.reporting.drawing import overlays, panels
from isr.representations.path_connected import PathConnected

Labels = NDArray[np.int_]

_LINES = 20
_EVERY = 8
"""Of so many rows and columns of points one is drawn as a line."""
_BASE_SIDE = 420
_EDGES = ("#e0218a", "#1f8bf2", "#35d461", "#e0b400")
_GREY = "#8a939c"
_COLOURS = colormaps["tab10"].colors  # type: ignore[attr-defined]


@dataclass(frozen=True, eq=False)
class Deformation:
    """A region and its image in the base's coordinates.

    Attributes:
        image: (h, w, 3) of the picture in [0, 1].
        parts: (h, w), 0 outside of the region, else the number of a part.
        grid: (rows, columns, 2), points of a regular grid over the picture in coordinates.
        carried: (rows, columns, 2), where the diffeomorphism carries them.
        base_parts: (n, n'), the part of the point that comes to lie at a point of the base's
            space, -1 where that point lies outside of the picture; on a regular raster.
        base_inside: (n, n'), the base's own foreground on the same raster.
        base_window: (left, top, right, bottom) of the raster in coordinates.
    """

    image: NDArray[np.floating]
    parts: Labels
    grid: Points
    carried: Points
    base_parts: Labels
    base_inside: Mask
    base_window: tuple[float, float, float, float]


def split(mask: Mask, count: int = 6) -> Labels:
    """Divide a mask (h, w) into about equal compact parts, numbered from 1 from left to right."""
    labels = np.zeros(mask.shape, dtype=int)
    points = np.argwhere(mask).astype(float)
    if len(points) < count:
        labels[mask] = 1
        return labels
    chosen = [points[0]]
    for _ in range(count - 1):
        distances = np.min([((points - each) ** 2).sum(axis=1) for each in chosen], axis=0)
        chosen.append(points[distances.argmax()])
    centres, found = kmeans2(points, np.array(chosen), minit="matrix", iter=20)
    ranks = np.empty(count, dtype=int)
    ranks[np.argsort(centres[:, 1], kind="stable")] = np.arange(1, count + 1)
    labels[mask] = ranks[found]
    return labels


def find_deformation(
    representation: PathConnected, scene: Scene, image: NDArray[np.floating], mask: Mask
) -> Deformation:
    """Carry a grid over the picture and a region in parts into the base's space.

    Args:
        representation: path-connected, in (x, y).
        scene: the picture's.
        image: (h, w, 3) in [0, 1].
        mask: (h, w), the drawn foreground.
    """
    frozen: Any = frozen_copy(representation)
    low, high = scene.box()
    rows, columns = (max(2, round(_LINES * side)) for side in (high - low)[::-1])
    x = np.linspace(low[0], high[0], columns * _EVERY + 1)
    y = np.linspace(low[1], high[1], rows * _EVERY + 1)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    carried = _through(frozen.to_base, grid)
    region = _through(frozen.to_base, scene.coordinates()[mask])
    window = _base_window(grid.reshape(-1, 2), carried.reshape(-1, 2), region)
    base = _raster(window)
    origins = to_pixels(
        _through(frozen.from_base, base), scene.height, scene.width, scene.convention
    )
    parts = split(mask)
    return Deformation(
        image,
        parts,
        grid,
        carried,
        _look_up(parts, origins),
        foreground(level_function(frozen.base)(base)),
        window,
    )


def _through(function: Any, points: Points) -> Points:
    """Apply a function of tensors to points (..., 2)."""
    with torch.no_grad():
        return np.asarray(function(torch.from_numpy(np.ascontiguousarray(points))).numpy())


def _box(points: Points) -> tuple[float, float, float, float]:
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.04 * float((high - low).max())
    (left, top), (right, bottom) = low - room, high + room
    return float(left), float(top), float(right), float(bottom)


def _base_window(
    grid: Points, carried: Points, region: Points
) -> tuple[float, float, float, float]:
    """What is shown of the base's space, all arguments (n, 2): grid and region as a whole.

    Of the carried grid only what lies near them: far from the region it may be drawn out at will.
    """
    shown = np.concatenate([grid, region])
    low, high = shown.min(axis=0), shown.max(axis=0)
    reach = 0.4 * float((high - low).max())
    return _box(np.concatenate([shown, carried.clip(low - reach, high + reach)]))


def _raster(window: tuple[float, float, float, float]) -> Points:
    left, top, right, bottom = window
    step = max(right - left, bottom - top) / _BASE_SIDE
    x = np.arange(left + step / 2, right, step)
    y = np.arange(top + step / 2, bottom, step)
    return np.stack(np.meshgrid(x, y), axis=-1)


def _look_up(parts: Labels, origins: Points) -> Labels:
    """The nearest part of each point (..., 2) in pixel units; -1 outside of the picture."""
    height, width = parts.shape
    if not parts.any():
        return np.full(origins.shape[:-1], -1)
    rows, columns = ndimage.distance_transform_edt(
        parts == 0, return_distances=False, return_indices=True
    )
    nearest = parts[rows, columns]
    x, y = np.moveaxis(np.nan_to_num(origins, nan=-1.0), -1, 0)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    column = np.clip(x, 0, width - 1).astype(int)
    row = np.clip(y, 0, height - 1).astype(int)
    return np.where(inside, nearest[row, column], -1)


def draw(deformation: Deformation, title: str, *, name: str, base: str) -> Figure:
    """Draw the base on a regular grid, the grid deformed, and the coloured parts in both spaces.

    The grid's edges have the colours of the picture's edges that they are.

    Args:
        deformation: what to show.
        title: stands above.
        name: of the picture.
        base: what the base region is, such as convex.
    """
    height, width = deformation.image.shape[:2]
    left, top, right, bottom = deformation.base_window
    wide = (right - left) / (bottom - top)
    picture = width / height
    figure, (regular, deformed, coloured, carried) = panels.lay_out(
        [wide, wide, picture, wide],
        title,
        per_row=2 if wide + picture > 1.6 else 4,
        captions=False,
        tallest=4.4,
    )
    _show_base(regular, deformation)
    _draw_grid(regular, deformation.grid)
    panels.head(regular, f"(a) {base} base region on the picture's grid")
    _show_base(deformed, deformation)
    _draw_grid(deformed, deformation.carried)
    panels.head(deformed, "(b) where the diffeomorphism carries the grid")
    parts = deformation.parts
    faded = overlays.tinted(deformation.image, parts > 0, "#ffffff", strength=0.1)
    overlays.show(coloured, overlays.painted(faded, _layers(parts), 0.7))
    overlays.draw_outline(coloured, parts > 0, overlays.REPRESENTATION, width=1.6)
    panels.head(coloured, f"(c) {name}: the region in parts")
    _show_base(carried, deformation, coloured=True)
    panels.head(carried, "(d) the same parts in the base region")
    names = ("upper", "right", "lower", "left")
    edges = [f"{edge} edge of the picture" for edge in names]
    panels.add_legend(figure, list(zip(map(panels.line, _EDGES), edges, strict=True)))
    return figure


def _show_base(axes: Axes, deformation: Deformation, *, coloured: bool = False) -> None:
    """The base's space: its foreground in orange, or each point in the colour of its part."""
    shown = np.ones((*deformation.base_parts.shape, 3))
    inside = deformation.base_inside
    shown[inside] = (0.99, 0.83, 0.66)
    if coloured:
        parts = np.where(inside, deformation.base_parts, 0)
        shown = overlays.painted(shown, _layers(parts), 0.85)
    left, top, right, bottom = deformation.base_window
    axes.imshow(shown, extent=(left, right, bottom, top), interpolation="nearest")
    for line in overlays.outlines(inside):
        x, y = ((left, top) + line / inside.shape[::-1] * (right - left, bottom - top)).T
        axes.plot(x, y, color=overlays.REPRESENTATION, linewidth=2.0)
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])


def _layers(parts: Labels) -> list[tuple[Mask, Any]]:
    """Each part with its colour."""
    numbers = range(1, int(parts.max(initial=0)) + 1)
    return [(parts == each, _COLOURS[(each - 1) % len(_COLOURS)]) for each in numbers]


def _draw_grid(axes: Axes, grid: Points) -> None:
    """Lines through a grid of points (rows, columns, 2), the outer four in colour."""
    columns = np.moveaxis(grid, 1, 0)
    for line in (*grid[_EVERY:-1:_EVERY], *columns[_EVERY:-1:_EVERY]):
        axes.plot(*line.T, color=_GREY, linewidth=0.6)
    edges = (grid[0], grid[:, -1], grid[-1], grid[:, 0])
    for colour, edge in zip(_EDGES, edges, strict=True):
        axes.plot(*edge.T, color=colour, linewidth=2.2)
