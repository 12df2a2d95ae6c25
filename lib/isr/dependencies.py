"""Which files of the library a script depends on, read from its import statements."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def library_files(script: Path, library: Path) -> list[Path]:
    """List the files below `library` that `script` imports, directly or through one another.

    Imports inside functions count. The package's own `isr/__init__.py`, which offers the public
    calls to users, counts only where something is imported from it.

    Args:
        script: a Python file.
        library: the folder that holds the package `isr`.

    Returns:
        Paths that begin with `library`, sorted.
    """
    found: set[Path] = set()
    waiting = list(_imported(script, library))
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting.extend(_imported(file, library))
    return sorted(found)


@cache
def _imported(file: Path, library: Path) -> tuple[Path, ...]:
    names = _names(ast.parse(file.read_text(encoding="utf-8")))
    return tuple(path for name in names for path in _files(name, library))


def _names(tree: ast.AST) -> Iterator[str]:
    """Full names of what is imported; `from a import b` gives a.b, since b may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(name: str, library: Path) -> Iterator[Path]:
    """Files that are run when `name` is imported: the packages on the way, then the module."""
    package, *rest = name.split(".")
    if package != "isr":
        return
    folder = library / package
    if not rest or not ((folder / rest[0]).is_dir() or (folder / f"{rest[0]}.py").is_file()):
        yield folder / "__init__.py"
    for step in rest:
        if (folder / step).is_dir():
            folder = folder / step
            if (folder / "__init__.py").is_file():
                yield folder / "__init__.py"
        else:
            if (folder / f"{step}.py").is_file():
                yield folder / f"{step}.py"
            return
