"""The demo's smallest study and some fits through the profile, while all that can go wrong does.

One run of Snakemake loses its node, has jobs cancelled, killed, requeued and out of memory, and is
killed itself, with all its jobs; a second one goes on, has a job that runs out of time, and a
scheduler that says nothing for a minute.
"""

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from clusters import processes, wait
from configurations import DEMO_STUDIES
from emulated_gpus import read_records

pytestmark = pytest.mark.slurm

HERE = Path(__file__).parent
CELLS = ("cancelled", "failed", "requeued", "memory", "late")
RESUMED = ("cancelled", "failed", "requeued", "late")
SILENCE = 61.0
CONFIG = {
    "checkpoint_every": 0.5,
    "datasets": {"drawn": {"frames": 4, "long_side": 48}},
    "predictors": {"unet": {"width": 4, "epochs": 3, "min_steps": 60}},
    "studies": {
        **{name: None for name in DEMO_STUDIES if name != "noise"},
        "noise": {
            "settings": {"steps": 100},
            "vary": {"labels": ["simulated"], "noise": [0, 0.4]},
            "figures": dict.fromkeys(("video_figure_3", "figure_17", "figure_18")),
        },
        "faults": {
            "dataset": "gallery",
            "items": ["horse"],
            "settings": {"constraint": "path_connected", "steps": 600, "object_weight": 0.5},
            "cells": {name: {"stack_size": 1} for name in CELLS},
        },
    },
}
PART = "results/faults/fits/{}/part-0"
# The first attempt of one job has too little memory.
MEMORY = "300 if wildcards.batch == 'memory' and attempt == 1 else 1500"
ARGUMENTS = (
    *("--profile", "workflow/profiles/slurm", "--slurm-init-seconds-before-status-checks", "1"),
    *("--latency-wait", "10", "--set-resources", f"fit:mem_mb={MEMORY}"),
    *("--slurm-keep-successful-logs", "--rerun-incomplete"),
)


def _comment(cell):
    return f"rule_fit_wildcards_faults_{cell}_0"


class Story:
    """What happens to the jobs of a run."""

    def __init__(self, cluster, repository):
        self.cluster, self.repository = cluster, repository
        self.logs, self.runs = [], []

    def stop(self):
        """Let no Snakemake run on."""
        for run in self.runs:
            if run.poll() is None:
                run.kill()
                run.wait()

    def start(self, cells):
        """Let Snakemake run the study and the fits of some cells, from where they were."""
        path = self.repository.folder / f"run_{len(self.logs)}.log"
        self.logs.append(path)
        arguments = (*ARGUMENTS, "noise", *map(PART.format, cells))
        program = (str(HERE / "often.py"),)
        with path.open("w") as log:
            run = self.repository.start(*arguments, config=CONFIG, program=program, log=log)
        self.runs.append(run)
        return run

    def text(self, number):
        """What a run has told."""
        return self.logs[number].read_text()

    def saved(self, cell):
        """Number of the job of a cell that fits and has a checkpoint; None for none."""
        folder = (self.repository.folder / PART.format(cell)).with_name(".checkpoints")
        saved = any(path.suffix == ".pt" for path in folder.rglob("*"))
        fits = saved and self.processes(cell)
        return self.cluster.running(_comment(cell)) if fits else None

    def processes(self, cell):
        """Numbers of the processes that fit a cell."""
        return processes(f"--output {PART.format(cell)}", below=(self.repository.folder,))

    def lose_node(self):
        """Kill the node's daemon and all that runs there, and bring it back."""
        wait(lambda: any(map(self.saved, CELLS)), what="a checkpoint")
        lost = self.cluster.jobs()
        lost = [number for number, job in lost.items() if job["JobState"] == "RUNNING"]
        _kill(self.cluster.pid("slurmd"))
        pids = self.cluster.job_processes(self.repository.folder)
        assert pids
        for pid in pids:
            _kill(pid)
        wait(lambda: "DOWN" in self.cluster.control("show", "node", "-o"), what="its loss")
        subprocess.run(["slurmd", "-N", os.uname().nodename.split(".")[0]], check=True)
        self.hurry(*lost)
        return lost

    def disturb(self, actions):
        """Do something to the job of each cell once it has saved its state."""
        waiting = dict(actions)

        def once():
            for cell, action in list(waiting.items()):
                if number := self.saved(cell):
                    action(number, cell)
                    del waiting[cell]
            return not waiting

        wait(once, what=f"a checkpoint of {', '.join(waiting)}")

    def cancel(self, number, cell):
        """Of a person."""
        subprocess.run(["scancel", number], check=True)

    def fail(self, number, cell):
        """A crash of the fit."""
        self.signal(cell, signal.SIGKILL)

    def signal(self, cell, number):
        """Send a signal to the process that fits."""
        for pid in self.processes(cell):
            _kill(pid, number)

    def requeue(self, number, cell):
        """By SLURM."""
        self.cluster.control("requeue", number)
        self.hurry(number)
        self.requeued = number

    def hurry(self, *numbers):
        """Do not let requeued jobs wait for the two minutes that SLURM lets them."""
        states = {"PENDING", "REQUEUED"}
        wait(lambda: {self.cluster.jobs()[each]["JobState"] for each in numbers} <= states)
        for number in numbers:
            self.cluster.control("update", f"JobId={number}", "StartTime=now")

    def hang(self, number, cell):
        """Until its time is over."""
        self.signal(cell, signal.SIGSTOP)
        self.cluster.control("update", f"JobId={number}", "EndTime=now+1")
        self.late = number


