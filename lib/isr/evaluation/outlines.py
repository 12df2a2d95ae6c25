"""The outline of a representation as a polygon in pixel units."""

from functools import singledispatch

import numpy as np
import torch
from shapely import MultiPolygon, Polygon

from isr.coordinates import Convention, Points, from_pixels
from isr.evaluation.convex_outline import Linearisation, convex_outline
from isr.evaluation.drawing import LevelFunction, frozen_copy, level_function
from isr.evaluation.raster_outline import raster_outline
from isr.evaluation.verdicts import Scene
from isr.representations import Representation
from isr.representations.convex import Convex


def outline(
    representation: Representation,
    height: int,
    width: int,
    convention: Convention = "isotropic",
) -> Polygon | MultiPolygon:
    """The foreground of `representation` cut to the frame of a picture of `width` x `height`.

    Points are (x, y) in pixel units: pixel (i, j) covers [j, j+1] x [i, i+1]. A convex region gives
    one convex polygon found by root finding in float64, exact to rounding at its corners and at
    most half a pixel apart; other types give what marching squares find, holes included. Nothing
    foreground (or a state that is not finite) gives an empty polygon.
    """
    return _outline(representation, Scene(height, width, convention))


@singledispatch
def _outline(representation: Representation, scene: Scene) -> Polygon | MultiPolygon:
    return raster_outline(pixel_level(representation, scene), scene.height, scene.width)


@_outline.register
def _(representation: Convex, scene: Scene) -> Polygon | MultiPolygon:
    level = pixel_level(representation, scene)
    return convex_outline(level, _linearised(representation, scene), scene.height, scene.width)


def pixel_level(representation: Representation, scene: Scene) -> LevelFunction:
    """The level as a function of points (..., 2) in the scene's pixel units."""
    level = level_function(representation)
    return lambda points: level(from_pixels(points, scene.height, scene.width, scene.convention))


def _linearised(representation: Representation, scene: Scene) -> Linearisation:
    frozen = frozen_copy(representation)
    size = (scene.height, scene.width, scene.convention)
    unit = from_pixels(np.ones(2), *size) - from_pixels(np.zeros(2), *size)

    def value_and_slope(point: Points) -> tuple[float, Points]:
        with torch.enable_grad():
            x = torch.from_numpy(from_pixels(point, *size)).requires_grad_()
            value = frozen(x[None]).sum()
            (slope,) = torch.autograd.grad(value, x)
        return float(value.detach()), slope.numpy() * unit

    return value_and_slope
