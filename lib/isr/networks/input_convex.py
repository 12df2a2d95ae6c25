"""Input convex neural networks (Amos et al. 2017; the paper's equation 1)."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class InputConvexNetwork(nn.Module):
    """A scalar function of coordinates that is convex while its z-weights are non-negative.

    z_1 = relu(W_0 x + b_0), z_{i+1} = relu(W^z_i z_i + b_i + W^x_i x), and the same without relu
    for the output. Only the weights on a z-path are constrained; first layer, skips and biases are
    free. With `dim` 2, `width` 130 and one hidden layer it has 17,813 parameters, with two 35,103.

    Args:
        dim: number of coordinates.
        width: units per layer.
        hidden_layers: layers between the first and the output.
    """

    def __init__(self, dim: int, *, width: int = 130, hidden_layers: int = 1) -> None:
        super().__init__()
        self.first = nn.Linear(dim, width)
        self.hidden_z = nn.ModuleList(nn.Linear(width, width) for _ in range(hidden_layers))
        self.hidden_x = nn.ModuleList(
            nn.Linear(dim, width, bias=False) for _ in range(hidden_layers)
        )
        self.output_z = nn.Linear(width, 1)
        self.output_x = nn.Linear(dim, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Values (...,) at points (..., dim)."""
        z = functional.relu(self.first(x))
        for z_layer, x_layer in zip(self.hidden_z, self.hidden_x, strict=True):
            z = functional.relu(z_layer(z) + x_layer(x))
        value: Tensor = self.output_z(z) + self.output_x(x)
        return value.squeeze(-1)

    def constrained_weights(self) -> dict[str, Tensor]:
        """The weights that have to be non-negative, by parameter name."""
        return {
            name: parameter
            for name, parameter in self.named_parameters()
            if name.endswith("weight") and name.startswith(("hidden_z.", "output_z."))
        }

    @torch.no_grad()
    def project_(self) -> None:
        """Put the z-weights back into the constraint set by a ReLU (the paper's section B.1).

        Acts element by element, so it serves stacked parameters with leading axes too.
        """
        for weight in self.constrained_weights().values():
            weight.clamp_(min=0.0)
