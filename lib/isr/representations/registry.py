"""Representations by name."""

import inspect
import reprlib
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any

from isr.errors import UserError
from isr.representations.base import Representation
from isr.representations.convex import Convex
from isr.representations.lattice_periodic import LatticePeriodic
from isr.representations.mirror_symmetric import MirrorSymmetric
from isr.representations.path_connected import PathConnected
from isr.representations.periodic import Periodic
from isr.representations.polar import RadiallyConnected, StarShaped
from isr.representations.rotationally_symmetric import RotationallySymmetric
from isr.representations.unconstrained import Unconstrained
from isr.representations.union import Union

_BUILDERS: dict[str, Callable[..., Representation]] = {
    "convex": Convex,
    "star_shaped": StarShaped,
    "radially_connected": RadiallyConnected,
    "mirror_symmetric": MirrorSymmetric,
    "rotationally_symmetric": RotationallySymmetric,
    "periodic": Periodic,
    "lattice_periodic": LatticePeriodic,
    "path_connected": PathConnected,
    "union": Union,
    "unconstrained": Unconstrained,
}
NAMES = tuple(_BUILDERS)


_LEAST = {"width": 1, "hidden_layers": 0, "hidden_units": 1, "blocks": 1, "waves": 1}
"""The least value of options that count, which layers would take or refuse in their own words."""


def build(name: str, dim: int = 2, **options: Any) -> Representation:
    """Make the representation called `name` for points of `dim` coordinates.

    Raises:
        UserError: there is no such representation, it does not know one of the options, or one is
            outside its range.
    """
    if name not in NAMES:
        raise UserError(f"constraint {name!r} is unknown: choose one of {', '.join(NAMES)}.")
    builder = _BUILDERS[name]
    _check_counts(name, builder, options)
    try:
        return builder(dim, **options)
    except UserError:
        raise
    # What layers and arrays raise for values that they cannot take; torch tells in many lines.
    except (TypeError, ValueError, LookupError, ArithmeticError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        given = ", ".join(f"{key}={reprlib.repr(value)}" for key, value in options.items())
        raise UserError(
            f"constraint {name!r} with options {given or 'left out'} cannot be made: {reason}; "
            "correct its options."
        ) from None


def _check_counts(
    name: str, builder: Callable[..., Representation], options: Mapping[str, Any]
) -> None:
    for key in options.keys() & _LEAST.keys() & inspect.signature(builder).parameters.keys():
        value, least = options[key], _LEAST[key]
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            raise UserError(
                f"constraint {name!r}: option {key!r} is {value!r}; choose an integer from {least}."
            )
