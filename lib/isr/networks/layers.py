"""Plain layers: the multi-layer perceptron, and initial weights that depend on a seed alone."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class MLP(nn.Module):
    """Linear layers with ReLU between them.

    Args:
        widths: the size of the input, of every hidden layer and of the output.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(here, there) for here, there in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """Values (..., widths[-1]) at inputs (..., widths[0])."""
        for layer in self.layers[:-1]:
            x = functional.relu(layer(x))
        output: Tensor = self.layers[-1](x)
        return output


class LinearLayers(nn.Module):
    """Equal linear layers in two parameters: of many small ones, a step would see little else.

    Args:
        count: of layers.
        inputs: of each.
        outputs: of each.
        zero: whether they start at zero, and so keep out of `initialise_`.
    """

    def __init__(self, count: int, inputs: int, outputs: int, *, zero: bool = False) -> None:
        super().__init__()
        bound = 0.0 if zero else 1.0 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(count, outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(count, outputs).uniform_(-bound, bound))
        self.keep_initial = zero


@torch.no_grad()
def initialise_(module: nn.Module, generator: np.random.Generator) -> None:
    """Draw the weights of every linear and convolution layer of `module` from `generator`.

    The distribution is PyTorch's default for these layers: uniform in +-1/sqrt(fan in), for weights
    and biases. Other parameters, and layers with the attribute `keep_initial`, keep the values that
    their modules gave them.
    """
    kinds = nn.Linear | nn.Conv2d | LinearLayers
    for layer in module.modules():
        if not isinstance(layer, kinds) or getattr(layer, "keep_initial", False):
            continue
        pairs = [(layer.weight, layer.bias)]
        if isinstance(layer, LinearLayers):
            pairs = list(zip(layer.weight, layer.bias, strict=True))
        for pair in pairs:
            bound = 1.0 / math.sqrt(pair[0][0].numel())
            for parameter in pair:
                if parameter is not None:
                    drawn = generator.uniform(-bound, bound, size=tuple(parameter.shape))
                    parameter.copy_(torch.from_numpy(drawn))
