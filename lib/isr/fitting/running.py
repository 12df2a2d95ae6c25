"""Running a plan: checkpoints, progress, and what is stored at its end."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
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
    device: torch.device,
    checkpoint_path: Path | None,
    checkpoint_every: float,
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
        device: where to compute.
        checkpoint_path: the checkpoint; None for none.
        checkpoint_every: seconds between checkpoints.
        what: names the work in messages.
    """
    run_settings = cells.run_settings(settings, plan.schedule, device)
    stack = Stack(plan.task, works, load, run_settings)
    result = checkpoint.run(
        stack,
        checkpoint_path,
        fingerprint=cells.fingerprint(
            settings,
            inputs=inputs,
            names=list(stack.queue.names),
            schedule=plan.metadata["schedule"],
            versions=versions(),
            code=code_digest(caller),
        ),
        every=checkpoint_every,
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
    """Write the stored fits of some problems; of none if that is allowed."""
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
    checkpoint_path: Path | None,
    *,
    allow_none: bool = False,
) -> None:
    """Write the history and the stored fits of some problems; the checkpoint has served."""
    write_history(history, result)
    store(output, plan, names, result, allow_none=allow_none)
    if checkpoint_path is not None:
        checkpoint_path.unlink(missing_ok=True)
