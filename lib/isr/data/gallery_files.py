"""The files of the authors' public repository, pinned by commit and hash.

They are listed in gallery_pictures/authors.json: source, licence, the address that the paths are
seen from, and by picture the files with path, sha256 and bytes.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_LIST = resources.files("isr.data") / "gallery_pictures" / "authors.json"


@dataclass(frozen=True)
class RemoteFile:
    """A file of the authors' repository.

    Attributes:
        file: its path below the folder of downloads.
        url: its address.
        sha256: its hash in hexadecimal digits.
        bytes: its size.
    """

    file: str
    url: str
    sha256: str
    bytes: int


@cache
def _entry() -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(_LIST.read_text(encoding="utf-8"))
    return entry


def files(name: str) -> list[RemoteFile]:
    """List the files that the picture `name` is made from."""
    return [
        RemoteFile(file["file"], _entry()["address"] + file["path"], file["sha256"], file["bytes"])
        for file in _entry()["files"][name]
    ]


def source() -> str:
    """Where the files come from, for people."""
    return str(_entry()["source"])


def licence() -> str:
    """The licence of the files."""
    return str(_entry()["licence"])
