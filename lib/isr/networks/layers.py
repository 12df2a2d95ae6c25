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


@torch.no_grad()
def initialise_(module: nn.Module, generator: np.random.Generator) -> None:
    """Draw the weights of every linear and convolution layer of `module` from `generator`.

    The distribution is PyTorch's default for these layers: uniform in +-1/sqrt(fan in), for weights
    and biases. Other parameters, and layers with the attribute `keep_initial`, keep the values that
    their modules gave them.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d) and not getattr(layer, "keep_initial", False):
            bound = 1.0 / math.sqrt(layer.weight[0].numel())
            for parameter in (layer.weight, layer.bias):
                if parameter is not None:
                    drawn = generator.uniform(-bound, bound, size=tuple(parameter.shape))
                    parameter.copy_(torch.from_numpy(drawn))
