"""Initial weights that depend on a seed and a name alone, not on device, stack or job."""

import math

import numpy as np
import torch
from torch import nn


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
