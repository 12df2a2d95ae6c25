"""Unions of regions (the paper's section 2.5)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from isr.constraints import build
from isr.errors import UserError
from isr.representations import Representation
from isr.representations.starts import shares


class Union(Representation):
    """The union of several regions: the minimum of their levels.

    Several objects of one picture are such a union too, whose parts have targets of their own.

    Args:
        dim: number of coordinates, 2 for pictures.
        members: the regions, each as {"name": ..., "options": {...}}; instead of the next three.
        member: the name of equal regions.
        count: how many equal regions.
        options: of each of them.

    Raises:
        UserError: there is no member, or one has no name.
    """

    members: nn.ModuleList

    def __init__(
        self,
        dim: int = 2,
        *,
        members: Sequence[Mapping[str, Any]] | None = None,
        member: str = "convex",
        count: int = 2,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if members is None:
            members = [{"name": member, "options": options or {}}] * count
        if not members:
            raise UserError("a union has no members: name at least one.")
        if any("name" not in one for one in members):
            raise UserError('members: one has no name; write {"name": "convex", "options": {}}.')
        self.dim = dim
        self.members = nn.ModuleList(
            build(one["name"], dim, **one.get("options", {})) for one in members
        )

    def forward(self, coordinates: Tensor) -> Tensor:
        """Levels (...,) at coordinates (..., dim): the least of the parts', NaN where one is."""
        return self.parts(coordinates).amin(-1)

    def parts(self, coordinates: Tensor) -> Tensor:
        """Levels (..., n) of the members' parts at coordinates (..., dim)."""
        return torch.cat([member.parts(coordinates) for member in self._members()], dim=-1)

    @property
    def part_count(self) -> int:
        """Number of parts: those of all members."""
        return sum(member.part_count for member in self._members())

    def _members(self) -> list[Representation]:
        return [member for member in self.members if isinstance(member, Representation)]

    def constrained_weights(self) -> dict[str, Tensor]:
        """The members' constrained weights."""
        return {
            f"members.{number}.{name}": weight
            for number, member in enumerate(self._members())
            for name, weight in member.constrained_weights().items()
        }

    def project_(self) -> None:
        """Project every member."""
        for member in self._members():
            member.project_()

    def regulariser(self) -> Tensor:
        """The sum of the members'."""
        return torch.stack([member.regulariser() for member in self._members()]).sum()

    @torch.no_grad()
    def start_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Start every member with a share of the foreground of its own."""
        for member, share in self._shares(coordinates, unaries):
            member.start_(coordinates, share)

    @torch.no_grad()
    def restart_(self, coordinates: Tensor, unaries: Tensor) -> None:
        """Start every member with the same share, as for a second attempt."""
        for member, share in self._shares(coordinates, unaries):
            member.restart_(coordinates, share)

    def _shares(
        self, coordinates: Tensor, unaries: Tensor
    ) -> Iterator[tuple[Representation, Tensor]]:
        members = self._members()
        yield from zip(members, shares(coordinates, unaries, len(members)), strict=True)
