"""A minimal cut between seeds (Boykov & Jolly 2001), by PyMaxflow."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.predictors.seeded import BACKGROUND, OBJECT, Colours, Seeded, Seeds

_BINS = 16


class GraphCut(Seeded):
    """One cut between histograms of the colours of the scribbles, along edges where it can be."""

    title: ClassVar[str] = "graph cut"

    kind: Literal["graph_cut"]
    smoothness: Annotated[float, Field(ge=0)] = Field(
        3.0, description="weight of the contour against the likelihood of the colours"
    )

    def segment(self, colours: Colours, seeds: Seeds) -> NDArray[Any]:
        """A mask."""
        import maxflow

        graph = maxflow.Graph[float]()
        nodes = graph.add_grid_nodes(seeds.shape)
        for axis, structure in (
            (1, [[0, 0, 0], [0, 0, 1], [0, 0, 0]]),
            (0, [[0, 0, 0], [0, 0, 0], [0, 1, 0]]),
        ):
            weights = self.smoothness * _sameness(colours, axis)
            graph.add_grid_edges(nodes, weights, np.array(structure), symmetric=True)
        inside, outside = _costs(colours, seeds)
        graph.add_grid_tedges(nodes, outside, inside)
        graph.maxflow()
        return np.asarray(~graph.get_grid_segments(nodes))


def _sameness(colours: Colours, axis: int) -> NDArray[np.float64]:
    """How alike a pixel and its next one along an axis are, (h, w) in [0, 1]."""
    steps = np.square(np.diff(colours.astype(np.float64), axis=axis)).sum(-1)
    mean = max(float(steps.mean()), 1e-9)
    widths = [(0, 1), (0, 0)] if axis == 0 else [(0, 0), (0, 1)]
    return np.pad(np.exp(-steps / (2 * mean)), widths)


def _costs(colours: Colours, seeds: Seeds) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What it costs that a pixel is object, and that it is background, (h, w) each."""
    bins = np.minimum((colours * _BINS).astype(int), _BINS - 1)
    index = (bins[..., 0] * _BINS + bins[..., 1]) * _BINS + bins[..., 2]
    costs = []
    for value, other in ((OBJECT, BACKGROUND), (BACKGROUND, OBJECT)):
        counts = np.bincount(index[seeds == value], minlength=_BINS**3).astype(np.float64)
        cube = _smoothed(counts.reshape((_BINS,) * 3))
        cost = -np.log(cube.ravel()[index] / cube.sum() + 1e-6)
        cost[seeds == other] = 1e6
        cost[seeds == value] = 0
        costs.append(cost)
    return costs[0], costs[1]


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(counts, 1, mode="nearest"))
