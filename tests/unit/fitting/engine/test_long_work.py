import argparse
import itertools
import logging

import pytest
import torch

from isr.cli import add_run_options
from isr.errors import UserError
from isr.fitting.engine import long_work
from isr.fitting.engine.long_work import (
    PLAIN_RUN,
    Run,
    choose_device,
    complete,
    files_digest,
    fingerprint,
    resume,
)


class _Sum:
    """Sums up 1, 2, .. and may be stopped on the way."""

    progress = ""

    def __init__(self, stop_at: int | None = None) -> None:
        self.done, self.total, self.stop_at = 0, 7, stop_at
        self.sum = torch.zeros(())
        self.taken: list[int] = []

    @property
    def finished(self) -> bool:
        return self.done == self.total

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
        complete(_Sum(stop_at=4), Run(checkpoint=path, every=0.0), fingerprint="x", what="sum")
    work = _Sum()
    complete(work, Run(checkpoint=path, every=0.0), fingerprint="x", what="sum")
    assert work.taken == [5, 6, 7]
    assert float(work.sum) == 28
    finished = _Sum()
    complete(finished, Run(checkpoint=path), fingerprint="x", what="sum")
    assert finished.taken == []
    assert float(finished.sum) == 28


def test_checkpoints_of_other_work_and_damaged_ones_are_not_used(tmp_path):
    path = tmp_path / "work.pt"
    with pytest.raises(KeyboardInterrupt):
        complete(_Sum(stop_at=4), Run(checkpoint=path, every=0.0), fingerprint="x", what="sum")
    other = _Sum()
    complete(other, Run(checkpoint=path), fingerprint="y", what="sum")
    assert len(other.taken) == 7
    path.write_bytes(b"no checkpoint")
    again = _Sum()
    complete(again, Run(checkpoint=path), fingerprint="x", what="sum")
    assert len(again.taken) == 7


def test_no_checkpoint_before_its_time_and_none_without_a_path(tmp_path):
    path = tmp_path / "work.pt"
    with pytest.raises(KeyboardInterrupt):
        complete(_Sum(stop_at=4), Run(checkpoint=path, every=1000.0), fingerprint="x", what="sum")
    complete(_Sum(), Run(every=0.0), fingerprint="x", what="sum")
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_at_the_end_and_every_few_seconds(caplog):
    with caplog.at_level(logging.INFO, logger="isr"):
        complete(_Sum(), PLAIN_RUN, fingerprint="x", what="sum of cars3")
    assert "sum of cars3: step 7 of 7, done" in caplog.text


def test_the_time_left_of_resumed_work_is_that_of_its_own_steps(tmp_path, caplog, monkeypatch):
    """20 s a step: after the first of the last three, 40 s are left."""
    path = tmp_path / "work.pt"
    with pytest.raises(KeyboardInterrupt):
        complete(_Sum(stop_at=4), Run(checkpoint=path, every=0.0), fingerprint="x", what="sum")
    clock = itertools.count(0.0, 20.0)
    monkeypatch.setattr(long_work, "_INTERVAL", 0.0)
    monkeypatch.setattr(long_work.time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, logger="isr"):
        complete(_Sum(), Run(checkpoint=path), fingerprint="x", what="sum")
    monkeypatch.undo()
    assert "sum: step 5 of 7, 40 s left" in caplog.text
    assert "sum: step 6 of 7, 20 s left" in caplog.text


def test_progress_of_a_stack_counts_its_fits(make_stack, caplog, monkeypatch):
    monkeypatch.setattr(long_work, "_INTERVAL", 0.0)
    with caplog.at_level(logging.INFO, logger="isr"):
        complete(make_stack(["p0", "p1"]), PLAIN_RUN, fingerprint="x", what="fit shapes")
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0].startswith("fit shapes: 0 of 2 fits, step 10 of 120, ")
    assert lines[1].startswith("fit shapes: 1 of 2 fits, step 60 of 120, ")
    assert lines[1].endswith(" s left")
    assert lines[-1] == "fit shapes: 2 of 2 fits, step 120 of 120, done"


def _parsed(*words: str) -> Run:
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    return Run.from_arguments(parser.parse_args(words))


def test_a_run_is_what_the_command_line_asks_for(tmp_path):
    path = tmp_path / "part-0.pt"
    words = ("--device", "cpu", "--checkpoint", str(path), "--checkpoint-every", "5")
    assert _parsed(*words, "--code", "ab") == Run(torch.device("cpu"), path, 5.0, "ab")
    assert _parsed("--device", "cpu") == PLAIN_RUN
    assert _parsed("--device", "cpu", "--stack-sizes", str(tmp_path)).stack_sizes == tmp_path
    with pytest.raises(UserError, match="'abacus' cannot be used"):
        _parsed("--device", "abacus")
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert choose_device("auto").type == expected


def test_a_run_ends_without_any_of_its_checkpoints(tmp_path):
    run, other = (Run(checkpoint=tmp_path / f"{name}.pt", every=0.0) for name in ("a", "a.b"))
    for each in (run, run.beside("one"), run.beside("two"), other, other.beside("one")):
        complete(_Sum(), each, fingerprint="x", what="sum")
    before = {path for path in tmp_path.rglob("*.pt") if path.name != "a.pt"}
    assert len(before) == 4
    for _ in range(2):
        run.end()
        left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.pt")}
        assert left == {"a.b.pt", "a.b.pt.parts/one.pt"}
    PLAIN_RUN.end()
    assert PLAIN_RUN.beside("one") == PLAIN_RUN


def test_fingerprints_tell_work_apart(monkeypatch):
    settings = {"study": "s", "works": [["a", 1]]}
    one = fingerprint(settings, PLAIN_RUN, inputs="x")
    assert one == fingerprint(dict(reversed(settings.items())), PLAIN_RUN, inputs="x")
    assert one != fingerprint(settings, PLAIN_RUN, inputs="y")
    assert one != fingerprint(settings | {"study": "t"}, PLAIN_RUN, inputs="x")
    assert one != fingerprint(settings, Run(code="edited"), inputs="x")
    # Where it computes and how often it saves is no other work.
    assert one == fingerprint(settings, Run(torch.device("meta"), every=1.0), inputs="x")
    with monkeypatch.context() as patch:
        patch.setattr(long_work, "NUMERICS", long_work.NUMERICS + 1)
        assert one != fingerprint(settings, PLAIN_RUN, inputs="x")
    with monkeypatch.context() as patch:
        patch.setattr(long_work, "versions", lambda: {"torch": "another"})
        assert one != fingerprint(settings, PLAIN_RUN, inputs="x")


def test_a_digest_sees_content_and_order_and_missing_files_are_empty(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    assert files_digest([other, one]) != files_digest([one, other])
    assert files_digest([one, tmp_path / "none", other]) == files_digest([one, other])
    other.write_bytes(b"3")
    assert files_digest([one]) != files_digest([one, other])


def test_work_goes_on_where_no_checkpoint_can_be_written(tmp_path, caplog):
    (tmp_path / "file").touch()
    work = _Sum()
    complete(work, Run(checkpoint=tmp_path / "file" / "a.pt", every=0.0), fingerprint="f", what="w")
    assert work.finished
    assert "going on without a checkpoint" in caplog.text


def test_a_checkpoint_of_the_same_work_that_holds_something_else_is_one_sentence(tmp_path):
    path = tmp_path / "a.pt"
    torch.save({"fingerprint": "f", "other": 1}, path)
    with pytest.raises(UserError, match=r"a\.pt is no checkpoint of this fit .*: remove it"):
        resume(path, _Sum(), "f")
