"""Jobs that compute on the processor alone ask for no GPU."""

import re
from pathlib import Path

import pytest
from configurations import DEMO_STUDIES

pytestmark = pytest.mark.slurm

HERE = Path(__file__).parent
CONFIG = {
    "device": "cpu",
    "studies": {
        **dict.fromkeys(DEMO_STUDIES),
        "own": {"dataset": "gallery", "cells": {"cup": {"items": ["coffee"], "steps": 40}}},
    },
}


def test_jobs_ask_for_no_gpu(cluster, repository):
    arguments = ("--profile", "workflow/profiles/slurm", "--verbose")
    arguments += ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10")
    target = "results/own/fits/cup/part-0"
    process = repository.start(target, *arguments, config=CONFIG, program=(str(HERE / "often.py"),))
    output, _ = process.communicate()
    assert process.returncode == 0, output
    (call,) = re.findall(r"sbatch call: (.* --comment rule_fit_.*)", output)
    assert "--gpus" not in call.partition("--wrap")[0]
