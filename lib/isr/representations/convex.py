"""Convex regions: sublevel sets of an input convex network (the paper's section 2.1)."""

import torch
from torch import Tensor
from torch.nn import functional

from isr.networks.input_convex import InputConvexNetwork
from isr.representations import Representation
from isr.representations.starts import main_part

_DEPTH = 3.0
"""Of the level inside the polytope that a fit starts from."""
_RAMP = 0.25
"""What a ramp reaches at its face, from 0 half-way to it."""
_LEAST_RIM = 0.02
"""Least mean of the ramps at the rim, so that of a thin curved part all of its hull is inside."""


class Convex(Representation):
    """A region that is convex in all of its coordinates (equations 1 and 2).

    Args:
        dim: number of coordinates, 2 for pictures.
        width: units per layer.
        hidden_layers: hidden layers of the network beside the first.
    """

    def __init__(self, dim: int = 2, *, width: int = 130, hidden_layers: int = 1) -> None:
        super().__init__()
        self.dim = dim
        self.network = InputConvexNetwork(dim, width=width, hidden_layers=hidden_layers)

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        level: Tensor = self.network(coordinates)
        return level

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Begin as the polytope round the largest part of the likely foreground, its depth 3.

        The directions of the first layer become the normals of faces that touch this part, more of
        them along its short axes: each unit is a ramp from half-way between the part's middle and
        a face. Hidden layers hand the units on, and the output is their mean, at the level that
        leaves as much inside as the part has. Without any likely foreground nothing is done, nor
        of scribbles alone: joint fits lost objects when they began close round their strokes.
        """
        part = main_part(coordinates, unaries)
        if part is None:
            return
        middle = part.inside.mean(0)
        away = part.inside - middle
        spread = away.T @ away / len(away) + part.reach**2 * torch.eye(self.dim).to(away)
        squares, axes = torch.linalg.eigh(spread)
        normals = self.network.first.weight @ (axes * squares.rsqrt()) @ axes.T
        normals = functional.normalize(normals, dim=1)
        slopes = normals / (2 * ((away @ normals.T).amax(0) + part.reach)).unsqueeze(1)
        self._sum_ramps_(slopes, -slopes @ middle - _RAMP)
        values = self.network(part.points)
        rim = values.kthvalue(len(part.inside)).values.clamp(min=_LEAST_RIM)
        self.network.output_z.weight.mul_(_DEPTH / rim)
        self.network.output_z.bias.fill_(-_DEPTH)

    def _sum_ramps_(self, slopes: Tensor, offsets: Tensor) -> None:
        """Make the level the mean of ramps relu(slopes (width, dim) x + offsets (width,))."""
        network = self.network
        network.first.weight.copy_(slopes)
        network.first.bias.copy_(offsets)
        for name, parameter in network.named_parameters():
            if name.startswith("hidden_z.") and name.endswith("weight"):
                parameter.copy_(torch.eye(len(slopes)))
            elif not name.startswith("first."):
                parameter.zero_()
        network.output_z.weight.fill_(1 / len(slopes))
