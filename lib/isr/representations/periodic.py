"""Periodic regions: sums of sines (the paper's equation 8), and Fourier series on a lattice.

A fit of the latter starts at the lattice on which its unaries repeat, found by autocorrelation.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # Its parts load on first use: most fits need none of them, half a second saved.
import torch
from torch import Tensor, nn

from isr.errors import UserError
from isr.representations import Representation
from isr.representations.orientations import parameter_of
from isr.representations.starts import Array, Raster, known_points, rasterise


class Periodic(Representation):
    """A region whose level is a sum of sines: theta_o + sum_i theta_f sin(theta_w x + theta_b).

    The frequencies are free, so the sum is only ALMOST periodic: every wave has a period, their sum
    has none unless the frequencies happen to lie on a lattice. `LatticePeriodic` is periodic by
    construction.

    Attributes:
        frequencies: linear layer dim -> waves: theta_w and theta_b, divided by `frequency`.
        amplitudes: linear layer waves -> 1: theta_f, and the offset theta_o as its bias.

    Args:
        dim: number of coordinates.
        waves: number of sines; 200 in the paper.
        frequency: radians per unit of the layer `frequencies`. Its weights are drawn within
            +-1/sqrt(dim), so that waves start with at most frequency / (2 pi) periods per picture
            (2-D, diagonal); the published code has 10 pi.
    """

    def __init__(self, dim: int = 2, *, waves: int = 200, frequency: float = 10 * math.pi) -> None:
        super().__init__()
        self.dim = dim
        self.frequency = frequency
        self.frequencies = nn.Linear(dim, waves)
        self.amplitudes = nn.Linear(waves, 1)

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        level: Tensor = self.amplitudes(torch.sin(self.frequency * self.frequencies(coordinates)))
        return level.squeeze(-1)

    @torch.no_grad()
    def shift_threshold_(self, threshold: float) -> None:
        """Make {level <= threshold} the foreground, by the offset theta_o: it stays {level <= 0}.

        Equation 8 has no period to continue, so that what is hidden has higher levels than what is
        seen; section 2.6 shows the sheet's holes "for a suitable threshold".
        """
        self.amplitudes.bias.sub_(threshold)

    def regulariser(self) -> Tensor:
        """The mean absolute amplitude (): the sparsity penalty on theta_f of section 2.6."""
        return self.amplitudes.weight.abs().mean()


MIDDLE = 0.5
"""Every coordinate of the middle of the unit box: perspective and phase leave it where it is."""
PERSPECTIVE_BOUND = 0.45
"""Largest perspective entry: the denominator is at least 0.1 on a box twice the unit box."""
_SMALLEST_DENOMINATOR = 0.05
_CELLS = {2: 256, 3: 48}
_LAG_CELLS = {2: 128, 3: 32}
_STRONG = 0.5
"""Peaks this near to the strongest are periods; the shortest of them span the lattice."""
_INDEPENDENT = 0.35
_REFINED, _STEPS = 4, 250
_PICTURE = 2000
"""Points that stand for the whole picture when sums are compared with it."""
_TILTS = np.linspace(-0.4, 0.4, 9)


class LatticePeriodic(Representation):
    """A region that is unchanged by shifts along a learned lattice (what section 2.6 promises).

    The level is offset + sum_k a_k cos(2 pi k.phi) + b_k sin(2 pi k.phi) over integer vectors k
    with |k_i| <= harmonics, one of each pair k, -k. The phase is phi = A (h(x) - origin), with A
    the inverse of the basis whose columns are the lattice vectors. In contrast to equation 8, whose
    frequencies are free, f(x + B n) = f(x) for all integer vectors n.

    With `homography` the plane is rectified first, since a sheet seen obliquely is periodic only
    after that: h(x) = m + (x - m) / (1 + g.(x - m)), m the middle of the unit box. The affine part
    of a homography is that of A and the origin, so that these and g are a full one of 8 numbers.

    Attributes:
        inverse_basis: parameter (dim, dim), the matrix A.
        phase: parameter (dim,), the phase A (origin - m) of the origin; a shift by one is a period.
        perspective: parameter (2,), g, within +-PERSPECTIVE_BOUND; only with `homography`.
        amplitudes: linear layer, a_k and then b_k, and the offset as its bias.

    Args:
        dim: number of coordinates.
        harmonics: the largest |k_i|.
        homography: whether the plane is rectified first (2-D only).
        basis: where the basis starts, (dim, dim), columns are lattice vectors; a quarter of the
            unit box by default.
        origin: where the origin starts, (dim,); the middle of the unit box by default.

    Raises:
        UserError: an option is outside its range.
    """

    multiples: Tensor

    def __init__(
        self,
        dim: int = 2,
        *,
        harmonics: int = 5,
        homography: bool = False,
        basis: Sequence[Sequence[float]] | None = None,
        origin: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        name = "lattice_periodic"
        if harmonics < 1:
            raise UserError(f"constraint {name!r}: option 'harmonics' must be at least 1.")
        if homography and dim != 2:
            raise UserError(f"constraint {name!r}: option 'homography' needs 2 coordinates.")
        self.dim, self.homography = dim, homography
        self.register_buffer("multiples", _half_space(dim, harmonics), persistent=False)
        columns = parameter_of(name, "basis", basis, (dim, dim), 0.0).detach()
        if basis is None:
            columns = 0.25 * torch.eye(dim)
        elif torch.linalg.det(columns).abs() < 1e-9:
            raise UserError(f"constraint {name!r}: the columns of option 'basis' are dependent.")
        self.inverse_basis = nn.Parameter(torch.linalg.inv(columns).contiguous())
        start = parameter_of(name, "origin", origin, (dim,), 0.5).detach()
        self.phase = nn.Parameter(self.inverse_basis.detach() @ (start - MIDDLE))
        if homography:
            self.perspective = nn.Parameter(torch.zeros(2))
        self.amplitudes = nn.Linear(2 * len(self.multiples), 1)

    def rectify(self, coordinates: Tensor) -> Tensor:
        """Points (..., dim) of the picture in the plane (..., dim) in which the lattice is regular.

        The denominator is kept above 0.05, so that values stay finite; such points lie more than
        twice the picture's size from its middle, unless perspective entries are unprojected.
        """
        if not self.homography:
            return coordinates
        away = coordinates - MIDDLE
        depth = 1 + (away * self.perspective).sum(-1, keepdim=True)
        return MIDDLE + away / depth.clamp(min=_SMALLEST_DENOMINATOR)

    def unrectify(self, rectified: Tensor) -> Tensor:
        """The inverse of `rectify`, (..., dim); NaN beyond the horizon, which no point reaches."""
        if not self.homography:
            return rectified
        away = rectified - MIDDLE
        depth = 1 - (away * self.perspective).sum(-1, keepdim=True)
        return MIDDLE + away / torch.where(depth > 0, depth, torch.nan)

    def basis(self) -> Tensor:
        """The lattice vectors in the rectified plane, as the columns of a (dim, dim) matrix."""
        basis: Tensor = torch.linalg.inv(self.inverse_basis)
        return basis

    def origin(self) -> Tensor:
        """The lattice's origin (dim,) in the rectified plane."""
        return MIDDLE + self.basis() @ self.phase

    def shift(self, coordinates: Tensor, steps: Tensor | Sequence[int]) -> Tensor:
        """Points (..., dim) moved by `steps` (..., dim) lattice vectors: levels stay the same.

        With a homography the move is one in the rectified plane; NaN where it ends beyond the
        horizon.
        """
        counts = torch.as_tensor(steps).to(coordinates)
        return self.unrectify(self.rectify(coordinates) + counts @ self.basis().T)

    def phases(self, coordinates: Tensor) -> Tensor:
        """The phase (..., dim) of points (..., dim): integers at the points of the lattice."""
        away = self.rectify(coordinates) - MIDDLE
        return away @ self.inverse_basis.transpose(-1, -2) - self.phase

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        phase = self.phases(coordinates)
        # Whole periods change nothing but the accuracy of the product with 2 pi.
        phase = phase - phase.detach().round()
        angles = 2 * math.pi * (phase @ self.multiples.T)
        level: Tensor = self.amplitudes(torch.cat([angles.cos(), angles.sin()], dim=-1))
        return level.squeeze(-1)

    @torch.no_grad()
    def project_(self) -> None:
        """Clamp the perspective entries, so that the picture lies before the horizon."""
        if self.homography:
            self.perspective.clamp_(-PERSPECTIVE_BOUND, PERSPECTIVE_BOUND)

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Put basis, phase and perspective where the unaries repeat; nothing if they do not.

        Args:
            coordinates: (*grid, dim) of the pixels.
            unaries: (*grid) foreground probabilities; NaN where nothing is known.
        """
        found = find_lattice(coordinates, unaries, MIDDLE, perspective=self.homography)
        if found is None:
            return
        self.inverse_basis.copy_(torch.linalg.inv(torch.from_numpy(found.basis)))
        self.phase.copy_(torch.from_numpy(found.phase))
        if self.homography:
            self.perspective.copy_(torch.from_numpy(found.perspective))
            self.project_()

    def regulariser(self) -> Tensor:
        """The mean absolute amplitude ()."""
        return self.amplitudes.weight.abs().mean()


def _half_space(dim: int, harmonics: int) -> Tensor:
    """Integer vectors (m, dim) with entries within +-harmonics, one of each pair k, -k, but 0."""
    entries = range(-harmonics, harmonics + 1)
    vectors = [v for v in itertools.product(entries, repeat=dim) if v > (0,) * dim]
    return torch.tensor(vectors, dtype=torch.get_default_dtype())


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
    points, values = raster.points, raster.values[raster.known > 0]
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
