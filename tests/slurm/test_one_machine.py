"""Several GPUs of one machine, without SLURM: each job has a device of its own."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from configurations import DEMO_STUDIES

pytestmark = pytest.mark.slurm

JOBS = 8
CONFIG = {
    "studies": {
        **dict.fromkeys(DEMO_STUDIES),
        "own": {
            "dataset": "gallery",
            "items": ["coffee"],
            "cells": {f"cup-{number}": {"steps": 40} for number in range(JOBS)},
        },
    }
}


def test_eight_jobs_share_two_devices_and_no_two_have_the_same(repository, monkeypatch, tmp_path):
    emulated = Path(__file__).parents[1] / "support/emulated_gpus.py"
    shutil.copy(emulated, repository.folder / "lib/sitecustomize.py")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    targets = [f"results/own/fits/cup-{number}/part-0" for number in range(JOBS)]
    code, output = repository.snakemake(
        *(*targets, "--cores", "4", "--resources", "gpu=2"), config=CONFIG
    )
    (repository.folder / "lib/sitecustomize.py").unlink()
    assert code == 0, output
    times = {"0": [], "1": []}
    for record in (repository.folder / "devices").iterdir():
        device, start, end = record.read_text().split()
        times[device].append((float(start), float(end)))
    assert sum(map(len, times.values())) == JOBS
    for own in times.values():
        assert own
        assert all(end < start for (_, end), (start, _) in pairwise(sorted(own)))
    assert any(a < d and c < b for a, b in times["0"] for c, d in times["1"])
