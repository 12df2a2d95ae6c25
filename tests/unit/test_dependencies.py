"""Which library files a script depends on."""

import ast
import io
import modulefinder
import os
import sys
from pathlib import Path

import pytest

from isr.dependencies import code_digest, inherited_digest, library_files

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


def test_imports_for_type_checking_alone_do_not_count(library):
    _write(
        library,
        {
            "isr/typed.py": "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from isr.data import late\n"
            "else:\n    from isr import io\n"
        },
    )
    assert _names("typed.py", "import isr.typed\n", library) == ["io.py", "typed.py"]


def test_a_reference_counts_in_packages_that_are_reached(library):
    """What a record names counts once the script imports anything of that package."""
    _write(
        library,
        {
            "isr/records.py": "NAMES = ('isr.shapes.convex:Convex', 'isr.proofs.convex:certify',\n"
            "    'isr.shapes is no reference', 'isr.io')\n",
            "isr/shapes/__init__.py": "",
            "isr/shapes/base.py": "",
            "isr/shapes/convex.py": "from isr.data import late\n",
            "isr/proofs/convex.py": "from isr import io\n",
            "isr/proofs/all.py": "",
        },
    )
    assert _names("a.py", "import isr.records\n", library) == ["records.py"]
    shapes = ["shapes/__init__.py", "shapes/base.py", "shapes/convex.py"]
    found = _names("b.py", "import isr.records\nimport isr.shapes.base\n", library)
    assert found == ["data/__init__.py", "data/late.py", "records.py", *shapes]
    found = _names("c.py", "import isr.records\nimport isr.proofs.all\n", library)
    assert found == ["io.py", "proofs/all.py", "proofs/convex.py", "records.py"]


def test_the_digest_changes_by_an_edit_and_not_by_a_touch(library):
    script = library.parent / "digest.py"
    script.write_text("from isr.data import picture\n")
    before = code_digest(script, library)
    assert len(before) == 12
    for path in (script, library / "isr" / "io.py"):
        os.utime(path, (1, 1))
        assert code_digest(script, library) == before
    (library / "isr" / "unused.py").write_text("UNUSED = 1\n")
    assert code_digest(script, library) == before
    (library / "isr" / "io.py").write_text("import json\n\nINDENT = 2\n")
    edited = code_digest(script, library)
    assert edited != before
    script.write_text("from isr.data import picture  # again\n")
    assert code_digest(script, library) not in (before, edited)


def test_a_job_is_told_the_digest(library, monkeypatch):
    script = library.parent / "digest.py"
    script.write_text("from isr.data import picture\n")
    monkeypatch.delenv("ISR_CODE_DIGEST", raising=False)
    assert inherited_digest(script, library) == code_digest(script, library)
    monkeypatch.setenv("ISR_CODE_DIGEST", "told")
    assert inherited_digest(script, library) == "told"
    monkeypatch.delenv("ISR_CODE_DIGEST")


class _Finder(modulefinder.ModuleFinder):
    """Finds what is imported at run time: what stands under TYPE_CHECKING is not."""

    def load_module(self, fqname, fp, pathname, file_info):
        if fp is not None and fqname.startswith("isr"):
            fp = io.BytesIO(ast.unparse(_AtRunTime().visit(ast.parse(fp.read()))).encode())
        return super().load_module(fqname, fp, pathname, file_info)


class _AtRunTime(ast.NodeTransformer):
    def visit_If(self, node):
        if getattr(node.test, "id", "") == "TYPE_CHECKING":
            return node.orelse or ast.Pass()
        return self.generic_visit(node)


@pytest.mark.parametrize("script", sorted(ROOT.glob("scripts/*.py")), ids=lambda path: path.stem)
def test_nothing_that_a_script_loads_is_missed(script):
    finder = _Finder([str(ROOT / "lib")], excludes=["torch"])
    finder.run_script(str(script))
    loaded = {
        Path(module.__file__)
        for name, module in finder.modules.items()
        if name.startswith("isr.") and module.__file__
    }
    assert loaded <= set(library_files(script, ROOT / "lib"))
    assert loaded, f"{script.name} uses nothing of the library: {sys.version}"
