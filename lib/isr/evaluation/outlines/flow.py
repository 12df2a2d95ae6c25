"""The outline of a path-connected region: its base's, carried back by the diffeomorphism."""

import numpy as np
from shapely import MultiPolygon, Polygon

from isr.coordinates import Points
from isr.evaluation.outlines.canvas import Canvas, rim_of
from isr.evaluation.outlines.radial import RadialOutline
from isr.evaluation.outlines.rays import ray_region
from isr.evaluation.paths import Paths
from isr.evaluation.pixels import Mask
from isr.representations.path_connected import PathConnected

# The frame's image is bent: so much wider a box, by its size, certainly holds all of it.
MARGIN = 0.05


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
