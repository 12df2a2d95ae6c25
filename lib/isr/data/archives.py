"""Checking zip files, and unpacking zip and tar files safely."""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from isr.errors import UserError


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
        broken = archive.testzip()
    if broken is not None:
        raise UserError(f"{name} is damaged at {broken}: remove it and download it again.")


@contextmanager
def open_zip(path: Path, name: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip file; what goes wrong while it is open is told as a UserError naming `name`."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: download it first.") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise UserError(
            f"{name} is not a zip file that can be read ({error}): remove it and download it again."
        ) from None


@contextmanager
def unpacked(archive: Path, wanted: Callable[[PurePosixPath], bool]) -> Iterator[Path]:
    """A folder with some members of a zip or tar file, beside it for as long as the block runs.

    Args:
        archive: the file.
        wanted: whether to unpack a member; of a tar file, only regular files are.

    Raises:
        UserError: the file is neither, or a member would be written outside of the folder, or one
            of a zip file is a link.
    """
    archive = Path(archive)
    is_zip = archive.suffix.lower() == ".zip" or zipfile.is_zipfile(archive)
    with TemporaryDirectory(dir=archive.parent, prefix=f".{archive.stem}.") as temporary:
        (_unzip if is_zip else _untar)(archive, Path(temporary), wanted)
        yield Path(temporary)


def _unzip(archive: Path, folder: Path, wanted: Callable[[PurePosixPath], bool]) -> None:
    with open_zip(archive, archive.name) as content:
        for member in content.infolist():
            _check_name(archive, member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise UserError(
                    f"{archive.name} holds the link {member.filename!r}: do not use this file."
                )
        names = [name for name in content.namelist() if wanted(PurePosixPath(name))]
        content.extractall(folder, names)


def _untar(archive: Path, folder: Path, wanted: Callable[[PurePosixPath], bool]) -> None:
    try:
        with tarfile.open(archive) as content:
            for member in content:
                if member.isfile() and wanted(PurePosixPath(member.name)):
                    _check_name(archive, member.name)
                    # Filters of tarfile itself came with Python 3.11.4.
                    source, target = content.extractfile(member), folder / member.name
                    assert source is not None
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with source, target.open("wb") as copy:
                        shutil.copyfileobj(source, copy)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise UserError(
            f"{archive} is no tar file that can be read ({error}): download it again."
        ) from None


def _check_name(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise UserError(
            f"{archive.name} holds {name!r}, which would be written outside of its folder: do not "
            "use this file."
        )
