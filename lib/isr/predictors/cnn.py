"""The convolutional predictor of Droege & Moeller (2021), the paper's section B.1."""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from isr.predictors.base import Predictor


class CNN(Predictor):
    """Four 3x3 convolutions of width 16 with leaky ReLU.

    It has 5,521 parameters for 5 channels, 5,809 for 7.

    Args:
        channels: number of features per pixel.
        width: channels of the hidden layers.
    """

    halo: ClassVar[int] = 4

    def __init__(self, channels: int, *, width: int = 16) -> None:
        super().__init__()
        sizes = [channels, width, width, width, 1]
        self.layers = nn.ModuleList(
            nn.Conv2d(here, there, 3, padding=1) for here, there in pairwise(sizes)
        )

    def forward(self, features: Tensor, inside: Tensor | None = None) -> Tensor:
        """Levels (n, h, w) of n pictures or windows with features (n, channels, h, w).

        Args:
            features: (n, channels, h, w).
            inside: (n, h, w), 1 where a window's pixel lies in the picture, 0 outside. Activations
                outside are zeroed after each layer, as a whole picture's zero padding does, so
                that a window gives the picture's values up to `halo` pixels from its edge.
        """
        mask = None if inside is None else inside.unsqueeze(-3)
        for layer in self.layers[:-1]:
            features = functional.leaky_relu(layer(features), 0.01)
            if mask is not None:
                features = features * mask
        level: Tensor = self.layers[-1](features)
        return level.squeeze(-3)

    def picture_levels(self, features: Tensor) -> Tensor:
        """Levels (h, w) of a whole picture with features (h, w, channels)."""
        return self(features.permute(2, 0, 1).unsqueeze(0)).squeeze(0)  # type: ignore[no-any-return]
