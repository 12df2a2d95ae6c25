import logging

from isr.fitting.progress import Progress
from isr.fitting.queues import EqualWorks
from isr.fitting.stack import run


def test_progress_says_what_is_done_and_what_is_left(make_stack, caplog):
    caplog.set_level(logging.INFO, logger="isr.fitting.progress")
    run(make_stack(["p0", "p1"], steps=60), after_block=Progress("fit shapes", interval=0.0))
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "fit shapes: 0 of 2 fits, step 10 of 120, time left unknown"
    assert lines[1].startswith("fit shapes: 1 of 2 fits, step 60 of 120, ")
    assert lines[1].endswith(" s left")
    assert lines[-1] == "fit shapes: 2 of 2 fits, step 120 of 120, done"


def test_steps_beyond_the_plan_are_not_counted_backwards(make_stack, caplog, monkeypatch):
    """Works that are done again come on top."""
    caplog.set_level(logging.INFO, logger="isr.fitting.progress")
    monkeypatch.setattr(EqualWorks, "total_steps", 30)
    run(make_stack(["p0", "p1"], steps=60), after_block=Progress("fit", interval=0.0))
    lines = [record.getMessage() for record in caplog.records]
    assert lines[1] == "fit: 1 of 2 fits, step 60 of 60, time left unknown"


def test_progress_keeps_quiet_between_its_messages(make_stack, caplog):
    caplog.set_level(logging.INFO, logger="isr.fitting.progress")
    run(make_stack(["p0", "p1"], steps=60), after_block=Progress("fit", interval=1000.0))
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().endswith("done")
