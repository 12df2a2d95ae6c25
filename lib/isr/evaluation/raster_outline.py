"""The outline of a region of any shape, by marching squares."""

import numpy as np
from scipy import ndimage
from shapely import MultiLineString, MultiPolygon, Polygon, build_area
from skimage.measure import find_contours

from isr.coordinates import Points
from isr.evaluation.clipping import clip
from isr.evaluation.crossings import onto_boundary, signed
from isr.evaluation.drawing import LevelFunction
from isr.levels import foreground

# Nodes per pixel side.
FINENESS = 2


def raster_outline(level: LevelFunction, height: int, width: int) -> Polygon | MultiPolygon:
    """The region {level <= 0} in the frame, holes included, in pixel units.

    Nodes are half a pixel apart, among them the frame's own edge; where their connecting lines
    cross the boundary is found by root finding.
    """
    # Outside the frame all is background; contours that leave it are moved onto its edge.
    padded = np.pad(signed(node_levels(level, height, width)), 1, constant_values=1.0)
    contours = [ring for ring in find_contours(padded, 0.0) if len(ring) > 3]  # type: ignore[no-untyped-call]
    if not contours:
        return Polygon()
    found = np.concatenate(contours)[:, ::-1] - 1
    moved = onto_boundary(
        lambda nodes: level(nodes / FINENESS), found, (FINENESS * width, FINENESS * height)
    )
    ends = np.cumsum([len(ring) for ring in contours])[:-1]
    # The two ends of a ring may be rounded differently.
    rings = [np.concatenate([ring[:-1], ring[:1]]) for ring in np.split(moved / FINENESS, ends)]
    return assemble(rings, height, width)


def assemble(rings: list[Points], height: int, width: int) -> Polygon | MultiPolygon:
    """The area inside an odd number of the closed `rings` (n, 2), cut to the frame."""
    if not rings:
        return Polygon()
    return clip(build_area(MultiLineString(rings)), height, width)


def node_levels(level: LevelFunction, height: int, width: int) -> Points:
    """Levels at nodes half a pixel apart, (2 h + 1, 2 w + 1), the frame's corners included.

    Nodes away from the boundary, by the pixel-wide grid, are interpolated: only signs matter there.
    """
    rows, columns = np.mgrid[0 : height + 1, 0 : width + 1].astype(float)
    coarse = level(np.stack([columns, rows], axis=-1))
    fine_shape = (FINENESS * height + 1, FINENESS * width + 1)
    row, column = (np.arange(n) / FINENESS for n in fine_shape)
    nodes = np.stack(np.broadcast_arrays(column[None, :], row[:, None]), axis=-1)
    fine = ndimage.map_coordinates(coarse, np.moveaxis(nodes, -1, 0)[::-1], order=1)
    inside = foreground(coarse)
    mixed = ndimage.maximum_filter(inside, 5) != ndimage.minimum_filter(inside, 5)
    near = mixed[np.round(row).astype(int)][:, np.round(column).astype(int)]
    fine[near] = level(nodes[near])
    return np.asarray(fine)
