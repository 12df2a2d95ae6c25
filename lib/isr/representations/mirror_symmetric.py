"""Mirror-symmetric regions: a free network behind an absolute value (the paper's section 2.3).

A fit starts at the line or plane in which its unaries are most like their own mirror image.
"""

from collections.abc import Sequence
from operator import itemgetter

import numpy as np
import scipy  # Its parts load on first use: most fits need none of them, half a second saved.
import torch
from torch import Tensor

from isr.errors import UserError
from isr.networks.layers import MLP
from isr.representations import Representation
from isr.representations.orientations import MAGNIFICATION, direction_frame, parameter_of
from isr.representations.starts import Array, Raster, known_points, rasterise, refined

_COARSE, _MIDDLE, _FINE = {2: 48, 3: 16}, {2: 80, 3: 24}, {2: 160, 3: 40}
"""Cells along the longest side, by number of coordinates, of the rasters that are compared."""
_KEPT = (2, 1)
"""Mirrors that are left after each refinement."""
_UNSEEN = 0.3
"""Weight of what is mirrored out of sight: 1 would forbid objects that the frame cuts, 0 would
prefer mirrors outside the picture."""
_REFINED = 5


class MirrorSymmetric(Representation):
    """A region that is its own mirror image in a line (2-D) or a plane (3-D) that is learned.

    Equations 4 and 5: coordinates are shifted by the centre and rotated into a frame whose first
    axis is the mirror's normal, the first coordinate p_1 is replaced by |p_1|, and a network that
    is otherwise free sees (|p_1|, p_2, ...). The level is continuous everywhere.

    Attributes:
        centre: parameter (dim,), a point of the mirror.
        angle: parameter, radians. 2-D: (), from the x-axis to the mirror's normal, towards y. 3-D:
            (2,), azimuth of the normal in the (x, y)-plane and elevation over it.

    Args:
        dim: number of coordinates, 2 or 3.
        width: units per hidden layer.
        hidden_layers: hidden layers beside the first.
        centre: where the centre starts, (dim,); the middle of the unit box by default.
        angle: where the angle starts: a number in 2-D, two numbers in 3-D; zero by default.

    Raises:
        UserError: `dim` is neither 2 nor 3, or an option has the wrong size.
    """

    def __init__(
        self,
        dim: int = 2,
        *,
        width: int = 150,
        hidden_layers: int = 1,
        centre: Sequence[float] | None = None,
        angle: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if dim not in (2, 3):
            raise UserError(
                f"constraint 'mirror_symmetric': it has 2 or 3 coordinates, not {dim}; change dim."
            )
        self.dim = dim
        self.centre = parameter_of("mirror_symmetric", "centre", centre, (dim,), 0.5)
        self.angle = parameter_of("mirror_symmetric", "angle", angle, () if dim == 2 else (2,), 0.0)
        self.network = MLP([dim, *[width] * (hidden_layers + 1), 1])

    def frame(self) -> Tensor:
        """(dim, dim), orthonormal: the columns are the mirror's normal and directions within it."""
        return direction_frame(self.angle)

    def canonical(self, coordinates: Tensor) -> Tensor:
        """Points (..., dim) in the mirror's frame (..., dim), where the mirror is {p_1 = 0}."""
        return (coordinates - self.centre) @ self.frame()

    def canonical_level(self, canonical: Tensor) -> Tensor:
        """Levels (...,) at points (..., dim) of the mirror's frame: bitwise even in p_1."""
        folded = torch.cat([canonical[..., :1].abs(), canonical[..., 1:]], dim=-1)
        level: Tensor = self.network(MAGNIFICATION * folded)
        return level.squeeze(-1)

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        return self.canonical_level(self.canonical(coordinates))

    def mirror(self, coordinates: Tensor) -> Tensor:
        """The mirror images (..., dim) of points (..., dim); its own inverse."""
        normal = self.frame()[:, 0]
        distance = ((coordinates - self.centre) * normal).sum(-1, keepdim=True)
        return coordinates - 2 * distance * normal

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Put centre and angle where the unaries are most like their own mirror image.

        Args:
            coordinates: (*grid, dim) of the pixels.
            unaries: (*grid) foreground probabilities; NaN where nothing is known.
        """
        found = find_mirror(coordinates, unaries)
        if found is not None:
            centre, normal = found
            self.centre.copy_(torch.from_numpy(centre))
            self.angle.copy_(torch.from_numpy(angles_of(normal)))


def find_mirror(coordinates: Tensor, unaries: Tensor) -> tuple[Array, Array] | None:
    """Find the mirror by trying many directions and offsets, and refining the best of them.

    The unaries are compared with their mirror image by their correlation, which noise and an
    occluder leave small but true; what is mirrored out of the frame counts little.

    Args:
        coordinates: (*grid, dim), dim 2 or 3.
        unaries: (*grid) foreground probabilities; NaN where nothing is known.

    Returns:
        A point of the mirror near the foreground's centroid (dim,) and its unit normal (dim,);
        None where the unaries are constant.
    """
    points, values = known_points(coordinates, unaries)
    if not len(points) or np.ptp(values) < 1e-6:
        return None
    dim = points.shape[1]
    centroid = (points * values[:, None]).sum(axis=0) / values.sum()
    coarse = _centred(points, values, _COARSE[dim], centroid)
    reach = 0.4 * float(np.linalg.norm(np.ptp(points, axis=0)))
    offsets = np.arange(-reach, reach, 1.5 * coarse.cell)
    tried = [
        (alike, (*angles, offset))
        for angles, normal in _normals(dim)
        for alike, offset in zip(_likenesses(coarse, normal, offsets), offsets, strict=True)
    ]
    tried.sort(reverse=True)
    starts = [np.array(start) for start in _apart(tried, coarse.cell)]
    spread = coarse.cell
    for cells, kept in zip((_MIDDLE[dim], _FINE[dim]), _KEPT, strict=True):
        raster = _centred(points, values, cells, centroid)
        found = sorted((_refined(raster, start, spread) for start in starts), key=itemgetter(1))
        starts, spread = [mirror for mirror, _ in found[:kept]], raster.cell
    (best,) = starts
    normal = _normal(best[:-1])
    return centroid + best[-1] * normal, normal


def _refined(raster: Raster, start: Array, spread: float) -> tuple[Array, float]:
    """The mirror near one, (angles..., offset), that is most like itself in a raster."""

    def unlike(mirror: Array) -> float:
        return -_likenesses(raster, _normal(mirror[:-1]), mirror[-1:])[0]

    steps = np.append(np.full(len(start) - 1, 0.05), spread)
    return refined(unlike, start, steps, maxfev=60, xatol=1e-4, fatol=1e-6)


def angles_of(normal: Array) -> Array:
    """The angle () in (-pi/2, pi/2] of a 2-D normal; (2,) azimuth and elevation in 3-D."""
    # A mirror's normal and its opposite are the same; the one to the right is taken.
    normal = -normal if normal[0] < 0 else normal
    azimuth = np.arctan2(normal[1], normal[0])
    if len(normal) == 2:
        return np.asarray(azimuth)
    return np.array([azimuth, np.arcsin(np.clip(normal[2], -1, 1))])


def _centred(points: Array, values: Array, cells: int, origin: Array) -> Raster:
    """The raster of the values' deviations from their mean, with `origin` at zero."""
    raster = rasterise(points - origin, values, cells)
    mean = (raster.values * raster.known).sum() / raster.known.sum()
    smooth = scipy.ndimage.gaussian_filter((raster.values - mean) * raster.known, 0.7)
    return Raster(smooth * raster.known, raster.known, raster.low, raster.cell)


def _likenesses(raster: Raster, normal: Array, offsets: Array) -> list[float]:
    """Correlations in [-1, 1] of a centred raster with its images in {x : normal.x = offset}.

    Many mirrors of one direction are looked at together: calls for a few points each would take
    longer than the points.
    """
    points, values = raster.points, raster.values[raster.known > 0]
    energy = (values**2).sum()
    distance = points @ normal - offsets[:, None]
    # Every pair has one point on either side: one side is enough.
    mirror, point = np.nonzero(distance > 0)
    image, known = raster.sample(points[point] - 2 * distance[mirror, point][:, None] * normal)
    value, count = values[point], len(offsets)
    both = np.bincount(mirror, known * (value**2 + image**2), count)
    alike = 2 * np.bincount(mirror, known * value * image, count)
    found: list[float] = (alike / (both + _UNSEEN * np.maximum(energy - both, 0) + 1e-12)).tolist()
    return found


def _normal(angles: Array) -> Array:
    if len(angles) == 1:
        return np.array([np.cos(angles[0]), np.sin(angles[0])])
    azimuth, elevation = angles
    level = np.cos(elevation)
    return np.array([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)])


def _normals(dim: int) -> list[tuple[tuple[float, ...], Array]]:
    """Angles and normals all over the half circle or half sphere."""
    if dim == 2:
        angles: list[tuple[float, ...]] = [(a,) for a in np.linspace(0, np.pi, 60, endpoint=False)]
    else:
        heights = (np.arange(120) + 0.5) / 120
        golden = np.pi * (3 - np.sqrt(5)) * np.arange(120)
        angles = list(zip(golden, np.arcsin(heights), strict=True))
        angles += [(0.0, 0.0), (np.pi / 2, 0.0), (0.0, np.pi / 2)]
    return [(angle, _normal(np.array(angle))) for angle in angles]


def _apart(tried: list[tuple[float, tuple[float, ...]]], cell: float) -> list[tuple[float, ...]]:
    """The best few starts that are not neighbours of a better one."""
    kept: list[tuple[float, ...]] = []
    for _, start in tried:
        here = np.array(start)
        near = [
            abs(float(_normal(here[:-1]) @ _normal(np.array(other)[:-1]))) > 0.98
            and abs(here[-1] - other[-1]) < 3 * cell
            for other in kept
        ]
        if not any(near):
            kept.append(start)
        if len(kept) == _REFINED:
            break
    return kept
