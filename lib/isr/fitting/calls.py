"""Running the modules of a task with parameters that are not their own."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.func import functional_call

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
