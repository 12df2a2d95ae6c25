"""Figure 16: the diffeomorphism as a deformed grid, and where it carries each part of a region."""

from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from isr.coordinates import Points
from isr.reporting import overlays, panels

Labels = NDArray[np.int_]

_EDGES = ("#e0218a", "#1f8bf2", "#35d461", "#e0b400")
_GREY = "#8a939c"
_PART_COLOURS = colormaps["tab10"].colors  # type: ignore[attr-defined]


@dataclass(frozen=True, eq=False)
class Deformation:
    """A region and its image in the base's coordinates.

    Attributes:
        image: (h, w, 3) of the picture in [0, 1].
        parts: (h, w), 0 outside of the region, else the number of a part.
        grid: (rows, columns, 2), points of a regular grid over the picture in coordinates.
        carried: (rows, columns, 2), where the diffeomorphism carries them.
        every: of so many rows and columns of points one is drawn as a line.
        base_parts: (n, n'), the part of the point that comes to lie at a point of the base's
            space, -1 where that point lies outside of the picture; on a regular raster.
        base_inside: (n, n'), the base's own foreground on the same raster.
        base_window: (left, top, right, bottom) of the raster in coordinates.
    """

    image: NDArray[np.floating]
    parts: Labels
    grid: Points
    carried: Points
    every: int
    base_parts: Labels
    base_inside: NDArray[np.bool_]
    base_window: tuple[float, float, float, float]


def split(mask: NDArray[np.bool_], count: int = 6) -> Labels:
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
    figure, axes = panels.lay_out(
        [[wide, wide], [picture, wide]] if wide + picture > 1.6 else [[wide, wide, picture, wide]],
        title,
        captions=False,
        tallest=4.4,
    )
    regular, deformed, coloured, carried = _places(axes)
    _show_base(regular, deformation, coloured=False)
    _draw_grid(regular, deformation.grid, deformation.every)
    panels.head(regular, f"(a) {base} base region on the picture's grid")
    _show_base(deformed, deformation, coloured=False)
    _draw_grid(deformed, deformation.carried, deformation.every)
    panels.head(deformed, "(b) where the diffeomorphism carries the grid")
    _show_parts(coloured, deformation)
    panels.head(coloured, f"(c) {name}: the region in parts")
    _show_base(carried, deformation, coloured=True)
    panels.head(carried, "(d) the same parts in the base region")
    names = ("upper", "right", "lower", "left")
    panels.add_legend(
        figure,
        [
            (panels.line(colour), f"{edge} edge of the picture")
            for colour, edge in zip(_EDGES, names, strict=True)
        ],
    )
    return figure


def _places(axes: list[list[Axes]]) -> list[Axes]:
    return [place for row in axes for place in row]


def _show_base(axes: Axes, deformation: Deformation, *, coloured: bool) -> None:
    """The base's space: its foreground in orange, or each point in the colour of its part."""
    shown = np.ones((*deformation.base_parts.shape, 3))
    inside = deformation.base_inside
    shown[inside] = (0.99, 0.83, 0.66)
    if coloured:
        shown = _with_parts(shown, np.where(inside, deformation.base_parts, 0), 0.85)
    left, top, right, bottom = deformation.base_window
    axes.imshow(shown, extent=(left, right, bottom, top), interpolation="nearest")
    for contour in overlays.contours(np.pad(inside.astype(float), 1), 0.5):
        rows, columns = contour.T - 0.5
        x = left + columns / inside.shape[1] * (right - left)
        y = top + rows / inside.shape[0] * (bottom - top)
        axes.plot(x, y, color=overlays.REPRESENTATION, linewidth=2.0)
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])


def _show_parts(axes: Axes, deformation: Deformation) -> None:
    faded = overlays.tinted(deformation.image, deformation.parts > 0, "#ffffff", strength=0.1)
    overlays.show(axes, _with_parts(faded, deformation.parts, 0.7))
    overlays.draw_outline(axes, deformation.parts > 0, overlays.REPRESENTATION)


def _with_parts(image: NDArray[np.floating], parts: Labels, strength: float) -> Points:
    shown = np.array(image, dtype=float)
    for number in range(1, int(parts.max(initial=0)) + 1):
        colour = np.array(_PART_COLOURS[(number - 1) % len(_PART_COLOURS)])
        here = parts == number
        shown[here] = (1 - strength) * shown[here] + strength * colour
    return shown


def _draw_grid(axes: Axes, grid: Points, every: int) -> None:
    """Lines through a grid of points (rows, columns, 2), the outer four in colour."""
    columns = np.moveaxis(grid, 1, 0)
    for line in (*grid[every:-1:every], *columns[every:-1:every]):
        axes.plot(*line.T, color=_GREY, linewidth=0.6)
    edges = (grid[0], grid[:, -1], grid[-1], grid[:, 0])
    for colour, edge in zip(_EDGES, edges, strict=True):
        axes.plot(*edge.T, color=colour, linewidth=2.2)
