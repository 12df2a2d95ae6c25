"""Total-variation segmentation, the energy of the UniReps paper's eq. 3: nothing is trained.

Densities of its likelihood are those of Nieuwenhuis & Cremers, "Spatially varying color
distributions for interactive multilabel segmentation" (PAMI 2013), which the papers name for a
model-based likelihood: estimated with Gaussian kernels around the scribbled pixels, which are the
wider in the plane, the further away the scribbles of a class are.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.data.features.sets import XY, channel_slices
from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.errors import UserError
from isr.predictors.base import Computation, Computed

if TYPE_CHECKING:
    from isr.data.problems import Problem

Array = NDArray[np.float32]

_TAU, _RELAXATION = 0.3, 1.8
"""Step of the primal variable (that of the dual is 1 / (8 tau)), and over-relaxation of both."""
_BETWEEN_CHECKS = 50
"""Iterations from one computation of the gap to the next."""

# Chosen on photographs, for all feature sets alike.
_WIDTH = 0.05
"""Standard deviation of the kernels in colours and semantic features, which lie in [0, 1]."""
_SPREAD, _LEAST_REACH = 1.3, 0.01
"""That in the plane, by the distance to the class's nearest scribble, and at least."""
_FLOOR = 0.003
"""Density of what no scribble explains: neither class gets it for certain."""
_SAMPLES = 1000
"""Scribbled pixels of each class that are taken at most, evenly from all of them."""
_PAIRS = 2**20
"""Pairs of pixels whose kernels are computed at once."""


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
        data = log_likelihood_ratio(
            problem.features, problem.scribbles, features, name=problem.name
        )
        found = minimise(data, self.alpha)
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


def log_likelihood_ratio(
    features: Array, scribbles: NDArray[np.uint8], sets: str, *, name: str = "scribbles"
) -> Array:
    """Log p(f | background) / p(f | object) of every pixel: D of eq. 3 is linear with these slopes.

    With `xy` among the features, p is the spatially varying density p(f, x | class); without, that
    of the other features alone.

    Args:
        features: (h, w, channels) of the picture, as `isr.data.features.assemble` makes them.
        scribbles: (h, w), 0 none, 255 background, anything else object.
        sets: the combination of features, such as `rgb+xy`.
        name: of the picture, for messages.

    Returns:
        (h, w), negative where the object is likelier.

    Raises:
        UserError: the scribbles lack object or background.
    """
    background = scribbles == BACKGROUND_SCRIBBLE
    objects = (scribbles != NO_SCRIBBLE) & ~background
    if not background.any() or not objects.any():
        raise UserError(
            f"{name}: at the size it is predicted at, scribbles lack object or background: draw "
            "more."
        )
    background_log, object_log = (
        np.log(_density(features, scribbled, sets) + np.float32(_FLOOR))
        for scribbled in (background, objects)
    )
    return np.asarray(background_log - object_log, dtype=np.float32)


def _density(features: Array, scribbled: NDArray[np.bool_], sets: str) -> Array:
    """(h, w) density among the scribbled pixels, up to a factor that both classes share."""
    pixels = np.flatnonzero(scribbled)
    chosen = np.linspace(0, len(pixels) - 1, min(len(pixels), _SAMPLES)).astype(int)
    pixels = pixels[chosen]
    flat = features.reshape(-1, features.shape[-1])
    slices = channel_slices(sets)
    place = slices.pop(XY, None)
    looks = [flat[:, columns] for columns in slices.values()]
    look = np.concatenate([*looks, np.zeros((len(flat), 1), np.float32)], axis=1)
    look = np.asarray(look / (np.sqrt(2) * _WIDTH), dtype=np.float32)
    reach = np.ones(len(flat), np.float32) if place is None else _reach(scribbled)
    density = np.empty(len(flat), np.float32)
    step = max(1, _PAIRS // len(pixels))
    for start in range(0, len(flat), step):
        rows = slice(start, start + step)
        exponent = _squared_distances(look[rows], look[pixels])
        if place is not None:
            away = _squared_distances(flat[rows, place], flat[pixels, place])
            exponent += away / (2 * reach[rows, None] ** 2)
        density[rows] = np.exp(-exponent).mean(1)
    if place is not None:
        density /= 2 * np.pi * reach**2
    return density.reshape(scribbled.shape)


def _reach(scribbled: NDArray[np.bool_]) -> Array:
    """(h w,) standard deviation in the plane of the kernels that each pixel sees."""
    from scipy.ndimage import distance_transform_edt

    away = distance_transform_edt(~scribbled) / max(scribbled.shape)
    return np.asarray(np.maximum(_SPREAD * away, _LEAST_REACH), dtype=np.float32).ravel()


def _squared_distances(points: Array, samples: Array) -> Array:
    """(points, samples) from (points, channels) and (samples, channels)."""
    squares = np.square(points).sum(1)[:, None] + np.square(samples).sum(1)
    squares -= 2 * points @ samples.T
    return np.asarray(np.maximum(squares, 0, out=squares))
