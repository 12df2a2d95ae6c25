"""The certificates of regions along rays, star-shaped or radially connected."""

import copy
from collections.abc import Sequence

import numpy as np
import torch

from isr.coordinates import Points, Scene
from isr.evaluation.certificates.convexity import Box, midpoint_gaps
from isr.evaluation.certificates.rounding import EPS, largest, rounding_scale, tolerance
from isr.evaluation.certificates.scene_grid import Cells, SceneGrid, lookup
from isr.evaluation.certificates.verdicts import (
    Certificate,
    Finding,
    at_most,
    certify_structure,
    counted,
    joined,
    not_finite,
    sample_points,
    settled_raster,
    unknown,
)
from isr.evaluation.drawing import LevelFunction, frozen_copy, level_function, point_map
from isr.evaluation.pixels import Mask
from isr.levels import foreground
from isr.representations.polar import Polar, RadiallyConnected

RAYS = 360
RADII = 2000
POINTS = 2000
# Every so many radii are compared with the level itself.
COMPARED = 80
# Offsets at which a direction is checked too, beside those of sampled points.
_NEAR = (1e-30, 1e-12, 1e-8, 1e-4)
# What is followed through a drawn mask.
MAX_RAYS = 500
SEGMENT_STEPS = 64


def property_of(representation: Polar) -> str:
    """The property's name."""
    return "radially connected" if isinstance(representation, RadiallyConnected) else "star-shaped"


def certify_star(
    representation: Polar, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """Three certificates: of the stored weights, of sampled rays, of the drawn `level`."""
    name = property_of(representation)
    structure = certify_structure(name, representation)
    boxes = [scene.box(1.0), scene.box(3.0)]
    if structure.margin == -np.inf:
        return unknown(name, structure)
    explained = ray_rounding(representation, boxes[-1])
    findings = sampled_rays(representation, boxes, explained, seed=seed)
    return [
        structure,
        joined(name, "sampled margin", findings),
        certify_ray_raster(name, representation, scene, level, explained, seed=seed),
    ]


def _reach(representation: Polar, box: Box) -> float:
    """Distance from the centre to the farthest corner of a box."""
    centre = representation.centre.detach().double().cpu().numpy()
    return float(np.linalg.norm(np.maximum(np.abs(box[0] - centre), np.abs(box[1] - centre))))


def ray_rounding(representation: Polar, box: Box) -> float:
    """What rounding explains of a level in `box`."""
    bound = np.append(np.ones(representation.dim), _reach(representation, box))
    frozen = frozen_copy(representation)
    # The level is the difference of two values of the network, and a constant.
    scale = 2 * rounding_scale(frozen.network, bound)
    if isinstance(frozen, RadiallyConnected):
        scale += abs(float(frozen.origin.detach()))
    return tolerance(scale)


def sampled_rays(
    representation: Polar, boxes: Sequence[Box], explained: float, *, seed: int
) -> list[Finding]:
    """What keeps a ray from entering the region twice, at sampled points and rays, in float64.

    The first finding, whose margin is the smallest gap of convexity along a ray, is about 360 rays
    with 2,000 radii up to the farthest corner of the last box: the level is convex along each, and
    leaves the foreground at most once (enters and leaves it at most once, where the centre may be
    background). The others: the level at the centre, exactly, in the stored precision and in
    float64; directions are unit vectors; and the level is that of the rays.
    """
    frozen = frozen_copy(representation)
    generator = np.random.default_rng(seed)
    reach = _reach(frozen, boxes[-1])
    radii = np.linspace(0.0, reach, RADII + 1)
    with np.errstate(all="ignore"):
        directions = _directions(frozen.dim, RAYS, generator)
        levels = _ray_levels(frozen, directions, radii)
        if not np.isfinite(levels).all():
            return [not_finite("sampled rays")]
        points = sample_points(generator, boxes, POINTS)
        return [
            _convex_rays(frozen, levels, explained),
            _level_at_centre(representation),
            _unit_directions(frozen, points, generator),
            _same_form(frozen, directions, radii, levels, explained),
        ]


def _directions(dim: int, count: int, generator: np.random.Generator) -> Points:
    """Unit vectors (count, dim): in the plane evenly spaced ones, in any random turn."""
    if dim == 2:
        angle = 2 * np.pi * (np.arange(count) + generator.uniform()) / count
        return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    drawn = generator.normal(size=(count, dim))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True))


