"""A grid of cells laid over a picture: what a mask is drawn on, and an outline agrees with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely import MultiPolygon, Polygon, affinity, box, get_parts, make_valid

from isr.coordinates import Convention, Points, from_pixels, to_pixels

Size = tuple[int, int]

# Points per cell of the frame's edge.
_FINENESS = 4


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
