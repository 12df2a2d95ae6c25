import dataclasses
import io
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from stacks import assert_same_bits, limited, named, run, stopped

from isr.fitting.engine import stack as engine
from isr.fitting.engine.long_work import Run, complete, resume, save
from isr.fitting.engine.queue import Phase, Result
from isr.fitting.schedules import COUPLING

NAMES = [f"p{n}" for n in range(5)]


def _completed(stack, path: Path) -> Result:
    """The result of a stack that goes on from its checkpoint, by the names of its problems."""
    complete(stack, Run(checkpoint=path, every=0.0), fingerprint="x", what="fit")
    return named(stack)


def _interrupted(make, path: Path, after_blocks: list[int]) -> Result:
    """Run, be stopped after so many blocks each time, and run again to the end."""
    for limit in after_blocks:
        with stopped(engine.Stack, limit):
            _completed(make(), path)
    return _completed(make(), path)


@pytest.mark.parametrize("kind", ["projection", "fcn", "cnn"])
@pytest.mark.parametrize(
    ("names", "stack_size", "steps"), [(["p0"], 1, 33), (NAMES[:3], 3, 12), (NAMES, 2, 12)]
)
def test_a_stopped_fit_ends_with_the_bits_of_one_left_alone(
    make_stack, tmp_path, monkeypatch, kind, names, stack_size, steps
):
    monkeypatch.setattr(engine, "_BLOCK", 5)

    def make():
        return make_stack(names, kind=kind, stack_size=stack_size, steps=steps)

    blocks: list[int] = []
    whole = run(make(), after_block=lambda stack: blocks.append(stack.done))
    random = np.random.default_rng(len(names))
    stops = random.integers(0, len(blocks) // 3, 3).tolist()
    assert_same_bits(whole, _interrupted(make, tmp_path / "fit.checkpoint", stops))


def test_every_block_is_a_place_to_go_on_from(make_stack, tmp_path, monkeypatch):
    """With plateau, clipping and a restart in the optimiser's state, and refilled slots."""
    monkeypatch.setattr(engine, "_BLOCK", 3)
    schedule = (
        Phase(1.0, 0.05, {COUPLING: 1.0}, plateau=1, clip_norm=0.1),
        Phase(1.0, 0.05, {COUPLING: 1.0}, optimiser="adamax", restart=True, plateau=2),
    )

    def make():
        return make_stack(NAMES[:3], stack_size=2, steps=12, schedule=schedule)

    blocks: list[int] = []
    whole = run(make(), after_block=lambda stack: blocks.append(stack.done))
    for limit in range(1, len(blocks)):
        path = tmp_path / f"{limit}.checkpoint"
        result = _interrupted(make, path, [limit])
        assert_same_bits(whole, result)


def test_a_frozen_problem_stays_frozen_over_a_stop(make_stack, problems, tmp_path, monkeypatch):
    """One bad pixel that is met early and then not in every block."""
    monkeypatch.setattr(engine, "_BLOCK", 5)
    unaries = problems["p0"].unaries.copy()
    unaries[0, 0] = np.nan
    changed = {"p0": dataclasses.replace(problems["p0"], unaries=unaries)}

    def make():
        schedule = (Phase(1.0, 0.02, {COUPLING: 1.0}),)
        return make_stack(["p0", "p1"], steps=60, stack_size=2, schedule=schedule, changed=changed)

    whole = run(make())
    assert whole.finite == {"p0": False, "p1": True}
    for limit in (3, 5, 7, 9, 11):
        found = _interrupted(make, tmp_path / f"{limit}.checkpoint", [limit])
        assert found.finite == whole.finite
        for name, state in whole.states.items():
            for key, value in state.items():
                assert torch.equal(value, found.states[name][key]), (limit, name, key)


def test_a_resumed_fit_goes_on_where_it_was(make_stack, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_BLOCK", 5)
    path = tmp_path / "fit.checkpoint"
    with stopped(engine.Stack, 3):
        _completed(make_stack(["p0"], steps=30), path)
    with limited(engine.Stack, 3):
        _completed(make_stack(["p0"], steps=30), path)


def _trained(make_stack, path: Path) -> Result:
    """A checkpoint in the middle of a fit, and what the fit gives."""
    stack = make_stack(["p0", "p1"], steps=20, stack_size=2)
    stack.advance()
    save(path, stack, "x")
    return run(make_stack(["p0", "p1"], steps=20, stack_size=2))


def _stored(content) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


DAMAGES = {
    "empty": lambda content: b"",
    "text": lambda content: b"this is no checkpoint\n",
    "half": lambda content: content[: len(content) // 2],
    "bits": lambda content: bytes(b ^ 0x55 * (n % 97 == 0) for n, b in enumerate(content)),
    "other content": lambda content: _stored([torch.zeros(3)]),
    "other pickle": lambda content: _stored({"fingerprint": "x", "slots": Path("x")}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_left_out_of_account(make_stack, tmp_path, damage):
    path = tmp_path / "fit.checkpoint"
    whole = _trained(make_stack, path)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    stack = make_stack(["p0", "p1"], steps=20, stack_size=2)
    assert resume(path, stack, "x") is False
    assert_same_bits(whole, _completed(stack, path))


KILLED_JOB = """
import sys
from pathlib import Path
import numpy as np, torch
torch.set_num_threads(1)
from isr.constraints import build
from isr.coordinates import pixel_coordinates
from isr.data.problems import Problem
from isr.fitting.engine.sources import Points
from isr.fitting.engine.long_work import Run, complete
from isr.fitting.engine.queue import EqualWorks
from isr.fitting.engine.stack import Stack
from isr.fitting.tasks import Projection
from isr.fitting.schedules import unaries_schedule

def load(name, seed):
    unaries = np.full((20, 30), 0.1, np.float32)
    unaries[5:15, 8:15 + int(name)] = 0.9
    return Problem(name, pixel_coordinates(20, 30).astype(np.float32), None, None, unaries)

class Told(Stack):
    def advance(self):
        super().advance()
        print(self.done, flush=True)

task = Projection(build("convex", width=16), Points(0, 64))
works = EqualWorks([(name, 3) for name in "01234"], unaries_schedule(), 600)
stack = Told(task, works, load, stack_size=2)
checkpoint = Path(sys.argv[1]) if len(sys.argv) > 3 else None
complete(stack, Run(checkpoint=checkpoint, every=0.0), fingerprint="x", what="fit")
stack.collect_history()
result = stack.result
torch.save([result.states, result.finite, result.history], sys.argv[2])
"""


def test_a_killed_job_run_again_gives_the_same_bits(tmp_path, monkeypatch):
    """SIGKILL at a moment that nobody chose; then the job again, to its end."""
    script, path = tmp_path / "job.py", tmp_path / "fit.checkpoint"
    script.write_text(KILLED_JOB)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}

    arguments = [str(script), str(path), str(tmp_path / "killed.pt"), "with checkpoint"]

    def start() -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, text=True
        )

    with start() as killed:
        # A block's checkpoint is written after its progress is told.
        assert [int(killed.stdout.readline()) for _ in range(2)] == [100, 200]
        time.sleep(np.random.default_rng().uniform(0.0, 0.5))
        killed.send_signal(signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    with start() as again:
        steps = [int(line) for line in again.stdout.read().split()]
    assert again.returncode == 0
    assert steps[0] >= 200
    monkeypatch.setattr(sys, "argv", [str(script), str(path), str(tmp_path / "whole.pt")])
    runpy.run_path(str(script))
    expected, found = (torch.load(tmp_path / f"{name}.pt") for name in ("whole", "killed"))
    for name, state in expected[0].items():
        for key, value in state.items():
            assert torch.equal(value, found[0][name][key])
    assert expected[1:] == found[1:]
