"""The lattice on which a picture repeats, also of a sheet seen obliquely."""

import itertools
from dataclasses import dataclass

import numpy as np
import scipy  # Its parts load on first use: most fits need none of them, half a second saved.
import torch
from torch import Tensor

from isr.representations.rasters import Array, Raster, known_points, rasterise

_CELLS = {2: 256, 3: 48}
_LAG_CELLS = {2: 128, 3: 32}
_STRONG = 0.5
"""Peaks this near to the strongest are periods; the shortest of them span the lattice."""
_INDEPENDENT = 0.35
_REFINED, _STEPS = 4, 250
_PICTURE = 2000
"""Points that stand for the whole picture when sums are compared with it."""
_TILTS = np.linspace(-0.4, 0.4, 9)


@dataclass(frozen=True, eq=False)
class Lattice:
    """A lattice of the plane that is seen after x -> x / (1 + perspective.x), middle at zero.

    Args:
        basis: (dim, dim), columns are lattice vectors.
        phase: (dim,) lattice coordinates of a point where the rarer class is centred.
        perspective: (dim,).
        strength: root mean square of Fourier sums of the rarer class: how much of it is in phase.
    """

    basis: Array
    phase: Array
    perspective: Array
    strength: float


def find_lattice(
    coordinates: Tensor, unaries: Tensor, middle: float, *, perspective: bool
) -> Lattice | None:
    """Find the lattice from autocorrelations, and refine it on Fourier sums over all points.

    With `perspective` the picture is rectified by many perspectives first: under the right one the
    autocorrelation has the sharpest peaks.

    Args:
        coordinates: (*grid, dim).
        unaries: (*grid) foreground probabilities; NaN where nothing is known.
        middle: every coordinate of the point that perspectives leave in place.
        perspective: whether to look for a perspective (2-D only).

    Returns:
        None where nothing repeats.
    """
    points, values = known_points(coordinates, unaries)
    if not len(points) or np.ptp(values) < 1e-6:
        return None
    dim = points.shape[1]
    raster = rasterise(points - middle, values, _CELLS[dim])
    points, values = raster.points(), raster.values[raster.known > 0]
    tilts = itertools.product(_TILTS, _TILTS) if perspective else [(0.0,) * dim]
    found = []
    for tilt in map(np.array, tilts):
        lags = _autocorrelation(_rectified(points, tilt), values, _LAG_CELLS[dim])
        basis = _short_periods(lags)
        if basis is not None:
            found.append((_coherence(lags, basis), tilt, basis))
    found.sort(key=lambda entry: -entry[0])
    fits = [
        _refined(points, values, basis, tilt, perspective) for _, tilt, basis in found[:_REFINED]
    ]
    return max(fits, key=lambda fit: fit.strength) if fits else None


def _rectified(points: Array, perspective: Array) -> Array:
    return points / (1 + points @ perspective)[:, None]


def _autocorrelation(points: Array, values: Array, cells: int) -> Raster:
    """Correlation of values with themselves by lag, on a raster centred at lag zero.

    Divided by the number of pairs, and 1 at lag zero; unknown where pairs are few.
    """
    raster = rasterise(points, values, cells)
    mean = (raster.values * raster.known).sum() / raster.known.sum()
    away = scipy.ndimage.gaussian_filter((raster.values - mean) * raster.known, 0.8)
    flip = (slice(None, None, -1),) * raster.dim
    pairs = scipy.signal.fftconvolve(raster.known, raster.known[flip])
    products = scipy.signal.fftconvolve(away, away[flip])
    known = pairs > 0.2 * pairs.max()
    lags = np.where(known, products / np.maximum(pairs, 1), 0.0)
    low = -(np.array(raster.values.shape) - 1) * raster.cell
    return Raster(lags / max(lags.max(), 1e-12), known.astype(np.float64), low, raster.cell)


