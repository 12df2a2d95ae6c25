"""Trainable predictors: what each offers, and those of Droege & Moeller (2021).

The fully connected and the convolutional one are those of the paper's section B.1.
"""

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from isr.levels import probability
from isr.networks.layers import MLP
from isr.networks.stacked_convolutions import MOST_CHANNELS, SLOPE, kernels, stacked


class Predictor(nn.Module, ABC):
    """A network that gives each pixel of a picture a level from its features."""

    @abstractmethod
    def picture_levels(self, features: Tensor) -> Tensor:
        """Levels (h, w) of a whole picture with features (h, w, channels)."""


class FCN(Predictor):
    """The pixel-wise predictor: five linear layers of width 16 with ReLU.

    It has 929 parameters for 5 channels, 961 for 7.

    Args:
        channels: number of features per pixel.
        width: units per hidden layer.
        hidden_layers: how many of them.
    """

    def __init__(self, channels: int, *, width: int = 16, hidden_layers: int = 4) -> None:
        super().__init__()
        self.network = MLP([channels, *[width] * hidden_layers, 1])

    def forward(self, features: Tensor) -> Tensor:
        """Levels (...,) of pixels with features (..., channels)."""
        level: Tensor = self.network(features)
        return level.squeeze(-1)

    def picture_levels(self, features: Tensor) -> Tensor:
        """Levels (h, w) of a whole picture with features (h, w, channels)."""
        height, width, _ = features.shape
        # Batches that stay in the processor's cache are several times faster than one large one.
        batches = torch.split(features.flatten(0, 1), 16384)
        return torch.cat([self(batch) for batch in batches]).reshape(height, width)


class CNN(Predictor):
    """The convolutional predictor: four 3x3 convolutions of width 16 with leaky ReLU.

    It has 5,521 parameters for 5 channels, 5,809 for 7.

    Args:
        channels: number of features per pixel.
        width: channels of the hidden layers.
    """

    def __init__(self, channels: int, *, width: int = 16) -> None:
        super().__init__()
        sizes = [channels, width, width, width, 1]
        self._widest = max(sizes)
        self.layers = nn.ModuleList(
            nn.Conv2d(here, there, 3, padding=1) for here, there in pairwise(sizes)
        )

    def stacks(self, device: torch.device) -> bool:
        """Whether many networks gain by `torch.func.vmap`: there are kernels for them there."""
        weight = cast(Tensor, self.layers[0].weight)
        return self._widest <= MOST_CHANNELS and kernels(device, weight.dtype) is not None

    def forward(self, features: Tensor, size: Tensor | None = None) -> Tensor:
        """Levels (n, h, w) of n pictures with features (n, channels, h, w).

        Args:
            features: of the pictures.
            size: (2,) height and width of pictures that are smaller than the array, which is zero
                beside them, as the levels are then; only where the network `stacks`.
        """
        found = self._stacked(features, size, differentiated=False)
        return self._level_and_activations(features)[0] if found is None else found[0]

    def _stacked(
        self, features: Tensor, size: Tensor | None, *, differentiated: bool
    ) -> tuple[Tensor, ...] | None:
        """What the kernels find, if there are any that can take this."""
        if features.requires_grad or not self.stacks(features.device):
            assert size is None
            return None
        parameters = list(self.layers.parameters())
        return stacked(features, size, parameters, differentiated=differentiated)

    def _level_and_activations(self, features: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Levels (n, h, w), and what each hidden layer passes to its leaky ReLU."""
        before = []
        for layer in self.layers[:-1]:
            before.append(layer(features))
            features = functional.leaky_relu(before[-1], SLOPE)
        return self.layers[-1](features).squeeze(-3), before

    def with_gradient(self, features: Tensor, size: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Levels, and the gradient of the sum of all predictions with respect to the features.

        The gradient is what the penalties of eqs. 13 and 14 are made of. It is one backward pass
        written as ordinary operations: since a leaky ReLU has no second derivative, they are the
        same convolutions, transposed, between the slopes of the forward pass. Differentiating
        them needs no second-order graph, which would take half as long again.

        Args:
            features: (n, channels, h, w).
            size: as in `forward`; the gradient too is zero beside the pictures.

        Returns:
            Levels (n, h, w), and d(sum of foreground probabilities)/d(features), as the features.
        """
        found = self._stacked(features, size, differentiated=True)
        if found is not None:
            return found[0], found[1]
        level, before = self._level_and_activations(features)
        prediction = probability(level)
        gradient = -(prediction * (1.0 - prediction)).unsqueeze(-3)  # d sigmoid(-level) / d level
        slope = torch.ops.aten.leaky_relu_backward
        weights = [cast(Tensor, layer.weight) for layer in self.layers]
        for weight, inputs in zip(weights[:0:-1], before[::-1], strict=True):
            gradient = functional.conv_transpose2d(gradient, weight, padding=1)
            gradient = slope(gradient, inputs.detach(), SLOPE, False)
        return level, functional.conv_transpose2d(gradient, weights[0], padding=1)

    def picture_levels(self, features: Tensor) -> Tensor:
        """Levels (h, w) of a whole picture with features (h, w, channels)."""
        return self(features.permute(2, 0, 1).unsqueeze(0)).squeeze(0)  # type: ignore[no-any-return]
