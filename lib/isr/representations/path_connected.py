"""Path-connected regions of genus zero (the paper's section 2.4, equation 6)."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from isr.constraints import build
from isr.errors import UserError
from isr.networks.real_nvp import RealNVP
from isr.representations import Representation
from isr.representations.convex import Convex

LOG_SCALE_BOUND = 3.0
"""Largest absolute log-scale of the linear map: factors from 1/20 to 20."""
OBJECT_SIZE = 0.6
"""Share of the flow's range that a small object takes to begin with."""
_BASE_DEFAULTS: dict[str, dict[str, Any]] = {"convex": {"hidden_layers": 2}, "star_shaped": {}}


class AxisScaling(nn.Module):
    """The invertible linear map: a scale and a shift of each coordinate, the identity at first.

    Args:
        dim: number of coordinates.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(dim))
        self.shift = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Images (..., dim) of points (..., dim)."""
        return x * self.log_scale.exp() + self.shift

    def inverse(self, y: Tensor) -> Tensor:
        """The points (..., dim) whose images are y (..., dim)."""
        return (y - self.shift) * (-self.log_scale).exp()

    @torch.no_grad()
    def project_(self) -> None:
        """Keep the map invertible: bound the log-scales by `LOG_SCALE_BOUND`."""
        self.log_scale.clamp_(-LOG_SCALE_BOUND, LOG_SCALE_BOUND)


class PathConnected(Representation):
    """A region that a diffeomorphism carries onto a convex or star-shaped one.

    The level is G(D(T(x))): T the linear map, D a Real NVP in coordinates from -1 to 1, G the
    base's level. Between any two points of the region the pre-image of the base's segment, or of
    its two segments through the centre, stays in the region (proposition 2.3 and its footnote).
    With a convex base in 2-D there are 39,043 parameters: 4 of T, 3,936 of D, 35,103 of G. T and D
    are the identity as they are built. Log-scales are bounded: in T by `LOG_SCALE_BOUND`, in D by
    tanh and, for ActNorm, by `real_nvp.LOG_SCALE_BOUND`.

    Args:
        dim: number of coordinates, 2 for pictures.
        base: `convex` or `star_shaped`.
        base_options: the base's options; a convex base has two hidden layers by default.
        blocks: blocks of the flow, a multiple of 2^dim - 2.
        hidden_units: hidden units of the flow's networks.

    Raises:
        UserError: there is no such base, or `blocks` is not such a multiple.
    """

    def __init__(
        self,
        dim: int = 2,
        *,
        base: str = "convex",
        base_options: Mapping[str, Any] | None = None,
        blocks: int = 12,
        hidden_units: int = 32,
    ) -> None:
        super().__init__()
        if base not in _BASE_DEFAULTS:
            raise UserError(
                f"base {base!r} does not make a region connected: "
                f"choose one of {', '.join(_BASE_DEFAULTS)}."
            )
        self.dim = dim
        self.linear = AxisScaling(dim)
        self.flow = RealNVP(dim, blocks=blocks, hidden_units=hidden_units)
        self.base = build(base, dim, **{**_BASE_DEFAULTS[base], **(base_options or {})})

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        level: Tensor = self.base(self.to_base(coordinates))
        return level

    def to_base(self, coordinates: Tensor) -> Tensor:
        """Where the diffeomorphism carries coordinates (..., dim): base coordinates (..., dim)."""
        image: Tensor = self.flow(2 * self.linear(coordinates) - 1)
        return image / 2 + 0.5

    def from_base(self, base_coordinates: Tensor) -> Tensor:
        """The coordinates (..., dim) that are carried to base coordinates (..., dim)."""
        return self.linear.inverse(self.flow.inverse(2 * base_coordinates - 1) / 2 + 0.5)

    def regulariser(self) -> Tensor:
        """The base's."""
        return self.base.regulariser()

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Carry a small object to the middle of the flow's range, enlarged, by T; start a centre.

        The flow's networks resolve shapes of about their range's size. The scale is the same along
        all axes; an object that fills most of the picture leaves T the identity.
        """
        extent = _extent(coordinates, unaries)
        if extent is not None:
            low, high = extent
            scale = (OBJECT_SIZE / (high - low).max()).clamp(1.0, math.exp(LOG_SCALE_BOUND))
            if scale > 1:
                self._carry_(low, high, scale)
        # A convex base round all of a branched object would have to let go of most of it: some of
        # these vanish. From random weights it finds its middle by itself.
        if not isinstance(self.base, Convex):
            # The flow begins as the identity: of many pixels, to ask it takes a second.
            self.base.start_(self.linear(coordinates), unaries)

    @torch.no_grad()
    def restart_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Stretch the object along each axis by itself to fill the flow's range; start the base.

        A thin object is hardly there for a base that starts from random weights.
        """
        extent = _extent(coordinates, unaries)
        if extent is not None:
            low, high = extent
            bound = math.exp(LOG_SCALE_BOUND)
            scale = OBJECT_SIZE / (high - low).clamp(min=OBJECT_SIZE / bound)
            self._carry_(low, high, scale.clamp(min=1.0))
        self.base.restart_(self.linear(coordinates), unaries)

    def _carry_(self, low: Tensor, high: Tensor, scale: Tensor) -> None:
        """Carry what lies between two corners to the middle of the range, enlarged."""
        self.linear.log_scale.copy_(scale.log().expand(self.dim))
        self.linear.shift.copy_(0.5 - scale * (low + high) / 2)


def _extent(coordinates: Tensor, unaries: Tensor) -> tuple[Tensor, Tensor] | None:
    """Lower and upper corner (dim,) of the likely foreground but for its outermost hundredths."""
    inside = coordinates[unaries.nan_to_num() >= 0.5].double()
    if not len(inside):
        return None
    few = 1 + len(inside) // 100
    low = inside.kthvalue(few, dim=0).values
    return low, inside.kthvalue(len(inside) + 1 - few, dim=0).values
