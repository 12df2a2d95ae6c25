"""What a job made: a list of its files with their sizes, by which it is seen that one is gone.

Snakemake asks of a folder whether it is there, and of a file nothing more: a mask that was deleted
from its folder, or a table that was cut off, would stay so.
"""

from collections.abc import Iterator
from pathlib import Path

from isr.errors import UserError
from isr.io import read_json, write_json


def write_inventory(path: Path | None = None, *made: Path) -> None:
    """Write down what a job made.

    Args:
        path: JSON file to write, atomically; None for nowhere.
        *made: files, and folders with all that lies in them, as they are seen from the folder in
            which the job runs.
    """
    if path is None:
        return
    sizes = {str(file): file.stat().st_size for each in made for file in _files(each)}
    write_json(path, dict(sorted(sizes.items())))


def _files(path: Path) -> Iterator[Path]:
    """A file, or all files below a folder but those of others, such as Snakemake's time stamp."""
    if not path.is_dir():
        yield path
        return
    for each in path.iterdir():
        if not each.name.startswith("."):
            yield from _files(each)


def find_damaged(path: Path) -> str:
    """The first file of an inventory that is gone or has another size; "" where all is as it was.

    Without an inventory, nothing is known, and nothing said; one that cannot be read is damaged
    itself.

    Args:
        path: as `write_inventory` wrote it; its files are seen from the working folder.
    """
    if not path.exists():
        return ""
    try:
        return next((file for file, size in read_json(path).items() if _size(file) != size), "")
    except (UserError, AttributeError):
        return str(path)


def _size(file: str) -> int | None:
    try:
        return Path(file).stat().st_size
    except OSError:
        return None
