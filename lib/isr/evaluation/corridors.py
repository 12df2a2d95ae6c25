"""Finer sampling of the cells along a path, until it shows that two regions meet."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from isr.coordinates import Points
from isr.evaluation.pixel_hull import Mask
from isr.evaluation.scene_grid import Cells

FINEST = 16
# Of one corridor; a path of 250 pixels at 16 x 16 samples.
MAX_SAMPLES = 200_000


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
