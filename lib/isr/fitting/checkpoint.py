"""Checkpoints: a killed fit goes on where it was and ends with the same bits."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from isr.fitting.slots import Result
from isr.fitting.stack import Stack
from isr.fitting.stack import run as run_stack
from isr.io import atomic_path

_log = logging.getLogger(__name__)


class Resumable(Protocol):
    """Work, such as a stack, that goes on from a state of plain data and tensors."""

    def state(self) -> dict[str, Any]:
        """Everything that is needed to go on."""

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """Go on where the same work was when `state` was made."""


def save(path: Path, work: Resumable, fingerprint: str) -> None:
    """Write the state of some work to `path`, atomically."""
    with atomic_path(path) as temporary:
        torch.save({"fingerprint": fingerprint, **work.state()}, temporary)


def resume(path: Path, work: Resumable, fingerprint: str) -> bool:
    """Restore some work from `path` if a checkpoint of the same work lies there.

    A checkpoint that is damaged or of other work is left out of account.

    Returns:
        Whether the work goes on from a checkpoint.
    """
    if not path.exists():
        return False
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # A damaged pickle can raise nearly anything.
        _log.warning("%s is damaged: starting from the beginning", path)
        return False
    if not isinstance(state, dict) or state.pop("fingerprint", None) != fingerprint:
        _log.info("%s belongs to other settings: starting from the beginning", path)
        return False
    work.load_state(state)
    return True


def run(
    stack: Stack,
    path: Path | None,
    *,
    fingerprint: str,
    every: float = 60.0,
    progress: Callable[[Stack], None] | None = None,
) -> Result:
    """Advance a stack to its end, with a checkpoint every so many seconds.

    Args:
        stack: the problems, before their first step.
        path: the checkpoint; None for none. Remove it when the result is stored.
        fingerprint: says which work this is; a checkpoint with another one is not used.
        every: seconds between checkpoints.
        progress: called after every block of steps.
    """
    if path is not None and resume(path, stack, fingerprint):
        _log.info("going on from %s at step %d", path, stack.steps_done)
    last = time.monotonic()

    def after_block(stack: Stack) -> None:
        nonlocal last
        if progress is not None:
            progress(stack)
        if path is not None and time.monotonic() - last >= every:
            save(path, stack, fingerprint)
            last = time.monotonic()

    return run_stack(stack, after_block=after_block)
