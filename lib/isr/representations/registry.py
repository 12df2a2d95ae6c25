"""Representations by name."""

from collections.abc import Callable
from typing import Any

from isr.errors import UserError
from isr.representations.base import Representation
from isr.representations.convex import Convex
from isr.representations.unconstrained import Unconstrained

_BUILDERS: dict[str, Callable[..., Representation]] = {
    "convex": Convex,
    "unconstrained": Unconstrained,
}
NAMES = tuple(_BUILDERS)


def build(name: str, dim: int = 2, **options: Any) -> Representation:
    """Make the representation called `name` for points of `dim` coordinates.

    Raises:
        UserError: there is no such representation, or it does not know one of the options.
    """
    if name not in _BUILDERS:
        raise UserError(f"constraint {name!r} is unknown: choose one of {', '.join(NAMES)}.")
    try:
        return _BUILDERS[name](dim, **options)
    except TypeError as error:
        raise UserError(
            f"constraint {name!r} cannot be made: {error}; correct its options."
        ) from None
