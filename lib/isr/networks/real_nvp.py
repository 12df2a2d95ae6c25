"""Real NVP: a diffeomorphism with a cheap inverse (Dinh et al. 2017), on normflows' layers."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from normflows.flows import AffineConstFlow, MaskedAffineFlow
from normflows.nets import MLP
from torch import Tensor, nn

from isr.errors import UserError

LOG_SCALE_BOUND = 0.5
"""Largest absolute log-scale of an ActNorm layer: over 12 blocks a factor of at most e^6."""


def masks(dim: int, blocks: int) -> list[list[float]]:
    """For each block which coordinates pass unchanged (1), as binary numbers, lowest bit first.

    Every combination of coordinates but none and all comes equally often.

    Raises:
        UserError: `blocks` is not a multiple of the number of combinations.
    """
    cycle = 2**dim - 2
    if blocks < cycle or blocks % cycle:
        raise UserError(
            f"blocks is {blocks}: give a multiple of {cycle} in {dim} dimensions, so that all "
            "combinations of coordinates are transformed equally often."
        )
    numbers = (1 + block % cycle for block in range(blocks))
    return [[float(number >> axis & 1) for axis in range(dim)] for number in numbers]


class _Block(NamedTuple):
    """The parameters of one coupling and its ActNorm, ready for columns (dim, n)."""

    first_weight: Tensor
    """(2 hidden, dim): first layers of s and t; zero for coordinates that do not pass."""
    first_bias: Tensor
    """(2 hidden, 1)."""
    last_weight: Tensor
    """(2 dim, 2 hidden): block-diagonal last layers; zero for coordinates that pass."""
    last_bias: Tensor
    """(2 dim, 1)."""
    log_scale: Tensor
    """(dim, 1)."""
    shift: Tensor
    """(dim, 1)."""

    def coupling(self, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Log-scales and shifts (dim, n): exactly zero for coordinates that pass."""
        hidden = torch.relu(torch.addmm(self.first_bias, self.first_weight, columns))
        output = torch.tanh(torch.addmm(self.last_bias, self.last_weight, hidden))
        log_scale, shift = output.chunk(2)
        return log_scale, shift


class RealNVP(nn.Module):
    """Blocks of an affine coupling and an ActNorm, the identity to begin with.

    A coupling maps z to b z + (1 - b)(z exp(s(b z)) + t(b z)) with its mask b; s and t are MLPs
    [dim, hidden_units, dim] with tanh at the end, whose last layers start at zero. ActNorm is a
    learned scale and shift of each coordinate that starts at the identity, not at the statistics of
    the first batch. In 2-D, 12 blocks have 3,936 parameters.

    The parameters are those of normflows' layers. Values are computed from all of them gathered
    into two matrices per block: the same numbers in far fewer operations.

    Args:
        dim: number of coordinates.
        blocks: number of couplings, a multiple of 2^dim - 2.
        hidden_units: hidden units of s and of t.

    Raises:
        UserError: `blocks` is not such a multiple.
    """

    passing: Tensor
    changing: Tensor

    def __init__(self, dim: int = 2, *, blocks: int = 12, hidden_units: int = 32) -> None:
        super().__init__()
        passing = torch.tensor(masks(dim, blocks))
        sizes = [dim, hidden_units, dim]
        self.couplings = nn.ModuleList(_coupling(mask, sizes) for mask in passing)
        self.norms = nn.ModuleList(AffineConstFlow(dim) for _ in range(blocks))
        self.register_buffer("passing", passing, persistent=False)
        # (blocks, s or t, dim, s or t, 1): which hidden units may move which coordinates.
        both = torch.eye(2)[:, None, :, None] * (1 - passing)[:, None, :, None, None]
        self.register_buffer("changing", both, persistent=False)

    def layers(self) -> Iterator[nn.Module]:
        """The layers of normflows in their order."""
        for coupling, norm in zip(self.couplings, self.norms, strict=True):
            yield coupling
            yield norm

    def forward(self, z: Tensor) -> Tensor:
        """Images (..., dim) of points (..., dim)."""
        columns = z.reshape(-1, z.shape[-1]).T
        for block in self._blocks():
            log_scale, shift = block.coupling(columns)
            moved = torch.addcmul(shift, columns, log_scale.exp())
            columns = torch.addcmul(block.shift, moved, block.log_scale.exp())
        return columns.T.reshape(z.shape)

    def inverse(self, z: Tensor) -> Tensor:
        """The points (..., dim) whose images are z (..., dim)."""
        columns = z.reshape(-1, z.shape[-1]).T
        for block in reversed(self._blocks()):
            moved = (columns - block.shift) * (-block.log_scale).exp()
            # The coordinates that the networks see passed the coupling unchanged.
            log_scale, shift = block.coupling(moved)
            columns = (moved - shift) * (-log_scale).exp()
        return columns.T.reshape(z.shape)

    def _blocks(self) -> list[_Block]:
        """The parameters of all blocks."""
        norms: list[Any] = list(self.norms)
        last_weight = self._gathered(2, "weight").unsqueeze(3) * self.changing
        last_bias = self._gathered(2, "bias") * (1 - self.passing).unsqueeze(1)
        parts = (
            (self._gathered(0, "weight") * self.passing[:, None, None]).flatten(1, 2),
            self._gathered(0, "bias").flatten(1).unsqueeze(-1),
            last_weight.flatten(3).flatten(1, 2),
            last_bias.flatten(1).unsqueeze(-1),
            torch.cat([norm.s for norm in norms]).unsqueeze(-1),
            torch.cat([norm.t for norm in norms]).unsqueeze(-1),
        )
        return [_Block(*own) for own in zip(*(part.unbind() for part in parts), strict=True)]

    def _gathered(self, layer: int, name: str) -> Tensor:
        """One parameter of s and t of all couplings, (blocks, 2, ...)."""
        couplings: list[Any] = list(self.couplings)
        layers = [network.net[layer] for pair in couplings for network in (pair.s, pair.t)]
        stacked = torch.stack([getattr(one, name) for one in layers])
        return stacked.reshape(len(couplings), 2, *stacked.shape[1:])

    @torch.no_grad()
    def project_(self) -> None:
        """Bound the log-scales of ActNorm by `LOG_SCALE_BOUND`, element by element."""
        norms: list[Any] = list(self.norms)
        for norm in norms:
            norm.s.clamp_(-LOG_SCALE_BOUND, LOG_SCALE_BOUND)


def _coupling(mask: Tensor, sizes: list[int]) -> nn.Module:
    shift, scale = (MLP(sizes, init_zeros=True, output_fn="tanh") for _ in "ts")
    for network in (shift, scale):
        network.net[2].keep_initial = True
    coupling: nn.Module = MaskedAffineFlow(mask.clone(), shift, scale)
    # Only parameters are stored: the mask follows from the options.
    coupling.register_buffer("b", mask[None].clone(), persistent=False)
    del coupling.b_cpu
    return coupling
