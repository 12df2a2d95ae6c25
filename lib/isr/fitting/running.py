"""Running a plan: checkpoints, progress, and what is stored at its end."""

import argparse
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from isr.data.problems import Problem
from isr.dependencies import library_files
from isr.fitting import cells, checkpoint
from isr.fitting.progress import Progress
from isr.fitting.queues import Queue
from isr.fitting.slots import Result
from isr.fitting.stack import Stack
from isr.fitting.store import versions, write_fits
from isr.io import atomic_path

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """Where a job computes, and how it goes on after an interruption.

    Attributes:
        device: where to compute.
        checkpoint: file that an interrupted job goes on from, removed at its end; None for none.
        every: seconds between checkpoints.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    checkpoint: Path | None = None
    every: float = 60.0

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> "Run":
        """The run that the options of `isr.cli.add_run_options` ask for.

        Raises:
            UserError: the device does not exist here.
        """
        device = cells.choose_device(arguments.device)
        return cls(device, arguments.checkpoint, arguments.checkpoint_every)

    def beside(self, name: str) -> "Run":
        """The run of other work of the same job, with a checkpoint of its own."""
        if self.checkpoint is None:
            return self
        return replace(self, checkpoint=self.checkpoint.with_suffix(f".{name}.pt"))

    def end(self) -> None:
        """Remove the checkpoint: it has served."""
        if self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)


PLAIN_RUN = Run()
"""On the CPU and without a checkpoint."""


@cache
def code_digest(caller: str) -> str:
    """A hash of the library files that a fit depends on: those behind this module and `caller`."""
    here = Path(__file__)
    root = here.parents[2]
    files = {here, Path(caller), *library_files(here, root), *library_files(Path(caller), root)}
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()


def optimise(
    plan: cells.Plan,
    settings: Mapping[str, Any],
    works: Queue | Sequence[str],
    load: Callable[[str], Problem],
    *,
    inputs: str,
    caller: str,
    run: Run,
    what: str,
) -> Result:
    """Optimise a plan for some problems, going on from a checkpoint of the same work.

    Args:
        plan: task and schedule.
        settings: of the cell; its steps, seed, stack size and protocol are those of the run.
        works: names of the problems, or a queue of works on them.
        load: reads one.
        inputs: a hash of all files that the problems are read from.
        caller: file of the module that makes the problems.
        run: where to compute, and the checkpoint; `finish` or `Run.end` removes it.
        what: names the work in messages.
    """
    run_settings = cells.run_settings(settings, plan.schedule, run.device)
    stack = Stack(plan.task, works, load, run_settings)
    result = checkpoint.run(
        stack,
        run.checkpoint,
        fingerprint=cells.fingerprint(
            settings,
            inputs=inputs,
            names=list(stack.queue.names),
            schedule=plan.metadata["schedule"],
            versions=versions(),
            code=code_digest(caller),
        ),
        every=run.every,
        progress=Progress(what),
    )
    for name in (name for name, finite in result.finite.items() if not finite):
        _log.warning("%s: %s did not stay finite; its last finite state is kept", what, name)
    return result


def store(
    path: Path,
    plan: cells.Plan,
    names: Sequence[str],
    result: Result,
    *,
    allow_none: bool = False,
) -> None:
    """Write the stored fits of some problems.

    Args:
        path: the .safetensors file.
        plan: what was optimised; its metadata are stored with the fits.
        names: of the problems, in the order in which they are stored.
        result: with a state of each of them.
        allow_none: whether there may be no fit at all; the metadata stand alone then.

    Raises:
        ValueError: there are no fits, and `allow_none` is false.
    """
    states = {name: result.states[name] for name in names}
    finite = {name: result.finite[name] for name in names}
    write_fits(path, states, {**plan.metadata, "finite": finite}, allow_none=allow_none)


def write_history(path: Path, result: Result) -> None:
    """Write the course of the loss terms: picture, step, term, value."""
    rows = pd.DataFrame(result.history, columns=["picture", "step", "term", "value"])
    with atomic_path(path) as temporary:
        rows.to_parquet(temporary, index=False)


def finish(
    plan: cells.Plan,
    names: Sequence[str],
    result: Result,
    output: Path,
    history: Path,
    run: Run,
    *,
    allow_none: bool = False,
) -> None:
    """Write the history and the stored fits of some problems, and end the run.

    Args:
        plan: what was optimised; its metadata are stored with the fits.
        names: of the problems, in the order in which they are stored.
        result: with a state of each of them.
        output: the .safetensors file.
        history: the .parquet file of the loss terms: picture, step, term, value.
        run: what has come to its end.
        allow_none: whether there may be no fit at all; the metadata stand alone then.

    Raises:
        ValueError: there are no fits, and `allow_none` is false.
    """
    write_history(history, result)
    store(output, plan, names, result, allow_none=allow_none)
    run.end()
