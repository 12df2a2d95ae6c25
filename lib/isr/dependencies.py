"""Which files of the library a script depends on, read from its import statements."""

import ast
import hashlib
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_REFERENCE = re.compile(r"^(isr(?:\.\w+)+):\w+$")
"""How records name what they need."""


def library_files(script: Path, library: Path) -> list[Path]:
    """List the files below `library` that `script` imports, directly or through one another.

    Imports inside functions count, those for type checking alone do not. The package's own
    `isr/__init__.py`, which offers the public calls to users, counts only where something is
    imported from it. What a record names as `isr.package.module:attribute` counts where the script
    imports anything of that package: so a fit does not depend on the certificates that a
    constraint names.

    Args:
        script: a Python file.
        library: the folder that holds the package `isr`.

    Returns:
        Paths that begin with `library`, sorted.
    """
    found: set[Path] = set()
    waiting = list(_imported(script, library))
    while waiting:
        while waiting:
            file = waiting.pop()
            if file not in found:
                found.add(file)
                waiting.extend(_imported(file, library))
        packages = {file.relative_to(library).parts[1] for file in found}
        waiting = [
            named
            for file in found
            for named in _named(file, library)
            if named not in found and named.relative_to(library).parts[1] in packages
        ]
    return sorted(found)


def code_digest(script: Path, library: Path) -> str:
    """A short hash of a script and of the library files that it depends on.

    An edit changes it, a `touch` does not.
    """
    files = [script, *library_files(script, library)]
    content = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(content).hexdigest()[:12]


def inherited_digest(script: Path, library: Path) -> str:
    """The code digest that this process or the one that started it has found.

    On a cluster every job reads the workflow again: it is told the digests through its environment,
    which halves the time that this takes.

    Args:
        script: a Python file.
        library: the folder that holds the package `isr`.
    """
    name = f"ISR_CODE_{script.stem.upper()}"
    if name not in os.environ:
        os.environ[name] = code_digest(script, library)
    return os.environ[name]


@cache
def _imported(file: Path, library: Path) -> tuple[Path, ...]:
    return tuple(path for name in _names(_tree(file)) for path in _files(name, library))


@cache
def _named(file: Path, library: Path) -> tuple[Path, ...]:
    """Files of the modules that a file names in strings."""
    strings = (node.value for node in ast.walk(_tree(file)) if isinstance(node, ast.Constant))
    found = (_REFERENCE.match(text) for text in strings if isinstance(text, str))
    return tuple(path for name in found if name for path in _files(name[1], library))


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those for type checking alone."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _names(tree: ast.AST) -> Iterator[str]:
    """Full names of what is imported; `from a import b` gives a.b, since b may be a module."""
    for node in _run(tree):
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
