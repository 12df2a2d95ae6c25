"""The lock, the conda environment and the package's dependencies agree."""

import ast
import sys
import tomllib
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def _pins(lines):
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(entry.name): str(entry.specifier) for entry in requirements}


def _lock():
    lines = (ROOT / "envs/requirements.txt").read_text().splitlines()
    return _pins(line for line in lines if not line.startswith("#"))


def _environment():
    content = yaml.safe_load((ROOT / "envs/isr.yaml").read_text())
    (pip,) = [entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)]
    return _pins(pip)


def _needed(names):
    """Names with everything that they need on this machine."""
    found, waiting = set(), list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found.add(name)
            entries = map(Requirement, metadata.requires(name) or [])
            waiting += [
                entry.name
                for entry in entries
                if entry.marker is None or entry.marker.evaluate({"extra": ""})
            ]
    return found


def test_every_version_is_pinned_without_a_local_suffix():
    for pins in (_lock(), _environment()):
        assert all(specifier.startswith("==") for specifier in pins.values())
        assert not [name for name, specifier in pins.items() if "+" in specifier]


def test_the_conda_environment_has_the_versions_of_the_lock():
    lock = _lock()
    environment = _environment()
    assert environment == {name: lock.get(name) for name in environment}


def test_jobs_find_all_that_the_package_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = [Requirement(entry).name for entry in project["dependencies"]]
    # A PyTorch with CUDA brings NVIDIA's packages and triton, in the versions that it asks for.
    parts = {name for name in _needed(direct) if name.startswith(("nvidia-", "cuda-", "triton"))}
    assert _needed(direct) - parts <= set(_environment())


def _imported():
    """Top-level names of what the library imports beside itself and the standard library."""
    for path in (ROOT / "lib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def test_the_package_declares_what_it_imports():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = _needed(Requirement(entry).name for entry in project["dependencies"])
    distributions = metadata.packages_distributions()
    names = set(_imported()) - set(sys.stdlib_module_names) - {"isr"}
    found = {name: set(map(canonicalize_name, distributions.get(name, [name]))) for name in names}
    # Comes with a PyTorch for CUDA, and is not missed without.
    assert {name for name in found if not found[name] & needed} <= {"triton"}


def test_the_lock_holds_what_the_workflow_and_the_tests_need():
    tools = ["snakemake", "snakefmt", "ruff", "mypy", "pytest", "pytest-xdist", "hypothesis"]
    assert {canonicalize_name(name) for name in tools} <= set(_lock())
    assert set(_environment()) <= set(_lock())


def test_no_script_hides_a_package():
    """A script's folder comes first where Python looks for packages."""
    scripts = ROOT / "scripts"
    elsewhere = [place for place in sys.path if Path(place).resolve() != scripts]
    names = [path.stem for path in scripts.glob("*.py")]
    assert names
    assert [name for name in names if PathFinder.find_spec(name, elsewhere)] == []
