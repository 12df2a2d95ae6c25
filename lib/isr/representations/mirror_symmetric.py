"""Mirror-symmetric regions: a free network behind an absolute value (the paper's section 2.3)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from isr.errors import UserError
from isr.networks.mlp import MLP
from isr.representations.base import Representation
from isr.representations.mirror_search import angles_of, find_mirror
from isr.representations.orientations import MAGNIFICATION, direction_frame, parameter_of


class MirrorSymmetric(Representation):
    """A region that is its own mirror image in a line (2-D) or a plane (3-D) that is learned.

    Equations 4 and 5: coordinates are shifted by the centre and rotated into a frame whose first
    axis is the mirror's normal, the first coordinate p_1 is replaced by |p_1|, and a network that
    is otherwise free sees (|p_1|, p_2, ...). The level is continuous everywhere.

    Attributes:
        centre: parameter (dim,), a point of the mirror.
        angle: parameter, radians. 2-D: (), from the x-axis to the mirror's normal, towards y. 3-D:
            (2,), azimuth of the normal in the (x, y)-plane and elevation over it.

    Args:
        dim: number of coordinates, 2 or 3.
        width: units per hidden layer.
        hidden_layers: hidden layers beside the first.
        centre: where the centre starts, (dim,); the middle of the unit box by default.
        angle: where the angle starts: a number in 2-D, two numbers in 3-D; zero by default.

    Raises:
        UserError: `dim` is neither 2 nor 3, or an option has the wrong size.
    """

    def __init__(
        self,
        dim: int = 2,
        *,
        width: int = 150,
        hidden_layers: int = 1,
        centre: Sequence[float] | None = None,
        angle: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if dim not in (2, 3):
            raise UserError(
                f"constraint 'mirror_symmetric': it has 2 or 3 coordinates, not {dim}; change dim."
            )
        self.dim = dim
        self.centre = parameter_of("mirror_symmetric", "centre", centre, (dim,), 0.5)
        self.angle = parameter_of("mirror_symmetric", "angle", angle, () if dim == 2 else (2,), 0.0)
        self.network = MLP([dim, *[width] * (hidden_layers + 1), 1])

    def frame(self) -> Tensor:
        """(dim, dim), orthonormal: the columns are the mirror's normal and directions within it."""
        return direction_frame(self.angle)

    def canonical(self, coordinates: Tensor) -> Tensor:
        """Points (..., dim) in the mirror's frame (..., dim), where the mirror is {p_1 = 0}."""
        return (coordinates - self.centre) @ self.frame()

    def canonical_level(self, canonical: Tensor) -> Tensor:
        """Levels (...,) at points (..., dim) of the mirror's frame: bitwise even in p_1."""
        folded = torch.cat([canonical[..., :1].abs(), canonical[..., 1:]], dim=-1)
        level: Tensor = self.network(MAGNIFICATION * folded)
        return level.squeeze(-1)

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""
        return self.canonical_level(self.canonical(coordinates))

    def mirror(self, coordinates: Tensor) -> Tensor:
        """The mirror images (..., dim) of points (..., dim); its own inverse."""
        normal = self.frame()[:, 0]
        distance = ((coordinates - self.centre) * normal).sum(-1, keepdim=True)
        return coordinates - 2 * distance * normal

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Put centre and angle where the unaries are most like their own mirror image.

        Args:
            coordinates: (*grid, dim) of the pixels.
            unaries: (*grid) foreground probabilities; NaN where nothing is known.
        """
        found = find_mirror(coordinates, unaries)
        if found is not None:
            centre, normal = found
            self.centre.copy_(torch.from_numpy(centre))
            self.angle.copy_(torch.from_numpy(angles_of(normal)))
