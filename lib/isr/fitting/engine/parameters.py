"""Parameters of many equal modules, side by side in one tensor."""

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from isr.fitting.engine.phases import Phase, in_group


class StackedParameters:
    """Parameters of a stack of slots: one row of `values` (slots, size) for each.

    `leaves` are views of `values` with the modules' own shapes behind the slot axis; `gradients`
    (slots, size) are those of the last call of `differentiate`.

    Args:
        template: the modules of one problem; their parameters are not touched.
        slots: how many problems stand side by side.
        device: where the parameters live.
    """

    def __init__(self, template: nn.Module, slots: int, device: torch.device) -> None:
        self.shapes = {name: p.shape for name, p in template.named_parameters()}
        self.size = sum(shape.numel() for shape in self.shapes.values())
        self._frozen: set[str] = set()
        # A copy whose parameters are the leaves: its project_() acts on the whole stack.
        self._carrier = copy.deepcopy(template).to(device)
        self._allocate(torch.zeros(slots, self.size, device=device))

    def _allocate(self, values: Tensor) -> None:
        self.values = values
        self.gradients = torch.zeros_like(values)
        self.leaves: dict[str, Tensor] = {}
        start = 0
        for name, shape in self.shapes.items():
            columns = slice(start, start + shape.numel())
            leaf = values[:, columns].view(len(values), *shape).detach().requires_grad_()
            self.leaves[name] = leaf
            start = columns.stop
        parameters = dict(self._carrier.named_parameters())
        for name, leaf in self.leaves.items():
            parameters[name].data = leaf.detach()

    @property
    def slots(self) -> int:
        """How many problems stand side by side."""
        return len(self.values)

    def columns(self, prefix: str) -> Tensor:
        """Which of the `size` columns belong to parameters of this name or name prefix: boolean."""
        marks = [
            torch.full((shape.numel(),), in_group(name, prefix))
            for name, shape in self.shapes.items()
        ]
        return torch.cat(marks).to(self.values.device)

    def freeze(self, phases: Sequence[Phase]) -> None:
        """Leave out of `trained_leaves` what all of these phases hold still."""
        self._frozen = {
            name for name in self.shapes if all(phase.freezes(name) for phase in phases)
        }

    def trained_leaves(self) -> dict[str, Tensor]:
        """The leaves, those that are frozen without a gradient: it need not be computed."""
        return {
            name: leaf.detach() if name in self._frozen else leaf
            for name, leaf in self.leaves.items()
        }

    def flatten(self, state: Mapping[str, Tensor]) -> Tensor:
        """One row (size,) from parameters by name."""
        return torch.cat([state[name].detach().reshape(-1) for name in self.shapes])

    def unflatten(self, row: Tensor) -> dict[str, Tensor]:
        """Parameters by name from one row (size,): copies."""
        pieces = torch.split(row, [shape.numel() for shape in self.shapes.values()])
        return {
            name: piece.reshape(shape).clone()
            for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)
        }

    def differentiate(self, loss: Tensor) -> None:
        """Put the gradients of `loss` (), made of `leaves`, into `gradients`: 0 where unused."""
        found = torch.autograd.grad(
            loss, list(self.leaves.values()), allow_unused=True, materialize_grads=True
        )
        rows = [gradient.reshape(self.slots, -1) for gradient in found]
        torch.cat(rows, dim=1, out=self.gradients)

    @torch.no_grad()
    def project_(self) -> None:
        """Put every slot's parameters back into their constraint sets."""
        for module in self._carrier.children():
            project = getattr(module, "project_", None)
            if project is not None:
                project()

    def select(self, slots: list[int]) -> None:
        """Keep these slots, in this order."""
        self._allocate(self.values[slots].clone())
