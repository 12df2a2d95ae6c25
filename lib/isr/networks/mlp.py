"""Multi-layer perceptrons."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional


class MLP(nn.Module):
    """Linear layers with ReLU between them.

    Args:
        widths: the size of the input, of every hidden layer and of the output.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(here, there) for here, there in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """Values (..., widths[-1]) at inputs (..., widths[0])."""
        for layer in self.layers[:-1]:
            x = functional.relu(layer(x))
        output: Tensor = self.layers[-1](x)
        return output
