"""The network of many slots at once is that of each alone; with plain convolutions for kernels."""

import numpy as np
import pytest
import torch
from plain_convolutions import plain_convolutions
from torch import Tensor, nn
from torch.func import functional_call, vmap

from isr.networks import stacked_convolutions
from isr.networks.layers import initialise_
from isr.networks.predictors import CNN

SIZES = [(7, 9), (6, 12), (10, 5)]


class _Method(nn.Module):
    def __init__(self, network: CNN, name: str) -> None:
        super().__init__()
        self.network, self.name = network, name

    def forward(self, *inputs: Tensor):
        return getattr(self.network, self.name)(*inputs)


def _networks(count: int) -> list[CNN]:
    """Networks large enough that their gradients matter."""
    networks = [CNN(5).double() for _ in range(count)]
    for number, network in enumerate(networks):
        initialise_(network, np.random.default_rng(number))
        for parameter in network.parameters():
            parameter.data *= 2.5
    return networks


def _pictures(sizes: list[tuple[int, int]]) -> list[Tensor]:
    random = np.random.default_rng(0)
    return [torch.from_numpy(random.standard_normal((1, 5, *size))) for size in sizes]


def _together(networks: list[CNN], pictures: list[Tensor], method: str):
    """What all give under `vmap`, padded, and the parameters that it was computed from."""
    height, width = (max(x.shape[axis] for x in pictures) for axis in (-2, -1))
    padded = torch.stack(
        [nn.functional.pad(x, [0, width - x.shape[-1], 0, height - x.shape[-2]]) for x in pictures]
    )
    sizes = torch.tensor([x.shape[-2:] for x in pictures])
    parameters = {
        f"network.{key}": torch.stack([dict(n.named_parameters())[key].detach() for n in networks])
        for key, _ in networks[0].named_parameters()
    }
    for value in parameters.values():
        value.requires_grad_()
    template = _Method(CNN(5).double(), method)
    with plain_convolutions():
        found = vmap(lambda own, *x: functional_call(template, own, x))(parameters, padded, sizes)
    return found, parameters


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
    networks, pictures = _networks(len(sizes)), _pictures(sizes)
    (levels, gradients), parameters = _together(networks, pictures, "with_gradient")
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
    networks, pictures = _networks(3), _pictures(SIZES)
    levels, parameters = _together(networks, pictures, "forward")
    alone = [network(picture) for network, picture in zip(networks, pictures, strict=True)]
    for level, own, (height, width) in zip(levels, alone, SIZES, strict=True):
        assert torch.allclose(level[..., :height, :width], own, atol=1e-12)
    losses = [own.square().sum() for own in alone]
    _assert_same_gradients(levels.square().sum(), parameters, losses, networks)


@pytest.mark.parametrize("loss", [lambda level, _: level.sum(), lambda _, gradient: gradient.sum()])
def test_a_loss_may_be_of_one_of_both_alone(loss):
    (network,), (picture,) = _networks(1), _pictures([(6, 8)])
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
    (picture,) = _pictures([(6, 8)])
    wanting = picture.clone().requires_grad_()
    wide = CNN(5, width=17).double()
    with plain_convolutions():
        assert CNN(5).stacks(torch.device("cpu"))
        assert not wide.stacks(torch.device("cpu"))
        (gradient,) = torch.autograd.grad(CNN(5).double()(wanting).sum(), wanting)
        assert wide(picture).shape == (1, 6, 8)
    assert gradient.abs().max() > 0
    assert not CNN(5).stacks(torch.device("cpu"))


def test_without_triton_it_is_said_once(monkeypatch, caplog):
    monkeypatch.setitem(__import__("sys").modules, "isr.networks.convolution_kernels", None)
    stacked_convolutions._kernels.cache_clear()
    for _ in range(2):
        assert stacked_convolutions.kernels(torch.device("cuda"), torch.float32) is None
    stacked_convolutions._kernels.cache_clear()
    assert len(caplog.records) == 1
    assert "without Triton" in caplog.text
