"""The pixel-wise fully connected predictor of Droege & Moeller (2021), the paper's section B.1."""

import torch
from torch import Tensor

from isr.networks.layers import MLP
from isr.networks.predictor import Predictor


class FCN(Predictor):
    """Five linear layers of width 16 with ReLU: 929 parameters for 5 channels, 961 for 7.

    Args:
        channels: number of features per pixel.
        width: units per hidden layer.
    """

    def __init__(self, channels: int, *, width: int = 16) -> None:
        super().__init__()
        self.network = MLP([channels, *[width] * 4, 1])

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
