"""Convex regions: sublevel sets of an input convex network (the paper's section 2.1)."""

import torch
from torch import Tensor
from torch.nn import functional

from isr.networks.input_convex import InputConvexNetwork
from isr.representations import Representation


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
    def bowl_(self, centre: Tensor, radius: float) -> None:
        """Begin as a bowl whose foreground is about a ball, its depth 2.

        A single region finds its place from any start; of several in one picture, each has to begin
        in its own. The directions of the first layer and the ways through the hidden ones stay
        drawn at random; means of ramps away from the centre are about its distance.

        Args:
            centre: (dim,) of the ball.
            radius: of the ball.
        """
        network = self.network
        directions = functional.normalize(network.first.weight, dim=1)
        network.first.weight.copy_(directions)
        network.first.bias.copy_(-directions @ centre)
        for name, parameter in network.named_parameters():
            if name.startswith("hidden_z.") and name.endswith("weight"):
                weights = parameter.clamp(min=0)
                parameter.copy_(weights / weights.sum(1, keepdim=True).clamp(min=1e-12))
            elif name.startswith("hidden_"):
                parameter.zero_()
        network.output_z.weight.fill_(1 / network.output_z.in_features)
        network.output_z.bias.zero_()
        network.output_x.weight.zero_()
        axes = radius * torch.eye(self.dim, dtype=centre.dtype)
        rim = network(centre + torch.cat([axes, -axes])).mean()
        scale = 2 / (rim - network(centre)).clamp(min=1e-12)
        network.output_z.weight.mul_(scale)
        network.output_z.bias.copy_(-scale * rim)
