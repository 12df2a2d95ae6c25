"""The outline of a representation as a polygon in pixel units."""

import numpy as np
from shapely import MultiPolygon, Polygon, unary_union

from isr.constraints import load, record_of
from isr.coordinates import Convention, Points
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.outlines.agreement import passed_by
from isr.evaluation.outlines.canvas import Canvas, Size, clip, rim_of
from isr.evaluation.outlines.convex import Linearisation, convex_outline, linearisation
from isr.evaluation.outlines.flow import flow_outline
from isr.evaluation.outlines.radial import RadialOutline
from isr.evaluation.outlines.raster import raster_outline
from isr.evaluation.outlines.rays import ray_region
from isr.levels import foreground
from isr.representations import Representation
from isr.representations.convex import Convex
from isr.representations.path_connected import PathConnected
from isr.representations.polar import Polar
from isr.representations.union import Union


def outline(
    representation: Representation,
    height: int,
    width: int,
    convention: Convention = "isotropic",
    *,
    grid: Size | None = None,
    level: Points | None = None,
) -> Polygon | MultiPolygon:
    """The foreground of `representation` cut to the frame of a picture of `width` x `height`.

    Points are (x, y) in pixel units: pixel (i, j) covers [j, j+1] x [i, i+1]. Nothing
    foreground (or a state that is not finite) gives an empty polygon. The outline agrees with the
    drawn mask: centres of pixels (or of cells, see `grid`) that are foreground lie within it and
    all others outside. One that the boundary itself runs through is foreground, as its level of 0
    says; the outline passes it by a millionth of a pixel. How it is found, in float64:

    - convex: one convex polygon by root finding along rays;
    - star-shaped, radially connected: the same, from the representation's centre, which need not
      lie in the frame;
    - path-connected: rays of its base, carried back by the inverse of the diffeomorphism;
    - union: the union of the members' outlines;
    - others, and where levels are not finite: marching squares on nodes half a pixel apart, holes
      included, with their points moved onto the boundary.

    But for straight edges on the frame, neighbours lie at most half a pixel apart, or in the same
    square of nodes.

    Args:
        representation: as it was stored, in any precision.
        height: rows of the picture.
        width: its columns.
        convention: of the coordinates that the representation was fitted with.
        grid: rows and columns of cells laid over the picture, if the mask is drawn on these; cells
            then take the place of pixels in what is said above. Points are in pixel units still.
        level: float64 levels of this representation at the centres, if they are at hand.
    """
    canvas = Canvas((height, width), grid or (height, width), convention)
    if level is not None and level.shape != canvas.grid:
        raise ValueError(f"the level has shape {level.shape}, the grid {canvas.grid}")
    return canvas.in_pixels(_outline(representation, canvas, level))


def _outline(
    representation: Representation, canvas: Canvas, drawn: Points | None
) -> Polygon | MultiPolygon:
    place = record_of(representation).outline
    if not place:
        return raster_outline(cell_level(representation, canvas), *canvas.grid, drawn)
    found: Polygon | MultiPolygon = load(place)(representation, canvas, drawn)
    return found


def outline_of_convex(
    representation: Convex, canvas: Canvas, drawn: Points | None
) -> Polygon | MultiPolygon:
    """One convex polygon by root finding along rays."""
    level, linearised = cell_level(representation, canvas), _linearised(representation, canvas)
    if drawn is None:
        return convex_outline(level, linearised, *canvas.grid)
    if not np.isfinite(drawn).all():
        return raster_outline(level, *canvas.grid, drawn)
    region = convex_outline(level, linearised, *canvas.grid, foreground(drawn))
    return _checked(region, level, drawn)


def outline_of_rays(
    representation: Polar, canvas: Canvas, drawn: Points | None
) -> Polygon | MultiPolygon:
    """Where rays from the representation's centre leave the region."""
    level = cell_level(representation, canvas)
    drawn = level(canvas.centres()) if drawn is None else drawn
    rim = canvas.coordinates(rim_of(*canvas.grid))
    region = ray_region(representation, rim) if np.isfinite(drawn).all() else None
    if region is None:
        return raster_outline(level, *canvas.grid, drawn)
    rays = RadialOutline(region, canvas.points, rim, *canvas.grid)
    return _checked(rays.agreeing(foreground(drawn), canvas.coordinates), level, drawn)


def outline_of_flow(
    representation: PathConnected, canvas: Canvas, drawn: Points | None
) -> Polygon | MultiPolygon:
    """Rays of the base, carried back by the inverse of the diffeomorphism."""
    level = cell_level(representation, canvas)
    drawn = level(canvas.centres()) if drawn is None else drawn
    if not np.isfinite(drawn).all():
        return raster_outline(level, *canvas.grid, drawn)
    return _checked(flow_outline(representation, canvas, foreground(drawn)), level, drawn)


def outline_of_union(
    representation: Union, canvas: Canvas, drawn: Points | None
) -> Polygon | MultiPolygon:
    """The union of the members' outlines."""
    members = [member for member in representation.members if isinstance(member, Representation)]
    own = [cell_level(member, canvas)(canvas.centres()) for member in members]
    # The least of the levels is not a number where one of them is not.
    drawn = np.min(own, axis=0) if drawn is None else drawn
    level = cell_level(representation, canvas)
    if not (np.isfinite(drawn).all() and np.isfinite(own).all()):
        return raster_outline(level, *canvas.grid, drawn)
    areas = [_outline(member, canvas, part) for member, part in zip(members, own, strict=True)]
    return _checked(clip(unary_union(areas), *canvas.grid), level, drawn)


def _checked(
    region: Polygon | MultiPolygon, level: LevelFunction, drawn: Points
) -> Polygon | MultiPolygon:
    """The region, or that of the raster where rays have left a centre on the wrong side."""
    passed = passed_by(region, foreground(drawn))
    height, width = drawn.shape
    return raster_outline(level, height, width, drawn) if passed is None else passed


def cell_level(representation: Representation, canvas: Canvas) -> LevelFunction:
    """The level as a function of points (..., 2) in units of cells."""
    level = level_function(representation)
    return lambda points: level(canvas.coordinates(points))


def _linearised(representation: Representation, canvas: Canvas) -> Linearisation:
    linearised = linearisation(representation)
    unit = canvas.coordinates(np.ones(2)) - canvas.coordinates(np.zeros(2))

    def value_and_slope(point: Points) -> tuple[float, Points]:
        value, slope = linearised(canvas.coordinates(point))
        return value, slope * unit

    return value_and_slope
