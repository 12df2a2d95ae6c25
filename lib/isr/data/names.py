"""Names of files: which are the user's own, and in which form they are compared.

A name is text. What looks like a number, a truth value or a missing one (007, no, NA, None) is the
name that stands there, and two spellings that look alike (composed as on Linux, decomposed as on
macOS) are one name.
"""

import unicodedata
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

import yaml

from isr.errors import UserError

_LONGEST = 200
"""Bytes of a name: file systems allow 255, and files that are made of it have longer ones."""

_CLUTTER = {"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r", "icon\uf00d"}
_CLUTTER_FOLDERS = {"__macosx", "@eadir", "#recycle", "lost+found", "$recycle.bin"}
_CLUTTER_ENDINGS = (":zone.identifier", "\uf03azone.identifier", "@synoeastream", "~")


def is_clutter(path: PurePath) -> bool:
    """Whether a system put a file or folder there by itself, or it is hidden or lies below such.

    The path is seen from the user's folder. Windows' thumbs.db and NAME:Zone.Identifier, macOS'
    __MACOSX, ._NAME and Icon, Synology's @eaDir and others; nothing of it is the user's data,
    whatever its suffix.

    >>> is_clutter(PurePath("a.png:Zone.Identifier")), is_clutter(PurePath("__MACOSX/a/b.png"))
    (True, True)
    >>> is_clutter(PurePath("icons/a.png"))
    False
    """
    *folders, name = (part.lower() for part in path.parts) if path.parts else ("",)
    return (
        name.startswith(".")
        or name in _CLUTTER
        or name in _CLUTTER_FOLDERS
        or name.endswith(_CLUTTER_ENDINGS)
        or any(folder in _CLUTTER_FOLDERS for folder in folders)
    )


def canonical(name: str) -> str:
    """A name as it is compared and stored: composed (NFC).

    >>> len(canonical("u" + chr(0x308)))
    1
    """
    return unicodedata.normalize("NFC", name)


def check_name(name: str, place: object) -> None:
    """Check that a name can be that of an item.

    Files and folders are called after items, and so are lines of tables.

    Args:
        name: of an item.
        place: the file, or what the message begins with.

    Raises:
        UserError: it is empty or hidden, holds a slash or what cannot be printed, or is too long.
    """
    odd = [c for c in name if c in "/\\" or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    if not name.strip() or name.startswith(".") or odd:
        raise UserError(f"{place}: {name!r} cannot name an item: rename the file.")
    if len(name.encode()) > _LONGEST:
        raise UserError(
            f"{place}: the name {name[:40]!r}... is longer than {_LONGEST} bytes: shorten it."
        )


def read_as_text(value: Any, known: Iterable[str]) -> str:
    """The name that is meant by a value which YAML has read as something else.

    YAML takes 007 for 7, 2020-01-01 for a date and no for false: the name is the one that it would
    take for the same.

    Args:
        value: as it was read.
        known: the names that there are.

    Raises:
        UserError: none or several of the names read so.

    >>> read_as_text(7, ["6", "007"]), read_as_text("a", []), read_as_text(7, [])
    ('007', 'a', '7')
    """
    if isinstance(value, str):
        return canonical(value)
    meant = [name for name in known if _reads_as(name, value)]
    if len(meant) > 1:
        raise UserError(
            f"{value!r} may be any of {', '.join(meant)}: write the name in quotes, as in "
            f'"{meant[0]}".'
        )
    if meant:
        return meant[0]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise UserError(f"a name was read as {value!r} ({type(value).__name__}): write it in quotes.")


def _reads_as(name: str, value: Any) -> bool:
    try:
        read = yaml.safe_load(name)
    except yaml.YAMLError:
        return False
    return type(read) is type(value) and bool(read == value)
