"""Regions of any shape: what the constrained representations are compared with."""

from torch import Tensor

from isr.networks.layers import MLP
from isr.representations import Representation


class Unconstrained(Representation):
    """A multi-layer perceptron of coordinates, of about the size of the convex network.

    Args:
        dim: number of coordinates, 2 for pictures.
        width: units per hidden layer.
        hidden_layers: hidden layers beside the first.
    """

    def __init__(self, dim: int = 2, *, width: int = 130, hidden_layers: int = 1) -> None:
        super().__init__()
        self.dim = dim
        self.network = MLP([dim, *[width] * (hidden_layers + 1), 1])

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        level: Tensor = self.network(coordinates)
        return level.squeeze(-1)
