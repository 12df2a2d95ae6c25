"""The outline of a representation as a polygon in pixel units."""

from functools import singledispatch

import numpy as np
from shapely import MultiPolygon, Polygon, unary_union

from isr.coordinates import Convention, Points, from_pixels, to_pixels
from isr.evaluation.clipping import clip
from isr.evaluation.convex_outline import Linearisation, convex_outline
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.flow_outline import flow_outline, rim_of
from isr.evaluation.radial_outline import RadialOutline
from isr.evaluation.raster_outline import raster_outline
from isr.evaluation.ray_regions import linearisation, ray_region
from isr.evaluation.verdicts import Scene
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
) -> Polygon | MultiPolygon:
    """The foreground of `representation` cut to the frame of a picture of `width` x `height`.

    Points are (x, y) in pixel units: pixel (i, j) covers [j, j+1] x [i, i+1]. Nothing
    foreground (or a state that is not finite) gives an empty polygon. How it is found, in float64:

    - convex: one convex polygon by root finding along rays;
    - star-shaped, radially connected: the same, from the representation's centre, which need not
      lie in the frame;
    - path-connected: rays of its base, carried back by the inverse of the diffeomorphism;
    - union: the union of the members' outlines;
    - others: marching squares on nodes half a pixel apart, holes included, with their points moved
      onto the boundary.

    But for straight edges on the frame, neighbours lie at most half a pixel apart, or in the same
    square of nodes.
    """
    return _outline(representation, Scene(height, width, convention))


@singledispatch
def _outline(representation: Representation, scene: Scene) -> Polygon | MultiPolygon:
    return raster_outline(pixel_level(representation, scene), scene.height, scene.width)


@_outline.register
def _(representation: Convex, scene: Scene) -> Polygon | MultiPolygon:
    level = pixel_level(representation, scene)
    return convex_outline(level, _linearised(representation, scene), scene.height, scene.width)


@_outline.register
def _(representation: Polar, scene: Scene) -> Polygon | MultiPolygon:
    height, width, convention = scene.height, scene.width, scene.convention
    rim = from_pixels(rim_of(height, width), height, width, convention)
    region = ray_region(representation, rim)
    if region is None:
        return Polygon()

    def place(points: Points) -> Points:
        return to_pixels(points, height, width, convention)

    return RadialOutline(region, place, rim, height, width).polygons()


@_outline.register
def _(representation: PathConnected, scene: Scene) -> Polygon | MultiPolygon:
    return flow_outline(representation, scene)


@_outline.register
def _(representation: Union, scene: Scene) -> Polygon | MultiPolygon:
    members = (member for member in representation.members if isinstance(member, Representation))
    areas = [_outline(member, scene) for member in members]
    return clip(unary_union(areas), scene.height, scene.width)


def pixel_level(representation: Representation, scene: Scene) -> LevelFunction:
    """The level as a function of points (..., 2) in the scene's pixel units."""
    level = level_function(representation)
    return lambda points: level(from_pixels(points, scene.height, scene.width, scene.convention))


def _linearised(representation: Representation, scene: Scene) -> Linearisation:
    linearised = linearisation(representation)
    size = (scene.height, scene.width, scene.convention)
    unit = from_pixels(np.ones(2), *size) - from_pixels(np.zeros(2), *size)

    def value_and_slope(point: Points) -> tuple[float, Points]:
        value, slope = linearised(from_pixels(point, *size))
        return value, slope * unit

    return value_and_slope
