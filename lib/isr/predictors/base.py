"""What every trainable predictor offers."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn


class Predictor(nn.Module, ABC):
    """A network that gives each pixel of a picture a level from its features.

    Attributes:
        halo: how many pixels away an input can change an output; 0 for pixel-wise predictors.
    """

    halo: ClassVar[int] = 0

    @abstractmethod
    def picture_levels(self, features: Tensor) -> Tensor:
        """Levels (h, w) of a whole picture with features (h, w, channels)."""
