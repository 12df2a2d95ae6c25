"""Implicit segmentation representations: level functions whose foreground has a property."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn


class Representation(nn.Module, ABC):
    """A level function of coordinates whose foreground {level <= 0} has a property by construction.

    Modules are written for one problem and free of in-place updates and data-dependent branches, so
    that `torch.func` can run them over stacked parameters.

    Attributes:
        dim: number of coordinates.
        about: how `constraints.build` made it: name, dim and options.
    """

    dim: int
    outcome: Mapping[str, Any] = MappingProxyType({})
    """What became of the fit that made it, as far as that is known: `status` (`fitted`, `retried`
    where a second start was better than a poor first, `failed` where it is far off all the same),
    and its IoU with the thresholded unaries (`iou`) and with the scribbles (`strokes`), or None."""
    about: dict[str, Any]

    @abstractmethod
    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim)."""

    def parts(self, coordinates: Tensor) -> Tensor:
        """Levels (..., n) of the n parts whose union the foreground is; one part by default."""
        level: Tensor = self(coordinates)
        return level.unsqueeze(-1)

    @property
    def part_count(self) -> int:
        """Number of parts."""
        return 1

    def constrained_weights(self) -> dict[str, Tensor]:
        """The parameters on whose sign the guarantee rests, by name: those of its modules."""
        return {
            f"{module}.{name}": weight
            for module, own in self.named_children()
            for name, weight in getattr(own, "constrained_weights", dict)().items()
        }

    def project_(self) -> None:
        """Put the parameters back into the constraint set, in place and element by element.

        By default every module of its own that has such a set is put back: z-weights of input
        convex networks, on whose sign convexity rests, are clamped at zero.
        """
        for module in self.children():
            getattr(module, "project_", lambda: None)()

    def regulariser(self) -> Tensor:
        """What a fit may penalise beside its data (the R of equation 9), (); zero by default."""
        return next(self.parameters()).new_zeros(())

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Put parameters where a fit to these foreground probabilities should start.

        Centres, axes and periods are found by descent only from nearby. By default nothing is done.

        Args:
            coordinates: (*grid, dim) of the pixels.
            unaries: (*grid) foreground probabilities; NaN where nothing is known.
        """

    def restart_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Put parameters where a second attempt should start, after a poor first one.

        The weights it starts from are others. By default it starts as the first does.

        Args: as for `start_`.
        """
        self.start_(coordinates, unaries)
