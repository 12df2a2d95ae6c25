"""Running the workflow in a copy of the repository, or in another folder."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("config", "envs", "lib", "scripts", "workflow")


@dataclass(frozen=True)
class Repository:
    """A folder in which Snakemake runs, such as a copy of the repository."""

    folder: Path

    def snakemake(self, *arguments, config=None, over=()):
        """Run Snakemake, with a configuration laid over the default one.

        Args:
            arguments: of the command line.
            config: what is laid over it; None for nothing.
            over: `--configfile` and the files that it is laid over.
        """
        process = self.start(*arguments, config=config, over=over)
        output, _ = process.communicate()
        return process.returncode, output

    def start(
        self,
        *arguments,
        config=None,
        over=(),
        program=("-m", "snakemake"),
        log=subprocess.PIPE,
        **options,
    ):
        """Start Snakemake, as above, and do not wait for its end.

        Args:
            arguments: of the command line.
            config: what is laid over the default configuration; None for nothing.
            over: `--configfile` and the files that it is laid over.
            program: what Python runs.
            log: an open file for what it says; by default a pipe.
            options: of its process.
        """
        if config is not None:
            path = self.folder / "overlay.yaml"
            path.write_text(yaml.safe_dump(config))
            arguments = (*arguments, *(over or ("--configfile",)), path.name)
        environment = os.environ | {
            # Jobs run with Snakemake's own Python, whatever the PATH says.
            "PATH": os.defpath,
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
        }
        return subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=log,
            stderr=subprocess.STDOUT,
            **options,
        )

    def plan(self, *arguments, config=None, over=()):
        """Number of jobs by rule that a run would do."""
        code, output = self.snakemake("--dry-run", *arguments, config=config, over=over)
        assert code == 0, output
        table = re.search(r"^Job stats:\n.*\n-.*\n((?:.+\n)+)", output, re.MULTILINE)
        rows = [line.split() for line in table[1].splitlines()] if table else []
        return {rule: int(count) for rule, count in rows}


def copy_repository(folder):
    """Copy what the workflow needs."""
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    return Repository(folder)
