"""Whether an outline has every cell's centre on the side where the mask has it.

A centre on the boundary itself belongs where its level puts it: at most 0 is foreground. What is
drawn then passes it by a millionth of a cell.
"""

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon, unary_union

from isr.coordinates import Points
from isr.evaluation.outlines.canvas import cell_centres
from isr.evaluation.pixels import Mask

# In units of cells: how far beside a centre the boundary passes at least.
HAIR = 1e-6


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
