"""Convolutional predictors and pictures for them, alone and under `torch.func.vmap`."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from isr.networks.layers import initialise_
from isr.networks.predictors import CNN


class _Method(nn.Module):
    """A method of a network, which `functional_call` can run."""

    def __init__(self, network: CNN, name: str) -> None:
        super().__init__()
        self.network, self.name = network, name

    def forward(self, *inputs: Tensor):
        return getattr(self.network, self.name)(*inputs)


def drawn_networks(count: int) -> list[CNN]:
    """Networks in float64 that are large enough for their gradients to matter."""
    networks = [CNN(5).double() for _ in range(count)]
    for number, network in enumerate(networks):
        initialise_(network, np.random.default_rng(number))
        for parameter in network.parameters():
            parameter.data *= 2.5
    return networks


def drawn_pictures(sizes: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Pictures (1, 5, h, w) of noise in float64."""
    random = np.random.default_rng(0)
    return [torch.from_numpy(random.standard_normal((1, 5, *size))) for size in sizes]


def mapped(
    networks: Sequence[CNN], pictures: Sequence[Tensor], method: str, **kind
) -> tuple[Tensor | tuple[Tensor, ...], dict[str, Tensor]]:
    """What a method of all networks gives under `vmap`, each with its picture, which is padded.

    Args:
        networks: one for each picture.
        pictures: (1, channels, h, w) of different sizes.
        method: of the networks.
        **kind: device and dtype to compute on and in.

    Returns:
        What the method gives, with a leading axis; and the parameters that it was computed from.
    """
    height, width = (max(x.shape[axis] for x in pictures) for axis in (-2, -1))
    padded = [
        nn.functional.pad(x, [0, width - x.shape[-1], 0, height - x.shape[-2]]) for x in pictures
    ]
    sizes = torch.tensor([x.shape[-2:] for x in pictures])
    each = [dict(network.named_parameters(prefix="network")) for network in networks]
    parameters = {
        key: torch.stack([own[key].detach() for own in each]).to(**kind).requires_grad_()
        for key in each[0]
    }
    template = _Method(CNN(5), method).to(**{"dtype": torch.float64, **kind})
    inputs = torch.stack(padded).to(**kind), sizes.to(device=kind.get("device"))
    return vmap(lambda own, *x: functional_call(template, own, x))(parameters, *inputs), parameters
