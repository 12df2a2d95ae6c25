"""Surfaces of regions in three dimensions, as triangles."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from isr.coordinates import Points, Scene
from isr.errors import UserError
from isr.evaluation.drawing import level_function
from isr.evaluation.outlines.crossings import onto_boundary, signed
from isr.io import atomic_path
from isr.representations import Representation


class Mesh(NamedTuple):
    """A closed surface; both are empty where nothing is foreground."""

    vertices: Points
    """(n, 3) coordinates."""
    faces: NDArray[np.int64]
    """(m, 3) vertices of triangles, anticlockwise as seen from outside in a right-handed system."""


def mesh(representation: Representation, scene: Scene, resolution: int = 96) -> Mesh:
    """The surface of the foreground in the box of `scene`, by marching cubes in coordinates.

    Vertices lie on the boundary to rounding: where a cube's edge crosses it, the crossing is found
    by root finding in float64. The box itself closes what reaches out of it.

    Args:
        representation: of three coordinates.
        scene: with a third axis.
        resolution: cubes along the longest side of the box; the others have as many as fit.

    Raises:
        UserError: the scene or the representation has two coordinates, or there is no cube.
    """
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
    found, faces, _, _ = marching_cubes(padded, 0.0, gradient_direction="descent")  # type: ignore[no-untyped-call]

    def level(indices: Points) -> Points:
        return at(low + spacing * indices)

    vertices = onto_boundary(level, found.astype(np.float64) - 1, counts)
    return Mesh(low + spacing * vertices, faces.astype(np.int64))


def _no_surface() -> Mesh:
    return Mesh(np.empty((0, 3)), np.empty((0, 3), dtype=np.int64))


def write_ply(path: Path, surface: Mesh) -> None:
    """Write a surface as binary PLY (vertices as float64), atomically."""
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(surface.vertices)}\n"
        "property double x\nproperty double y\nproperty double z\n"
        f"element face {len(surface.faces)}\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    triangles = np.empty(len(surface.faces), dtype=[("count", "u1"), ("vertices", "<i4", (3,))])
    triangles["count"], triangles["vertices"] = 3, surface.faces
    with atomic_path(path) as temporary:
        temporary.write_bytes(
            header.encode("ascii") + surface.vertices.astype("<f8").tobytes() + triangles.tobytes()
        )
