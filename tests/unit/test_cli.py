"""What every command line is told, does with its outcome, and writes of its costs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from isr import job_costs
from isr.cli import settings_parser

ROOT = Path(__file__).parents[2]
LARGE = 96 * 1024**2


def _run(body, costs=None):
    program = f"import logging\nfrom isr.cli import run\nfrom isr.errors import UserError\n{body}"
    environment = {"PYTHONPATH": str(ROOT / "lib"), "PATH": os.environ["PATH"]}
    if costs is not None:
        environment[job_costs.VARIABLE] = str(costs)
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        ("run(lambda: None)", 0, ""),
        (
            "def main():\n    raise UserError('cup.png is empty: replace it.')\nrun(main)",
            1,
            "error: cup.png is empty: replace it.\n",
        ),
        ("def main():\n    raise KeyboardInterrupt\nrun(main)", 130, ""),
        ("run(lambda: logging.getLogger('isr.fit').info('step 1'))", 0, "step 1\n"),
        ("run(lambda: logging.getLogger('other').info('noise'))", 0, ""),
    ],
)
def test_outcome(body, code, error):
    done = _run(body)
    assert (done.returncode, done.stderr, done.stdout) == (code, error, "")


def test_a_bug_keeps_its_traceback():
    done = _run("run(lambda: 1 / 0)")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def _settings(argument):
    return settings_parser("").parse_args(["--settings", argument]).settings


def test_settings_are_json_or_a_file(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text('{"kind": "table_1"}')
    assert _settings(str(path)) == _settings('{"kind": "table_1"}') == {"kind": "table_1"}


@pytest.mark.parametrize("argument", ["{broken", "nowhere.json", __file__])
def test_bad_settings_are_told_without_a_traceback(argument, capsys):
    with pytest.raises(SystemExit):
        _settings(argument)
    assert "error: argument --settings: " in capsys.readouterr().err


def _peak(body, file):
    assert _run(body, file).returncode == 0
    (row,) = pd.read_csv(file, sep="\t").to_dict("records")
    assert list(row) == ["s", "cpu_time", "max_rss"]
    assert row["s"] >= 0
    assert min(row["cpu_time"], row["max_rss"]) > 0
    return row["max_rss"]


def test_memory_that_was_given_back_counts(tmp_path):
    least = _peak("run(lambda: None)", tmp_path / "new" / "none.tsv")
    body = f"def main():\n    large = b'x' * {LARGE}\n    del large\nrun(main)"
    assert least + 90 < _peak(body, tmp_path / "large.tsv") < least + 130


def test_processes_that_a_job_starts_count(tmp_path):
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', 'b\"x\" * {LARGE}'])"
    assert _peak(f"{child}; run(lambda: None)", tmp_path / "child.tsv") > 96


@pytest.mark.parametrize("error", ["UserError('no')", "ValueError", "KeyboardInterrupt"])
def test_a_job_that_fails_writes_nothing(tmp_path, error):
    file = tmp_path / "failed.tsv"
    assert _run(f"def main():\n    raise {error}\nrun(main)", file).returncode != 0
    assert not file.exists()


@pytest.mark.parametrize(("used", "column"), [(True, {"max_gpu": 300.0}), (False, {})])
def test_memory_on_a_gpu(monkeypatch, used, column):
    cuda = SimpleNamespace(is_initialized=lambda: used, max_memory_allocated=lambda: 300 * 1024**2)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    costs = job_costs.measure()
    assert {name: costs[name] for name in costs if name == "max_gpu"} == column


def test_without_a_file_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.delenv(job_costs.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    job_costs.write()
    assert list(tmp_path.iterdir()) == []


def test_steps_count_among_the_costs(tmp_path):
    counted = "job_costs.count(30, 2.0), job_costs.count(6, 1.0)"
    body = f"from isr import job_costs\nrun(lambda: ({counted}))"
    assert _run(body, tmp_path / "job.tsv").returncode == 0
    costs = job_costs.read(tmp_path / "job.tsv")
    assert (costs["steps"], costs["steps_per_s"]) == (36, 12)


def _benchmark(folder, name, text):
    path = folder / f"logs/fit/{name}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return {"rule": "fit", "file": path.relative_to(folder).as_posix()}


def test_a_table_of_the_jobs_that_have_ended_since_a_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head = "s\tcpu_time\tmax_rss"
    files = [
        _benchmark(tmp_path, "mine/a/part-0", f"{head}\n5\t4\t300\n"),
        _benchmark(
            tmp_path,
            "mine/b/part-0",
            f"{head}\tmax_gpu\tsteps\tsteps_per_s\n95\t91\t1001\t640\t3000\t400\n",
        ),
        _benchmark(tmp_path, "mine/old/part-0", f"{head}\n7\t4\t300\n"),
        _benchmark(tmp_path, "mine/failed/part-0", ""),
        {"rule": "fit", "file": "logs/fit/mine/never/part-0.tsv"},
    ]
    os.utime("logs/fit/mine/old/part-0.tsv", (100, 100))
    jobs = job_costs.since(101, files)
    words = [re.split(r"  +", line) for line in job_costs.table(jobs).splitlines()]
    assert words == [
        ["rule", "job", "time", "CPU time", "memory", "GPU memory", "steps", "steps/s"],
        [
            "fit",
            "mine/b/part-0",
            "1 min 35 s",
            "1 min 31 s",
            "1,001 MiB",
            "640 MiB",
            "3,000",
            "400",
        ],
        ["fit", "mine/a/part-0", "5.0 s", "4.0 s", "300 MiB"],
    ]
    assert job_costs.table(jobs, longest=1).endswith("\nand 1 more, 5.0 s together")
    assert "GPU" not in job_costs.table(jobs[:1])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59.96, "60.0 s"), (40, "40 s"), (60, "1 min 0 s"), (7380, "2 h 3 min"), (float("nan"), "")],
)
def test_duration(seconds, words):
    assert job_costs.duration(seconds) == words


def _inputs(content):
    arguments = ["--settings", "{}", "--inputs", json.dumps(content)]
    return settings_parser("", inputs=True).parse_args(arguments).inputs


def test_inputs_are_folders_by_what_they_hold():
    found = _inputs({"items": ["a b", "c"], "labels": ["labels/c"], "networks": ["n.zip"]})
    assert found.items == (Path("a b"), Path("c"))
    assert found.label_folders == {"c": Path("labels/c")}
    assert (found.networks, found.semantic, found.fits) == (Path("n.zip"), None, ())


@pytest.mark.parametrize(
    ("content", "words"), [({"items": []}, "items is missing"), ({"itms": []}, "itms is unknown")]
)
def test_bad_inputs_are_told_without_a_traceback(content, words, capsys):
    with pytest.raises(SystemExit):
        _inputs(content)
    assert words in capsys.readouterr().err
