"""Figure 14: a region that is connected, although its pixels are not; found and drawn."""

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from isr.coordinates import Points, Scene, from_pixels, grid_coordinates, to_pixels
from isr.evaluation.drawing import level_function
from isr.evaluation.outlines import outline
from isr.evaluation.paths import path
from isr.levels import foreground
from isr.reporting import words
from isr.reporting.cell_files import Mask, Region
from isr.reporting.drawing import overlays, panels
from isr.representations.path_connected import PathConnected

_PIECES = ("#f07f13", "#1f8bf2", "#35d461", "#e0218a", "#8f5bd6")
_PATH = "#ffffff"
_COARSER = (1, 1.5, 2, 3, 4, 6, 8, 12)
_FINER = (2, 4, 8, 16)
_PATH_STEPS = 400
_EIGHT = np.ones((3, 3), dtype=int)


@dataclass(frozen=True, eq=False)
class Connection:
    """A region on a raster, and where two of its pieces are connected.

    Attributes:
        image: (h, w, 3) of the picture in [0, 1].
        mask: (rows, columns), the region on a raster over the same frame, maybe a coarser one.
        region: the outline in pixel units of the picture.
        path: (n, 2) inside the region, from one piece to another, in the same units; or None.
        window: (left, top, right, bottom) of the part that is enlarged, in the same units.
        fine: (rows, columns), the region on a finer raster over the window.
        fineness: samples of that raster per sample of `mask`, along each axis.
    """

    image: NDArray[np.floating]
    mask: Mask
    region: Region
    path: Points | None
    window: tuple[float, float, float, float]
    fine: Mask
    fineness: float


def pieces(mask: Mask) -> tuple[NDArray[np.int32], int]:
    """Label the pieces of a mask (h, w), of eight neighbours, the largest first."""
    labels, count = ndimage.label(mask, structure=_EIGHT)
    order = np.argsort(-np.bincount(labels.ravel(), minlength=count + 1)[1:], kind="stable")
    ranks = np.zeros(count + 1, np.int32)
    ranks[order + 1] = np.arange(1, count + 1)
    return ranks[labels], count


def find_connection(
    representation: PathConnected, scene: Scene, image: NDArray[np.floating]
) -> Connection:
    """Find the finest raster on which a region falls apart, and the path between two pieces.

    Rasters are the picture's own and coarser ones. A region that stays in one piece on all of them
    is shown on its own raster, without a path.

    Args:
        representation: path-connected, in (x, y).
        scene: the picture's.
        image: (h, w, 3) in [0, 1].
    """
    size = scene.height, scene.width
    level = level_function(representation)
    region = outline(representation, *size, scene.convention)
    raster = size
    for factor in _COARSER:
        raster = max(2, round(size[0] / factor)), max(2, round(size[1] / factor))
        mask = foreground(level(grid_coordinates(*size, raster, scene.convention)))
        if pieces(mask)[1] > 1:
            ends = _nearest_ends(mask) * (np.array(size[::-1]) / raster[::-1])
            break
    else:
        mask = foreground(level(scene.coordinates()))
        shown = np.argwhere(mask) if mask.any() else np.argwhere(~mask)
        middle = shown.mean(axis=0)[::-1] + 0.5
        window = _square(middle[None], float(min(size)) / 4)
        fine = foreground(level(_inside(window, min(size), scene)))
        return Connection(image, mask, region, None, window, fine, 2.0)
    points = from_pixels(ends, *size, scene.convention)
    way = to_pixels(
        path(representation, points[0], points[1], _PATH_STEPS), *size, scene.convention
    )
    pixel = size[0] / raster[0]
    window = _square(way, 6 * pixel)
    for fineness in _FINER:
        samples = round((window[2] - window[0]) / pixel * fineness)
        fine = foreground(level(_inside(window, samples, scene)))
        labels = pieces(fine)[0]
        places = (ends - window[:2]) / (window[2] - window[0]) * samples
        first, second = (labels[int(y), int(x)] for x, y in places)
        if first == second != 0:
            break
    return Connection(image, mask, region, way, window, fine, fineness)


