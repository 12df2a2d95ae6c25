"""What keeps a run on a cluster alive where SLURM's plugin for Snakemake would lose jobs."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

_PLUGIN = "snakemake_executor_plugin_slurm"


def submit_with_patience(folder: Path) -> None:
    """Let `sbatch` and `srun` be those of a folder, which wait for a scheduler that says nothing.

    Args:
        folder: with these scripts; where SLURM is not there, nothing is changed.
    """
    if shutil.which("sbatch"):
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


def remember_job_age() -> None:
    """Let the plugin keep in mind how long the scheduler remembers jobs.

    It takes a scheduler that does not answer for one that soon forgets them, and asks sacct; where
    no accounting is kept, that knows of none, and Snakemake waits for ever.
    """
    plugin = sys.modules.get(_PLUGIN)
    if hasattr(plugin, "get_min_job_age"):
        plugin.get_min_job_age = remembered(plugin.get_min_job_age)  # type: ignore[union-attr]


def remembered(ask: Callable[[], int | None]) -> Callable[[], int | None]:
    """What a function once found, however often it is asked; None does not count.

    Args:
        ask: asks once more.
    """
    known: list[int] = []

    def found() -> int | None:
        answer = known[0] if known else ask()
        if answer is not None and not known:
            known.append(answer)
        return answer

    return found
