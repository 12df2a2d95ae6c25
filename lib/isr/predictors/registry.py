"""Trainable predictors by kind."""

from collections.abc import Callable
from typing import Any

from isr.errors import UserError
from isr.networks.cnn import CNN
from isr.networks.fcn import FCN
from isr.networks.predictor import Predictor
from isr.networks.unet import UNet

_BUILDERS: dict[str, Callable[..., Predictor]] = {"fcn": FCN, "cnn": CNN, "unet": UNet}
NAMES = tuple(_BUILDERS)


def build(kind: str, channels: int, **options: Any) -> Predictor:
    """Make the predictor of this kind for pixels with `channels` features.

    Raises:
        UserError: there is no such predictor, or it does not know one of the options.
    """
    if kind not in _BUILDERS:
        raise UserError(f"predictor kind {kind!r} is unknown: choose one of {', '.join(NAMES)}.")
    try:
        return _BUILDERS[kind](channels, **options)
    except TypeError as error:
        raise UserError(
            f"predictor {kind!r} cannot be made: {error}; correct its options."
        ) from None
