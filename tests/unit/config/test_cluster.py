"""What is changed of SLURM's plugin and of PATH for runs on a cluster."""

import sys
from types import SimpleNamespace

from isr.config import cluster


def test_what_was_once_found_holds():
    answers = iter([None, 300, None])
    age = cluster.remembered(lambda: next(answers))
    assert [age(), age(), age(), age()] == [None, 300, 300, 300]


def test_the_plugin_keeps_the_age_of_jobs_in_mind(monkeypatch):
    answers = iter([600, None])
    plugin = SimpleNamespace(get_min_job_age=lambda: next(answers))
    monkeypatch.setitem(sys.modules, "snakemake_executor_plugin_slurm", plugin)
    cluster.remember_job_age()
    assert [plugin.get_min_job_age(), plugin.get_min_job_age()] == [600, 600]
    monkeypatch.delitem(sys.modules, "snakemake_executor_plugin_slurm")
    cluster.remember_job_age()


def test_jobs_are_submitted_with_patience_where_there_is_slurm(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    cluster.submit_with_patience(tmp_path / "patient")
    assert cluster.os.environ["PATH"] == str(tmp_path)
    (tmp_path / "sbatch").touch(mode=0o755)
    cluster.submit_with_patience(tmp_path / "patient")
    assert cluster.os.environ["PATH"] == f"{tmp_path / 'patient'}:{tmp_path}"
