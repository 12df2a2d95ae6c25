"""Figure 9: the level of a representation as a surface that cuts the picture in its outline."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection
from numpy.typing import NDArray
from scipy import ndimage
from skimage.transform import resize

from isr.reporting.drawing import overlays, panels

Floats = NDArray[np.float64]

_PICTURE_SIDE = 230
_SURFACE_SIDE = 110
_BELOW, _PLANE, _ABOVE = 1, 2, 3
_TOP = 0.6
_RELIEF = 0.3
_BANDS = 12
_SUN = np.array([0.45, 0.5, 0.74])
_COLOURS = LinearSegmentedColormap.from_list(
    "level", ["#40206f", "#8f3a9d", overlays.REPRESENTATION, "#ffd27a"]
)


def draw(level: Floats, image: NDArray[np.floating], title: str) -> Figure:
    """Draw the level (without sigmoid) over the picture, which lies as a plane at level 0.

    Heights are in units of the deepest level; the surface is cut off a little above the plane, so
    that the picture stays visible.

    Args:
        level: (h, w), foreground where it is at most 0.
        image: (h, w, 3) in [0, 1].
        title: stands above.
    """
    figure = Figure(figsize=(8.0, 5.6), dpi=160)
    # Larger than the figure: a 3-D axes leaves wide margins around its box.
    _add_scene(figure, (-0.2, -0.22, 1.4, 1.4), level, image)
    _add_legend(figure)
    panels.add_title(figure, title, y=0.97)
    return figure


def draw_several(
    surfaces: Sequence[tuple[Floats, NDArray[np.floating], str]], title: str
) -> Figure:
    """Draw several levels as `draw` does, two in a row, each under its own heading.

    Args:
        surfaces: level (h, w), image (h, w, 3) and heading of each.
        title: stands above.
    """
    rows = -(-len(surfaces) // 2)
    width, height, top, bottom = 12.4, 4.5, 0.5, 0.46
    size = (width, rows * height + top + bottom)
    figure = Figure(figsize=size, dpi=160)
    for number, (level, image, heading) in enumerate(surfaces):
        row, column = divmod(number, 2)
        alone = column == 0 and number == len(surfaces) - 1
        left = 0.25 if alone else 0.5 * column
        low = (bottom + (rows - 1 - row) * height) / size[1]
        tall = height / size[1]
        # The axes are larger than their place, as in `draw`.
        place = (left - 0.1, low - 0.19 * tall, 0.7, 1.32 * tall)
        _add_scene(figure, place, level, image)
        figure.text(left + 0.25, low + tall - 0.1 / size[1], heading, fontsize=12, ha="center")
    _add_legend(figure)
    panels.add_title(figure, title, y=1 - 0.1 / size[1])
    return figure


def _add_scene(
    figure: Figure,
    place: tuple[float, float, float, float],
    level: Floats,
    image: NDArray[np.floating],
) -> None:
    """Put the picture, the surface and its outline at a place (left, bottom, width, height)."""
    lowest = float(level.min())
    depth = -lowest if lowest < 0 else max(float(np.abs(level).max()), 1e-9)
    side = max(level.shape)
    width, height = level.shape[1] / side, level.shape[0] / side
    axes: Any = figure.add_axes(place, projection="3d", computed_zorder=False)
    axes.patch.set_visible(False)
    polygons, colours = picture_squares(image)
    axes.add_collection3d(flat_polygons(polygons, colours, _PLANE), autolim=False)
    heights = level / depth * _RELIEF
    triangles, light = _triangles(heights), _light(heights)
    _add_surface(axes, _bands(triangles, -_RELIEF, 0.0), light, _BELOW)
    _add_surface(axes, _bands(triangles, 0.0, _TOP * _RELIEF), light, _ABOVE, opacity=0.8)
    _add_outline(axes, level)
    _add_edge(axes, width, height)
    axes.set(xlim=(0, width), ylim=(height, 0), zlim=(-_RELIEF, _TOP * _RELIEF))
    axes.set_box_aspect((width, height, _RELIEF * (1 + _TOP)), zoom=0.98)
    axes.set_axis_off()
    axes.view_init(elev=27.0, azim=-64.0)


def picture_squares(image: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """A picture (h, w, 3) as (n, 4, 3) squares at height 0 with their (n, 3) colours.

    The unit is its longer side.
    """
    rows, columns = _size(image.shape[:2], _PICTURE_SIDE)
    small = resize(image, (rows, columns), anti_aliasing=True)
    side = max(rows, columns)
    top, left = (axis.ravel() / side for axis in np.mgrid[0:rows, 0:columns])
    corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
    squares = [
        np.stack([left + right / side, top + down / side, np.zeros_like(top)], axis=-1)
        for right, down in corners
    ]
    return np.stack(squares, axis=1), np.clip(small.reshape(-1, 3), 0.0, 1.0)


def _size(shape: tuple[int, ...], long_side: int) -> tuple[int, int]:
    scale = min(1.0, long_side / max(shape))
    return max(2, round(shape[0] * scale)), max(2, round(shape[1] * scale))


def _triangles(heights: Floats) -> Floats:
    """The surface over the whole picture as (n, 3, 3) triangles of points (x, y, height)."""
    height, width = heights.shape
    side = max(height, width)
    rows, columns = (count + 1 for count in _size(heights.shape, _SURFACE_SIDE))
    y, x = np.meshgrid(np.linspace(0, height, rows), np.linspace(0, width, columns), indexing="ij")
    z = ndimage.map_coordinates(heights, [y - 0.5, x - 0.5], order=1, mode="nearest")
    points = np.stack([x / side, y / side, z], axis=-1)
    first = np.stack([points[:-1, :-1], points[1:, :-1], points[:-1, 1:]], axis=2)
    second = np.stack([points[1:, 1:], points[:-1, 1:], points[1:, :-1]], axis=2)
    return np.concatenate([first.reshape(-1, 3, 3), second.reshape(-1, 3, 3)])


def _light(heights: Floats) -> Floats:
    """Brightness (h, w) in [0, 1] of the surface, smooth where it is steep."""
    down, right = np.gradient(heights * max(heights.shape))
    normals = np.stack([-right, -down, np.ones_like(down)])
    normals = np.stack(
        [ndimage.gaussian_filter(part, max(heights.shape) / 120) for part in normals]
    )
    normals /= np.linalg.norm(normals, axis=0)
    return np.clip(0.5 + 0.5 * np.tensordot(_SUN, normals, axes=1), 0.0, 1.0)


def _bands(triangles: Floats, low: float, high: float) -> list[Floats]:
    """The surface between two heights, cut into bands so that each can have one colour."""
    polygons = []
    for lower, upper in pairwise(np.linspace(low, high, _BANDS + 1)):
        heights = triangles[..., 2]
        here = triangles[(heights.min(axis=1) < upper) & (heights.max(axis=1) > lower)]
        polygons += _cut(_cut(list(here), lower, keep_below=False), upper, keep_below=True)
    return polygons


def _cut(polygons: list[Floats], height: float, *, keep_below: bool) -> list[Floats]:
    """The parts of convex polygons (n, 3) below or above a height."""
    sign = 1.0 if keep_below else -1.0
    kept = []
    for polygon in polygons:
        excess = sign * (polygon[:, 2] - height)
        if (excess <= 0).all():
            kept.append(polygon)
        elif (excess < 0).any():
            kept.append(_cut_one(polygon, excess))
    return kept


def _cut_one(polygon: Floats, excess: Floats) -> Floats:
    corners = []
    for start in range(len(polygon)):
        end = (start + 1) % len(polygon)
        if excess[start] <= 0:
            corners.append(polygon[start])
        if excess[start] * excess[end] < 0:
            share = excess[start] / (excess[start] - excess[end])
            corners.append((1 - share) * polygon[start] + share * polygon[end])
    return np.array(corners)


def _add_surface(
    axes: Any, polygons: list[Floats], light: Floats, zorder: int, *, opacity: float = 1.0
) -> None:
    if not polygons:
        return
    x, y, height = np.array([polygon.mean(axis=0) for polygon in polygons]).T
    side = max(light.shape)
    shade = ndimage.map_coordinates(
        light, [y * side - 0.5, x * side - 0.5], order=1, mode="nearest"
    )
    colours = _COLOURS((height / _RELIEF + 1.0) / (1.0 + _TOP))[:, :3]
    colours = colours * (0.55 + 0.45 * shade)[:, None]
    collection = flat_polygons(_of_equal_length(polygons), colours, zorder)
    # Opacity of the drawn surface as a whole: of each polygon, it would show all their seams.
    collection.set_agg_filter(lambda drawn, _: (drawn * [1.0, 1.0, 1.0, opacity], 0, 0))
    axes.add_collection3d(collection, autolim=False)


def _of_equal_length(polygons: list[Floats]) -> Floats:
    """Polygons as one array (n, corners, 3): the last corner of shorter ones is repeated."""
    corners = max(map(len, polygons))
    return np.stack(
        [np.pad(each, ((0, corners - len(each)), (0, 0)), mode="edge") for each in polygons]
    )


def flat_polygons(polygons: Floats, colours: Floats, zorder: int) -> Poly3DCollection:
    """Polygons (n, corners, 3), each in one colour (n, 3), without seams."""
    return Poly3DCollection(
        polygons,
        facecolors=colours,
        edgecolors=colours,
        linewidths=0.3,
        zorder=zorder,
        rasterized=True,
        clip_on=False,
    )


def _add_outline(axes: Any, level: Floats) -> None:
    """The curves in which the surface cuts the picture: none of an empty or a full mask."""
    side = max(level.shape)
    lines = [
        np.column_stack([(contour[:, ::-1] + 0.5) / side, np.zeros(len(contour))])
        for contour in overlays.contours(level, 0.0)
    ]
    rims = (("#000000", 4.2), ("#ffffff", 2.4)) if lines else ()
    for colour, width in rims:
        curve = Line3DCollection(
            lines, colors=colour, linewidths=width, zorder=_ABOVE + 1, clip_on=False
        )
        axes.add_collection3d(curve, autolim=False)


def _add_edge(axes: Any, width: float, height: float) -> None:
    """The picture's edge, without which a white one would vanish."""
    corners = np.array([[0, 0, 0], [width, 0, 0], [width, height, 0], [0, height, 0], [0, 0, 0]])
    edge = Line3DCollection(
        [corners], colors="#9aa1a8", linewidths=0.8, zorder=_PLANE, clip_on=False
    )
    axes.add_collection3d(edge, autolim=False)


def _add_legend(figure: Figure) -> None:
    rim = panels.line("#ffffff", 2.4, path_effects=overlays.rim(2.4))
    entries: list[panels.Entry] = [
        (Patch(color=_COLOURS(0.75), alpha=0.6), "level above 0: background"),
        (Patch(color=_COLOURS(0.15)), "level below 0: foreground"),
        (rim, "outline: level 0"),
    ]
    panels.add_legend(figure, entries)
