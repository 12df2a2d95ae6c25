"""Periodic regions: a Fourier series on a learned lattice, also of a sheet seen obliquely."""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isr.errors import UserError
from isr.representations.base import Representation
from isr.representations.lattice_search import find_lattice
from isr.representations.orientations import parameter_of

MIDDLE = 0.5
"""Every coordinate of the middle of the unit box: perspective and phase leave it where it is."""
PERSPECTIVE_BOUND = 0.45
"""Largest perspective entry: the denominator is at least 0.1 on a box twice the unit box."""
_SMALLEST_DENOMINATOR = 0.05


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
