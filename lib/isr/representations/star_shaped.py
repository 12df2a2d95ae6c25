"""Star-shaped regions (the paper's section 2.2, equation 3 and proposition 2.1)."""

import torch
from torch import Tensor

from isr.representations.polar import Polar
from isr.representations.starts import inside_point


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
