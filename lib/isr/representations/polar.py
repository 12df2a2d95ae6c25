"""Regions described along rays from a learnable centre (the paper's section 2.2)."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isr.errors import UserError
from isr.networks.input_convex import PartiallyConvexNetwork
from isr.representations import Representation
from isr.representations.starts import centroid, inside_point, value_near


class Polar(Representation):
    """What representations in polar coordinates share.

    Args:
        dim: number of coordinates, 2 for pictures.
        width: units per layer.
        hidden_layers: hidden layers of the network beside the first.
        centre: where the centre starts, `dim` coordinates; the middle of the unit square by
            default. It is learned.

    Raises:
        UserError: the centre does not have `dim` coordinates.
    """

    def __init__(
        self,
        dim: int = 2,
        *,
        width: int = 130,
        hidden_layers: int = 1,
        centre: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.dim = dim
        start = [0.5] * dim if centre is None else [float(value) for value in centre]
        if len(start) != dim:
            raise UserError(f"centre has {len(start)} coordinates: give {dim}, or leave it out.")
        self.centre = nn.Parameter(torch.tensor(start))
        self.network = PartiallyConvexNetwork(
            dim, 1, width=width, hidden_layers=hidden_layers, offset=False
        )

    @abstractmethod
    def radial(self, direction: Tensor, radius: Tensor) -> Tensor:
        """Levels (...,) at distances `radius` (...,) from the centre along `direction` (..., dim).

        Convex in the radius for every direction. Directions are unit vectors; at the centre any
        direction gives the same level.
        """

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        return self.radial(*self.polar(coordinates))

    def polar(self, coordinates: Tensor) -> tuple[Tensor, Tensor]:
        """Directions (..., dim) and distances (...,) of coordinates (..., dim) from the centre.

        Directions are unit vectors, and the zero vector at the centre itself. Within the square
        root of the rounding error, where a direction's derivative 1 / r would drown a gradient in
        rounding errors, directions count as constant. All derivatives are finite.
        """
        offset = coordinates - self.centre
        size = offset.detach().abs().amax(-1, keepdim=True)
        # Scaled to size 1 first: squares of numbers like 1e-30 are 0 in single precision.
        scaled = offset.detach() / size.masked_fill(~(size > 0), 1.0)
        length = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
        constant = scaled / length.masked_fill(~(length > 0), 1.0)
        near = size < torch.finfo(offset.dtype).eps ** 0.5
        elsewhere = offset.masked_fill(near, 1.0)
        norm = torch.linalg.vector_norm(elsewhere, dim=-1, keepdim=True)
        direction = torch.where(near, constant, elsewhere / norm)
        radius = torch.where(near, (constant * offset).sum(-1, keepdim=True), norm)
        return direction, radius.squeeze(-1)

    def rise(self, direction: Tensor, radius: Tensor) -> Tensor:
        """c(u, r) - c(u, 0) of the network c, (...,): exactly 0 at radius 0.

        Both values come from calls of equal shape, so that equal inputs are rounded equally.
        """
        terms = self.network.context_terms(direction)
        at_radius = self.network.values(terms, radius.unsqueeze(-1))
        at_centre = self.network.values(terms, torch.zeros_like(radius).unsqueeze(-1))
        return at_radius - at_centre


class StarShaped(Polar):
    """A region that contains, with every point, the segment to a learnable centre.

    The level is c(u, r) - c(u, 0) - 1 with direction u and distance r from the centre, and c convex
    in r. It is -1 at the centre in every direction, so that every ray is left at most once. (The
    paper's published code multiplies r by a convex function instead, which allows a ray to enter
    the region again.)

    Args: as for `Polar`.
    """

    def radial(self, direction: Tensor, radius: Tensor) -> Tensor:
        """Levels (...,) at distances `radius` (...,) along directions (..., dim)."""
        return self.rise(direction, radius) - 1

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Put the centre where most of the foreground can be seen from."""
        self.centre.copy_(inside_point(coordinates, unaries))

    @torch.no_grad()
    def restart_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Begin as a ball round that centre, of the size of the foreground.

        A region that shrank below a pixel, as round a small object, has hardly a way back.
        """
        self.start_(coordinates, unaries)
        inside = coordinates[unaries.nan_to_num() >= 0.5]
        if len(inside):
            mean = torch.linalg.vector_norm(inside - self.centre, dim=-1).mean()
            # The mean distance from the middle of a ball of radius 1 is dim / (dim + 1).
            self.network.hinge_(float(mean.clamp(min=1e-6)) * (self.dim + 1) / self.dim, depth=1.0)


class RadiallyConnected(Polar):
    """A region that meets every ray from a learnable centre in one interval, or not at all.

    The level is c(u, r) - c(u, 0) + o with direction u and distance r from the centre, c convex in
    r, and a learnable level o at the centre, where it is continuous. With o > 0 the centre is
    background, and the region, a ring for example, need not be connected; with o <= 0 it is
    star-shaped.

    Args:
        dim: number of coordinates, 2 for pictures.
        width: units per layer.
        hidden_layers: hidden layers of the network beside the first.
        centre: where the centre starts, `dim` coordinates; the middle by default.
        origin: the level at the centre to start with.

    Raises:
        UserError: the centre does not have `dim` coordinates.
    """

    def __init__(
        self,
        dim: int = 2,
        *,
        width: int = 130,
        hidden_layers: int = 1,
        centre: Sequence[float] | None = None,
        origin: float = -1.0,
    ) -> None:
        super().__init__(dim, width=width, hidden_layers=hidden_layers, centre=centre)
        self.origin = nn.Parameter(torch.tensor(float(origin)))

    def radial(self, direction: Tensor, radius: Tensor) -> Tensor:
        """Levels (...,) at distances `radius` (...,) along directions (..., dim)."""
        return self.rise(direction, radius) + self.origin

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Put the centre into the foreground's centroid, and see on which side of zero it is.

        A background centre starts well above zero: levels have to fall from there before they rise.
        """
        middle = centroid(coordinates, unaries)
        self.centre.copy_(middle)
        inside = value_near(middle, coordinates, unaries) >= 0.5
        self.origin.fill_(-1.0 if inside else 5.0)
