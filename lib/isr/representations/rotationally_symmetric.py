"""Rotationally symmetric regions: a free network of invariants (the paper's section 2.3)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isr.errors import UserError
from isr.networks.mlp import MLP
from isr.representations.base import Representation
from isr.representations.order_choice import find_centre, mirror_angle, plane_raster
from isr.representations.orientations import (
    MAGNIFICATION,
    direction_frame,
    parameter_of,
    tilted_frame,
)


class RotationallySymmetric(Representation):
    """A region that is unchanged by rotations of 2 pi / n about a learned centre (3-D: axis).

    A network that is otherwise free sees r cos(n phi), r sin(n phi) and r, in 3-D also the height
    along the axis: invariants of the rotations that are continuous at the centre. Without the sine
    the region has n mirror axes too (the dihedral group).

    Attributes:
        centre: parameter (dim,), a point of the axis.
        angle: parameter (), radians: where phi is zero. With mirrors, a mirror axis goes there.
        tilt: parameter (2,), 3-D only: the axis, tilted from the third coordinate's (radians).

    Args:
        dim: number of coordinates, 2 or 3.
        order: n, at least 2.
        mirrors: whether the region has mirror axes too.
        width: units per hidden layer.
        hidden_layers: hidden layers beside the first.
        centre: where the centre starts, (dim,); the middle of the unit box by default.
        angle: where the angle starts.
        tilt: where the tilt starts, (2,), 3-D only.

    Raises:
        UserError: an option is outside its range.
    """

    def __init__(
        self,
        dim: int = 2,
        *,
        order: int = 5,
        mirrors: bool = False,
        width: int = 150,
        hidden_layers: int = 1,
        centre: Sequence[float] | None = None,
        angle: float | None = None,
        tilt: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        name = "rotationally_symmetric"
        if dim not in (2, 3):
            raise UserError(f"constraint {name!r}: it has 2 or 3 coordinates, not {dim}.")
        if isinstance(order, bool) or not isinstance(order, int) or order < 2:
            raise UserError(
                f"constraint {name!r}: option 'order' is {order!r}; choose an integer from 2."
            )
        if dim == 2 and tilt is not None:
            raise UserError(f"constraint {name!r}: option 'tilt' needs 3 coordinates; remove it.")
        self.dim, self.order, self.mirrors = dim, order, mirrors
        self.centre = parameter_of(name, "centre", centre, (dim,), 0.5)
        self.angle = parameter_of(name, "angle", angle, (), 0.0)
        if dim == 3:
            self.tilt = parameter_of(name, "tilt", tilt, (2,), 0.0)
        invariants = dim if mirrors else dim + 1
        self.network = MLP([invariants, *[width] * (hidden_layers + 1), 1])

    def frame(self) -> Tensor:
        """(dim, dim), orthonormal: the columns span the plane of rotation; 3-D: last the axis."""
        turned = direction_frame(self.angle)
        if self.dim == 2:
            return turned
        tilted = tilted_frame(self.tilt)
        return torch.cat([tilted[:, :2] @ turned, tilted[:, 2:]], dim=1)

    def canonical(self, coordinates: Tensor) -> Tensor:
        """Points (..., dim) in the frame (..., dim): the plane of rotation first, then the axis."""
        return (coordinates - self.centre) @ self.frame()

    def invariants(self, canonical: Tensor) -> Tensor:
        """What the network sees (..., m) of points (..., dim) in the frame."""
        x, y = canonical[..., 0], canonical[..., 1]
        square = x.square() + y.square()
        # Nearer than about 1e-19 (float32) the square is no normal number, and its root's
        # derivative infinite: these points count as the centre itself.
        away = square > torch.finfo(square.dtype).tiny
        radius = torch.where(away, square, 1.0).sqrt()
        cosine, sine = torch.where(away, x, 0.0) / radius, torch.where(away, y, 0.0) / radius
        cosine_n, sine_n = _power(cosine, sine, self.order)
        radius = torch.where(away, radius, 0.0)
        seen = [radius * cosine_n, radius]
        if not self.mirrors:
            seen.append(radius * sine_n)
        if self.dim == 3:
            seen.append(canonical[..., 2])
        return torch.stack(seen, dim=-1)

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        seen = MAGNIFICATION * self.invariants(self.canonical(coordinates))
        level: Tensor = self.network(seen)
        return level.squeeze(-1)

    def rotate(self, coordinates: Tensor, turns: int = 1) -> Tensor:
        """Points (..., dim) rotated by `turns` times 2 pi / order about the centre or axis."""
        angle = 2 * math.pi * (turns % self.order) / self.order
        cosine, sine = math.cos(angle), math.sin(angle)
        x, y, *rest = self.canonical(coordinates).unbind(-1)
        turned = torch.stack([cosine * x - sine * y, sine * x + cosine * y, *rest], dim=-1)
        return turned @ self.frame().T + self.centre

    def mirror(self, coordinates: Tensor) -> Tensor:
        """Points (..., dim) mirrored in the axis at `angle`: a symmetry if there are mirrors."""
        x, y, *rest = self.canonical(coordinates).unbind(-1)
        return torch.stack([x, -y, *rest], dim=-1) @ self.frame().T + self.centre

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Put the centre where the unaries are most symmetric, and the angle at a mirror axis.

        In 3-D the axis is taken for upright: tilt stays, and the centre lies on the axis at the
        foreground's mean height.

        Args:
            coordinates: (*grid, dim) of the pixels.
            unaries: (*grid) foreground probabilities; NaN where nothing is known.
        """
        raster = plane_raster(coordinates, unaries)
        if raster is None:
            return
        centre, _ = find_centre(raster, self.order)
        self.centre[:2].copy_(torch.from_numpy(centre))
        self.angle.fill_(mirror_angle(raster, centre, self.order))
        if self.dim == 3:
            weights = unaries.nan_to_num(0.0).to(coordinates)
            self.centre[2] = (coordinates[..., 2] * weights).sum() / weights.sum()


def _power(real: Tensor, imaginary: Tensor, exponent: int) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of (real + i imaginary) ** exponent, by repeated squaring."""
    if exponent == 1:
        return real, imaginary
    half_real, half_imaginary = _power(real, imaginary, exponent // 2)
    power = (
        half_real.square() - half_imaginary.square(),
        2 * half_real * half_imaginary,
    )
    if exponent % 2:
        power = (
            power[0] * real - power[1] * imaginary,
            power[0] * imaginary + power[1] * real,
        )
    return power
