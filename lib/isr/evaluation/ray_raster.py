"""Drawn masks against rays from a centre: star-shaped and radially connected regions."""

from dataclasses import dataclass

import numpy as np

from isr.coordinates import Points
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.findings import RASTER_WORDS, Finding, joined, not_finite, raster_verdict
from isr.evaluation.pixel_hull import Mask
from isr.evaluation.scene_grid import Cells, SceneGrid, lookup
from isr.evaluation.verdicts import Certificate, Scene
from isr.levels import foreground
from isr.representations.polar import Polar, RadiallyConnected

MAX_RAYS = 500
SEGMENT_STEPS = 64


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
    if not np.isfinite(level).all():
        return joined(name, "raster", [not_finite("pixel centres")])
    mask = foreground(level).astype(bool)
    verdict = raster_verdict(mask)
    if verdict is not None:
        return joined(name, "raster", [Finding(0.0, True, RASTER_WORDS[verdict])], verdict)
    centre = representation.centre.detach().double().cpu().numpy()
    ring = isinstance(representation, RadiallyConnected)
    generator = np.random.default_rng(seed)
    levels = level_function(representation)
    if scene.third is not None and scene.third.name == "depth":
        outcome = _sampled_ways(levels, scene.coordinates()[mask], centre, explained, ring)
    else:
        outcome = _drawn_ways(levels, SceneGrid(scene), mask, centre, explained, ring, generator)
    low, high = scene.box()
    away = "" if ((low <= centre) & (centre <= high)).all() else " The centre lies outside."
    sentence = (
        f"Of the {np.count_nonzero(mask):,} foreground pixels {outcome.wrong} are not joined to "
        f"{'the others of their ray' if ring else 'the centre'}, {outcome.narrow} through a gap "
        f"of the mask that is narrower than a pixel.{away}"
    )
    return joined(name, "raster", [Finding(float(-outcome.wrong), outcome.wrong == 0, sentence)])


@dataclass(frozen=True)
class _Outcome:
    wrong: int
    narrow: int


def _drawn_ways(
    levels: LevelFunction,
    grid: SceneGrid,
    mask: Mask,
    centre: Points,
    explained: float,
    ring: bool,
    generator: np.random.Generator,
) -> _Outcome:
    points = _centres(grid, np.argwhere(mask))
    pixels = np.linalg.norm(grid.positions(centre) - grid.positions(points), axis=-1)
    nearer = points + (centre - points) * np.minimum(1, 1 / np.maximum(pixels, 1e-9))[:, None]
    cells = np.floor(grid.positions(nearer)).astype(np.int64)
    gap = ~lookup(mask, cells, True).astype(bool)
    if not gap.any():
        return _Outcome(0, 0)
    # The mask could be another's: what is drawn has to be so.
    drawn = np.unique(cells[gap], axis=0)
    false = int(np.count_nonzero(levels(_centres(grid, drawn)) < -explained))
    if not ring:
        broken = int(np.count_nonzero(levels(nearer[gap]) > explained))
        return _Outcome(broken + false, int(np.count_nonzero(gap)) - broken)
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
        return _Outcome(false, 0)
    broken = int(np.count_nonzero(_runs(levels(ways[again]), explained) > 1))
    return _Outcome(broken + false, int(np.count_nonzero(again)) - broken)


def _centres(grid: SceneGrid, cells: Cells) -> Points:
    """Coordinates (n, dim) of the centres of cells (n, dim)."""
    return grid.points(cells.astype(np.float64) + 0.5)


def _sampled_ways(
    levels: LevelFunction, points: Points, centre: Points, explained: float, ring: bool
) -> _Outcome:
    chosen = points[:: max(1, len(points) // MAX_RAYS)]
    share = np.linspace(0, 1, SEGMENT_STEPS)[:, None]
    found = levels(chosen[:, None] + share * (centre - chosen[:, None]))
    broken = _runs(found, explained) > 1 if ring else (found > explained).any(axis=1)
    return _Outcome(int(np.count_nonzero(broken)), 0)


def _runs(levels: Points, explained: float) -> Points:
    """How many intervals of foreground there are on each of (rays, n) levels."""
    runs = []
    for row in levels:
        definite = row[np.abs(row) > explained] < 0
        runs.append(np.count_nonzero(definite & ~np.concatenate([[False], definite[:-1]])))
    return np.array(runs)
