"""Which device a job takes, on a machine that pretends to have some."""

import argparse
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from isr.cli import add_run_options
from isr.fitting.engine import devices
from isr.fitting.engine.devices import claim, use_precision
from isr.fitting.engine.long_work import Run


def _pretend(count, free=(0, 0, 0)):
    """Let PyTorch see so many devices; gives back which one is the current one."""
    current = []
    patch = pytest.MonkeyPatch()
    patch.setattr(torch.cuda, "device_count", lambda: count)
    patch.setattr(torch.cuda, "get_device_properties", lambda n: SimpleNamespace(uuid=f"u{n}"))
    patch.setattr(torch.cuda, "mem_get_info", lambda n: (free[n], 100))
    patch.setattr(torch.cuda, "set_device", current.append)
    return patch, current


@pytest.fixture
def pretend():
    """As above, undone after the test; so are the locks."""
    undone = []

    def start(*arguments):
        patch, current = _pretend(*arguments)
        undone.append(patch.undo)
        return current

    yield start
    for undo in undone:
        undo()
    devices._held.clear()


JOB = """
import sys
from pathlib import Path
from test_devices import _pretend, claim
_pretend(3, (10, 30, 20))
print(claim(Path(sys.argv[1])).index, flush=True)
sys.stdin.read()
"""
"""Another process, which holds what it has claimed until its input ends."""


@pytest.fixture
def start_job(tmp_path):
    """Starts a job in another process: the device that it took, and what ends the job."""
    running = []
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path]),
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}

    def start():
        told = [sys.executable, "-c", JOB, str(tmp_path)]
        process = subprocess.Popen(told, env=environment, **pipes)
        running.append(process)
        return int(process.stdout.readline()), process.communicate

    yield start
    for process in running:
        if process.poll() is None:
            process.communicate()


@pytest.mark.slow
def test_jobs_of_one_machine_take_different_devices(start_job, tmp_path, pretend):
    first, end_first = start_job()
    second, _ = start_job()
    current = pretend(3, (10, 30, 20))
    assert (first, second) == (0, 1)
    assert claim(tmp_path) == torch.device("cuda", 2)
    assert current == [2]
    # All are taken: the one with the most free memory is shared.
    third, end_third = start_job()
    assert third == 1
    end_third()
    end_first()
    assert start_job()[0] == 0


def test_a_process_keeps_its_device(tmp_path, pretend):
    pretend(2)
    assert claim(tmp_path).index == claim(tmp_path).index == 0
    assert [path.name for path in tmp_path.iterdir()] == ["isr-u0.lock"]


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_a_run_claims_a_device(tmp_path, pretend, monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))
    pretend(2)
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    assert Run.from_arguments(parser.parse_args(["--device", name])).device.type == "cuda"
    assert [path.name for path in tmp_path.iterdir()] == ["isr-u0.lock"]
    assert Run.from_arguments(parser.parse_args(["--device", "cpu"])).device.type == "cpu"


def test_a_precision_is_that_of_convolutions_and_products():
    try:
        for precision, rounds in (("tf32", True), ("fp32", False)):
            use_precision(precision)
            assert torch.backends.cudnn.allow_tf32 == rounds
            assert torch.backends.cuda.matmul.allow_tf32 == rounds
    finally:
        use_precision("fp32")
