"""Representations by name."""

from collections.abc import Callable
from typing import Any

from isr.errors import UserError
from isr.representations.base import Representation
from isr.representations.convex import Convex
from isr.representations.lattice_periodic import LatticePeriodic
from isr.representations.mirror_symmetric import MirrorSymmetric
from isr.representations.path_connected import PathConnected
from isr.representations.periodic import Periodic
from isr.representations.radially_connected import RadiallyConnected
from isr.representations.rotationally_symmetric import RotationallySymmetric
from isr.representations.star_shaped import StarShaped
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
