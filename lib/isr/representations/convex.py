"""Convex regions: sublevel sets of an input convex network (the paper's section 2.1)."""

from torch import Tensor

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
