import itertools
import logging

import pytest
import torch

from isr.fitting import long_work
from isr.fitting.long_work import complete


class _Sum:
    """Sums up 1, 2, .. and may be stopped on the way."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.done, self.total, self.stop_at = 0, 7, stop_at
        self.sum = torch.zeros(())
        self.taken: list[int] = []

    def advance(self) -> None:
        if self.done == self.stop_at:
            raise KeyboardInterrupt
        self.done += 1
        self.sum += self.done
        self.taken.append(self.done)

    def state(self):
        return {"done": self.done, "sum": self.sum}

    def load_state(self, state):
        self.done, self.sum = state["done"], state["sum"]


def test_stopped_work_goes_on_where_it_was(tmp_path):
    path = tmp_path / "work.pt"
    with pytest.raises(KeyboardInterrupt):
        complete(_Sum(stop_at=4), path, fingerprint="x", every=0.0, what="sum")
    work = _Sum()
    complete(work, path, fingerprint="x", every=0.0, what="sum")
    assert work.taken == [5, 6, 7]
    assert float(work.sum) == 28
    finished = _Sum()
    complete(finished, path, fingerprint="x", what="sum")
    assert finished.taken == []
    assert float(finished.sum) == 28


def test_checkpoints_of_other_work_and_damaged_ones_are_not_used(tmp_path):
    path = tmp_path / "work.pt"
    with pytest.raises(KeyboardInterrupt):
        complete(_Sum(stop_at=4), path, fingerprint="x", every=0.0, what="sum")
    other = _Sum()
    complete(other, path, fingerprint="y", what="sum")
    assert len(other.taken) == 7
    path.write_bytes(b"no checkpoint")
    again = _Sum()
    complete(again, path, fingerprint="x", what="sum")
    assert len(again.taken) == 7


def test_no_checkpoint_before_its_time_and_none_without_a_path(tmp_path):
    path = tmp_path / "work.pt"
    with pytest.raises(KeyboardInterrupt):
        complete(_Sum(stop_at=4), path, fingerprint="x", every=1000.0, what="sum")
    complete(_Sum(), None, fingerprint="x", every=0.0, what="sum")
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told(caplog):
    with caplog.at_level(logging.INFO, logger="isr"):
        complete(_Sum(), None, fingerprint="x", what="sum of cars3")
    assert "sum of cars3: step 7 of 7, done" in caplog.text


def test_the_time_left_of_resumed_work_is_that_of_its_own_steps(tmp_path, caplog, monkeypatch):
    """20 s a step: after the first of the last three, 40 s are left."""
    path = tmp_path / "work.pt"
    with pytest.raises(KeyboardInterrupt):
        complete(_Sum(stop_at=4), path, fingerprint="x", every=0.0, what="sum")
    clock = itertools.count(0.0, 20.0)
    monkeypatch.setattr(long_work.time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, logger="isr"):
        complete(_Sum(), path, fingerprint="x", what="sum")
    monkeypatch.undo()
    assert "sum: step 5 of 7, 40 s left" in caplog.text
    assert "sum: step 6 of 7, 20 s left" in caplog.text
