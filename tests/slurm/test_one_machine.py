"""Several GPUs of one machine, without SLURM: each job has a device of its own."""

from itertools import pairwise

import pytest
from configurations import DEMO_STUDIES
from emulated_gpus import read_records

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


def test_eight_jobs_share_two_devices_and_no_two_have_the_same(repository):
    targets = [f"results/own/fits/cup-{number}/part-0" for number in range(JOBS)]
    code, output = repository.snakemake(
        *(*targets, "--cores", "4", "--resources", "gpu=2"), config=CONFIG
    )
    assert code == 0, output
    times = read_records(repository.folder)
    assert set(times) == {"0", "1"}
    assert sum(map(len, times.values())) == JOBS
    for own in times.values():
        assert all(end < start for (_, end), (start, _) in pairwise(own))
    assert any(a < d and c < b for a, b in times["0"] for c, d in times["1"])
