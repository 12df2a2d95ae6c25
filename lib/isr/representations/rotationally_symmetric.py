"""Rotationally symmetric regions: a free network of invariants (the paper's section 2.3).

The centre of a fit, and the order of the symmetry where it is not given, are chosen by how far
unaries are from the nearest symmetric ones.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy  # Its parts load on first use: most fits need none of them, half a second saved.
import torch
from torch import Tensor

from isr.errors import UserError
from isr.networks.layers import MLP
from isr.representations import Representation
from isr.representations.orientations import (
    MAGNIFICATION,
    direction_frame,
    parameter_of,
    tilted_frame,
)
from isr.representations.starts import Array, Raster, known_points, rasterise, refined

_CELLS, _RADII, _ANGLES = 128, 40, 240
_UNSEEN = 0.25
"""Cost of predicting foreground where nothing is known, against 1 for a contradicted pixel."""
_SURPLUS = 2.0
"""Cost of foreground that the symmetric shape lacks, against 1 for missing foreground: objects are
covered more often than they are added to."""
_FLOOR = 0.02
"""Residuals below this share of the foreground are the raster's, not the object's."""


class RotationallySymmetric(Representation):
    """A region that is unchanged by rotations of 2 pi / n about a learned centre (3-D: axis).

    A network that is otherwise free sees r cos(n phi), r sin(n phi) and r, in 3-D also the height
    along the axis: invariants of the rotations that are continuous at the centre. Without the sine
    the region has n mirror axes too (the dihedral group).

    Attributes:
        centre: parameter (dim,), a point of the axis.
        angle: parameter (), radians: where phi is zero. With mirrors, a mirror axis goes there.
        tilt: parameter (2,), 3-D only: the axis, tilted from the third coordinate's (radians).

    Args:
        dim: number of coordinates, 2 or 3.
        order: n, at least 2.
        mirrors: whether the region has mirror axes too.
        width: units per hidden layer.
        hidden_layers: hidden layers beside the first.
        centre: where the centre starts, (dim,); the middle of the unit box by default.
        angle: where the angle starts.
        tilt: where the tilt starts, (2,), 3-D only.

    Raises:
        UserError: an option is outside its range.
    """

    def __init__(
        self,
        dim: int = 2,
        *,
        order: int = 5,
        mirrors: bool = False,
        width: int = 150,
        hidden_layers: int = 1,
        centre: Sequence[float] | None = None,
        angle: float | None = None,
        tilt: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        name = "rotationally_symmetric"
        if dim not in (2, 3):
            raise UserError(f"constraint {name!r}: it has 2 or 3 coordinates, not {dim}.")
        if isinstance(order, bool) or not isinstance(order, int) or order < 2:
            raise UserError(
                f"constraint {name!r}: option 'order' is {order!r}; choose an integer from 2."
            )
        if dim == 2 and tilt is not None:
            raise UserError(f"constraint {name!r}: option 'tilt' needs 3 coordinates; remove it.")
        self.dim, self.order, self.mirrors = dim, order, mirrors
        self.centre = parameter_of(name, "centre", centre, (dim,), 0.5)
        self.angle = parameter_of(name, "angle", angle, (), 0.0)
        if dim == 3:
            self.tilt = parameter_of(name, "tilt", tilt, (2,), 0.0)
        invariants = dim if mirrors else dim + 1
        self.network = MLP([invariants, *[width] * (hidden_layers + 1), 1])

    def frame(self) -> Tensor:
        """(dim, dim), orthonormal: the columns span the plane of rotation; 3-D: last the axis."""
        turned = direction_frame(self.angle)
        if self.dim == 2:
            return turned
        tilted = tilted_frame(self.tilt)
        return torch.cat([tilted[:, :2] @ turned, tilted[:, 2:]], dim=1)

    def canonical(self, coordinates: Tensor) -> Tensor:
        """Points (..., dim) in the frame (..., dim): the plane of rotation first, then the axis."""
        return (coordinates - self.centre) @ self.frame()

    def invariants(self, canonical: Tensor) -> Tensor:
        """What the network sees (..., m) of points (..., dim) in the frame."""
        x, y = canonical[..., 0], canonical[..., 1]
        square = x.square() + y.square()
        # Nearer than about 1e-19 (float32) the square is no normal number, and its root's
        # derivative infinite: these points count as the centre itself.
        away = square > torch.finfo(square.dtype).tiny
        radius = square.masked_fill(~away, 1.0).sqrt()
        cosine, sine = (side.masked_fill(~away, 0.0) / radius for side in (x, y))
        cosine_n, sine_n = _power(cosine, sine, self.order)
        radius = radius.masked_fill(~away, 0.0)
        seen = [radius * cosine_n, radius]
        if not self.mirrors:
            seen.append(radius * sine_n)
        if self.dim == 3:
            seen.append(canonical[..., 2])
        return torch.stack(seen, dim=-1)

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        seen = MAGNIFICATION * self.invariants(self.canonical(coordinates))
        level: Tensor = self.network(seen)
        return level.squeeze(-1)

    def rotate(self, coordinates: Tensor, turns: int = 1) -> Tensor:
        """Points (..., dim) rotated by `turns` times 2 pi / order about the centre or axis."""
        angle = 2 * math.pi * (turns % self.order) / self.order
        cosine, sine = math.cos(angle), math.sin(angle)
        x, y, *rest = self.canonical(coordinates).unbind(-1)
        turned = torch.stack([cosine * x - sine * y, sine * x + cosine * y, *rest], dim=-1)
        return turned @ self.frame().T + self.centre

    def mirror(self, coordinates: Tensor) -> Tensor:
        """Points (..., dim) mirrored in the axis at `angle`: a symmetry if there are mirrors."""
        x, y, *rest = self.canonical(coordinates).unbind(-1)
        return torch.stack([x, -y, *rest], dim=-1) @ self.frame().T + self.centre

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Put the centre where the unaries are most symmetric, and the angle at a mirror axis.

        In 3-D the axis is taken for upright: tilt stays, and the centre lies on the axis at the
        foreground's mean height.

        Args:
            coordinates: (*grid, dim) of the pixels.
            unaries: (*grid) foreground probabilities; NaN where nothing is known.
        """
        raster = plane_raster(coordinates, unaries)
        if raster is None:
            return
        centre, _ = find_centre(raster, self.order)
        self.centre[:2].copy_(torch.from_numpy(centre))
        self.angle.fill_(mirror_angle(raster, centre, self.order))
        if self.dim == 3:
            weights = unaries.nan_to_num(0.0).to(coordinates)
            self.centre[2] = (coordinates[..., 2] * weights).sum() / weights.sum()


