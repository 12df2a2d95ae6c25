"""A SLURM of one node with two emulated GPUs, and a copy of the repository that runs on it."""

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import emulated_gpus
import pytest
from clusters import Cluster
from repositories import copy_repository

HERE = Path(__file__).parent
COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")


def _lacking():
    """Why there can be no SLURM here, in words; "" if nothing is lacking."""
    if missing := [name for name in COMMANDS if not shutil.which(name)]:
        return f"{', '.join(missing)} not installed (Debian: slurm-wlm and munge)"
    if not find_spec("snakemake_executor_plugin_slurm"):
        return "snakemake-executor-plugin-slurm is not installed"
    if not os.access("/etc/slurm", os.W_OK):
        return "/etc/slurm cannot be written"
    return ""


@pytest.fixture(scope="session")
def cluster():
    """A SLURM that is gone after the tests, without a trace."""
    if lacking := _lacking():
        pytest.skip(f"no SLURM can be started here: {lacking}")
    state = Path(tempfile.mkdtemp(prefix="isr-slurm-"))
    started = subprocess.run(
        [HERE / "cluster/start.sh", state], capture_output=True, text=True, check=False
    )
    if started.returncode:
        shutil.rmtree(state, ignore_errors=True)
        pytest.skip(f"no SLURM can be started here: {started.stdout}{started.stderr}")
    yield Cluster(state)
    subprocess.run([HERE / "cluster/stop.sh", state], check=True)
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy for all tests of a file, whose jobs that fit see devices that are not there."""
    copy = copy_repository(tmp_path_factory.mktemp("repository"))
    shutil.copy(Path(emulated_gpus.__file__), copy.folder / "lib/sitecustomize.py")
    with pytest.MonkeyPatch.context() as patch:
        # There the devices' locks lie.
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("locks")))
        yield copy
