"""Connections of a path-connected region that its mask does not show, found by its paths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse import csgraph

from isr.coordinates import Points
from isr.evaluation.corridors import Corridor, around, coarsest_join
from isr.evaluation.paths import Paths, coarseness, refine
from isr.evaluation.pixel_components import Components
from isr.evaluation.pixel_hull import Mask
from isr.evaluation.scene_grid import Cells, SceneGrid, lookup

# Between points of a path, in pixels.
SPACING = 0.25
COARSE_STEPS = 65
# With more components their nearest pixels are not looked for.
MANY = 40


@dataclass(frozen=True, eq=False)
class Connection:
    """A path that connects what the mask shows apart.

    Attributes:
        points: (n, dim) coordinates of the path.
        outside: the share of its length that lies outside of the picture.
        samples: per pixel side at which the connection is seen; None if it never is.
        tried: the most samples per pixel side that were tried; 0 where the path is too long.
        worst: by how much a level on the path has the wrong sign at most; 0 or less is right.
        jump: its `paths.coarseness`, above 1 where it jumps.
    """

    points: Points
    outside: float
    samples: int | None
    tried: int
    worst: float
    jump: float


@dataclass(frozen=True)
class _Candidate:
    outside: float
    length: float
    first: int
    second: int
    start: tuple[float, ...]
    end: tuple[float, ...]


def connect_components(
    paths: Paths, grid: SceneGrid, level: Points, found: Components
) -> list[Connection]:
    """Paths that make one of all components of a mask, as few as will do.

    Of several paths between two components the one is taken that leaves the picture least.
    """
    chosen = _tree(_candidates(paths, grid, level, found))
    starts, ends = (np.array([getattr(c, end) for c in chosen]) for end in ("start", "end"))
    curves = paths.fine(starts, ends, SPACING * grid.pixel)

    def inside(positions: Points) -> Mask:
        return np.asarray(paths.level(grid.points(positions)) <= 0)

    made = []
    for candidate, points in zip(chosen, curves, strict=True):
        outside = _share_outside(grid, points)
        cells = _open_cells(grid, points, found.labels, outside=0)
        labels = lookup(found.labels, cells, 0).astype(np.int64)
        corridor = Corridor(cells, labels, candidate.first, candidate.second)
        samples, tried = coarsest_join(
            corridor, inside, diagonal=True, first=1 if outside > 0 else 2
        )
        worst = float(paths.level(points).max())
        made.append(
            Connection(
                points, outside, samples, tried, worst, coarseness(points, SPACING * grid.pixel)
            )
        )
    return made


def _open_cells(grid: SceneGrid, points: Points, labels: Cells, outside: int) -> Cells:
    """The cells around those parts of a path that do not run through labelled cells."""
    positions = grid.positions(points)
    own = lookup(labels, np.floor(positions).astype(np.int64), outside)
    open_ = positions[own == 0]
    return around(open_ if len(open_) else positions)


def _share_outside(grid: SceneGrid, points: Points) -> float:
    inside = grid.inside(points)
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    within = lengths[inside[:-1] & inside[1:]].sum()
    return 0.0 if inside.all() else float(1 - within / lengths.sum())


def _tree(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """The candidates that join all components, preferring those that stay in the picture."""
    root = {label: label for each in candidates for label in (each.first, each.second)}

    def find(label: int) -> int:
        while root[label] != label:
            label = root[label]
        return label

    chosen = []
    for each in sorted(candidates, key=lambda c: (c.outside, c.length)):
        first, second = find(each.first), find(each.second)
        if first != second:
            root[first] = second
            chosen.append(each)
    return chosen


def _candidates(
    paths: Paths, grid: SceneGrid, level: Points, found: Components
) -> list[_Candidate]:
    """Paths from each component to the largest and between neighbours: deep and short ones."""
    numbers = np.arange(1, found.count + 1)
    deepest = np.array(ndimage.minimum_position(level, found.labels, numbers))
    pairs = [(label, 1, deepest[label - 1], deepest[0]) for label in range(2, found.count + 1)]
    for first, second, own, its in _neighbours(found) if found.count <= MANY else ():
        pairs.append((first, second, own, its))
        pairs.append((first, second, deepest[first - 1], deepest[second - 1]))
    start, end = (grid.points(np.array([pair[k] for pair in pairs]) + 0.5) for k in (2, 3))
    curves = paths.at(start, end, np.linspace(0, 1, COARSE_STEPS))
    return [
        _Candidate(
            _share_outside(grid, curve),
            float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum()),
            pair[0],
            pair[1],
            tuple(v),
            tuple(w),
        )
        for pair, curve, v, w in zip(pairs, curves, start, end, strict=True)
    ]


def _neighbours(found: Components) -> list[tuple[int, int, Cells, Cells]]:
    """Pairs of labels that form the shortest tree, each with the two pixels that are closest."""
    numbers = np.arange(1, found.count + 1)
    gaps = np.zeros((found.count, found.count))
    closest = {}
    for label in numbers.tolist():
        distance, index = ndimage.distance_transform_edt(found.labels != label, return_indices=True)
        gaps[label - 1] = ndimage.minimum(distance, found.labels, numbers)
        cells = ndimage.minimum_position(distance, found.labels, numbers)
        for other, cell in zip(numbers.tolist(), cells, strict=True):
            closest[label, other] = index[(slice(None), *cell)], np.array(cell)
    tree = np.argwhere(csgraph.minimum_spanning_tree(gaps).toarray() > 0) + 1
    return [(a, b, *closest[a, b]) for a, b in tree.tolist()]


def open_hole(paths: Paths, grid: SceneGrid, level: Points, labels: Cells, hole: int) -> Connection:
    """A path from a hole of a mask to the background around, through background alone.

    In the base's coordinates a ray that starts at a foreground point stays outside of the region
    once it has left it. The ray through the hole's highest level is followed.

    Args:
        paths: of the representation.
        grid: of a picture.
        level: (h, w).
        labels: (h, w) of `background_components`.
        hole: the label of the hole.
    """
    cell = np.array(ndimage.maximum_position(level, labels, hole))
    deepest = np.array(np.unravel_index(level.argmin(), level.shape))
    through, inner = paths.to_base(grid.points(np.stack([cell, deepest]) + 0.5))
    if paths.centre is not None:
        inner = paths.centre

    def ray(_: int, s: Points) -> Points:
        # s = 1 is a thousand times as far away.
        return np.asarray(inner + (through - inner) * (1 / (1 - 0.999 * s))[:, None])

    points = _until_open(grid, paths.from_base(ray(0, np.linspace(0, 1, 1025))), labels)
    last = (len(points) - 1) / 1024

    def cut(_: int, s: Points) -> Points:
        return ray(0, s * last)

    (points,) = refine(cut, 1, paths.from_base, SPACING * grid.pixel)
    points = _until_open(grid, points, labels)

    def inside(positions: Points) -> Mask:
        return np.asarray(paths.level(grid.points(positions)) > 0)

    cells = _open_cells(grid, points, labels, outside=1)
    known = lookup(labels, cells, 1).astype(np.int64)
    samples, tried = coarsest_join(Corridor(cells, known, hole, 1), inside, diagonal=False)
    worst = -float(paths.level(points).min())
    return Connection(points, 0.0, samples, tried, worst, coarseness(points, SPACING * grid.pixel))


def _until_open(grid: SceneGrid, points: Points, labels: Cells) -> Points:
    """The first points (n, dim) of a path, up to the one in the background around."""
    own = lookup(labels, np.floor(grid.positions(points)).astype(np.int64), 1)
    reached = np.flatnonzero(own == 1)
    return points[: reached[0] + 1] if len(reached) else points