def _power(real: Tensor, imaginary: Tensor, exponent: int) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of (real + i imaginary) ** exponent, by repeated squaring."""
    if exponent == 1:
        return real, imaginary
    half_real, half_imaginary = _power(real, imaginary, exponent // 2)
    power = (
        half_real.square() - half_imaginary.square(),
        2 * half_real * half_imaginary,
    )
    if exponent % 2:
        power = (
            power[0] * real - power[1] * imaginary,
            power[0] * imaginary + power[1] * real,
        )
    return power


def residual(raster: Raster, centre: Array, order: int) -> float:
    """How far unaries are from the nearest ones that have an order-n symmetry about a centre.

    The nearest in the mean absolute sense, in which surplus foreground counts double: a quantile
    over each orbit of n points, so that a covered petal of five changes nothing but itself.
    As a share of the foreground.

    Args:
        raster: 2-D unaries.
        centre: (2,).
        order: n.
    """
    profile, radii, values, known = _symmetrised(raster, centre, order)
    surplus = values - profile[:, None]
    wrong = (np.maximum(_SURPLUS * surplus, -surplus) * known).sum(axis=1)
    unseen = (profile[:, None] * (1 - known)).sum(axis=1)
    sector = 2 * np.pi / (order * profile.shape[1]) * (radii[1] - radii[0])
    mass = (raster.values * raster.known).sum() * raster.cell**2
    cost = ((wrong + _UNSEEN * unseen) * radii[:, None]).sum() * sector
    return float(cost / max(mass, 1e-12))


def _symmetrised(raster: Raster, centre: Array, order: int) -> tuple[Array, Array, Array, Array]:
    """The nearest profile (radii, angles), the radii, and values and knowledge with an orbit axis.

    Values and knowledge are (radii, order, angles): angles run through one n-th of a turn.
    """
    size = np.array(raster.values.shape) * raster.cell
    reach = float(np.linalg.norm(np.maximum(centre - raster.low, raster.low + size - centre)))
    radii = (np.arange(_RADII) + 0.5) / _RADII * reach
    wedge = max(_ANGLES // order, 12)
    angles = np.arange(order * wedge) * (2 * np.pi / (order * wedge))
    around = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    values, known = raster.sample(centre + radii[:, None, None] * around)
    values = values.reshape(len(radii), order, wedge)
    known = (known.reshape(values.shape) > 0.5).astype(np.float64)
    return _known_quantile(values, known), radii, values, known


def _known_quantile(values: Array, known: Array) -> Array:
    """Over axis 1, what is nearest to the known values; 0 where none is known."""
    ordered = np.sort(np.where(known > 0, values, np.inf), axis=1)
    count = known.sum(axis=1, keepdims=True)
    # At the share 2/3 from below the costs 2 above and 1 below are in balance.
    place = np.ceil(_SURPLUS / (1 + _SURPLUS) * count).astype(int) - 1
    chosen = np.take_along_axis(ordered, np.maximum(place, 0), axis=1)[:, 0]
    return np.where(count[:, 0] > 0, chosen, 0.0)


def plane_raster(coordinates: Tensor, unaries: Tensor) -> Raster | None:
    """A raster of the first two coordinates, averaged over further ones; None if nothing known."""
    points, values = known_points(coordinates, unaries)
    if not len(points) or values.max() < 1e-6:
        return None
    if points.shape[1] > 2:
        # Points one behind the other would pass for a finer grid.
        points, place = np.unique(points[:, :2].round(9), axis=0, return_inverse=True)
        place = place.ravel()
        values = np.bincount(place, weights=values) / np.bincount(place)
    raster = rasterise(points, values, _CELLS)
    # Noise costs small orders less than large ones: they have fewer points to disagree.
    smooth = scipy.ndimage.median_filter(
        raster.values, size=5 if min(raster.values.shape) > 40 else 3
    )
    # What the filter removes altogether was no more than noise.
    return replace(raster, values=smooth if smooth.any() else raster.values)


def find_centre(raster: Raster, order: int) -> tuple[Array, float]:
    """The centre (2,) with the least residual for an order, and that residual.

    Searched from the foreground's centroid, over the middle of the foreground.
    """
    points, values = raster.points, raster.values[raster.known > 0]
    centroid = (points * values[:, None]).sum(axis=0) / values.sum()
    spread = np.sqrt((values[:, None] * (points - centroid) ** 2).sum(axis=0) / values.sum())
    grid = np.stack(np.meshgrid(*[np.linspace(-0.8, 0.8, 7)] * 2), axis=-1).reshape(-1, 2)
    starts = centroid + grid * spread
    costs = [residual(raster, start, order) for start in starts]
    limits = {"maxfev": 50, "xatol": 0.05 * raster.cell, "fatol": 1e-5}
    found = [
        refined(lambda centre: residual(raster, centre, order), starts[k], 0.1 * spread, **limits)
        for k in np.argsort(costs)[:2]
    ]
    return min(found, key=lambda pair: pair[1])


def choose_order(
    coordinates: Tensor,
    unaries: Tensor,
    orders: Sequence[int] = (2, 3, 4, 5, 6, 7, 8),
    tolerance: float = 0.05,
) -> int:
    """The order of rotational symmetry that unaries have, from a list.

    For each order the unaries are made symmetric about the best centre, and the residual adjusted
    for the freedom that order leaves, n / (n - 1). An object of order 6 has orders 2 and 3 too, so
    the LARGEST order is taken whose residual is within `tolerance` of the smallest (and two percent
    of the foreground, which is what pixels of a raster make).

    Args:
        coordinates: (*grid, dim); of more than two coordinates the first two count.
        unaries: (*grid) foreground probabilities; NaN where nothing is known, say under an
            occluder: what is covered and counted as background makes all orders less sure.
        orders: to choose from.
        tolerance: share of the smallest residual by which a larger order may exceed it.

    Raises:
        UserError: there is no order to choose from, or no foreground.
    """
    if not orders or min(orders) < 2:
        raise UserError("orders of rotational symmetry: name at least one, each from 2.")
    raster = plane_raster(coordinates, unaries)
    if raster is None:
        raise UserError("unaries have no foreground: no order of symmetry can be chosen from them.")
    # A shape of order n is free in one n-th of the picture: adjusted, as residuals of fits with
    # different numbers of parameters are, or a covered petal makes everything look of order 2.
    residuals = {n: find_centre(raster, n)[1] * n / (n - 1) for n in orders}
    limit = min(residuals.values()) * (1 + tolerance) + _FLOOR
    return max(order for order, value in residuals.items() if value <= limit)


def mirror_angle(raster: Raster, centre: Array, order: int) -> float:
    """The direction (radians) of the mirror axis that suits a symmetrised object best."""
    profile, radii, _, _ = _symmetrised(raster, centre, order)
    wedge = profile.shape[1]
    index = np.arange(wedge)
    # The axis between steps t/2 maps angle index i to t - i.
    costs = [
        (np.abs(profile - profile[:, (t - index) % wedge]) * radii[:, None]).sum()
        for t in range(wedge)
    ]
    return float(np.argmin(costs) * np.pi / (order * wedge))
