"""Connections of a path-connected region that its mask does not show.

They are found by its paths; finer sampling of the cells along a path shows that two parts meet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from isr.coordinates import Points
from isr.evaluation.certificates.scene_grid import Cells, SceneGrid, lookup
from isr.evaluation.paths import Paths, coarseness, refine
from isr.evaluation.pixels import Components, Mask
from isr.levels import foreground

# Between points of a path, in pixels.
SPACING = 0.25
COARSE_STEPS = 65
# With more components their nearest pixels are not looked for.
MANY = 40
FINEST = 16
# Of one corridor; a path of 250 pixels at 16 x 16 samples.
MAX_SAMPLES = 200_000


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
    return [
        _connection(paths, grid, points, found.labels, (each.first, each.second))
        for each, points in zip(chosen, curves, strict=True)
    ]


def _connection(
    paths: Paths,
    grid: SceneGrid,
    points: Points,
    labels: Cells,
    ends: tuple[int, int],
    *,
    background: bool = False,
) -> Connection:
    """A path (n, dim) between two labelled parts, and how finely one has to sample to see it.

    Through background paths may leave the picture, whose outside has label 1.
    """
    sign = -1 if background else 1

    def inside(positions: Points) -> Mask:
        found = foreground(paths.level(grid.points(positions)))
        return ~found if background else found

    outside = 0.0 if background else _share_outside(grid, points)
    cells = _open_cells(grid, points, labels, int(background))
    known = lookup(labels, cells, int(background)).astype(np.int64)
    samples, tried = coarsest_join(
        Corridor(cells, known, *ends),
        inside,
        diagonal=not background,
        first=1 if outside > 0 else 2,
    )
    worst = float((sign * paths.level(points)).max())
    jump = coarseness(points, SPACING * grid.pixel)
    return Connection(points, outside, samples, tried, worst, jump)


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
    for first, second, own, its in _nearest_parts(found) if found.count <= MANY else ():
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


def _nearest_parts(found: Components) -> list[tuple[int, int, Cells, Cells]]:
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
    return _connection(paths, grid, points, labels, (hole, 1), background=True)


def _until_open(grid: SceneGrid, points: Points, labels: Cells) -> Points:
    """The first points (n, dim) of a path, up to the one in the background around."""
    own = lookup(labels, np.floor(grid.positions(points)).astype(np.int64), 1)
    reached = np.flatnonzero(own == 1)
    return points[: reached[0] + 1] if len(reached) else points


@dataclass(frozen=True, eq=False)
class Corridor:
    """Cells along a path and what is known of them.

    Args:
        cells: (n, dim), without repetition.
        labels: (n,) of the connected parts of the drawn region that cells belong to; 0 for others.
        first: label of one of the two parts to be joined.
        second: label of the other.
    """

    cells: Cells
    labels: NDArray[np.int64]
    first: int
    second: int


def around(positions: Points) -> Cells:
    """The cells (n, dim) that a path passes, given by close positions (m, dim), and all next."""
    passed = np.unique(np.floor(positions).astype(np.int64), axis=0)
    steps = np.array(list(product((-1, 0, 1), repeat=positions.shape[1])))
    near = (passed[:, None] + steps).reshape(-1, positions.shape[1])
    return np.asarray(np.unique(near, axis=0))


def coarsest_join(
    corridor: Corridor,
    inside: Callable[[Points], Mask],
    *,
    diagonal: bool,
    first: int = 2,
) -> tuple[int | None, int]:
    """At how many samples per pixel side the two parts are seen to be one.

    Args:
        corridor: where to look.
        inside: whether positions (n, dim) belong to the region.
        diagonal: whether samples that touch at a corner are neighbours.
        first: samples per side to begin with; they are doubled up to 16.

    Returns:
        The samples per side, or None where they did not show it; and the most that were tried.
    """
    tried, samples = 0, first
    open_cells = int(np.count_nonzero(corridor.labels == 0))
    dim = corridor.cells.shape[1]
    while samples <= FINEST and open_cells * samples**dim <= MAX_SAMPLES:
        tried = samples
        if _joined(corridor, inside, samples, diagonal):
            return samples, tried
        samples *= 2
    return None, tried


def _joined(
    corridor: Corridor, inside: Callable[[Points], Mask], samples: int, diagonal: bool
) -> bool:
    parts = np.array(list(product(range(samples), repeat=corridor.cells.shape[1])))
    fine = corridor.cells[:, None] * samples + parts
    drawn = corridor.labels > 0
    belongs = np.repeat(drawn[:, None], len(parts), axis=1)
    asked = (fine[~drawn].reshape(-1, fine.shape[-1]) + 0.5) / samples
    belongs[~drawn] = inside(asked).reshape(-1, len(parts))
    labels = np.broadcast_to(corridor.labels[:, None], belongs.shape)[belongs]
    start, end = _neighbours(fine[belongs], diagonal)
    # What was drawn connected is so, whether or not the corridor shows where.
    same = np.argsort(labels, kind="stable")
    same = same[labels[same] > 0]
    chained = labels[same[:-1]] == labels[same[1:]]
    start = np.concatenate([start, same[:-1][chained]])
    end = np.concatenate([end, same[1:][chained]])
    graph = sparse.coo_matrix((np.ones(len(start)), (start, end)), shape=(len(labels),) * 2)
    groups = csgraph.connected_components(graph, directed=False)[1]
    ends = [groups[labels == label] for label in (corridor.first, corridor.second)]
    return bool(np.isin(*ends).any())


def _neighbours(places: Cells, diagonal: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of numbers (m,), (m,) of lattice points (n, dim) that are neighbours."""
    if not len(places):
        return (np.zeros(0, dtype=np.int64),) * 2
    dim = places.shape[1]
    moved = places - places.min(axis=0) + 1
    strides = np.append(np.cumprod((moved.max(axis=0) + 2)[:0:-1])[::-1], 1)
    numbers = moved @ strides
    order = np.argsort(numbers)
    ordered = numbers[order]
    starts, ends = [], []
    for step in product((-1, 0, 1), repeat=dim):
        if step <= (0,) * dim or (not diagonal and np.abs(step).sum() > 1):
            continue
        wanted = ordered + int(np.dot(step, strides))
        found = np.searchsorted(ordered, wanted).clip(max=len(ordered) - 1)
        hit = ordered[found] == wanted
        starts.append(order[hit])
        ends.append(order[found[hit]])
    return np.concatenate(starts), np.concatenate(ends)
