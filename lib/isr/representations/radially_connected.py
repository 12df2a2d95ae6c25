"""Regions that are one interval on every ray from a centre (the end of the paper's section 2.2)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isr.representations.polar import Polar
from isr.representations.starts import centroid, value_near


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
