import numpy as np
import torch
from torch import nn

from isr.networks.layers import MLP, initialise_


def test_weights_have_the_bounds_of_torch_and_depend_on_the_generator_alone():
    first, second, other = (
        nn.Sequential(nn.Linear(50, 40), nn.Conv2d(3, 20, 3), nn.Linear(4, 4, bias=False))
        for _ in range(3)
    )
    initialise_(first, np.random.default_rng(1))
    torch.manual_seed(7)
    initialise_(second, np.random.default_rng(1))
    initialise_(other, np.random.default_rng(2))
    for one, two in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, two)
    assert not torch.equal(first[0].weight, other[0].weight)
    for layer, fan_in in [(first[0], 50), (first[1], 27)]:
        bound = fan_in**-0.5
        assert layer.weight.abs().max() <= bound
        assert layer.weight.abs().max() > 0.95 * bound
        assert abs(layer.weight.mean().item()) < 0.15 * bound
        assert layer.bias.abs().max() <= bound
        assert layer.bias.abs().max() > 0


def test_an_mlp_is_linear_layers_with_relu_between():
    mlp = MLP([3, 4, 1])
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    expected = mlp.layers[1](torch.clamp(mlp.layers[0](x), min=0))
    assert torch.equal(mlp(x), expected)
    assert (expected < 0).any() or (-expected < 0).any()