def _nearest_ends(mask: Mask) -> Points:
    """Centres (2, 2) as (x, y) of the nearest pixels of a mask's two largest pieces."""
    labels, _ = pieces(mask)
    first, second = np.argwhere(labels == 1), np.argwhere(labels == 2)
    distances, nearest = cKDTree(first).query(second)
    end = int(distances.argmin())
    return np.stack([first[nearest[end]], second[end]])[:, ::-1] + 0.5


def _square(points: Points, room: float) -> tuple[float, float, float, float]:
    """A square round points (n, 2), at least `room` away from each."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) / 2 + room
    x, y = (low + high) / 2
    return float(x - half), float(y - half), float(x + half), float(y + half)


def _inside(window: tuple[float, float, float, float], samples: int, scene: Scene) -> Points:
    """Coordinates (samples, samples, 2) of a raster over a square window in pixel units."""
    steps = (np.arange(samples) + 0.5) / samples * (window[2] - window[0])
    points = np.stack(np.meshgrid(window[0] + steps, window[1] + steps), axis=-1)
    return from_pixels(points, scene.height, scene.width, scene.convention)


def draw(connection: Connection, title: str, *, name: str) -> Figure:
    """Draw the pieces of the raster, the outline between two of them, and a finer raster.

    Args:
        connection: what to show.
        title: stands above.
        name: of the picture.
    """
    height, width = connection.image.shape[:2]
    left, top, right, bottom = connection.window
    zoom = (right - left) / (bottom - top)
    figure, (whole, near, finer) = panels.lay_out([width / height, zoom, zoom], title)
    labels, count = pieces(connection.mask)
    rows, columns = labels.shape
    shown = _with_pieces(connection.image, labels)
    overlays.show(whole, shown)
    for colour, line in (("#000000", 3.4), ("#ffffff", 2.0)):
        place = ((left, top), right - left, bottom - top)
        whole.add_patch(Rectangle(*place, fill=False, edgecolor=colour, lw=line))
    has_path = connection.path is not None
    remark = "" if has_path else ", also on all coarser rasters tried"
    name = f"(a) {name}, raster {columns} x {rows}"
    panels.head(whole, name, f"{words.count(count, 'piece')}{remark}")
    overlays.show(near, shown)
    overlays.draw_outline(near, connection.region, "#000000", width=0.8)
    if connection.path is not None:
        near.plot(*connection.path.T, color=_PATH, linewidth=1.4, path_effects=overlays.rim(1.4))
    panels.head(near, "(b) outline" + (" and connecting path" if has_path else ""))
    fine = np.where(connection.fine[..., None], 0.25 + 0.75 * np.array(to_rgb(_PIECES[0])), 0.92)
    finer.imshow(fine, extent=(left, right, bottom, top), interpolation="nearest")
    finer.set_axis_off()
    overlays.draw_outline(finer, connection.region, "#000000", width=0.8)
    inside = words.count(pieces(connection.fine)[1], "piece")
    finest = f"(c) raster {connection.fineness:g} times as fine"
    panels.head(finer, finest, f"{inside} in this part")
    for axes in (near, finer):
        axes.set(xlim=(left, right), ylim=(bottom, top))
    entries = [
        (panels.line(colour, 6), f"piece {number}")
        for number, colour in enumerate(_PIECES[:count], 1)
    ]
    entries.append((panels.line("#000000", 1.6), "outline of the region"))
    if has_path:
        rimmed = panels.line(_PATH, 1.4, path_effects=overlays.rim(1.4))
        entries.append((rimmed, "path inside the region"))
    panels.add_legend(figure, entries)
    return figure


def _with_pieces(image: NDArray[np.floating], labels: NDArray[np.int32]) -> NDArray[np.floating]:
    """The picture (h, w, 3) with the pieces of a raster over it, each in a colour."""
    places = [
        np.minimum((np.arange(side) + 0.5) * count / side, count - 1).astype(int)
        for side, count in zip(image.shape[:2], labels.shape, strict=True)
    ]
    large = labels[np.ix_(*places)]
    numbers = range(1, int(labels.max(initial=0)) + 1)
    layers = [(large == each, _PIECES[min(each, len(_PIECES)) - 1]) for each in numbers]
    return overlays.highlighted(image, layers)
