"""Hashes of files: whether the work of a checkpoint is still the same."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def files_digest(files: Iterable[Path]) -> str:
    """A hash of what some files hold, in their order; a file that is missing counts as empty."""
    state = hashlib.sha256()
    for file in files:
        state.update(file.read_bytes() if file.exists() else b"")
    return state.hexdigest()
