"""The kernels of stacked convolutions on a CUDA device against float64 on the processor."""

from collections.abc import Callable

import pytest
import torch
from accelerator import accelerator
from stacked_networks import drawn_networks, drawn_pictures, mapped
from torch import Tensor

from isr.networks.predictors import CNN

pytestmark = pytest.mark.gpu

STACKS = [
    [(33, 47)],
    [(240, 320)],
    [(33, 47)] * 3,
    [(240, 320), (33, 47), (61, 321)],
]
TOLERANCE = 1e-4
"""Of the largest number: in float32, gradients of weights are sums over all pixels."""

Found = list[Tensor]


@pytest.fixture
def found(monkeypatch) -> Callable[..., Found]:
    """Levels, gradients and gradients of weights of a loss on both, on the device."""
    device = torch.device(accelerator())
    if device.type != "cuda":
        pytest.skip("the kernels are for CUDA devices")

    def of(sizes, *, tf32: bool = False) -> Found:
        monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", tf32)
        assert CNN(5).stacks(device), "Triton is missing"
        networks, pictures = drawn_networks(len(sizes)), drawn_pictures(sizes)
        kind = {"device": device, "dtype": torch.float32}
        (levels, gradients), parameters = mapped(networks, pictures, "with_gradient", **kind)
        loss = _loss(levels, gradients)
        return [levels, gradients, *torch.autograd.grad(loss, list(parameters.values()))]

    return of


def _loss(level: Tensor, gradient: Tensor) -> Tensor:
    return level.square().sum() + gradient.square().sum() + gradient.abs().sum()


def _assert_close(found: Tensor, expected: Tensor, tolerance: float) -> None:
    differences = (found.detach().double().cpu() - expected.detach()).abs().flatten()
    # Where rounding takes an activation over zero, the gradient of a few pixels is another one.
    assert differences.quantile(0.99) <= tolerance * expected.abs().max()


def _assert_right(found: Found, sizes, tolerance: float) -> None:
    levels, gradients, *of_weights = found
    networks, pictures = drawn_networks(len(sizes)), drawn_pictures(sizes)
    for number, (network, picture) in enumerate(zip(networks, pictures, strict=True)):
        level, gradient = network.with_gradient(picture)
        height, width = sizes[number]
        for own, expected in ((levels, level), (gradients, gradient)):
            inside = own[number][..., :height, :width]
            _assert_close(inside, expected, tolerance)
            assert own[number].count_nonzero() == inside.count_nonzero()
        expected = torch.autograd.grad(_loss(level, gradient), list(network.parameters()))
        for own, one in zip(of_weights, expected, strict=True):
            _assert_close(own[number], one, tolerance)


@pytest.mark.parametrize("sizes", STACKS, ids=str)
def test_kernels_find_what_the_processor_finds_in_float64(found, sizes):
    _assert_right(found(sizes), sizes, TOLERANCE)


@pytest.mark.parametrize("sizes", STACKS, ids=str)
def test_two_runs_give_the_same_bits(found, sizes):
    for one, two in zip(found(sizes), found(sizes), strict=True):
        assert torch.equal(one, two)


def test_tf32_rounds_factors_where_it_is_asked_for(found):
    sizes = STACKS[0]
    rounded = found(sizes, tf32=True)
    _assert_right(rounded, sizes, 0.05)
    assert not torch.equal(rounded[0], found(sizes)[0])
