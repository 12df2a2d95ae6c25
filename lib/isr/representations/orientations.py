"""Orthonormal frames from angles, and parameters that start where an option says."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isr.errors import UserError

MAGNIFICATION = 4.0
"""Of coordinates round a centre, before a network sees them: objects are a fraction of a picture,
and default initial weights are made for inputs of about one. A power of two rounds nothing."""


def parameter_of(
    constraint: str,
    option: str,
    value: float | Sequence[float] | Sequence[Sequence[float]] | None,
    shape: tuple[int, ...],
    default: float,
) -> nn.Parameter:
    """A parameter of `shape` that starts at an option's value, or filled with `default`.

    Raises:
        UserError: the value has another shape.
    """
    if value is None:
        return nn.Parameter(torch.full(shape, default))
    start = torch.tensor(value, dtype=torch.get_default_dtype())
    if start.shape != shape:
        size = "x".join(map(str, shape)) + " numbers" if shape else "one number"
        raise UserError(f"constraint {constraint!r}: option {option!r} must be {size}.")
    return nn.Parameter(start)


def _matrix(rows: Sequence[Sequence[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(list(row)) for row in rows])


def direction_frame(angle: Tensor) -> Tensor:
    """An orthonormal frame whose first column is the direction with these angles.

    Args:
        angle: () radians from the x-axis towards y, or (2,) azimuth and elevation.

    Returns:
        (2, 2) or (3, 3), of determinant 1; the identity for angles of zero.
    """
    if angle.ndim == 0:
        cosine, sine = angle.cos(), angle.sin()
        return _matrix([[cosine, -sine], [sine, cosine]])
    (cos_a, cos_e), (sin_a, sin_e) = angle.cos(), angle.sin()
    zero = torch.zeros_like(cos_a)
    return _matrix(
        [
            [cos_e * cos_a, -sin_a, -sin_e * cos_a],
            [cos_e * sin_a, cos_a, -sin_e * sin_a],
            [sin_e, zero, cos_e],
        ]
    )


def tilted_frame(tilt: Tensor) -> Tensor:
    """The frame (3, 3) of the third axis tilted by (2,) radians: about y, and then about x.

    Unlike azimuth and elevation the two tilts are independent where both are zero.
    """
    (cos_x, cos_y), (sin_x, sin_y) = tilt.cos(), tilt.sin()
    zero = torch.zeros_like(cos_x)
    return _matrix(
        [
            [cos_y, zero, sin_y],
            [sin_x * sin_y, cos_x, -sin_x * cos_y],
            [-cos_x * sin_y, sin_x, cos_x * cos_y],
        ]
    )
