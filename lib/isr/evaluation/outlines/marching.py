"""Outlines and surfaces of regions of any shape, by marching squares and cubes.

What these find on the edges of their grids is moved to where the level crosses zero.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from shapely import MultiLineString, MultiPolygon, Polygon, build_area
from skimage.measure import find_contours, marching_cubes

from isr.coordinates import Points, Scene, to_pixels
from isr.errors import UserError
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.outlines.canvas import clip
from isr.evaluation.outlines.crossings import onto_boundary, signed
from isr.levels import foreground
from isr.representations import Representation
from isr.torch_state import in_usual_state

# Nodes per cell side.
FINENESS = 2


def raster_outline(level: LevelFunction, drawn: Points) -> Polygon | MultiPolygon:
    """The region {level <= 0} in the frame, holes included, in units of cells.

    Nodes are half a cell apart, among them the frame's own edge; where their connecting lines
    cross the boundary is found by root finding. All cells' centres are nodes, and crossings keep a
    small distance from nodes: the outline has every centre on the side where its level has it.

    Args:
        level: of points (..., 2) in units of cells.
        drawn: (h, w) levels at the cells' centres.
    """
    height, width = drawn.shape
    # Outside the frame all is background; contours that leave it are moved onto its edge.
    nodes = node_levels(level, drawn)
    padded = np.pad(signed(nodes), 1, constant_values=1.0)
    contours = [ring for ring in find_contours(padded, 0.0) if len(ring) > 3]
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


def node_levels(level: LevelFunction, drawn: Points) -> Points:
    """Levels at nodes half a cell apart, (2 h + 1, 2 w + 1), the frame's corners included.

    They are exact at the cells' centres, on the frame's edge, and near the boundary as these show
    it. Any other node has the level of a neighbour: only its sign matters.
    """
    height, width = drawn.shape
    # The coarse grid: the frame's edges, and the centres between them.
    places = [np.concatenate([[0.0], np.arange(n) + 0.5, [n]]) for n in (height, width)]
    coarse, edge = np.pad(drawn, 1), np.pad(np.zeros(drawn.shape, bool), 1, constant_values=True)
    coarse[edge] = level(_mesh(*places)[edge])

    nodes = [np.arange(FINENESS * n + 1) / FINENESS for n in (height, width)]
    # Where each node lies among the coarse ones: on one, or between two.
    before = [np.searchsorted(p, n, "right") - 1 for p, n in zip(places, nodes, strict=True)]
    after = [np.searchsorted(p, n, "left") for p, n in zip(places, nodes, strict=True)]
    inside = foreground(coarse)
    mixed = ndimage.maximum_filter(inside, 5) != ndimage.minimum_filter(inside, 5)
    rows = mixed[before[0]] | mixed[after[0]]
    near = rows[:, before[1]] | rows[:, after[1]]
    near &= ~np.logical_and.outer(before[0] == after[0], before[1] == after[1])
    fine = coarse[np.ix_(*before)]
    fine[near] = level(_mesh(*nodes)[near])
    return fine


def _mesh(rows: Points, columns: Points) -> Points:
    """Points (len(rows), len(columns), 2) of a grid."""
    return np.stack(np.broadcast_arrays(columns, rows[:, None]), axis=-1)


class Mesh(NamedTuple):
    """A closed surface; both are empty where nothing is foreground."""

    vertices: Points
    """(n, 3) coordinates."""
    faces: NDArray[np.int64]
    """(m, 3) vertices of triangles, anticlockwise as seen from outside in a right-handed system."""
    unit: str = "the picture's longer side"
    """Of the vertices."""


@in_usual_state
def mesh(
    representation: Representation,
    scene: Scene,
    resolution: int = 96,
    *,
    voxel_size: Sequence[float] | None = None,
    unit: str = "",
) -> Mesh:
    """The surface of the foreground in the box of `scene`, by marching cubes in coordinates.

    Vertices lie on the boundary to rounding: where a cube's edge crosses it, the crossing is found
    by root finding in float64. The box itself, whose slices and pixels reach from edge to edge,
    closes what reaches out of it.

    Args:
        representation: of three coordinates.
        scene: with a third axis.
        resolution: cubes along the longest side of the box; the others have as many as fit.
        voxel_size: (slice, row, column) size of a voxel of a volume or a video, such as in
            millimetres: vertices are then in this unit, from the volume's corner. None leaves them
            in coordinates.
        unit: of the voxel size, in words.

    Raises:
        UserError: the scene or the representation has two coordinates, there is no cube, or a voxel
            size is given that is none, or for a depth.
    """
    found = _surface(representation, scene, resolution)
    return found if voxel_size is None else _in_unit(found, scene, voxel_size, unit)


def _in_unit(found: Mesh, scene: Scene, voxel_size: Sequence[float], unit: str) -> Mesh:
    """A surface with its vertices in the unit of the size of a voxel."""
    sizes = np.asarray(voxel_size, np.float64)
    if sizes.shape != (3,) or not np.isfinite(sizes).all() or not (sizes > 0).all():
        raise UserError(f"voxel_size is {voxel_size!r}: give three sizes (slice, row, column).")
    third = scene.third
    if third is None or third.name == "depth":
        raise UserError("voxel_size is for volumes and videos: a depth has its own unit.")
    plane = to_pixels(found.vertices[:, :2], scene.height, scene.width, scene.convention)
    voxels = np.column_stack([plane, third.layers(found.vertices[:, 2])])
    return Mesh(voxels * sizes[::-1], found.faces, unit or "voxel_size as given")


def _surface(representation: Representation, scene: Scene, resolution: int) -> Mesh:
    """The surface in coordinates."""
    if scene.dim != 3 or representation.dim != 3:
        raise UserError("a mesh needs three coordinates: give a video, a volume or a depth.")
    if resolution < 1:
        raise UserError(f"resolution is {resolution}: give the number of cubes, at least 1.")
    low, high = scene.box()
    counts = np.maximum(np.ceil((high - low) / (high - low).max() * resolution), 1).astype(int)
    # A video of one frame has no extent in time, and no volume.
    spacing = (high - low) / counts
    if not (spacing > 0).all():
        return _no_surface()
    axes = [low[i] + spacing[i] * np.arange(counts[i] + 1) for i in range(3)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    at = level_function(representation)
    padded = np.pad(signed(at(nodes)), 1, constant_values=1.0)
    if not (padded < 0).any():
        return _no_surface()
    found, faces, _, _ = marching_cubes(padded, 0.0, gradient_direction="descent")

    def level(indices: Points) -> Points:
        return at(low + spacing * indices)

    vertices = onto_boundary(level, found.astype(np.float64) - 1, counts)
    return Mesh(low + spacing * vertices, faces.astype(np.int64))


def _no_surface() -> Mesh:
    return Mesh(np.empty((0, 3)), np.empty((0, 3), dtype=np.int64))
