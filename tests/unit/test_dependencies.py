"""Which library files a script depends on."""

import modulefinder
import sys
from pathlib import Path

import pytest

from isr.dependencies import library_files

ROOT = Path(__file__).parents[2]


def _write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def library(tmp_path):
    _write(
        tmp_path,
        {
            "lib/isr/__init__.py": "from isr import unused\n",
            "lib/isr/unused.py": "",
            "lib/isr/io.py": "import json\n",
            "lib/isr/data/__init__.py": "",
            "lib/isr/data/picture.py": "from isr.io import write\n",
            "lib/isr/data/late.py": "",
            "lib/isr/data/reader.py": "def read():\n    from isr.data import late\n",
        },
    )
    return tmp_path / "lib"


def _names(script, text, library):
    path = library.parent / script
    path.write_text(text)
    return [str(file.relative_to(library / "isr")) for file in library_files(path, library)]


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("import json\n", []),
        ("import isr.io\n", ["io.py"]),
        ("from isr.data import picture\n", ["data/__init__.py", "data/picture.py", "io.py"]),
        (
            "from isr.data.picture import read\n",
            ["data/__init__.py", "data/picture.py", "io.py"],
        ),
        (
            "import isr.data.reader as reader\n",
            ["data/__init__.py", "data/late.py", "data/reader.py"],
        ),
        ("from isr import unused\n", ["unused.py"]),
        ("from isr import __version__\n", ["__init__.py", "unused.py"]),
    ],
)
def test_files(library, text, files):
    assert _names(f"script{abs(hash(text))}.py", text, library) == files


@pytest.mark.parametrize("script", sorted(ROOT.glob("scripts/*.py")), ids=lambda path: path.stem)
def test_nothing_that_a_script_loads_is_missed(script):
    finder = modulefinder.ModuleFinder([str(ROOT / "lib")], excludes=["torch"])
    finder.run_script(str(script))
    loaded = {
        Path(module.__file__)
        for name, module in finder.modules.items()
        if name.startswith("isr.") and module.__file__
    }
    assert loaded <= set(library_files(script, ROOT / "lib"))
    assert loaded, f"{script.name} uses nothing of the library: {sys.version}"
