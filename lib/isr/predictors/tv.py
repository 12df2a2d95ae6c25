"""Total-variation segmentation, the energy of the UniReps paper's eq. 3: nothing is trained."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.errors import UserError
from isr.predictors.base import Computation, Computed

if TYPE_CHECKING:
    from isr.data.problems import Problem

Array = NDArray[np.float32]

_TAU, _RELAXATION = 0.3, 1.8
"""Step of the primal variable (that of the dual is 1 / (8 tau)), and over-relaxation of both."""
_BETWEEN_CHECKS = 50
"""Iterations from one computation of the gap to the next."""


class TV(Computed):
    """Total variation and the likelihood of the features at scribbled pixels: not trained.

    It minimises eq. 3 of the UniReps paper; densities as in Nieuwenhuis & Cremers 2013, spatially
    varying with `xy`. For `fit: sequential` and `protocol: paper` alone.
    """

    title: ClassVar[str] = "TV"

    kind: Literal["tv"]
    alpha: Annotated[float, Field(ge=0)] = Field(
        0.03,
        description="weight of the total variation: a contour as long as the picture's longer side "
        "is worth this difference in log-likelihoods over the square of that side, at every size",
    )

    def compute(self, problem: "Problem", features: str | None) -> Computation:
        """The minimiser of the energy."""
        if problem.features is None or problem.scribbles is None or features is None:
            raise UserError(f"{problem.name}: tv needs features and scribbles: draw some.")
        found = segment(
            problem.features, problem.scribbles, features, alpha=self.alpha, name=problem.name
        )
        return Computation(
            found.u,
            {"energy": found.energy, "gap": found.gap, "iterations": found.iterations},
            found.converged,
            f"{found.iterations} iterations, energy {found.energy:.4f} at most {found.gap:.1e} "
            "above the least",
        )


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A minimiser of eq. 3.

    Attributes:
        u: (h, w) in [0, 1]. Where it is at least 1/2 is a region of least energy among all regions
            (Nikolova, Esedoglu & Chan 2006), if `u` has the least energy.
        energy: mean of D(u, f) over pixels plus alpha times the contour's length over the area.
        gap: how far the energy can be above the least at most.
        iterations: of the primal-dual algorithm.
        converged: whether the gap is small.
    """

    u: Array
    energy: float
    gap: float
    iterations: int
    converged: bool


def segment(
    features: Array,
    scribbles: NDArray[np.uint8],
    sets: str,
    *,
    alpha: float = 0.03,
    name: str = "scribbles",
) -> Segmentation:
    """Segment a scribbled picture by eq. 3, with the likelihood of its scribbled pixels as data.

    Args:
        features: (h, w, channels) of the picture.
        scribbles: (h, w), 0 none, 255 background, anything else object.
        sets: the combination of features, such as `rgb+xy`.
        alpha: see `minimise`.
        name: of the picture, for messages.

    Raises:
        UserError: the scribbles lack object or background.
    """
    from isr.predictors.likelihood import log_likelihood_ratio

    return minimise(log_likelihood_ratio(features, scribbles, sets, name=name), alpha)


def minimise(
    data: Array, alpha: float, *, tolerance: float = 1e-4, most: int = 10_000
) -> Segmentation:
    """Find argmin over u in [0, 1]^(h x w) of mean(data u) + alpha TV(u) (eq. 3).

    TV(u) is the integral of |grad u| over the picture's area in coordinates, in which its longer
    side is 1: of a region, the length of its contour over the area, whatever the number of pixels.
    Forward differences with Euclidean norms, minimised by the primal-dual algorithm (Chambolle &
    Pock 2011) until the gap between primal and dual energy is small.

    Args:
        data: (h, w) what it costs that a pixel is foreground.
        alpha: weight of TV, 0 or more: a contour of length 1 is worth a difference of `alpha` in
            log-likelihoods over an area of 1.
        tolerance: the gap to end at, relative to the mean of |data|.
        most: iterations at most.
    """
    height, width = data.shape
    weight = alpha * max(height, width)
    enough = tolerance * float(np.abs(data).mean(dtype=np.float64))
    u = (data < 0).astype(np.float32)
    if weight == 0:
        return Segmentation(u, float((data * u).mean(dtype=np.float64)), 0.0, 0, True)
    slopes = (data / weight).astype(np.float32)
    p = np.zeros((2, height, width), np.float32)
    for iteration in range(1, most + 1):
        next_u = np.clip(u + _TAU * (_divergence(p) - slopes), 0, 1)
        next_p = p + _gradient(2 * next_u - u) / (8 * _TAU)
        next_p /= np.maximum(1, np.sqrt(np.square(next_p).sum(0)))
        if iteration % _BETWEEN_CHECKS == 0 or iteration == most:
            energy = weight * _energy(next_u, slopes)
            # The least over u of the Lagrangian: u = 1 where its slope is negative, 0 elsewhere.
            dual = np.minimum(slopes - _divergence(next_p), 0).mean(dtype=np.float64)
            gap = energy - weight * float(dual)
            if gap <= enough:
                break
        u = u + _RELAXATION * (next_u - u)
        p = p + _RELAXATION * (next_p - p)
    return Segmentation(next_u, energy, gap, iteration, gap <= enough)


def _energy(u: Array, slopes: Array) -> float:
    norms = np.sqrt(np.square(_gradient(u)).sum(0))
    return float((slopes * u + norms).mean(dtype=np.float64))


def _gradient(u: Array) -> Array:
    """(2, h, w) forward differences, 0 at the border."""
    differences = np.zeros((2, *u.shape), np.float32)
    differences[0, :, :-1] = np.diff(u, axis=1)
    differences[1, :-1] = np.diff(u, axis=0)
    return differences


def _divergence(p: Array) -> Array:
    """(h, w), minus the adjoint of `_gradient`."""
    along_rows = np.diff(p[0, :, :-1], axis=1, prepend=0, append=0)
    along_columns = np.diff(p[1, :-1], axis=0, prepend=0, append=0)
    return np.asarray(along_rows + along_columns)
