"""Representations whose region is one interval, or nothing, on every ray from a point."""

from collections.abc import Callable
from functools import singledispatch

import numpy as np
import torch
from torch import Tensor

from isr.coordinates import Points
from isr.evaluation.convex_outline import Linearisation, interior_point
from isr.evaluation.drawing import BATCH, frozen_copy, level_function
from isr.evaluation.rays import RayLevel, RayLinearisation, RayRegion
from isr.levels import foreground
from isr.representations import Representation
from isr.representations.convex import Convex
from isr.representations.polar import Polar

# Rays are followed so many times as far as to the farthest point of the frame.
BEYOND = 1.1
# Squares per side of the box in which a convex region is looked for.
_SIDE = 1024


@singledispatch
def ray_region(representation: Representation, rim: Points) -> RayRegion | None:
    """The region by rays in the representation's own coordinates; None where it is empty.

    Args:
        representation: a convex, star-shaped or radially connected one.
        rim: coordinates (n, 2) all round what is to be drawn.

    Raises:
        TypeError: other representations need not have one interval per ray.
    """
    raise TypeError(f"{type(representation).__name__} is not one interval on every ray.")


@ray_region.register
def _(representation: Polar, rim: Points) -> RayRegion | None:
    frozen = frozen_copy(representation)
    assert isinstance(frozen, Polar)
    centre = frozen.centre.numpy().copy()
    level, linearised = _radial(frozen.radial)
    # The level at the centre is that of every ray.
    at_centre = level(np.array([[1.0, 0.0]]), np.zeros(1))
    if not (np.isfinite(centre).all() and np.isfinite(at_centre).all()):
        return None
    from_centre = None if foreground(at_centre).all() else linearised
    return RayRegion(centre, level, from_centre, _reach(centre, rim))


@ray_region.register
def _(representation: Convex, rim: Points) -> RayRegion | None:
    centre = _point_of_convex(representation, rim)
    if centre is None:
        return None
    at = level_function(representation)

    def level(directions: Points, distances: Points) -> Points:
        return at(centre + distances[..., None] * directions)

    return RayRegion(centre, level, None, _reach(centre, rim))


def _reach(centre: Points, rim: Points) -> float:
    return BEYOND * float(np.hypot(*(rim - centre).T).max())


def _radial(radial: Callable[[Tensor, Tensor], Tensor]) -> tuple[RayLevel, RayLinearisation]:
    def level(directions: Points, distances: Points) -> Points:
        values = np.empty(len(distances))
        with torch.no_grad():
            for start in range(0, len(distances), BATCH):
                part = slice(start, start + BATCH)
                along, at = torch.from_numpy(directions[part]), torch.from_numpy(distances[part])
                values[part] = radial(along, at).numpy()
        return values

    def linearised(directions: Points, distances: Points) -> tuple[Points, Points]:
        values, slopes = np.empty(len(distances)), np.empty(len(distances))
        with torch.enable_grad():
            for start in range(0, len(distances), BATCH):
                part = slice(start, start + BATCH)
                at = torch.from_numpy(distances[part]).requires_grad_()
                level = radial(torch.from_numpy(directions[part]), at)
                (slope,) = torch.autograd.grad(level.sum(), at)
                values[part], slopes[part] = level.detach().numpy(), slope.numpy()
        return values, slopes

    return level, linearised


def _point_of_convex(representation: Convex, rim: Points) -> Points | None:
    """A foreground point (2,) in the box round `rim`, None where there is none."""
    low, high = rim.min(axis=0), rim.max(axis=0)
    unit = (high - low) / _SIDE
    at = level_function(representation)
    linearised = linearisation(representation)

    def scaled(point: Points) -> tuple[float, Points]:
        value, slope = linearised(low + unit * point)
        return value, slope * unit

    point = interior_point(lambda points: at(low + unit * points), scaled, _SIDE, _SIDE)
    if point is None:
        return None
    centre = np.asarray(low + unit * point)
    return centre if foreground(at(centre[None])).all() else None


def linearisation(representation: Representation) -> Linearisation:
    """Level and (sub)gradient (2,) of a representation at a point (2,) of its coordinates."""
    frozen = frozen_copy(representation)

    def value_and_slope(point: Points) -> tuple[float, Points]:
        with torch.enable_grad():
            x = torch.from_numpy(np.array(point, dtype=np.float64)).requires_grad_()
            value = frozen(x[None]).sum()
            (slope,) = torch.autograd.grad(value, x)
        return float(value.detach()), slope.numpy()

    return value_and_slope
