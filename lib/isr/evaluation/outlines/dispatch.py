"""The outline of a representation as a polygon in pixel units."""

import numpy as np
from shapely import MultiPolygon, Polygon, unary_union

from isr.constraints import load, record_of
from isr.coordinates import Convention, Points
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.outlines.canvas import Canvas, Size, clip, passed_by, rim_of
from isr.evaluation.outlines.convex import Linearisation, convex_outline, linearisation
from isr.evaluation.outlines.marching import raster_outline
from isr.evaluation.outlines.radial import RadialOutline
from isr.evaluation.outlines.rays import ray_region
from isr.evaluation.paths import Paths
from isr.levels import foreground
from isr.representations import Representation
from isr.representations.convex import Convex
from isr.representations.path_connected import PathConnected
from isr.representations.polar import Polar
from isr.representations.union import Union
from isr.torch_state import in_usual_state

# The frame's image is bent: so much wider a box, by its size, certainly holds all of it.
MARGIN = 0.05


@in_usual_state
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
    """The outline in units of cells: by the record of the constraint, or else of the raster.

    It is traced in the raster where levels are not finite, where the record names no function or
    that finds nothing, and where what it finds has a centre on the wrong side.
    """
    level = cell_level(representation, canvas)
    drawn = level(canvas.centres()) if drawn is None else drawn
    place, region = record_of(representation).outline, None
    if place and np.isfinite(drawn).all():
        region = load(place)(representation, canvas, drawn)
    settled = None if region is None else passed_by(region, foreground(drawn))
    return raster_outline(level, drawn) if settled is None else settled


def outline_of_convex(representation: Convex, canvas: Canvas, drawn: Points) -> Polygon:
    """One convex polygon by root finding along rays."""
    level, linearised = cell_level(representation, canvas), cell_slopes(representation, canvas)
    return convex_outline(level, linearised, foreground(drawn))


def outline_of_rays(
    representation: Polar, canvas: Canvas, drawn: Points
) -> Polygon | MultiPolygon | None:
    """Where rays from the representation's centre leave the region."""
    rim = canvas.coordinates(rim_of(*canvas.grid))
    region = ray_region(representation, rim)
    if region is None:
        return None
    rays = RadialOutline(region, canvas.points, rim, *canvas.grid)
    return rays.agreeing(foreground(drawn), canvas.coordinates)


def outline_of_flow(
    representation: PathConnected, canvas: Canvas, drawn: Points
) -> Polygon | MultiPolygon | None:
    """The outline of the base, carried back by the inverse of the diffeomorphism.

    Rays are sent in the base's coordinates from a point of the base's region, far enough to leave
    the image of the frame; their ends are carried back and rays added until neighbours are closer
    than half a cell in the picture. Everything beyond the image of the frame is outside of it.
    """
    paths = Paths(representation)

    def own(points: Points) -> Points:
        return paths.to_base(canvas.coordinates(points))

    def place(points: Points) -> Points:
        return canvas.points(paths.from_base(points))

    rim = own(rim_of(*canvas.grid))
    if not np.isfinite(rim).all():
        return None
    middle = (rim.min(axis=0) + rim.max(axis=0)) / 2
    rim = middle + (1 + MARGIN) * (rim - middle)
    region = ray_region(representation.base, rim)
    if region is None:
        return None
    return RadialOutline(region, place, rim, *canvas.grid).agreeing(foreground(drawn), own)


def outline_of_union(
    representation: Union, canvas: Canvas, drawn: Points
) -> Polygon | MultiPolygon | None:
    """The union of the members' outlines."""
    members = [member for member in representation.members if isinstance(member, Representation)]
    own = [cell_level(member, canvas)(canvas.centres()) for member in members]
    if not np.isfinite(own).all():
        return None
    areas = [_outline(member, canvas, part) for member, part in zip(members, own, strict=True)]
    return clip(unary_union(areas), *canvas.grid)


def cell_level(representation: Representation, canvas: Canvas) -> LevelFunction:
    """The level as a function of points (..., 2) in units of cells."""
    level = level_function(representation)
    return lambda points: level(canvas.coordinates(points))


def cell_slopes(representation: Representation, canvas: Canvas) -> Linearisation:
    """Level and slope (2,) of a point (2,), in units of cells."""
    linearised = linearisation(representation)
    unit = canvas.coordinates(np.ones(2)) - canvas.coordinates(np.zeros(2))

    def value_and_slope(point: Points) -> tuple[float, Points]:
        value, slope = linearised(canvas.coordinates(point))
        return value, slope * unit

    return value_and_slope
