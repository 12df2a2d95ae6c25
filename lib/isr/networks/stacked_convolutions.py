"""The convolutional predictor of many slots at once: levels and their gradient as one operation.

Every slot has weights and a picture of its own. Under `torch.func.vmap`, PyTorch's convolutions
with weights of their own become grouped ones, several times slower than each alone. Here the whole
network is one operation whose backward pass is written out with the same convolutions as its
forward pass, so that two kernels are all that a device needs (`isr.networks.convolution_kernels`).
"""

import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.grad import conv2d_weight

from isr.levels import probability

_log = logging.getLogger(__name__)

MOST_CHANNELS = 16
"""That kernels take."""
SLOPE = 0.01
"""Of the leaky ReLU where its input is negative."""
LARGEST_DISAGREEMENT = 1e-2
"""With PyTorch's own convolutions, of kernels that are trusted: TF32 rounds to 1e-3."""


class Convolutions(Protocol):
    """3x3 convolutions of S pictures, each with weights (S, out, in, 3, 3) of its own.

    A picture may be smaller than the array that holds it: what surrounds it counts as zero.
    """

    def pack(self, pictures: Tensor) -> Tensor:
        """A copy of pictures (S, C, h, w) as the others want them, zero around each."""

    def unpack(self, packed: Tensor) -> Tensor:
        """Pictures (S, C, h, w) of what the others give."""

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
        """The convolution, or the transposed one, of packed pictures, packed.

        Args:
            x: what is convolved.
            weight: (S, out, in, 3, 3); transposed, `x` has the channels `out`.
            bias: (S, out), added.
            transposed: whether it is the convolution that takes gradients back.
            leaky: whether the leaky ReLU of it is wanted.
            slopes_of: what a leaky ReLU has put out: its slopes there are multiplied by.
        """

    def weight_gradient(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Gradients of weights (S, out, in, 3, 3) and biases (S, out).

        Args:
            pairs: one or two, packed: what a convolution was given, and the gradient of what it
                gave. The weights' gradient is the sum over all, the biases' that of the first.
        """


def kernels(device: torch.device, dtype: torch.dtype) -> Callable[..., Convolutions] | None:
    """What makes `Convolutions` for arrays (S, C, h, w) that hold pictures of sizes (S, 2).

    Returns:
        None where pictures are better convolved slot by slot, by PyTorch.
    """
    if device.type != "cuda" or dtype != torch.float32:
        return None
    # One and the same, with its number or without: within `vmap` nothing could be drawn to try it.
    number = torch.cuda.current_device() if device.index is None else device.index
    return _kernels(torch.device("cuda", number))


@cache
def _kernels(device: torch.device) -> Callable[..., Convolutions] | None:
    """Triton's kernels, if there is Triton and they do on a device what PyTorch does."""
    try:
        from isr.networks.convolution_kernels import Kernels

        error = disagreement(Kernels, device)
    except ImportError as missing:
        _log.warning(
            "convolutions run slot by slot, at half the speed, without Triton: %s", missing
        )
        return None
    except Exception as failure:  # Compilers and drivers fail in ways of their own.
        _log.warning("convolutions run slot by slot: their kernels fail on %s: %s", device, failure)
        return None
    if not error < LARGEST_DISAGREEMENT:
        _log.warning("convolutions run slot by slot: kernels are wrong by %g on %s", error, device)
        return None
    return Kernels


def disagreement(make: Callable[..., Convolutions], device: torch.device) -> float:
    """How far convolutions of two drawn pictures are from PyTorch's own, relative to the largest.

    Args:
        make: of the convolutions, as `kernels` returns it.
        device: where.
    """
    drawn = torch.Generator().manual_seed(0)
    shapes = ((2, 5, 11, 14), (2, 16, 11, 14), (2, 16, 5, 3, 3), (2, 16))
    x, g, weight, bias = (torch.randn(shape, generator=drawn).to(device) for shape in shapes)
    own = make(x, torch.tensor([[11, 14]] * 2, device=device))
    packed, error = own.pack(x), own.pack(g)
    found = (
        own.unpack(own.convolve(packed, weight, bias, leaky=True)),
        own.unpack(own.convolve(error, weight, transposed=True)),
        *own.weight_gradient([(packed, error), (packed, error)]),
    )
    slots = [
        (
            functional.leaky_relu(functional.conv2d(x[s], weight[s], bias[s], padding=1), SLOPE),
            functional.conv_transpose2d(g[s], weight[s], padding=1),
            2 * _weight_gradient(x[s], weight[s].shape, g[s]),
            g[s].sum((1, 2)),
        )
        for s in range(2)
    ]
    expected = [torch.stack(each) for each in zip(*slots, strict=True)]
    pairs = zip(found, expected, strict=True)
    errors = [(one - other).abs().max() / other.abs().max() for one, other in pairs]
    return float(torch.stack(errors).max())


def _weight_gradient(x: Tensor, shape: torch.Size, g: Tensor) -> Tensor:
    found: Tensor = conv2d_weight(x[None], shape, g[None], padding=1)  # type: ignore[no-untyped-call]
    return found


class _Network(torch.autograd.Function):
    """Levels (S, h, w) of pictures (S, C, h, w) and, where it is `differentiated`, their gradient.

    Arguments after the pictures: their sizes (S, 2), then weight (S, out, in, 3, 3) and bias
    (S, out) of each layer. Pictures themselves have no gradient. What the layers gave is put out as
    well, since `torch.func.vmap` lets nothing else be kept for the backward pass.
    """

    @staticmethod
    def forward(
        differentiated: bool, pictures: Tensor, sizes: Tensor, *parameters: Tensor
    ) -> tuple[Tensor, ...]:
        weights, biases = _contiguous(parameters[0::2]), _contiguous(parameters[1::2])
        own = _made(pictures, sizes)
        passed = [own.pack(pictures)]
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            passed.append(own.convolve(passed[-1], weight, bias, leaky=True))
        level = own.unpack(own.convolve(passed[-1], weights[-1], biases[-1]))
        if not differentiated:
            return level.squeeze(1), *passed
        prediction = probability(level)
        chain = [own.pack(-prediction * (1.0 - prediction))]
        for weight, before in zip(weights[:0:-1], passed[:0:-1], strict=True):
            chain.append(own.convolve(chain[-1], weight, transposed=True, slopes_of=before))
        gradient = own.unpack(own.convolve(chain[-1], weights[0], transposed=True))
        return level.squeeze(1), gradient, *passed, *chain

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        differentiated, pictures, sizes, *parameters = inputs
        kept = output[2:] if differentiated else output[1:]
        ctx.differentiated = differentiated
        ctx.mark_non_differentiable(*kept)
        # What is kept gets no gradients, of which zeros would fill as much memory again.
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(pictures, sizes, output[0], *parameters[0::2], *kept)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        pictures, sizes, level, *rest = ctx.saved_tensors
        count = len(rest) // (3 if ctx.differentiated else 2)
        weights, passed = _contiguous(rest[:count]), rest[count : 2 * count]
        own = _made(pictures, sizes)
        wanted = torch.zeros_like(level) if gradients[0] is None else gradients[0]
        pairs: list[list[tuple[Tensor, Tensor]]] = [[] for _ in weights]
        if ctx.differentiated and gradients[1] is not None:
            # Down the chain again: what each transposed convolution's gradient is taken from.
            against = [own.pack(gradients[1])]
            for weight, before in zip(weights[:-1], passed[1:], strict=True):
                against.append(own.convolve(against[-1], weight, slopes_of=before))
            pairs = [[pair] for pair in zip(against, reversed(rest[-count:]), strict=True)]
            last = own.unpack(own.convolve(against[-1], weights[-1])).squeeze(1)
            prediction = probability(level)
            curvature = (1.0 - 2.0 * prediction) * prediction * (1.0 - prediction)
            wanted = wanted + last * curvature
        error = own.pack(wanted.unsqueeze(1))
        found: list[Tensor] = []
        for layer in reversed(range(count)):
            weight, bias = own.weight_gradient([(passed[layer], error), *pairs[layer]])
            found += [bias, weight]
            if layer:
                error = own.convolve(
                    error, weights[layer], transposed=True, slopes_of=passed[layer]
                )
        return None, None, None, *found[::-1]

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Any, Any]:
        """Mapped slots become more slots."""

        def folded(x: Tensor, dim: int | None) -> Tensor:
            x = x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
            return x.flatten(0, 1)

        differentiated, *tensors = inputs
        folded_inputs = map(folded, tensors, in_dims[1:])
        outputs = _Network.apply(differentiated, *folded_inputs)  # type: ignore[no-untyped-call]
        shape = (info.batch_size, -1)
        return tuple(x.unflatten(0, shape) for x in outputs), (0,) * len(outputs)


