"""Weights from files that others made: read without running code, real and finite."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from isr.errors import UserError, told

_AGAIN = "get it again"


def read_weights(file: Path | bytes, name: str) -> dict[str, Tensor]:
    """Read what `torch.save` wrote: tensors by name, or a dictionary with them as `state_dict`.

    Args:
        file: the file, or what it holds.
        name: what messages call it.

    Raises:
        UserError: it cannot be read without running code, holds no weights, or some that are not
            finite real numbers.
    """
    source = io.BytesIO(file) if isinstance(file, bytes) else file
    with told(name, "cannot be read as weights", _AGAIN):
        stored = torch.load(source, map_location="cpu", weights_only=True)
    state = stored.get("state_dict", stored) if isinstance(stored, dict) else None
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in state.items()
    ):
        raise UserError(f"{name} holds no state_dict of a network: check the file.")
    check_finite(state, name, _AGAIN)
    return dict(state)


def check_finite(state: Mapping[str, Any], name: object, advice: str) -> None:
    """Check that all of some tensors are real and finite: with others, everything becomes NaN.

    Args:
        state: tensors by name.
        name: of the file that they stand in.
        advice: what to do.

    Raises:
        UserError: one is not.
    """
    for key, value in state.items():
        with told(name, f"holds no weights at {key!r}", advice):
            odd = value.is_complex() or value.is_quantized or not torch.isfinite(value).all()
        if odd:
            raise UserError(f"{name}: {key!r} holds NaN, infinity or no real numbers: {advice}.")
