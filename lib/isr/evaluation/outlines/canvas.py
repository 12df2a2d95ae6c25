"""A grid of cells laid over a picture: what a mask is drawn on, and an outline agrees with.

An outline has every cell's centre on the side where the mask has it. A centre on the boundary
itself belongs where its level puts it: at most 0 is foreground. What is drawn then passes it by a
millionth of a cell.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon, affinity, box, get_parts, make_valid, unary_union

from isr.coordinates import Convention, Points, from_pixels, to_pixels
from isr.evaluation.pixels import Mask

Size = tuple[int, int]

# Points per cell of the frame's edge.
_FINENESS = 4
# In units of cells: how far beside a centre the boundary passes at least.
HAIR = 1e-6


@dataclass(frozen=True)
class Canvas:
    """Units of cells: cell (i, j) covers [j, j+1] x [i, i+1], its centre lies at a half.

    Args:
        picture: height and width in pixels.
        grid: rows and columns of the cells that are laid over the picture; its pixels, where these
            are as many.
        convention: of the coordinates.
    """

    picture: Size
    grid: Size
    convention: Convention

    @property
    def _cell(self) -> Points:
        """Width and height of a cell in pixels."""
        return np.asarray(np.array(self.picture[::-1]) / np.array(self.grid[::-1]))

    def centres(self) -> Points:
        """The cells' centres (rows, columns, 2)."""
        return cell_centres(*self.grid)

    def coordinates(self, points: Points) -> Points:
        """Coordinates of points (..., 2) in units of cells."""
        return from_pixels(points * self._cell, *self.picture, self.convention)

    def points(self, coordinates: Points) -> Points:
        """Points (..., 2) in units of cells of coordinates."""
        return np.asarray(to_pixels(coordinates, *self.picture, self.convention) / self._cell)

    def in_pixels(self, region: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
        """A region in units of cells, in those of pixels."""
        if self.picture == self.grid:
            return region
        x, y = self._cell.tolist()
        return affinity.scale(region, x, y, origin=(0, 0))


def cell_centres(rows: int, columns: int) -> Points:
    """The centres (rows, columns, 2) of a grid of cells, in units of cells."""
    y, x = np.mgrid[:rows, :columns] + 0.5
    return np.stack([x, y], axis=-1)


def rim_of(height: int, width: int) -> Points:
    """Points (n, 2) in units of cells on the frame's edge, in order."""
    along, up = (np.arange(_FINENESS * side) / _FINENESS for side in (width, height))
    sides = [
        np.stack(np.broadcast_arrays(x, y), axis=-1)
        for x, y in ((along, 0.0), (width, up), (width - along, height), (0.0, height - up))
    ]
    return np.concatenate(sides)


def clip(area: Any, height: int, width: int) -> Polygon | MultiPolygon:
    """The polygons of a geometry in pixel units, made valid and cut to the frame."""
    inside = make_valid(make_valid(area).intersection(box(0, 0, width, height)))
    parts = [
        part
        for whole in get_parts(inside).tolist()
        for part in get_parts(whole).tolist()
        if isinstance(part, Polygon) and part.area > 0
    ]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts) if parts else Polygon()


def astray(region: Polygon | MultiPolygon, inside: Mask) -> Mask:
    """Which centres (h, w) are foreground and not within `region`, or background and not outside.

    Args:
        region: in units of cells.
        inside: (h, w), the mask.
    """
    shapely.prepare(region)
    x, y = np.moveaxis(cell_centres(*inside.shape), -1, 0)
    wrong = np.asarray(inside != shapely.contains_xy(region, x, y))
    background = ~inside & ~wrong
    wrong[background] = shapely.intersects_xy(region, x[background], y[background])
    return wrong


def passed_by(region: Polygon | MultiPolygon, inside: Mask) -> Polygon | MultiPolygon | None:
    """The region with centres that lie on its boundary put where the mask has them.

    Returns:
        None where a centre is on the wrong side by more than rounding, a millionth of a cell.
    """
    wrong = astray(region, inside)
    if not wrong.any():
        return region
    points = cell_centres(*inside.shape)[wrong]
    # An empty region is nowhere near: its distance is not a number.
    if not (shapely.distance(region.boundary, shapely.points(points)) <= HAIR).all():
        return None
    wanted = inside[wrong]
    grown = unary_union([region, diamonds(points[wanted])])
    settled = grown.difference(diamonds(points[~wanted]))
    assert isinstance(settled, Polygon | MultiPolygon)
    return None if astray(settled, inside).any() else settled


def diamonds(points: Points) -> MultiPolygon:
    """Squares on their tips, with a half diagonal of a millionth, round points (n, 2)."""
    tips = HAIR * np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    return MultiPolygon([Polygon(point + tips) for point in points])
