"""The representations of the frames of one video, each with its own state of Adam."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from isr.fitting.optimiser import StackedOptimiser
from isr.representations import Representation

PREFIX = "representation."
_ROWS = ("values", "mean", "spread", "steps")


class FrameRepresentations:
    """Parameters of one representation per frame, optimised one frame at a time.

    One module computes them all: it is loaded with a frame's parameters before its turn. Moments
    and step counter of Adam belong to the frame, so that a frame's updates are those of an
    optimiser that never saw another one.

    Args:
        module: the representation; its own parameters do not matter.
        states: parameters by frame and name, as fits are stored.
        learning_rate: of all parameters.
        device: where the parameters live.
    """

    def __init__(
        self,
        module: Representation,
        states: Mapping[str, Mapping[str, Tensor]],
        *,
        learning_rate: float,
        device: torch.device,
    ) -> None:
        self.module = module.to(device=device, dtype=torch.float32).requires_grad_(True).train()
        self.row = {name: number for number, name in enumerate(states)}
        parameters = dict(module.named_parameters())
        self.shapes = {key: parameter.shape for key, parameter in parameters.items()}
        rows = [
            torch.cat([state[PREFIX + key].reshape(-1) for key in self.shapes])
            for state in states.values()
        ]
        size = sum(shape.numel() for shape in self.shapes.values())
        self.values = torch.stack(rows).to(device) if rows else torch.zeros(0, size, device=device)
        self.mean, self.spread = torch.zeros_like(self.values), torch.zeros_like(self.values)
        self.steps = torch.zeros(len(rows), 1, device=device)
        self.optimiser = StackedOptimiser(1, size, device)
        self.optimiser.configure(0, rate=learning_rate, active=True)

    def __contains__(self, frame: object) -> bool:
        """Whether this frame has a representation."""
        return frame in self.row

    def load(self, frame: str) -> Representation:
        """The module with the parameters of a frame, without gradients yet."""
        vector_to_parameters(self.values[self.row[frame]].clone(), self.module.parameters())
        self.module.zero_grad()
        return self.module

    @torch.no_grad()
    def step(self, frame: str) -> None:
        """Update a frame with the gradients of the loaded module, and keep its constraint.

        A frame whose gradients are not all finite keeps its parameters.
        """
        gradients = parameters_to_vector([p.grad for p in self.module.parameters()]).unsqueeze(0)  # type: ignore[misc]
        if not bool(gradients.isfinite().all()):
            return
        row = slice(self.row[frame], self.row[frame] + 1)
        adam = self.optimiser
        adam.mean, adam.spread, adam.steps = self.mean[row], self.spread[row], self.steps[row]
        adam.step(self.values[row], gradients, torch.zeros_like(adam.steps))
        self.spread[row] = adam.spread
        vector_to_parameters(self.values[row].flatten(), self.module.parameters())
        self.module.project_()
        self.values[row] = parameters_to_vector(self.module.parameters())

    def stored(self, frame: str) -> dict[str, Tensor]:
        """Parameters of a frame under the names of stored fits: copies on the CPU."""
        pieces = torch.split(
            self.values[self.row[frame]].cpu(), [shape.numel() for shape in self.shapes.values()]
        )
        return {
            PREFIX + key: piece.reshape(shape).clone()
            for (key, shape), piece in zip(self.shapes.items(), pieces, strict=True)
        }

    def state(self) -> dict[str, Tensor]:
        """All tensors by name, for a checkpoint."""
        return {name: getattr(self, name) for name in _ROWS}

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """Take over the tensors of a checkpoint made by `state`."""
        for name in _ROWS:
            setattr(self, name, state[name].to(self.values.device))
