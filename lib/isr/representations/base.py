"""What every representation offers."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Representation(nn.Module, ABC):
    """A level function of coordinates whose foreground {level <= 0} has a property by construction.

    Modules are written for one problem and free of in-place updates and data-dependent branches, so
    that `torch.func` can run them over stacked parameters.
    """

    dim: int

    @abstractmethod
    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""

    def constrained_weights(self) -> dict[str, Tensor]:
        """The parameters on whose sign the guarantee rests, by name; none by default."""
        return {}

    def project_(self) -> None:
        """Put the parameters back into the constraint set, in place and element by element."""
