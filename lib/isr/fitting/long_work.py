"""Work that advances step by step: with checkpoints, and with its progress told."""

import logging
import time
from pathlib import Path
from typing import Protocol

from isr.fitting import checkpoint

_log = logging.getLogger(__name__)
_INTERVAL = 10.0


class LongWork(checkpoint.Resumable, Protocol):
    """What is done in `total` steps, of which `done` are taken."""

    done: int

    @property
    def total(self) -> int:
        """Number of steps."""

    def advance(self) -> None:
        """Take a step."""


def complete(
    work: LongWork,
    path: Path | None,
    *,
    fingerprint: str,
    every: float = 60.0,
    what: str,
) -> None:
    """Advance some work to its end, going on from a checkpoint of the same work.

    Args:
        work: before its first step.
        path: the checkpoint; None for none. It is written every so many seconds and at the end;
            remove it when the result is stored.
        fingerprint: says which work this is; a checkpoint with another one is not used.
        every: seconds between checkpoints.
        what: names the work in messages.
    """
    if path is not None and checkpoint.resume(path, work, fingerprint):
        _log.info("%s: going on from step %d of %d", what, work.done, work.total)
    started = told = saved = time.monotonic()
    before = work.done
    while work.done < work.total:
        work.advance()
        now, over = time.monotonic(), work.done == work.total
        if over or now - told >= _INTERVAL:
            left = (now - started) / (work.done - before) * (work.total - work.done)
            rest = "done" if over else f"{left:.0f} s left"
            _log.info("%s: step %d of %d, %s", what, work.done, work.total, rest)
            told = now
        if path is not None and (over or now - saved >= every):
            checkpoint.save(path, work, fingerprint)
            saved = now
