"""Almost periodic regions: a sum of sines with free frequencies (the paper's equation 8)."""

import math

import torch
from torch import Tensor, nn

from isr.representations.base import Representation


class Periodic(Representation):
    """A region whose level is a sum of sines: theta_o + sum_i theta_f sin(theta_w x + theta_b).

    The frequencies are free, so the sum is only ALMOST periodic: every wave has a period, their sum
    has none unless the frequencies happen to lie on a lattice. `LatticePeriodic` is periodic by
    construction.

    Attributes:
        frequencies: linear layer dim -> waves: theta_w and theta_b, divided by `frequency`.
        amplitudes: linear layer waves -> 1: theta_f, and the offset theta_o as its bias.

    Args:
        dim: number of coordinates.
        waves: number of sines; 200 in the paper.
        frequency: radians per unit of the layer `frequencies`. Its weights are drawn within
            +-1/sqrt(dim), so that waves start with at most frequency / (2 pi) periods per picture
            (2-D, diagonal); the published code has 10 pi.
    """

    def __init__(self, dim: int = 2, *, waves: int = 200, frequency: float = 10 * math.pi) -> None:
        super().__init__()
        self.dim = dim
        self.frequency = frequency
        self.frequencies = nn.Linear(dim, waves)
        self.amplitudes = nn.Linear(waves, 1)

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        level: Tensor = self.amplitudes(torch.sin(self.frequency * self.frequencies(coordinates)))
        return level.squeeze(-1)

    @torch.no_grad()
    def shift_threshold_(self, threshold: float) -> None:
        """Make {level <= threshold} the foreground, by the offset theta_o: it stays {level <= 0}.

        Equation 8 has no period to continue, so that what is hidden has higher levels than what is
        seen; section 2.6 shows the sheet's holes "for a suitable threshold".
        """
        self.amplitudes.bias.sub_(threshold)

    def regulariser(self) -> Tensor:
        """The mean absolute amplitude (): the sparsity penalty on theta_f of section 2.6."""
        return self.amplitudes.weight.abs().mean()