def _short_periods(lags: Raster) -> Array | None:
    """The shortest independent lags (dim, dim), as columns, at which peaks are strong."""
    peak = (lags.values == scipy.ndimage.maximum_filter(lags.values, size=5)) & (lags.known > 0)
    where = np.argwhere(peak) * lags.cell + lags.low
    height = lags.values[peak]
    length = np.linalg.norm(where, axis=1)
    away = length > 2.5 * lags.cell
    if not away.any() or height[away].max() < 0.05:
        return None
    kept = away & (height > _STRONG * height[away].max())
    chosen: list[Array] = []
    for lag in where[kept][np.argsort(length[kept], kind="stable")]:
        if _independent([*chosen, lag]):
            chosen.append(lag)
        if len(chosen) == lags.dim:
            return np.stack(chosen, axis=1)
    return None


def _independent(vectors: list[Array]) -> bool:
    unit = np.stack([vector / np.linalg.norm(vector) for vector in vectors])
    return bool(np.linalg.det(unit @ unit.T) > _INDEPENDENT**2)


def _coherence(lags: Raster, basis: Array) -> float:
    """The mean autocorrelation at lattice points up to two steps away."""
    steps = np.array(list(itertools.product(range(-2, 3), repeat=lags.dim)))
    steps = steps[(steps != 0).any(axis=1)]
    value, known = lags.sample(steps @ basis.T)
    return float((value * known).sum() / max(known.sum(), 1e-9))


def _contrast(points: Array, values: Array) -> tuple[Tensor, Tensor]:
    """Points (m, dim) and weights (m,): the rarer class less the whole picture, each of sum one.

    Without the picture, a lattice coarser than the picture would have everything in phase.
    """
    rare = values if values.mean() <= 0.5 else 1 - values
    chosen = rare > max(0.1, 2 * float(rare.mean()))
    if not chosen.any():
        chosen = rare >= rare.max()
    every = points[:: max(1, len(points) // _PICTURE) | 1]
    share = rare[chosen] / rare[chosen].sum()
    weights = np.concatenate([share, np.full(len(every), -1 / len(every))])
    return torch.from_numpy(np.concatenate([points[chosen], every])), torch.from_numpy(weights)


def _refined(points: Array, values: Array, basis: Array, tilt: Array, perspective: bool) -> Lattice:
    """Climb to the lattice and perspective at which the rarer class is most in phase."""
    x, weights = _contrast(points, values)
    inverse = torch.from_numpy(np.linalg.inv(basis)).requires_grad_()
    tilted = torch.from_numpy(tilt.astype(np.float64)).requires_grad_(perspective)
    unit = torch.eye(len(basis), dtype=torch.float64)
    waves = torch.cat([unit, unit[:1] + unit[1:], unit[:1] - unit[1:], 2 * unit])

    def sums(multiples: Tensor) -> tuple[Tensor, Tensor]:
        phase = (x / (1 + (x @ tilted)[:, None])) @ inverse.T
        angles = 2 * torch.pi * (phase @ multiples.T)
        return weights @ angles.cos(), weights @ angles.sin()

    def energy(multiples: Tensor) -> Tensor:
        cosine, sine = sums(multiples)
        return (cosine.square() + sine.square()).mean()

    trained = [inverse, tilted] if perspective else [inverse]
    optimiser = torch.optim.Adam(trained, lr=0.02)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    with torch.enable_grad():
        for step in range(_STEPS):
            optimiser.zero_grad()
            # Fundamentals forgive a wrong start, harmonics make the end exact.
            loss = -energy(unit if step < _STEPS // 2 else waves)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            decay.step()
    with torch.no_grad():
        cosine, sine = sums(unit)
        phase = torch.atan2(sine, cosine) / (2 * torch.pi)
        strength = float(energy(waves).sqrt())
    columns = np.linalg.inv(inverse.detach().numpy())
    return Lattice(columns, phase.numpy(), tilted.detach().numpy(), strength)
