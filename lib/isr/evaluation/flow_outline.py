"""The outline of a path-connected region: its base's, carried back by the diffeomorphism."""

import numpy as np
from shapely import MultiPolygon, Polygon

from isr.coordinates import Points, from_pixels, to_pixels
from isr.evaluation.paths import Paths
from isr.evaluation.radial_outline import RadialOutline
from isr.evaluation.ray_regions import ray_region
from isr.evaluation.verdicts import Scene
from isr.representations.path_connected import PathConnected

# The frame's image is bent: so much wider a box, by its size, certainly holds all of it.
MARGIN = 0.05
# Points per pixel of the frame's edge.
_FINENESS = 4


def flow_outline(representation: PathConnected, scene: Scene) -> Polygon | MultiPolygon:
    """The region in the frame, in pixel units.

    Rays are sent in the base's coordinates from a point of the base's region, far enough to leave
    the image of the frame; their ends are carried back and rays added until neighbours are closer
    than half a pixel in the picture. Everything beyond the image of the frame is outside of it.
    """
    size = (scene.height, scene.width, scene.convention)
    paths = Paths(representation)
    rim = paths.to_base(from_pixels(rim_of(scene.height, scene.width), *size))
    if not np.isfinite(rim).all():
        return Polygon()
    middle = (rim.min(axis=0) + rim.max(axis=0)) / 2
    rim = middle + (1 + MARGIN) * (rim - middle)
    region = ray_region(representation.base, rim)
    if region is None:
        return Polygon()

    def place(points: Points) -> Points:
        return to_pixels(paths.from_base(points), *size)

    return RadialOutline(region, place, rim, scene.height, scene.width).polygons()


def rim_of(height: int, width: int) -> Points:
    """Points (n, 2) in pixel units on the frame's edge, in order."""
    along, up = (np.arange(_FINENESS * side) / _FINENESS for side in (width, height))
    sides = [
        np.stack(np.broadcast_arrays(x, y), axis=-1)
        for x, y in ((along, 0.0), (width, up), (width - along, height), (0.0, height - up))
    ]
    return np.concatenate(sides)
