"""Checking zip files, and unpacking zip and tar files safely."""

import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from isr.data.names import is_clutter
from isr.errors import UserError, told
from isr.io import scratch_folder

_CHUNK = 1 << 20
_ALWAYS = 256 << 20
_RATIO = 100
"""An archive may unpack to this many bytes, and to this many times its own size more."""


def is_web_page(start: bytes) -> bool:
    """Whether a file that begins with `start` is a web page."""
    return start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head"))


def refuse_web_page(path: Path, name: str, kind: str) -> None:
    """Check that a file of some kind is no web page, such as a server sends for what is gone.

    Args:
        path: the file.
        name: what messages call it.
        kind: what it is to be, such as `zip`.

    Raises:
        UserError: it is one.
    """
    with path.open("rb") as stream:
        start = stream.read(512)
    if is_web_page(start):
        raise UserError(
            f"{name} is a web page instead of a {kind} file: remove it, open its address in a "
            "browser and put the file in place by hand."
        )


def check_zip(path: Path, name: str) -> None:
    """Check that a file is a zip file and that all of its members are whole.

    Args:
        path: the file.
        name: what messages call it.

    Raises:
        UserError: it is not, or it is a web page.
    """
    refuse_web_page(path, name, "zip")
    with open_zip(path, name) as archive:
        _check_size(
            path,
            name,
            sum(each.file_size for each in archive.infolist()),
            most_unpacked(path.stat().st_size),
        )
        broken = archive.testzip()
    if broken is not None:
        raise UserError(f"{name} is damaged at {broken}: remove it and download it again.")


@contextmanager
def open_zip(path: Path, name: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip file; what goes wrong while it is open is told as a UserError naming `name`."""
    wrong, advice = "is not a zip file that can be read", "remove it and download it again"
    with (
        told(name, wrong, advice, missing="download it first"),
        zipfile.ZipFile(path) as archive,
    ):
        yield archive


@contextmanager
def open_tar(path: Path, name: str) -> Iterator[tarfile.TarFile]:
    """Open a tar file, compressed or not; what goes wrong is told as of `open_zip`."""
    wrong, advice = "is no tar file that can be read", "remove it and download it again"
    with told(name, wrong, advice, missing="download it first"), tarfile.open(path) as archive:
        yield archive


def check_tar(path: Path, name: str) -> None:
    """Check that a file is a tar file and that all of its members are whole.

    Python takes one that was cut off between two members for whole: it lacks the two blocks of
    zeros that end an archive.

    Args:
        path: the file.
        name: what messages call it.

    Raises:
        UserError: it is not, or it is a web page.
    """
    refuse_web_page(path, name, "tar")
    with open_tar(path, name) as archive:
        allowed = most_unpacked(path.stat().st_size)
        for member in archive:
            _check_size(path, name, member.offset_data, allowed)
        stream = archive.fileobj
        assert stream is not None
        stream.seek(archive.offset)
        end = stream.read(2 * tarfile.BLOCKSIZE)
        if len(end) < tarfile.BLOCKSIZE or any(end):
            raise UserError(f"{name} is cut off: remove it and download it again.")
        # Reading to its end checks the sums of a compressed one.
        while len(more := stream.read(_CHUNK)):
            allowed -= len(more)
            _check_size(path, name, 0, allowed)


def most_unpacked(packed: int) -> int:
    """Bytes that an archive of so many may hold: pictures and arrays hardly shrink more.

    A few kB can hold gigabytes of zeros, compressed or as a hole.
    """
    return _ALWAYS + _RATIO * packed


def _check_size(archive: Path, name: str, size: int, allowed: int) -> None:
    if size > allowed:
        raise UserError(
            f"{name} holds {size / 1e9:.1f} GB or more, far more than a file of "
            f"{archive.stat().st_size / 1e6:.1f} MB can be expected to: do not use this file."
        )


@contextmanager
def unpacked(archive: Path, wanted: Callable[[PurePosixPath], bool]) -> Iterator[Path]:
    """A folder with some members of a zip or tar file, beside it for as long as the block runs.

    What systems put into archives by themselves is left out (see `isr.data.names`).

    Args:
        archive: the file.
        wanted: whether to unpack a member; of a tar file, only regular files are.

    Raises:
        UserError: the file is neither, or a member would be written outside of the folder, or one
            of a zip file is a link, or it holds far more than its size lets expect, or more than
            the disk has room for.
    """
    archive = Path(archive)

    def chosen(member: PurePosixPath) -> bool:
        return wanted(member) and not is_clutter(member)

    with scratch_folder(archive) as temporary:
        with told(archive.name, "cannot be read", "download it again", missing="download it first"):
            is_zip = archive.suffix.lower() == ".zip" or zipfile.is_zipfile(archive)
        (_unzip if is_zip else _untar)(archive, temporary, chosen)
        yield temporary


def _unzip(archive: Path, folder: Path, wanted: Callable[[PurePosixPath], bool]) -> None:
    with open_zip(archive, archive.name) as content:
        for member in content.infolist():
            _check_name(archive, member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise UserError(
                    f"{archive.name} holds the link {member.filename!r}: do not use this file."
                )
        chosen = [each for each in content.infolist() if wanted(PurePosixPath(each.filename))]
        _check_room(archive, folder, sum(each.file_size for each in chosen))
        content.extractall(folder, chosen)


def _untar(archive: Path, folder: Path, wanted: Callable[[PurePosixPath], bool]) -> None:
    check_tar(archive, archive.name)
    with open_tar(archive, archive.name) as content:
        chosen = [each for each in content if each.isfile() and wanted(PurePosixPath(each.name))]
        _check_room(archive, folder, sum(each.size for each in chosen))
        for member in chosen:
            _check_name(archive, member.name)
            # Filters of tarfile itself came with Python 3.11.4.
            source, target = content.extractfile(member), folder / member.name
            assert source is not None
            target.parent.mkdir(parents=True, exist_ok=True)
            with source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)


def _check_room(archive: Path, folder: Path, size: int) -> None:
    _check_size(archive, archive.name, size, most_unpacked(archive.stat().st_size))
    free = shutil.disk_usage(folder).free
    if size > free:
        raise UserError(
            f"{archive.name} unpacks to {size / 1e9:.1f} GB, but {archive.parent} has "
            f"{free / 1e9:.1f} GB free: free some space and run it again."
        )


def _check_name(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise UserError(
            f"{archive.name} holds {name!r}, which would be written outside of its folder: do not "
            "use this file."
        )
