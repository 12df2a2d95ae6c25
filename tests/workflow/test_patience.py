"""Submitting jobs to a scheduler that does not answer, with commands that stand in for SLURM's."""

import os
import subprocess
from pathlib import Path

import pytest

PROFILE = Path(__file__).parents[2] / "workflow/profiles/slurm"
CALL = ("--parsable", "--job-name", "isr_1", "--comment", "rule_fit_a b", "--wrap", "true")
SILENT = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"


@pytest.fixture
def submit(tmp_path):
    """Submits; the scheduler fails so often with a message, and then knows these jobs."""

    def run(failures, message=SILENT, known=""):
        commands = {
            "sbatch": f'echo x >> calls; [ "$(wc -l < calls)" -gt {failures} ] || '
            f'{{ echo "{message}" >&2; exit 1; }}; echo "$#;$7"',
            "squeue": f'echo "$@" > asked; printf "{known}"',
        }
        for name, body in commands.items():
            command = tmp_path / name
            command.write_text(f"#!/bin/bash\n{body}\n")
            command.chmod(0o755)
        environment = {
            "PATH": os.pathsep.join([str(PROFILE), str(tmp_path), "/usr/bin", "/bin"]),
            "ISR_SUBMIT_PAUSE": "0",
        }
        done = subprocess.run(
            [PROFILE / "sbatch", *CALL],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        calls = (tmp_path / "calls").read_text().count("x")
        return done.returncode, done.stdout.strip(), done.stderr.strip(), calls

    return run


def test_an_answer_is_passed_on(submit):
    assert submit(0) == (0, f"{len(CALL)};true", "", 1)


def test_a_scheduler_that_does_not_answer_is_asked_again(submit):
    assert submit(3) == (0, f"{len(CALL)};true", "", 4)


def test_a_submission_that_was_taken_all_the_same_is_not_repeated(submit, tmp_path):
    known = "7 rule_fit_a\\n8 rule_fit_a b\\n"
    assert submit(1, known=known) == (0, "8", "", 1)
    assert "--name isr_1 " in (tmp_path / "asked").read_text()


def test_a_mistake_is_told_at_once(submit):
    message = "sbatch: error: invalid partition specified: gpuu"
    assert submit(9, message) == (1, "", message, 1)


def test_a_step_is_started_when_the_scheduler_answers(tmp_path):
    commands = {
        "squeue": 'echo x >> calls; [ "$(wc -l < calls)" -gt 2 ]',
        "srun": 'echo "$(wc -l < calls): $*"',
    }
    for name, body in commands.items():
        command = tmp_path / name
        command.write_text(f"#!/bin/bash\n{body}\n")
        command.chmod(0o755)
    path = os.pathsep.join([str(PROFILE), str(tmp_path), "/usr/bin", "/bin"])
    environment = {"PATH": path, "ISR_SUBMIT_PAUSE": "0", "SLURM_JOB_ID": "7"}
    call = [PROFILE / "srun", "-n1", "true"]
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert done.stdout == b"3: -n1 true\n"
