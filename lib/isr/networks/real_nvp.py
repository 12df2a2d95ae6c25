"""Real NVP: a diffeomorphism with a cheap inverse (Dinh et al. 2017)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from isr.errors import UserError
from isr.networks.layers import LinearLayers

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
    scale: Tensor
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

    The layers are those of normflows, their parameters each in one tensor for all blocks: s and t
    of block k are networks 2k and 2k + 1. So a step works on six tensors instead of a hundred.

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
        self.first = LinearLayers(2 * blocks, dim, hidden_units)
        self.last = LinearLayers(2 * blocks, hidden_units, dim, zero=True)
        self.log_scale = nn.Parameter(torch.zeros(blocks, dim))
        self.shift = nn.Parameter(torch.zeros(blocks, dim))
        self.register_buffer("passing", passing, persistent=False)
        # (blocks, s or t, dim, s or t, 1): which hidden units may move which coordinates.
        both = torch.eye(2)[:, None, :, None] * (1 - passing)[:, None, :, None, None]
        self.register_buffer("changing", both, persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        """Images (..., dim) of points (..., dim)."""
        columns = z.reshape(-1, z.shape[-1]).T
        for block in self._blocks():
            log_scale, shift = block.coupling(columns)
            moved = torch.addcmul(shift, columns, log_scale.exp())
            columns = torch.addcmul(block.shift, moved, block.scale)
        return columns.T.reshape(z.shape)

    def inverse(self, z: Tensor) -> Tensor:
        """The points (..., dim) whose images are z (..., dim)."""
        columns = z.reshape(-1, z.shape[-1]).T
        for block in reversed(self._blocks()):
            moved = (columns - block.shift) / block.scale
            # The coordinates that the networks see passed the coupling unchanged.
            log_scale, shift = block.coupling(moved)
            columns = (moved - shift) * (-log_scale).exp()
        return columns.T.reshape(z.shape)

    def _blocks(self) -> list[_Block]:
        """The parameters of all blocks."""
        blocks, dim = self.passing.shape
        passing, hides = self.passing[:, None, None], (1 - self.passing)[:, None]
        last = self.changing * self.last.weight.view(blocks, 2, dim, 1, -1)
        parts = (
            (self.first.weight.view(blocks, 2, -1, dim) * passing).flatten(1, 2),
            self.first.bias.view(blocks, -1, 1),
            last.flatten(3).flatten(1, 2),
            (self.last.bias.view(blocks, 2, dim) * hides).reshape(blocks, -1, 1),
            self.log_scale.exp().unsqueeze(-1),
            self.shift.unsqueeze(-1),
        )
        return [_Block(*own) for own in zip(*(part.unbind() for part in parts), strict=True)]

    @torch.no_grad()
    def project_(self) -> None:
        """Bound the log-scales of ActNorm by `LOG_SCALE_BOUND`, element by element."""
        self.log_scale.clamp_(-LOG_SCALE_BOUND, LOG_SCALE_BOUND)
