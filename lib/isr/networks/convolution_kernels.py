"""The two kernels of `isr.networks.stacked_convolutions`, in Triton; for CUDA devices alone.

Pictures lie flat, row behind row, each row with a border of one zero: that the neighbour of a pixel
is a fixed number of places away. Sums are taken in the same order in every run: there are no
atomic additions.
"""

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from isr.networks.stacked_convolutions import SLOPE

_TILE = 128
"""Pixels that a program computes at once."""
_SPLITS = 16
"""Programs that share the pixels of a slot in a gradient of weights."""
_OUT, _IN = 4, 2
"""Channels of a gradient of weights that a program computes."""
_WARPS = 4


@triton.jit
def _convolve(
    x, weight, bias, activation, sizes, out, inputs, n, pitch, first, end, slope,
    outputs: tl.constexpr, transposed: tl.constexpr, biased: tl.constexpr, leaky: tl.constexpr,
    sloped: tl.constexpr, pixels: tl.constexpr, precision: tl.constexpr,
):  # fmt: skip
    """One matrix product (out, in) (in, pixels) a tap; at most 16 channels."""
    tile = tl.program_id(0)
    s = tl.program_id(1).to(tl.int64)
    p = (first + tile * pixels + tl.arange(0, pixels))[None, :]
    co = tl.arange(0, 16)[:, None]
    k = tl.arange(0, 16)
    x_row = x + s * inputs * n
    out_row = out + s * outputs * n
    weight_row = weight + s * inputs * outputs * 9
    there = (co < outputs) & (k[None, :] < inputs)
    height = tl.load(sizes + 2 * s)
    width = tl.load(sizes + 2 * s + 1)
    acc = tl.zeros([16, pixels], tl.float32)
    if first + tile * pixels < (height + 1) * pitch:
        for t in tl.static_range(9):
            offset = (t // 3 - 1) * pitch + t % 3 - 1
            xs = tl.load(x_row + k[:, None] * n + p + offset, mask=k[:, None] < inputs, other=0.0)
            if transposed:
                at = weight_row + k[None, :] * outputs * 9 + co * 9 + 8 - t
            else:
                at = weight_row + co * inputs * 9 + k[None, :] * 9 + t
            ws = tl.load(at, mask=there, other=0.0)
            acc = tl.dot(ws, xs, acc, input_precision=precision)
    if biased:
        acc += tl.load(bias + s * outputs + co, mask=co < outputs, other=0.0)
    if leaky:
        acc = tl.where(acc > 0, acc, acc * slope)
    if sloped:
        before = tl.load(activation + s * outputs * n + co * n + p, mask=co < outputs, other=0.0)
        acc = tl.where(before > 0, acc, acc * slope)
    column = p % pitch
    inside = (p < (height + 1) * pitch) & (column > 0) & (column <= width)
    tl.store(out_row + co * n + p, tl.where(inside, acc, 0.0), mask=co < outputs)
    # What lies before the first pixel and behind the last is read as neighbours.
    every = tl.arange(0, pixels)[None, :]
    nothing = tl.zeros([16, pixels], tl.float32)
    if tile == 0:
        for at in range(0, first, pixels):
            tl.store(
                out_row + co * n + at + every, nothing, mask=(co < outputs) & (at + every < first)
            )
    if tile == tl.num_programs(0) - 1:
        for at in range(end, n, pixels):
            tl.store(out_row + co * n + at + every, nothing, mask=(co < outputs) & (at + every < n))


@triton.jit
def _nine(at, g, pitch, there, a0, a1, a2, a3, a4, a5, a6, a7, a8):
    a0 += g * tl.load(at - pitch - 1, mask=there, other=0.0)
    a1 += g * tl.load(at - pitch, mask=there, other=0.0)
    a2 += g * tl.load(at - pitch + 1, mask=there, other=0.0)
    a3 += g * tl.load(at - 1, mask=there, other=0.0)
    a4 += g * tl.load(at, mask=there, other=0.0)
    a5 += g * tl.load(at + 1, mask=there, other=0.0)
    a6 += g * tl.load(at + pitch - 1, mask=there, other=0.0)
    a7 += g * tl.load(at + pitch, mask=there, other=0.0)
    a8 += g * tl.load(at + pitch + 1, mask=there, other=0.0)
    return a0, a1, a2, a3, a4, a5, a6, a7, a8


@triton.jit
def _keep(at, sums, there):
    tl.store(at, tl.sum(sums, axis=2), mask=there)


@triton.jit
def _weight_gradient(
    x, g, x2, g2, sizes, part, bias_part, n, pitch, first, each, tiles,
    inputs: tl.constexpr, outputs: tl.constexpr, input_block: tl.constexpr,
    output_block: tl.constexpr, pairs: tl.constexpr, pixels: tl.constexpr,
):  # fmt: skip
    """Sums over a share of the pixels: each thread has pixels of its own, added up at the end.

    part[split, s, co, ci, tap] is the sum of g x (+ g2 x2), bias_part[split, s, co] that of g.
    """
    split = tl.program_id(0)
    block = tl.program_id(1)
    s = tl.program_id(2).to(tl.int64)
    ci_blocks: tl.constexpr = (inputs + input_block - 1) // input_block
    co = (block // ci_blocks * output_block + tl.arange(0, output_block))[:, None, None]
    ci = (block % ci_blocks * input_block + tl.arange(0, input_block))[None, :, None]
    k = tl.arange(0, pixels)[None, None, :]
    a0 = tl.zeros([output_block, input_block, pixels], tl.float32)
    a1 = tl.zeros([output_block, input_block, pixels], tl.float32)
    a2 = tl.zeros([output_block, input_block, pixels], tl.float32)
    a3 = tl.zeros([output_block, input_block, pixels], tl.float32)
    a4 = tl.zeros([output_block, input_block, pixels], tl.float32)
    a5 = tl.zeros([output_block, input_block, pixels], tl.float32)
    a6 = tl.zeros([output_block, input_block, pixels], tl.float32)
    a7 = tl.zeros([output_block, input_block, pixels], tl.float32)
    a8 = tl.zeros([output_block, input_block, pixels], tl.float32)
    bias = tl.zeros([output_block, 1, pixels], tl.float32)
    # Below a picture that is smaller than its array there is nothing to add.
    filled = ((tl.load(sizes + 2 * s) + 1) * pitch - first + pixels - 1) // pixels
    end = tl.minimum(tl.minimum((split + 1) * each, tiles), filled)
    for tile in range(split * each, end):
        p = first + tile * pixels + k
        gs = tl.load(g + (s * outputs + co) * n + p, mask=co < outputs, other=0.0)
        bias += gs
        near = x + (s * inputs + ci) * n + p
        a0, a1, a2, a3, a4, a5, a6, a7, a8 = _nine(
            near, gs, pitch, ci < inputs, a0, a1, a2, a3, a4, a5, a6, a7, a8
        )
    if pairs == 2:
        for tile in range(split * each, end):
            p = first + tile * pixels + k
            gs = tl.load(g2 + (s * outputs + co) * n + p, mask=co < outputs, other=0.0)
            near = x2 + (s * inputs + ci) * n + p
            a0, a1, a2, a3, a4, a5, a6, a7, a8 = _nine(
                near, gs, pitch, ci < inputs, a0, a1, a2, a3, a4, a5, a6, a7, a8
            )
    row = split * tl.num_programs(2) + s
    co = (block // ci_blocks * output_block + tl.arange(0, output_block))[:, None]
    ci = (block % ci_blocks * input_block + tl.arange(0, input_block))[None, :]
    at = part + ((row * outputs + co) * inputs + ci) * 9
    there = (co < outputs) & (ci < inputs)
    _keep(at, a0, there)
    _keep(at + 1, a1, there)
    _keep(at + 2, a2, there)
    _keep(at + 3, a3, there)
    _keep(at + 4, a4, there)
    _keep(at + 5, a5, there)
    _keep(at + 6, a6, there)
    _keep(at + 7, a7, there)
    _keep(at + 8, a8, there)
    if block % ci_blocks == 0:
        tl.store(bias_part + row * outputs + co, tl.sum(bias, axis=2), mask=co < outputs)


class Kernels:
    """`Convolutions` of float32 pictures with at most 16 channels.

    They add in float32, or round factors to TF32 where PyTorch lets cuDNN do so.

    Args:
        pictures: (S, C, h, w), whose device and shape count.
        sizes: (S, 2) height and width of what is picture in each array.
    """

    def __init__(self, pictures: Tensor, sizes: Tensor) -> None:
        self._height, width = pictures.shape[-2:]
        self._pitch = width + 2
        self._sizes = sizes.to(torch.int32).contiguous()
        self._first = self._pitch + 1
        self._tiles = triton.cdiv(self._height * self._pitch - 2, _TILE)
        self._end = self._first + self._tiles * _TILE
        self._places = self._end + self._first
        rows, columns = (
            torch.arange(side, device=pictures.device) < sizes[:, axis, None]
            for axis, side in enumerate((self._height, width))
        )
        self._inside = (rows[:, :, None] & columns[:, None, :]).unsqueeze(1)

    def pack(self, pictures: Tensor) -> Tensor:
        """Pictures (S, C, places), zero around each."""
        packed = pictures.new_zeros(*pictures.shape[:2], self._places)
        torch.mul(pictures, self._inside, out=self.unpack(packed))
        return packed

    def unpack(self, packed: Tensor) -> Tensor:
        """Views (S, C, h, w) of the pictures."""
        rows = self._height + 2
        bordered = packed[..., : rows * self._pitch].unflatten(-1, (rows, self._pitch))
        inner: Tensor = bordered[..., 1:-1, 1:-1]
        return inner

    def convolve(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        transposed: bool = False,
        leaky: bool = False,
        slopes_of: Tensor | None = None,
    ) -> Tensor:
        """As `Convolutions` says."""
        slots, channels, places = x.shape
        outputs = weight.shape[2 if transposed else 1]
        out = x.new_empty(slots, outputs, places)
        with torch.cuda.device_of(x):
            _convolve[self._tiles, slots](
                *(x, weight, x if bias is None else bias, x if slopes_of is None else slopes_of),
                *(self._sizes, out, channels, places, self._pitch, self._first, self._end, SLOPE),
                outputs=outputs,
                transposed=transposed,
                biased=bias is not None,
                leaky=leaky,
                sloped=slopes_of is not None,
                pixels=_TILE,
                precision="tf32" if torch.backends.cudnn.allow_tf32 else "ieee",
                num_warps=_WARPS,
            )
        return out

    def weight_gradient(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """As `Convolutions` says."""
        (x, g), (x2, g2) = pairs[0], pairs[-1]
        slots, inputs, outputs = len(x), x.shape[1], g.shape[1]
        each = triton.cdiv(self._tiles, _SPLITS)
        splits = triton.cdiv(self._tiles, each)
        part = x.new_empty(splits, slots, outputs, inputs, 3, 3)
        bias_part = x.new_empty(splits, slots, outputs)
        block = min(_OUT, triton.next_power_of_2(outputs)), min(_IN, triton.next_power_of_2(inputs))
        blocks = triton.cdiv(outputs, block[0]) * triton.cdiv(inputs, block[1])
        with torch.cuda.device_of(x):
            _weight_gradient[splits, blocks, slots](
                *(x, g, x2, g2, self._sizes, part, bias_part),
                *(self._places, self._pitch, self._first, each, self._tiles),
                inputs=inputs,
                outputs=outputs,
                input_block=block[1],
                output_block=block[0],
                pairs=len(pairs),
                pixels=_TILE,
                num_warps=_WARPS,
            )
        return part.sum(0), bias_part.sum(0)
