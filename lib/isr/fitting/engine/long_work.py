"""Long work: advanced to its end with checkpoints, and with its progress told.

A killed job goes on where it was and ends with the same bits.
"""

import argparse
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import torch

from isr import __version__, job_costs
from isr.errors import UserError, told
from isr.fitting.engine.devices import claim
from isr.io import atomic_path
from isr.job_costs import duration

_log = logging.getLogger(__name__)

NUMERICS = 4
"""Version of what determines the numbers of a fit. It is raised by hand when the code changes them,
or what a checkpoint holds: a checkpoint of another version is not gone on from."""

_INTERVAL = 60.0
"""Seconds between two messages on the progress."""


class LongWork(Protocol):
    """What is done in `total` steps, of which `done` are taken."""

    @property
    def done(self) -> int:
        """Number of steps that are taken."""

    @property
    def total(self) -> int:
        """Number of steps."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""

    @property
    def progress(self) -> str:
        """What else there is to say of it, in words."""

    def advance(self) -> None:
        """Take a step, or a block of them."""

    def state(self) -> dict[str, Any]:
        """Everything that is needed to go on: plain data and tensors."""

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """Go on where the same work was when `state` was made."""


@dataclass(frozen=True)
class Run:
    """Where a job computes, and how it goes on after an interruption.

    Attributes:
        device: where to compute.
        checkpoint: file that an interrupted job goes on from, removed at its end; None for none.
        every: seconds between checkpoints.
        code: a digest of the code that the numbers come from, where an edit is to redo them.
        stack_sizes: folder that measured stack sizes are written down in, and read from; None for
            nowhere.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    checkpoint: Path | None = None
    every: float = 60.0
    code: str = ""
    stack_sizes: Path | None = None

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> "Run":
        """The run that the options of `isr.cli.add_run_options` ask for.

        Of several accelerators it takes one that no other job has.

        Raises:
            UserError: the device does not exist here.
        """
        any_gpu = arguments.device in ("auto", "cuda") and torch.cuda.is_available()
        return cls(
            claim() if any_gpu else choose_device(arguments.device),
            arguments.checkpoint,
            arguments.checkpoint_every,
            arguments.code,
            arguments.stack_sizes,
        )

    def beside(self, name: str) -> "Run":
        """The run of other work of the same job, with a checkpoint of its own."""
        if self.checkpoint is None:
            return self
        return replace(self, checkpoint=self._parts(self.checkpoint) / f"{name}.pt")

    def end(self) -> None:
        """Remove the checkpoints of all work of the job: they have served."""
        if self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)
            shutil.rmtree(self._parts(self.checkpoint), ignore_errors=True)

    @staticmethod
    def _parts(checkpoint: Path) -> Path:
        """The folder of the checkpoints of a job that is several long works."""
        return checkpoint.with_name(f"{checkpoint.name}.parts")


PLAIN_RUN = Run()
"""On the CPU and without a checkpoint."""


def choose_device(name: str) -> torch.device:
    """Where to compute: `auto` takes an accelerator if there is one.

    Raises:
        UserError: the device does not exist here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.zeros(1, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"device {name!r} cannot be used ({error}); choose auto or cpu.") from None


def versions() -> dict[str, str]:
    """Versions of what determines the numbers."""
    return {"isr": __version__, **{name: metadata.version(name) for name in ("torch", "numpy")}}


def files_digest(files: Iterable[Path]) -> str:
    """A hash of what some files hold, in their order; a file that is missing counts as empty."""
    state = hashlib.sha256()
    for file in files:
        state.update(file.read_bytes() if file.exists() else b"")
    return state.hexdigest()


def fingerprint(settings: Mapping[str, Any], run: Run, **more: Any) -> str:
    """Names a job's work, so that a checkpoint of other work is not taken for its own.

    Args:
        settings: of the fit.
        run: whose `code` counts.
        **more: what else determines the numbers, such as a hash of the files that are read.
    """
    about = {"numerics": NUMERICS, "versions": versions(), "code": run.code}
    text = json.dumps({**settings, **more, **about}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def save(path: Path, work: LongWork, fingerprint: str) -> None:
    """Write the state of some work to `path`, atomically.

    Raises:
        UserError: it cannot be written, such as on a full disk.
    """
    state = {"fingerprint": fingerprint, **work.state()}
    advice = "free some space"
    with atomic_path(path) as temporary, told(path, "cannot be written", advice):
        torch.save(state, temporary)


def resume(path: Path, work: LongWork, fingerprint: str) -> bool:
    """Restore some work from `path` if a checkpoint of the same work lies there.

    A checkpoint that is damaged or of other work is left out of account.

    Returns:
        Whether the work goes on from a checkpoint.

    Raises:
        UserError: it is of the same work by what it says, but holds something else.
    """
    if not path.exists():
        return False
    try:
        with told(path, "is damaged", "it is not used"):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except UserError as error:
        _log.warning("%s: starting from the beginning", error.reason)
        return False
    if not isinstance(state, dict) or state.pop("fingerprint", None) != fingerprint:
        _log.info("%s belongs to other settings: starting from the beginning", path)
        return False
    with told(path, "is no checkpoint of this fit", "remove it and run the fit again"):
        work.load_state(state)
    return True


def _try_to_save(path: Path, work: LongWork, fingerprint: str, what: str) -> None:
    """Write a checkpoint; work that cannot is not lost for it, and goes on."""
    try:
        save(path, work, fingerprint)
    except UserError as error:
        _log.warning("%s: going on without a checkpoint: %s", what, error)


def complete(work: LongWork, run: Run, *, fingerprint: str, what: str) -> None:
    """Advance some work to its end, going on from a checkpoint of the same work.

    Args:
        work: before its first step.
        run: its checkpoint is written every so many seconds; `Run.end` removes it when the result
            is stored.
        fingerprint: says which work this is; a checkpoint with another one is not used.
        what: names the work in messages.
    """
    path = run.checkpoint
    if path is not None and resume(path, work, fingerprint):
        _log.info("%s: going on from step %d of %d", what, work.done, work.total)
    started = said = saved = time.monotonic()
    before = work.done
    while not work.finished:
        work.advance()
        now = time.monotonic()
        if work.finished or now - said >= _INTERVAL:
            left = (now - started) / max(1, work.done - before) * (work.total - work.done)
            rest = "done" if work.finished else f"{duration(round(left))} left"
            words = f"{work.progress}, " if work.progress else ""
            _log.info("%s: %sstep %d of %d, %s", what, words, work.done, work.total, rest)
            said = now
        if path is not None and now - saved >= run.every:
            _try_to_save(path, work, fingerprint, what)
            saved = now
    job_costs.count(work.done - before, time.monotonic() - started)
