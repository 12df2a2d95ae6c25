"""Progress of long work, for a log and a terminal."""

import logging
import time

from isr.fitting.stack import Stack

_log = logging.getLogger(__name__)


class Progress:
    """Says every few seconds how many problems and steps are done and how long the rest takes.

    Args:
        what: names the work, such as `fit convex + fcn`.
        interval: seconds between messages.
    """

    def __init__(self, what: str, *, interval: float = 10.0) -> None:
        self.what, self.interval = what, interval
        self.started = self.last = time.monotonic()
        self.steps_before: int | None = None

    def __call__(self, stack: Stack) -> None:
        """Note the state of `stack`, to be called after every block of steps."""
        now, done = time.monotonic(), stack.steps_done
        if self.steps_before is None:
            self.steps_before, self.started = done, now
        if now - self.last < self.interval and not stack.finished:
            return
        self.last = now
        # Works that are done again come on top of what was planned.
        total = max(stack.queue.total_steps, done)
        pace = (done - self.steps_before) / max(now - self.started, 1e-9)
        known = pace > 0 and total > done
        left = f"{(total - done) / pace:.0f} s left" if known else "time left unknown"
        _log.info(
            "%s: %d of %d fits, step %d of %d, %s",
            self.what,
            len(stack.result.states),
            len(stack.queue.names),
            done,
            total,
            "done" if stack.finished else left,
        )
