"""The line or plane in which a picture is most like its own mirror image."""

import numpy as np
import scipy  # Its parts load on first use: most fits need none of them, half a second saved.
from torch import Tensor

from isr.representations.rasters import Array, Raster, known_points, rasterise

_COARSE, _FINE = {2: 48, 3: 16}, {2: 160, 3: 40}
_UNSEEN = 0.3
"""Weight of what is mirrored out of sight: 1 would forbid objects that the frame cuts, 0 would
prefer mirrors outside the picture."""
_REFINED = 5


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
        (_likeness(coarse, normal, offset), (*angles, offset))
        for angles, normal in _normals(dim)
        for offset in offsets
    ]
    tried.sort(reverse=True)
    fine = _centred(points, values, _FINE[dim], centroid)
    best = max(
        (_refined(fine, np.array(start), coarse.cell) for start in _apart(tried, coarse.cell)),
        key=lambda found: found[0],
    )[1]
    normal = _normal(best[:-1])
    return centroid + best[-1] * normal, normal


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


def _likeness(raster: Raster, normal: Array, offset: float) -> float:
    """Correlation in [-1, 1] of a centred raster with its image in {x : normal.x = offset}."""
    points, values = raster.points(), raster.values[raster.known > 0]
    energy = (values**2).sum()
    distance = points @ normal - offset
    # Every pair has one point on either side: one side is enough.
    side = distance > 0
    points, values, distance = points[side], values[side], distance[side]
    image, known = raster.sample(points - 2 * distance[:, None] * normal)
    both = (known * (values**2 + image**2)).sum()
    alike = 2 * (known * values * image).sum()
    return float(alike / (both + _UNSEEN * max(energy - both, 0.0) + 1e-12))


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


def _refined(raster: Raster, start: Array, cell: float) -> tuple[float, Array]:
    """The likeness of the best mirror near `start` (angles and offset), and that mirror."""
    steps = np.append(np.full(len(start) - 1, 0.05), cell)
    simplex = np.vstack([start, start + np.diag(steps)])
    found = scipy.optimize.minimize(
        lambda mirror: -_likeness(raster, _normal(mirror[:-1]), mirror[-1]),
        start,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": 60, "xatol": 1e-4, "fatol": 1e-6},
    )
    return -float(found.fun), np.asarray(found.x)
