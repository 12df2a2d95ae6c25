"""Stacked convolutions without kernels, slot by slot, to test on a processor what uses them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.grad import conv2d_weight

from isr.networks import predictors, stacked_convolutions
from isr.networks.stacked_convolutions import SLOPE


class PlainConvolutions:
    """`isr.networks.stacked_convolutions.Convolutions` by PyTorch's own."""

    def __init__(self, pictures: Tensor, sizes: Tensor) -> None:
        rows, columns = (
            torch.arange(side, device=pictures.device) < sizes[:, axis, None]
            for axis, side in enumerate(pictures.shape[-2:])
        )
        self.inside = (rows[:, :, None] & columns[:, None, :]).unsqueeze(1)

    def pack(self, pictures: Tensor) -> Tensor:
        return pictures * self.inside

    def unpack(self, packed: Tensor) -> Tensor:
        return packed

    def convolve(self, x, weight, bias=None, *, transposed=False, leaky=False, slopes_of=None):
        convolve = functional.conv_transpose2d if transposed else functional.conv2d
        biases = [None] * len(x) if bias is None else bias
        slots = zip(x, weight, biases, strict=True)
        y = torch.stack([convolve(one[None], w, b, padding=1)[0] for one, w, b in slots])
        if leaky:
            y = functional.leaky_relu(y, SLOPE)
        if slopes_of is not None:
            y = torch.where(slopes_of > 0, y, SLOPE * y)
        return y * self.inside

    def weight_gradient(self, pairs):
        size = (pairs[0][1].shape[1], pairs[0][0].shape[1], 3, 3)
        slots = range(len(pairs[0][0]))
        sums = [
            sum(conv2d_weight(x[s : s + 1], size, g[s : s + 1], padding=1) for x, g in pairs)
            for s in slots
        ]
        return torch.stack(sums), pairs[0][1].sum((2, 3))


@contextmanager
def plain_convolutions() -> Iterator[None]:
    """Networks take them for kernels, wherever they run."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (predictors, stacked_convolutions):
            patch.setattr(module, "kernels", lambda device, dtype: PlainConvolutions)
        yield