def _kill(pid, number=signal.SIGKILL):
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _submit_during_silence(cluster):
    """Submit a job while the scheduler does not answer: what the command says."""
    command = ["sbatch", "--parsable", "--job-name", "patience", "--comment", "waits for it"]
    command += ["--output", "/dev/null", "--mem", "10", "--wrap", "true"]
    submit = Path("workflow/profiles/slurm").absolute()
    environment = {**os.environ, "PATH": f"{submit}{os.pathsep}{os.environ['PATH']}"}
    cluster.freeze("slurmctld")
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE)
    time.sleep(SILENCE)
    cluster.freeze("slurmctld", frozen=False)
    said, _ = process.communicate(timeout=60)
    return SimpleNamespace(
        code=process.returncode, said=said.strip(), after=time.monotonic() - started
    )


@pytest.fixture(scope="module")
def story(cluster, repository):
    """All of it, from the first start to the last table."""
    told = Story(cluster, repository)
    try:
        _first_run(told)
        _second_run(told)
    finally:
        told.stop()
    return told


def _first_run(told):
    """Loses its node, and some jobs, and is killed."""
    run = told.start(CELLS[:-1])
    told.lost = told.lose_node()
    told.disturb({"cancelled": told.cancel, "failed": told.fail, "requeued": told.requeue})
    seen = ("'CANCELLED'", "'FAILED'")
    wait(lambda: all(state in told.text(0) for state in seen), what="that Snakemake sees faults")
    run.kill()
    run.wait()
    told.before = told.cluster.jobs()
    subprocess.run(["scancel", "--user", str(os.getuid())], check=True)
    wait(lambda: not any(job["JobState"] == "RUNNING" for job in told.cluster.jobs().values()))
    assert told.repository.snakemake("--unlock", config=CONFIG)[0] == 0


def _second_run(told):
    """Goes on, has a job that hangs and one without memory, and is not answered for a minute."""
    run = told.start(CELLS)
    told.disturb({"late": told.hang})
    wait(lambda: told.cluster.jobs()[told.late]["JobState"] == "TIMEOUT", what="TIMEOUT")
    told.silence = _submit_during_silence(told.cluster)
    told.code = run.wait(timeout=900)
    told.jobs = told.cluster.jobs()


