"""The sign convention, in one place: foreground is where the level is at most zero."""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = TypeVar("Array", Tensor, NDArray[np.floating])


def foreground(level: Array) -> Array:
    """Say where `level` (any shape) is foreground: boolean, same shape."""
    return level <= 0  # type: ignore[return-value]


def probability(level: Array) -> Array:
    """Foreground probability sigmoid(-level), same shape, in [0, 1]."""
    if isinstance(level, Tensor):
        return torch.sigmoid(-level)
    return np.asarray(0.5 * (1.0 - np.tanh(0.5 * level)))
