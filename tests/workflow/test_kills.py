"""Killed at any moment and run again, a run ends with the bits of one that was left alone.

    ISR_KILLS=50 pytest tests/workflow/test_kills.py -s

kills as often as that, runs from the beginning as often as it takes, and prints what it found.
"""

import hashlib
import os
import random
import re
import signal
import subprocess
import time

import pytest
from configurations import DEMO_STUDIES
from own_files import write_pictures

KILLS = int(os.environ.get("ISR_KILLS", "3"))
SEED = 14
CONFIG = {
    "steps": 800,
    "checkpoint_every": 0.2,
    "datasets": {
        "mine": {
            "kind": "pictures",
            "path": "mine",
            "items": ["flower"],
            "scribble_values": {"none": 0, "foreground": 1, "background": 2},
        }
    },
    "studies": {
        **dict.fromkeys(DEMO_STUDIES),
        "own": {
            "dataset": "mine",
            "settings": {"predictor": "fcn", "features": "xy", "constraint": "path_connected"},
        },
    },
}
_RUN = ("--cores", "1", "--nolock")
_TIMED = {"results/report.html", "results/.made/report.json"}
"""What shows run times, or how long a text they make."""


def _digests(folder):
    """A hash of every file that is a result or on the way to one."""
    found = {}
    for part in ("resources", "results"):
        for path in (folder / part).rglob("*"):
            name = str(path.relative_to(folder))
            if path.is_file() and path.name != ".snakemake_timestamp" and name not in _TIMED:
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    page = (folder / "results/report.html").read_text()
    untimed = re.sub(r'<h2 id="times">.*?(?=<footer)', "", page, flags=re.S)
    found["results/report.html without run times"] = hashlib.sha256(untimed.encode()).hexdigest()
    return found


def _clear(folder):
    for part in ("resources", "results", "logs", ".snakemake"):
        (folder / part).rename(folder / f".gone-{part}-{time.monotonic_ns()}")


@pytest.fixture(scope="module")
def left_alone(repository):
    """A run that nobody kills: the hashes of its files, and how many seconds it takes."""
    write_pictures(repository.folder / "mine")
    started = time.monotonic()
    code, output = repository.snakemake(*_RUN, config=CONFIG)
    assert code == 0, output
    found = _digests(repository.folder), time.monotonic() - started
    _clear(repository.folder)
    return found


@pytest.mark.slow
def test_a_killed_run_ends_with_the_bits_of_one_left_alone(repository, left_alone):
    expected, seconds = left_alone
    moments = random.Random(SEED)
    kills = resumed = rounds = 0
    while kills < KILLS:
        # A quarter of a run at most: so there are several kills in one.
        if _killed(repository, moments.uniform(0, seconds / 4)):
            kills += 1
            resumed += bool(list(repository.folder.glob("re*/**/.checkpoints/**/*.pt")))
            if kills < KILLS:
                continue
        code, output = repository.snakemake(*_RUN, config=CONFIG)
        assert code == 0, output
        found = _digests(repository.folder)
        assert [name for name in expected if found.get(name) != expected[name]] == []
        rounds += 1
        _clear(repository.folder)
        print(
            f"\n{kills} kills, {resumed} with a checkpoint: {rounds} runs, {len(found)} equal files"
        )


def _killed(repository, seconds):
    """Whether a run was killed, with all its jobs, after so many seconds; it may have ended."""
    run = repository.start(*_RUN, config=CONFIG, log=subprocess.DEVNULL, start_new_session=True)
    time.sleep(seconds)
    if run.poll() is not None:
        return False
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    return True
