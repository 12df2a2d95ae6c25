"""Where a job runs, and the end of its checkpoint."""

import argparse

import pytest
import torch

from isr.cli import add_run_options
from isr.errors import UserError
from isr.fitting.running import PLAIN_RUN, Run


def _run(*words: str) -> Run:
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    return Run.from_arguments(parser.parse_args(words))


def test_a_run_is_what_the_command_line_asks_for(tmp_path):
    path = tmp_path / "part-0.pt"
    words = ("--device", "cpu", "--checkpoint", str(path), "--checkpoint-every", "5")
    assert _run(*words) == Run(torch.device("cpu"), path, 5.0)
    assert _run("--device", "cpu") == PLAIN_RUN
    with pytest.raises(UserError, match="'abacus' cannot be used"):
        _run("--device", "abacus")


def test_a_run_ends_without_its_checkpoint(tmp_path):
    path = tmp_path / "part-0.pt"
    path.write_bytes(b"state")
    for _ in range(2):
        Run(checkpoint=path).end()
        assert not path.exists()
    PLAIN_RUN.end()