def _ray_levels(frozen: Polar, directions: Points, radii: Points) -> Points:
    """Levels (rays, radii): by the network's convex half, what the direction gives being shared."""
    levels = np.empty((len(directions), len(radii)))
    radius = torch.from_numpy(radii)[None, :, None]
    with torch.no_grad():
        at_centre = frozen.radial(torch.from_numpy(directions), radius.new_zeros(len(directions)))
        for ray, direction in enumerate(torch.from_numpy(directions)):
            terms = frozen.network.context_terms(direction[None, None])
            rise = frozen.network.values(terms, radius) - frozen.network.values(
                terms, torch.zeros_like(radius[:, :1])
            )
            levels[ray] = (rise + at_centre[ray]).numpy()
    return levels


def _convex_rays(frozen: Polar, levels: Points, explained: float) -> Finding:
    gaps = midpoint_gaps(levels)
    worst = float(gaps.min())
    several, times = _runs(levels, explained) > 1, "in more than one interval"
    if not isinstance(frozen, RadiallyConnected):
        several, times = several | (levels[:, 0] > explained), "again"
    again = int(np.count_nonzero(several))
    sentence = (
        f"{again} of {len(levels)} rays with {RADII:,} radii meet the foreground {times}; the "
        f"smallest convexity gap along them is {worst:.3g}, rounding explains {-explained:.3g}."
    )
    holds = worst >= -explained and again == 0
    return Finding(float(-again) if again else worst, holds, sentence)


def _level_at_centre(representation: Polar) -> Finding:
    """The level at the centre is exactly what the construction says, in two precisions."""
    wanted, errors = "-1", []
    stored = copy.deepcopy(representation).cpu()
    for each in stored, frozen_copy(representation):
        with torch.no_grad():
            level = float(each(each.centre[None])[0])
        exact = -1.0
        if isinstance(each, RadiallyConnected):
            exact, wanted = float(each.origin.detach()), "the learned one"
        errors.append(abs(level - exact))
    sentence = "The level at the centre differs from " + wanted + " by {value}."
    return at_most(largest(np.array(errors)), 0.0, sentence)


def _unit_directions(frozen: Polar, points: Points, generator: np.random.Generator) -> Finding:
    """Polar coordinates are those of the point: u is a unit vector and r u the way from the centre.

    The margin is minus the largest error, relative to the magnitudes of the coordinates.
    """
    centre = frozen.centre.numpy()
    near = np.concatenate([size * _directions(frozen.dim, 8, generator) for size in _NEAR])
    points = np.concatenate([points, centre + near])
    with torch.no_grad():
        direction, radius = (x.numpy() for x in frozen.polar(torch.from_numpy(points)))
    away = points - centre
    there = (away != 0).any(axis=-1)
    length = np.abs(np.linalg.norm(direction[there], axis=-1) - 1)
    magnitude = np.abs(points).max(axis=-1) + np.abs(centre).max()
    misplaced = np.abs(direction * radius[:, None] - away).max(axis=-1) / magnitude
    error = max(largest(length), largest(misplaced))
    sentence = "Directions from the centre are unit vectors but for {value}; rounding {limit}."
    return at_most(error, 4 * EPS * frozen.dim, sentence)


def _same_form(
    frozen: Polar, directions: Points, radii: Points, levels: Points, explained: float
) -> Finding:
    """The level at points of the rays is what was found along the rays."""
    centre = frozen.centre.numpy()
    points = centre + radii[::COMPARED, None] * directions[:, None]
    error = largest(point_map(frozen, torch.float64)(points) - levels[:, ::COMPARED])
    # The way to the point and back costs a rounding of the centre's size.
    limit = explained * (1 + float(np.abs(centre).max()))
    sentence = "Levels differ from those along the rays by {value} at most; rounding {limit}."
    return at_most(error, limit, sentence)


