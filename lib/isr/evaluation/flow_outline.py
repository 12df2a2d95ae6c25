"""The outline of a path-connected region: its base's, carried back by the diffeomorphism."""

import numpy as np
from shapely import MultiPolygon, Polygon

from isr.coordinates import Points
from isr.evaluation.agreement import Mask
from isr.evaluation.canvas import Canvas
from isr.evaluation.paths import Paths
from isr.evaluation.radial_outline import RadialOutline
from isr.evaluation.ray_regions import ray_region
from isr.representations.path_connected import PathConnected

# The frame's image is bent: so much wider a box, by its size, certainly holds all of it.
MARGIN = 0.05
# Points per cell of the frame's edge.
_FINENESS = 4


def flow_outline(
    representation: PathConnected, canvas: Canvas, inside: Mask
) -> Polygon | MultiPolygon:
    """The region in the frame, in units of cells.

    Rays are sent in the base's coordinates from a point of the base's region, far enough to leave
    the image of the frame; their ends are carried back and rays added until neighbours are closer
    than half a cell in the picture. Everything beyond the image of the frame is outside of it.

    Args:
        representation: the path-connected one.
        canvas: the cells.
        inside: of the cells' shape, which centres are foreground.
    """
    paths = Paths(representation)

    def own(points: Points) -> Points:
        return paths.to_base(canvas.coordinates(points))

    def place(points: Points) -> Points:
        return canvas.points(paths.from_base(points))

    rim = own(rim_of(*canvas.grid))
    if not np.isfinite(rim).all():
        return Polygon()
    middle = (rim.min(axis=0) + rim.max(axis=0)) / 2
    rim = middle + (1 + MARGIN) * (rim - middle)
    region = ray_region(representation.base, rim)
    if region is None:
        return Polygon()
    return RadialOutline(region, place, rim, *canvas.grid).agreeing(inside, own)


def rim_of(height: int, width: int) -> Points:
    """Points (n, 2) in units of cells on the frame's edge, in order."""
    along, up = (np.arange(_FINENESS * side) / _FINENESS for side in (width, height))
    sides = [
        np.stack(np.broadcast_arrays(x, y), axis=-1)
        for x, y in ((along, 0.0), (width, up), (width - along, height), (0.0, height - up))
    ]
    return np.concatenate(sides)
