"""A SLURM that tests have started: what it knows of jobs, and waiting for what happens there."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path


class Cluster:
    """The SLURM of the tests.

    Args:
        state: the folder where all of it lies.
    """

    def __init__(self, state):
        self.state = state

    def jobs(self):
        """What SLURM knows of all jobs, by their number: texts by key."""
        text = self.control("show", "job", "-d", "-o")
        lines = [line for line in text.splitlines() if line.startswith("JobId=")]
        found = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines]
        return {job["JobId"]: job for job in found}

    def running(self, comment):
        """Number of the running job of a comment; None if there is none."""
        jobs = self.jobs().values()
        return next(
            (
                job["JobId"]
                for job in jobs
                if job["JobState"] == "RUNNING" and job.get("Comment") == comment
            ),
            None,
        )

    def control(self, *arguments):
        """Let scontrol do something; gives back what it says."""
        command = ["scontrol", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def pid(self, daemon):
        """Of a daemon."""
        return int((self.state / f"{daemon}.pid").read_text())

    def job_processes(self, repository):
        """Numbers of the processes of all jobs that run in a folder, and of what watches them."""
        own = []
        for pid in processes(below=(repository,)):
            try:
                environment = Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                continue
            if b"SLURM_JOB_ID=" in environment:
                own.append(pid)
        return processes("slurmstepd: [", below=(self.state, repository)) + own

    def log(self, daemon):
        """What a daemon has told."""
        return (self.state / f"{daemon}.log").read_text()

    def freeze(self, daemon, frozen=True):
        """Let a daemon not answer, or answer again."""
        os.kill(self.pid(daemon), signal.SIGSTOP if frozen else signal.SIGCONT)


def wait(condition, seconds=300.0, what="it"):
    """What a condition gives as soon as it is true.

    Raises:
        AssertionError: it is not within so many seconds.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


def processes(part="", below=()):
    """Numbers of processes by what their command lines have in them.

    Args:
        part: of the command line.
        below: folders; only processes that run in or below one of them count.
    """
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = Path(os.readlink(folder / "cwd"))
        except (OSError, UnicodeDecodeError):
            continue
        if part in command and any(place.is_relative_to(own) for own in below):
            found.append(int(folder.name))
    return found