def test_all_is_there_in_the_end(story):
    assert story.code == 0, story.text(1)
    results = story.repository.folder / "results"
    assert (results / "tables/table_5.csv").stat().st_size
    parts = [story.repository.folder / PART.format(cell) for cell in CELLS]
    assert all((part / "fits.safetensors").stat().st_size for part in parts)
    assert not list(results.rglob("*.pt"))


def test_a_lost_node_costs_no_attempt(story):
    assert "not responding, setting DOWN" in story.cluster.log("slurmctld")
    assert story.lost
    for number in story.lost:
        assert int(story.before[number]["Restarts"]) >= 1
    assert "NODE_FAIL" not in story.text(0)


@pytest.mark.parametrize(("run", "state"), [(0, "CANCELLED"), (0, "FAILED"), (1, "TIMEOUT")])
def test_faults_are_seen(story, run, state):
    assert f"SLURM status is: '{state}'" in story.text(run)


def test_a_requeued_job_starts_again(story):
    assert int(story.before[story.requeued]["Restarts"]) >= 1


@pytest.mark.parametrize("cell", RESUMED)
def test_what_was_interrupted_goes_on_from_its_checkpoint(story, cell):
    log = (story.repository.folder / f"logs/fit/faults/{cell}/part-0.log").read_text()
    steps = re.search(r"going on from step (\d+) of 600", log)
    assert steps, log
    assert int(steps[1]) > 0


def test_a_job_out_of_memory_gets_more(story):
    own = [job for job in story.jobs.values() if job.get("Comment") == _comment("memory")]
    asked = [re.search(r"mem=(\d+\w)", job["TRES"])[1] for job in own]
    assert "300M" in asked
    assert asked[-1] == "1500M"
    assert own[-1]["JobState"] == "COMPLETED"
    logs = (story.repository.folder / "logs/slurm").rglob("*.log")
    assert any("exceeded memory limit" in path.read_text() for path in logs)


def test_a_job_out_of_time_gets_more(story):
    own = [job for job in story.jobs.values() if job.get("Comment") == _comment("late")]
    first, second = (job["TimeLimit"] for job in own[-2:])
    assert (own[-2]["JobState"], own[-1]["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert second == "00:30:00" != first


def test_a_scheduler_that_says_nothing_for_a_minute_is_waited_for(story):
    assert story.silence.code == 0
    assert story.silence.after >= SILENCE
    taken = [job for job in story.jobs.values() if job.get("JobName") == "patience"]
    assert [job["JobId"] for job in taken] == [story.silence.said]
    assert "sbatch failed" not in story.text(1)
    failed = {job["Comment"] for job in story.jobs.values() if job["JobState"] == "FAILED"}
    assert failed <= {_comment("memory"), _comment("failed")}


def test_each_fit_has_a_gpu_and_no_two_have_the_same(story):
    """Two devices that are emulated, and eight jobs or more; other jobs have none."""
    for job in story.jobs.values():
        fits = re.match(r"rule_(fit|predict)_", job.get("Comment", ""))
        assert job["JOB_GRES"] == ("gpu:1" if fits else "(null)")
    times = read_records(story.repository.folder)
    assert set(times) == {"0", "1"}
    assert sum(map(len, times.values())) >= 8
    for own in times.values():
        assert all(end < start for (_, end), (start, _) in pairwise(own))


def test_what_jobs_cost_is_told_at_the_end(story):
    table = story.text(1)
    assert re.search(r"^rule +job +time +CPU time +memory +steps +steps/s$", table, re.MULTILINE)
    assert re.search(r"^fit +faults/late/part-0 ", table, re.MULTILINE) or "more," in table
    assert "All jobs: logs/jobs.tsv" in table
    every = (story.repository.folder / "logs/jobs.tsv").read_text().splitlines()
    assert len(every) > len(CELLS)


def test_names_of_jobs_tell_what_they_do(story):
    names = {job["JobName"].partition("_")[0] for job in story.jobs.values()}
    assert names == {"isr", "patience"}
