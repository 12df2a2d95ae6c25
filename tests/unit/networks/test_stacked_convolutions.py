"""The network of many slots at once is that of each alone; with plain convolutions for kernels."""

import sys
from types import SimpleNamespace

import pytest
import torch
from plain_convolutions import PlainConvolutions, plain_convolutions
from stacked_networks import drawn_networks, drawn_pictures, mapped
from torch import Tensor

from isr.networks import stacked_convolutions
from isr.networks.predictors import CNN

SIZES = [(7, 9), (6, 12), (10, 5)]


def _assert_same_gradients(loss: Tensor, parameters: dict[str, Tensor], losses, networks) -> None:
    with plain_convolutions():
        together = torch.autograd.grad(loss, list(parameters.values()))
    for number, (network, own_loss) in enumerate(zip(networks, losses, strict=True)):
        alone = torch.autograd.grad(own_loss, list(network.parameters()))
        for one, other in zip(alone, together, strict=True):
            assert one.abs().max() > 1e-6
            assert torch.allclose(one, other[number], atol=1e-10)


@pytest.mark.parametrize("sizes", [[(7, 9)], [(7, 9)] * 3, SIZES], ids=["one", "alike", "mixed"])
def test_levels_gradients_and_their_derivatives_are_those_of_each_alone(sizes):
    networks, pictures = drawn_networks(len(sizes)), drawn_pictures(sizes)
    with plain_convolutions():
        (levels, gradients), parameters = mapped(networks, pictures, "with_gradient")
    losses = []
    for number, (network, picture) in enumerate(zip(networks, pictures, strict=True)):
        level, gradient = network.with_gradient(picture)
        height, width = sizes[number]
        own = levels[number][..., :height, :width], gradients[number][..., :height, :width]
        assert torch.allclose(own[0], level, atol=1e-12)
        assert torch.allclose(own[1], gradient, atol=1e-12)
        losses.append(level.square().sum() + gradient.square().sum() + gradient.abs().sum())
        beside = levels[number].abs().sum() - own[0].abs().sum()
        assert beside.abs() < 1e-12
    loss = levels.square().sum() + gradients.square().sum() + gradients.abs().sum()
    _assert_same_gradients(loss, parameters, losses, networks)


def test_levels_alone_are_those_of_each_alone():
    networks, pictures = drawn_networks(3), drawn_pictures(SIZES)
    with plain_convolutions():
        levels, parameters = mapped(networks, pictures, "forward")
    alone = [network(picture) for network, picture in zip(networks, pictures, strict=True)]
    for level, own, (height, width) in zip(levels, alone, SIZES, strict=True):
        assert torch.allclose(level[..., :height, :width], own, atol=1e-12)
    losses = [own.square().sum() for own in alone]
    _assert_same_gradients(levels.square().sum(), parameters, losses, networks)


@pytest.mark.parametrize("loss", [lambda level, _: level.sum(), lambda _, gradient: gradient.sum()])
def test_a_loss_may_be_of_one_of_both_alone(loss):
    (network,), (picture,) = drawn_networks(1), drawn_pictures([(6, 8)])
    parameters = list(network.parameters())
    with plain_convolutions():
        found = torch.autograd.grad(loss(*network.with_gradient(picture)), parameters)
    # A gradient does not depend on the last bias: autograd gives nothing, the network zero.
    plain = torch.autograd.grad(
        loss(*network.with_gradient(picture)), parameters, allow_unused=True
    )
    for one, other in zip(found, plain, strict=True):
        assert torch.allclose(one, torch.zeros_like(one) if other is None else other, atol=1e-12)


def test_pictures_that_want_gradients_and_wide_networks_go_without_kernels():
    (picture,) = drawn_pictures([(6, 8)])
    wanting = picture.clone().requires_grad_()
    wide = CNN(5, width=17).double()
    with plain_convolutions():
        assert CNN(5).stacks(torch.device("cpu"))
        assert not wide.stacks(torch.device("cpu"))
        (gradient,) = torch.autograd.grad(CNN(5).double()(wanting).sum(), wanting)
        assert wide(picture).shape == (1, 6, 8)
    assert gradient.abs().max() > 0
    assert not CNN(5).stacks(torch.device("cpu"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (None, ""),
        (lambda x: x + 1, "kernels are wrong by"),
        (lambda x: x * torch.nan, "kernels are wrong by nan"),
        (lambda x: x.nowhere, "their kernels fail"),
    ],
)
def test_kernels_are_trusted_once_they_do_what_pytorch_does(monkeypatch, caplog, wrong, words):
    class Kernels(PlainConvolutions):
        def convolve(self, x, weight, bias=None, **options):
            found = super().convolve(x, weight, bias, **options)
            return found if wrong is None or "transposed" not in options else wrong(found)

    there = SimpleNamespace(Kernels=Kernels)
    monkeypatch.setitem(sys.modules, "isr.networks.convolution_kernels", there)
    stacked_convolutions._kernels.cache_clear()
    trusted = stacked_convolutions._kernels(torch.device("cpu"))
    stacked_convolutions._kernels.cache_clear()
    assert trusted is (Kernels if wrong is None else None)
    assert words in caplog.text


def test_without_triton_it_is_said_once(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "isr.networks.convolution_kernels", None)
    stacked_convolutions._kernels.cache_clear()
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    for name in ("cuda", "cuda:0", "cuda"):
        assert stacked_convolutions.kernels(torch.device(name), torch.float32) is None
    stacked_convolutions._kernels.cache_clear()
    assert len(caplog.records) == 1
    assert "without Triton" in caplog.text
