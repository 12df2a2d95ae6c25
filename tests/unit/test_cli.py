"""What every command line does with its outcome."""

import subprocess
import sys
from pathlib import Path

import pytest

from isr.cli import read_settings, settings_parser
from isr.errors import UserError

ROOT = Path(__file__).parents[2]


def _run(body):
    program = f"import logging\nfrom isr.cli import run\nfrom isr.errors import UserError\n{body}"
    return subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "lib")},
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


def test_settings_are_json_or_a_file(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text('{"kind": "table_1"}')
    assert read_settings(str(path)) == read_settings('{"kind": "table_1"}') == {"kind": "table_1"}


@pytest.mark.parametrize("argument", ["{broken", "nowhere.json", __file__])
def test_bad_settings_are_told_without_a_traceback(argument, capsys):
    with pytest.raises(UserError):
        read_settings(argument)
    with pytest.raises(SystemExit):
        settings_parser("").parse_args(["--settings", argument])
    assert "error: argument --settings: " in capsys.readouterr().err
