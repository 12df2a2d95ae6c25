"""The sign convention, in one place: foreground is where the level is at most zero."""

from typing import TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = TypeVar("Array", Tensor, NDArray[np.floating])


@overload
def foreground(level: Tensor) -> Tensor: ...
@overload
def foreground(level: NDArray[np.floating]) -> NDArray[np.bool_]: ...
def foreground(level: Tensor | NDArray[np.floating]) -> Tensor | NDArray[np.bool_]:
    """Say where `level` (any shape) is foreground: boolean, same shape."""
    return level <= 0


def probability(level: Array) -> Array:
    """Foreground probability sigmoid(-level), same shape, in [0, 1]."""
    if isinstance(level, Tensor):
        return torch.sigmoid(-level)
    return np.asarray(0.5 * (1.0 - np.tanh(0.5 * level)))


def likely_foreground(unaries: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where foreground probabilities (any shape) mean foreground: where their level is <= 0."""
    return np.asarray(unaries >= 0.5)
