import json
import os
import subprocess
import sys

import pytest

from isr.config.machine import command_line, has_gpu


@pytest.mark.parametrize(
    ("file", "expected"),
    [("nvidia0", True), ("nvidia12", True), ("kfd", True), ("dxg", True), ("nvidiactl", False)],
)
def test_a_gpu_is_seen_by_its_device_file(tmp_path, monkeypatch, file, expected):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert not has_gpu(tmp_path)
    (tmp_path / file).touch()
    assert has_gpu(tmp_path) == expected


@pytest.mark.parametrize(("visible", "expected"), [("", False), ("-1", False), ("1", True)])
def test_a_gpu_that_is_hidden_is_not_seen(tmp_path, monkeypatch, visible, expected):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert has_gpu(tmp_path) == expected


@pytest.mark.parametrize("name", ["plain", "O'Brien's", "a{b}c", "My Projects (v2) $HOME"])
def test_jobs_run_the_scripts_of_a_checkout_of_any_name(tmp_path, name):
    (tmp_path / name / "scripts").mkdir(parents=True)
    program = "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ['PYTHONPATH']]))"
    (tmp_path / name / "scripts/say.py").write_text(program)
    # As Snakemake does with what stands before its commands.
    line = command_line(tmp_path / name, own_python=True).format()
    words = ["--name", "a b", "it's", "$HOME;{x}"]
    command = ["bash", "-c", line + 'isr say "$@"', "bash", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": os.defpath}
    )
    assert json.loads(done.stdout) == [words, str(tmp_path / name / "lib")]


def test_with_environments_of_their_own_jobs_take_their_python(tmp_path):
    assert sys.executable in command_line(tmp_path, own_python=True)
    line = command_line(tmp_path, own_python=False)
    assert sys.executable not in line
    assert " python " in line
