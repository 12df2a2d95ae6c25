"""What public calls compute does not depend on the state that the caller has put PyTorch in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")


@contextmanager
def usual_state() -> Iterator[None]:
    """PyTorch as it is when it is loaded: with gradients, float32 and the CPU as defaults.

    Left out of account are `no_grad`, `inference_mode`, `autocast`, a default dtype and a default
    device of the caller's; they hold again afterwards.
    """
    dtype = torch.get_default_dtype()
    with ExitStack() as state:
        state.enter_context(torch.inference_mode(mode=False))
        state.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                state.enter_context(torch.autocast(kind, enabled=False))
        # A default device slows every call of PyTorch down, even if it is the usual one.
        if torch.get_default_device().type != "cpu":
            state.enter_context(torch.device("cpu"))
        torch.set_default_dtype(torch.float32)
        state.callback(torch.set_default_dtype, dtype)
        yield


def in_usual_state(call: Callable[Arguments, Found]) -> Callable[Arguments, Found]:
    """Make a call that runs in the `usual_state`, whatever the caller's is."""

    @wraps(call)
    def called(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Found:
        with usual_state():
            return call(*args, **kwargs)

    return called
