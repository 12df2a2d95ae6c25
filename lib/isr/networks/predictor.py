"""What every trainable predictor offers."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Predictor(nn.Module, ABC):
    """A network that gives each pixel of a picture a level from its features."""

    @abstractmethod
    def picture_levels(self, features: Tensor) -> Tensor:
        """Levels (h, w) of a whole picture with features (h, w, channels)."""
