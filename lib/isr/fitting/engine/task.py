"""Tasks: what is optimised for one problem, written as loss terms.

A task holds template modules and turns a batch into named loss terms. It knows nothing of stacks:
the engine runs it for one problem, or over many by `torch.func.vmap`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.data.problems import Problem
from isr.fitting.engine.sources import Batch, Source
from isr.representations import Representation

Terms = dict[str, Tensor]

Call = Callable[..., Any]
"""Run a module of the task by name, with the current parameters of one problem.

`call("representation", points)` runs its forward, `call(..., method="parts")` another method; a
name such as `representation.members.0` is that of a module inside.
"""


class _Method(nn.Module):
    """A method of a module as a module of its own, since `functional_call` runs only `forward`."""

    def __init__(self, module: nn.Module, name: str) -> None:
        super().__init__()
        self.module, self.name = module, name

    def forward(self, *inputs: Tensor) -> Any:
        return getattr(self.module, self.name)(*inputs)


def bind(modules: nn.ModuleDict, parameters: Mapping[str, Tensor]) -> Call:
    """Calls of `modules` that see `parameters`, by names such as `representation.centre`."""

    def call(name: str, *inputs: Tensor, method: str = "forward") -> Any:
        own = {
            f"module.{key.removeprefix(f'{name}.')}": value
            for key, value in parameters.items()
            if key.startswith(f"{name}.")
        }
        return functional_call(
            _Method(modules.get_submodule(name), method), own, inputs, tie_weights=False
        )

    return call


class Evidence(NamedTuple):
    """What the region of a module is to agree with."""

    module: str
    """Name of the module."""
    unaries: NDArray[np.float32] | None
    """(*grid), where there are any."""
    scribbles: NDArray[np.uint8] | None
    """(*grid), 0 none, 255 background, else object; where there are any."""


class Task(ABC):
    """What is optimised: template modules, batches and loss terms of one problem.

    Attributes:
        modules: the templates.
        padded: whether a stack by `vmap` holds, for each problem, arrays as high and as wide as
            those of any.
    """

    modules: nn.ModuleDict
    padded: bool = False

    def stacks(self, device: torch.device) -> bool:
        """Whether problems gain by `vmap` on a device; otherwise they run side by side."""
        return True

    @abstractmethod
    def source(self, problem: Problem, *, seed: int) -> Source:
        """Where the batches of `problem` come from, in the host's memory."""

    def evidence(self, problem: Problem) -> list[Evidence]:
        """What the representations are fitted to, as far as it is known before: not predictions."""
        if "representation" not in self.modules:
            return []
        return [Evidence("representation", problem.unaries, problem.scribbles)]

    def start_(self, problem: Problem, *, again: bool = False) -> None:
        """Put the representation's centre, axis and the like where its fit should start.

        Args:
            problem: what is known.
            again: whether this is the start of a second attempt.
        """
        if "representation" not in self.modules:
            return
        representation = cast(Representation, self.modules["representation"])
        given = first_guess(problem)
        if given is not None:
            like = next(representation.parameters())
            start = representation.restart_ if again else representation.start_
            start(torch.from_numpy(problem.coordinates).to(like), torch.from_numpy(given).to(like))

    @abstractmethod
    def terms(self, call: Call, batch: Batch, active: Set[str]) -> Terms:
        """The loss terms of one step, at least those `active` that the task has."""


def first_guess(problem: Problem) -> NDArray[np.float32] | None:
    """What is known of the foreground: unaries, or else scribbles with NaN where there are none."""
    if problem.unaries is not None or problem.scribbles is None:
        return problem.unaries
    known = np.where(problem.scribbles == BACKGROUND_SCRIBBLE, np.float32(0), np.float32(1))
    return np.where(problem.scribbles == NO_SCRIBBLE, np.float32(np.nan), known)
