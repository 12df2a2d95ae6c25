"""Input convex neural networks (Amos et al. 2017): in all coordinates, or in some of them."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class _ConvexNetwork(nn.Module):
    """A network that is convex while its z-weights are non-negative."""

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


class InputConvexNetwork(_ConvexNetwork):
    """A scalar function of coordinates that is convex: the paper's equation 1.

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


_HINGE = 0.7
"""Share of the way to its zero that a hinge is flat."""


def _constant_(layer: nn.Module, row: int, value: float) -> None:
    """Make an output of a linear layer constant."""
    assert isinstance(layer, nn.Linear)
    layer.weight[row] = 0
    layer.bias[row] = value


class ContextTerms(NamedTuple):
    """What one convex layer takes from the context, at points (...,)."""

    gate: Tensor
    """(..., width), non-negative: factors of the previous convex layer; width 0 in the first."""
    slope: Tensor
    """(..., convex_dim): factors of the convex coordinates."""
    shift: Tensor
    """(..., width): the layer's bias."""


class PartiallyConvexNetwork(_ConvexNetwork):
    """A scalar function of a context u and coordinates y that is convex in y for every u.

    After equation 3 of Amos et al. With u_0 = context and z_0 = 0, layer by layer,
    u_{i+1} = relu(A_i u_i + a_i) and
    z_{i+1} = relu(W^z_i (z_i * relu(G_i u_i + g_i)) + W^y_i (y * (S_i u_i + s_i)) + B_i u_i + b_i),
    without the outer relu for the output. Only the W^z are constrained. The four maps of u_i are
    rows of one linear layer.

    Args:
        context_dim: size of the context.
        convex_dim: number of coordinates in which the function is convex.
        width: units per layer of the convex path; the context path has half as many.
        hidden_layers: layers between the first and the output.
        offset: whether the output has a term of the context alone, B u + b. Where differences of
            values at one context are taken, it would have no effect.
    """

    def __init__(
        self,
        context_dim: int,
        convex_dim: int = 1,
        *,
        width: int = 130,
        hidden_layers: int = 1,
        offset: bool = True,
    ) -> None:
        super().__init__()
        self.convex_dim, self.width, self.offset = convex_dim, width, offset
        self.narrow = narrow = (width + 1) // 2
        self.first_u = nn.Linear(context_dim, convex_dim + width + narrow)
        self.first_y = nn.Linear(convex_dim, width, bias=False)
        self.hidden_u = nn.ModuleList(
            nn.Linear(narrow, convex_dim + 2 * width + narrow) for _ in range(hidden_layers)
        )
        self.hidden_y = nn.ModuleList(
            nn.Linear(convex_dim, width, bias=False) for _ in range(hidden_layers)
        )
        self.hidden_z = nn.ModuleList(
            nn.Linear(width, width, bias=False) for _ in range(hidden_layers)
        )
        self.output_u = nn.Linear(narrow, convex_dim + width + int(offset))
        self.output_y = nn.Linear(convex_dim, 1, bias=False)
        self.output_z = nn.Linear(width, 1, bias=False)

    def context_terms(self, context: Tensor) -> list[ContextTerms]:
        """What every layer, the output included, takes from contexts (..., context_dim)."""
        m, width, narrow = self.convex_dim, self.width, self.narrow
        slope, shift, u = self.first_u(context).split([m, width, narrow], dim=-1)
        terms = [ContextTerms(u[..., :0], slope, shift)]
        for layer in self.hidden_u:
            parts = layer(functional.relu(u)).split([m, width, width, narrow], dim=-1)
            slope, shift, gate, u = parts
            terms.append(ContextTerms(functional.relu(gate), slope, shift))
        sizes = [m, int(self.offset), width]
        slope, shift, gate = self.output_u(functional.relu(u)).split(sizes, dim=-1)
        return [*terms, ContextTerms(functional.relu(gate), slope, shift)]

    def values(self, terms: list[ContextTerms], y: Tensor) -> Tensor:
        """Values (...,) at coordinates y (..., convex_dim) for contexts by their terms."""
        first, *hidden, output = terms
        z = functional.relu(self.first_y(y * first.slope) + first.shift)
        for term, z_layer, y_layer in zip(hidden, self.hidden_z, self.hidden_y, strict=True):
            z = functional.relu(z_layer(z * term.gate) + y_layer(y * term.slope) + term.shift)
        value: Tensor = self.output_z(z * output.gate) + self.output_y(y * output.slope)
        if self.offset:
            value = value + output.shift
        return value.squeeze(-1)

    @torch.no_grad()
    def hinge_(self, zero: float, *, depth: float) -> None:
        """Make the first unit of every layer hand on a hinge of the first convex coordinate.

        From 0 the function then stays about as it is at 0, and from 0.7 `zero` rises steeply, by
        `depth` up to `zero`. What the other units add to it does not change.

        Args:
            zero: of the convex coordinate, above 0.
            depth: what is risen there.
        """
        m, width = self.convex_dim, self.width
        flat = _HINGE * zero
        _constant_(self.first_u, 0, 1.0)
        _constant_(self.first_u, m, -flat)
        self.first_y.weight[0] = torch.eye(m)[0]
        for layer, z_layer, y_layer in zip(
            self.hidden_u, self.hidden_z, self.hidden_y, strict=True
        ):
            _constant_(layer, m, 0.0)
            _constant_(layer, m + width, 1.0)
            for inner, row in ((z_layer, torch.eye(width)[0]), (y_layer, torch.zeros(m))):
                assert isinstance(inner, nn.Linear)
                inner.weight[0] = row
        _constant_(self.output_u, m + int(self.offset), 1.0)
        self.output_z.weight[0, 0] = depth / (zero - flat)

    def forward(self, context: Tensor, y: Tensor) -> Tensor:
        """Values (...,) at contexts (..., context_dim) and coordinates y (..., convex_dim)."""
        return self.values(self.context_terms(context), y)
