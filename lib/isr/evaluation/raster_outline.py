"""The outline of a region of any shape, by marching squares."""

import numpy as np
from scipy import ndimage
from shapely import (
    MultiLineString,
    MultiPolygon,
    Polygon,
    box,
    build_area,
    get_parts,
    make_valid,
)
from skimage.measure import find_contours

from isr.coordinates import Points
from isr.evaluation.drawing import LevelFunction
from isr.levels import foreground

# Nodes per pixel side.
FINENESS = 2


def raster_outline(level: LevelFunction, height: int, width: int) -> Polygon | MultiPolygon:
    """The region {level <= 0} in the frame, holes included, in pixel units.

    Levels are interpolated between nodes half a pixel apart, among them the frame's own edge.
    """
    levels = np.nan_to_num(node_levels(level, height, width), nan=np.inf)
    largest = float(np.abs(levels[np.isfinite(levels)]).max(initial=0.0)) or 1.0
    scaled = np.clip(levels / largest, -1.0, 1.0)
    # A node at exactly 0 is foreground; contours through nodes would touch each other.
    scaled = np.where(foreground(scaled), np.minimum(scaled, -1e-9), np.maximum(scaled, 1e-9))
    # Outside the frame all is background, so steeply that contours close on the frame itself.
    padded = np.pad(scaled, 1, constant_values=1e9)
    rings = [(ring[:, ::-1] - 1) / FINENESS for ring in find_contours(padded, 0.0)]  # type: ignore[no-untyped-call]
    return assemble([ring for ring in rings if len(ring) > 3], height, width)


def assemble(rings: list[Points], height: int, width: int) -> Polygon | MultiPolygon:
    """The area inside an odd number of the closed `rings` (n, 2), cut to the frame."""
    if not rings:
        return Polygon()
    area = make_valid(build_area(MultiLineString(rings)))
    inside = area.intersection(box(0, 0, width, height))
    parts = [part for part in get_parts(inside).tolist() if isinstance(part, Polygon)]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts) if parts else Polygon()


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