def certify_ray_raster(
    name: str, representation: Polar, scene: Scene, level: Points, explained: float, *, seed: int
) -> Certificate:
    """The mask drawn from `level` against the rays from the centre, up to a pixel.

    From every foreground pixel centre the way to the star's centre is foreground. So is the pixel
    that is hit one pixel nearer; where it is not, the way through it has to be narrower than a
    pixel: the level on the way is foreground, and the pixel's own centre truly is not. Of a
    radially connected region this way may end, but not begin again nearer to the centre. The centre
    may lie outside of the picture, where nothing is compared. In a picture with depth the ways
    themselves are sampled. The margin is minus the number of pixels for which it is otherwise.
    """
    settled = settled_raster(name, level)
    if settled is not None:
        return settled
    mask = foreground(level)
    centre = representation.centre.detach().double().cpu().numpy()
    ring = isinstance(representation, RadiallyConnected)
    generator = np.random.default_rng(seed)
    levels = level_function(representation)
    if scene.third is not None and scene.third.name == "depth":
        wrong, narrow = _sampled_ways(levels, scene.coordinates()[mask], centre, explained, ring), 0
    else:
        wrong, narrow = _drawn_ways(
            levels, SceneGrid(scene), mask, centre, explained, ring, generator
        )
    low, high = scene.box()
    away = "" if ((low <= centre) & (centre <= high)).all() else " The centre lies outside."
    sentence = (
        f"Of the {np.count_nonzero(mask):,} foreground pixels {wrong} are not joined to "
        f"{'the others of their ray' if ring else 'the centre'}, {narrow} through a gap "
        f"of the mask that is narrower than a pixel.{away}"
    )
    return counted(name, wrong, sentence)


def _drawn_ways(
    levels: LevelFunction,
    grid: SceneGrid,
    mask: Mask,
    centre: Points,
    explained: float,
    ring: bool,
    generator: np.random.Generator,
) -> tuple[int, int]:
    """How many foreground pixels are not joined to the centre, and how many through a thin gap."""
    points = _centres(grid, np.argwhere(mask))
    pixels = np.linalg.norm(grid.positions(centre) - grid.positions(points), axis=-1)
    nearer = points + (centre - points) * np.minimum(1, 1 / np.maximum(pixels, 1e-9))[:, None]
    cells = np.floor(grid.positions(nearer)).astype(np.int64)
    gap = ~lookup(mask, cells, True).astype(bool)
    if not gap.any():
        return 0, 0
    # The mask could be another's: what is drawn has to be so.
    drawn = np.unique(cells[gap], axis=0)
    false = int(np.count_nonzero(levels(_centres(grid, drawn)) < -explained))
    if not ring:
        broken = int(np.count_nonzero(levels(nearer[gap]) > explained))
        return broken + false, int(np.count_nonzero(gap)) - broken
    chosen = np.flatnonzero(gap)
    if len(chosen) > MAX_RAYS:
        chosen = generator.choice(chosen, MAX_RAYS, replace=False)
    steps = int(np.ceil(pixels[chosen].max())) + 1
    share = np.minimum(1, np.arange(steps + 1) / np.maximum(pixels[chosen, None], 1e-9))
    ways = points[chosen, None] + share[..., None] * (centre - points[chosen, None])
    # Only rays that meet drawn foreground again, beyond the gap, may be broken.
    passed = np.floor(grid.positions(ways)).astype(np.int64)[:, 2:]
    met = lookup(mask, passed, False).astype(bool)
    beyond = np.unique(passed[met], axis=0)
    false += int(np.count_nonzero(levels(_centres(grid, beyond)) > explained))
    again = met.any(axis=1)
    if not again.any():
        return false, 0
    broken = int(np.count_nonzero(_runs(levels(ways[again]), explained) > 1))
    return broken + false, int(np.count_nonzero(again)) - broken


def _centres(grid: SceneGrid, cells: Cells) -> Points:
    """Coordinates (n, dim) of the centres of cells (n, dim)."""
    return grid.points(cells.astype(np.float64) + 0.5)


def _sampled_ways(
    levels: LevelFunction, points: Points, centre: Points, explained: float, ring: bool
) -> int:
    """How many of the foreground pixels' ways to the centre are broken."""
    chosen = points[:: max(1, len(points) // MAX_RAYS)]
    share = np.linspace(0, 1, SEGMENT_STEPS)[:, None]
    found = levels(chosen[:, None] + share * (centre - chosen[:, None]))
    broken = _runs(found, explained) > 1 if ring else (found > explained).any(axis=1)
    return int(np.count_nonzero(broken))


def _runs(levels: Points, explained: float) -> Points:
    """How many intervals of foreground there are on each of (rays, n) levels.

    Levels that rounding may have put on either side of zero tell nothing.
    """
    runs = []
    for row in levels:
        definite = row[np.abs(row) > explained] < 0
        runs.append(np.count_nonzero(definite & ~np.concatenate([[False], definite[:-1]])))
    return np.array(runs)