def stacked(
    pictures: Tensor,
    size: Tensor | None,
    parameters: Sequence[Tensor],
    *,
    differentiated: bool,
) -> tuple[Tensor, ...]:
    """Run the network by the kernels for its device; under `torch.func.vmap`, of all slots at once.

    Args:
        pictures: (n, channels, h, w).
        size: (2,) height and width of the pictures, if they do not fill their array.
        parameters: weight (out, in, 3, 3) and bias (out,) of each layer.
        differentiated: whether the gradient is wanted too.

    Returns:
        Levels (n, h, w), and d(sum of foreground probabilities)/d(pictures), as the pictures; both
        are zero beside the pictures.
    """
    count, _, height, width = pictures.shape
    if size is None:
        sides = [torch.full((), side, device=pictures.device) for side in (height, width)]
        size = torch.stack(sides)
    sizes = size.expand(count, 2)
    slots = [each.expand(count, *each.shape) for each in parameters]
    found: tuple[Tensor, ...] = _Network.apply(differentiated, pictures, sizes, *slots)  # type: ignore[no-untyped-call]
    return found[:2] if differentiated else found[:1]


def _made(pictures: Tensor, sizes: Tensor) -> Convolutions:
    make = kernels(pictures.device, pictures.dtype)
    assert make is not None
    return make(pictures, sizes)


def _contiguous(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [tensor.contiguous() for tensor in tensors]
