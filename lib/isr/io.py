"""Reading and writing files so that nothing half-written is ever left in place."""

import fcntl
import glob
import io
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isr.errors import UserError, of_system, told

if TYPE_CHECKING:
    import pandas as pd

_RUN = "run the step that makes it first"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes its place only when the block succeeds.

    The temporary file keeps the suffix of `path`, is flushed to disk and renamed; when the block
    raises, it is removed and whatever stood at `path` before stays as it was. What a killed job
    left of its own is taken over by the next that writes to `path`.

    Raises:
        UserError: it cannot be written, such as on a full disk or in a read-only folder.
    """
    path = Path(path)
    with _refused(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _claimed(path, _new_file) as temporary:
            yield temporary
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty temporary folder beside `path`; it takes its place when the block succeeds.

    What stood at `path` before is replaced as a whole. When the block raises, the temporary folder
    is removed and the old one stays as it was. What a killed job left of its own is removed by the
    next that writes to `path`.

    Raises:
        UserError: it cannot be written, such as on a full disk or in a read-only folder.
    """
    path = Path(path)
    old = path.with_name(f".{path.name}.old")
    with _refused(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _claimed(path, _new_folder) as temporary:
            shutil.rmtree(old, ignore_errors=True)
            try:
                yield temporary
                temporary.chmod(0o777 & ~_umask())
                # A folder cannot be renamed onto one that is not empty.
                if path.exists():
                    path.replace(old)
                temporary.replace(path)
            finally:
                shutil.rmtree(old, ignore_errors=True)


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """An empty folder beside a file for as long as the block runs.

    Any number of jobs may have one beside the same file. Those that killed jobs left are removed.

    Raises:
        UserError: it cannot be made, such as in a read-only folder.
    """
    with _refused(beside):
        beside.parent.mkdir(parents=True, exist_ok=True)
        for left in beside.parent.glob(f".{glob.escape(beside.stem)}.*.scratch"):
            with _lock(left) as free:
                if free:
                    shutil.rmtree(left, ignore_errors=True)
        name = tempfile.mkdtemp(dir=beside.parent, prefix=f".{beside.stem}.", suffix=".scratch")
        try:
            with _lock(Path(name)):
                yield Path(name)
        finally:
            shutil.rmtree(name, ignore_errors=True)


def must_write(folder: Path) -> None:
    """See that a folder can be written to, before long work whose results it is to hold.

    It is made if it does not exist.

    Raises:
        UserError: it cannot.
    """
    with _refused(folder), scratch_folder(folder / "results"):
        pass


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Tell what the operating system refuses in one sentence; others pass as they are."""
    try:
        yield
    except OSError as error:
        if (refused := of_system(error, path)) is not None:
            raise refused from None
        raise


def _new_file(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _new_folder(path: Path) -> None:
    path.mkdir(0o700)


@contextmanager
def _claimed(path: Path, make: Callable[[Path], None]) -> Iterator[Path]:
    """The temporary file or folder of `path`, made empty, and removed unless it has moved.

    It has one name for all writers of `path`, so that what a killed one left is found, and is
    locked while its writer lives. While another has it, it has a name of its own.
    """
    temporary = path.with_name(f".{path.stem}.new{path.suffix}")
    if temporary.exists():
        with _lock(temporary) as left:
            if left:
                _remove(temporary)
    try:
        make(temporary)
    except FileExistsError:
        temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
        make(temporary)
    try:
        with _lock(temporary):
            yield temporary
    finally:
        _remove(temporary)


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Hold the lock of a file or a folder; whether that is so.

    It is not where another process has it, or where the file system has no locks.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except OSError:
            free = False
        yield free
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` (UTF-8), atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def replace_between(path: Path, begin: str, end: str, part: str) -> str:
    """The text of a file, with `part` between two of its lines in place of what stands there.

    Raises:
        UserError: the lines do not stand in it once each.
    """
    try:
        before, rest = path.read_text(encoding="utf-8").split(begin)
        _, after = rest.split(end)
    except ValueError:
        raise UserError(
            f"{path}: the lines {begin} and {end} must stand there once each: put them back."
        ) from None
    return f"{before}{begin}\n\n{part}\n\n{end}{after}"


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` as indented JSON, atomically."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: the file is missing or is not JSON.
    """
    with told(path, "is not valid JSON", "correct or remove it", missing=_RUN):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def write_png(path: Path, picture: NDArray[Any]) -> None:
    """Write a uint8 or uint16 array (h, w) or (h, w, 3) as PNG, atomically."""
    with atomic_path(path) as temporary:
        if picture.dtype == np.uint16 and picture.ndim == 3:
            temporary.write_bytes(_deep_png(picture))
        else:
            Image.fromarray(picture).save(temporary)


def _deep_png(picture: NDArray[np.uint16]) -> bytes:
    # Pillow writes 8 bits of colour alone.
    import cv2

    done, content = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    assert done
    return content.tobytes()


def read_png(path: Path) -> NDArray[Any]:
    """Read a PNG that this project wrote: uint8 or uint16 (h, w) or (h, w, 3).

    Raises:
        UserError: the file is missing or no picture.
    """
    with (
        told(path, "cannot be read as a picture", "make it again", missing=_RUN),
        Image.open(path, formats=["PNG"]) as picture,
    ):
        is_deep = picture.mode == "RGB" and ";16" in str(picture.tile)
        array = np.asarray(picture)
        if is_deep:
            array = deep_colours(path)
    return array.astype(np.uint16) if array.dtype == np.int32 else array


def deep_colours(path: Path) -> NDArray[np.uint16]:
    """Colours (h, w, 3), or (h, w, 4) with opacity, of a picture with 16 bits a channel.

    Raises:
        ValueError: it cannot be decoded.
    """
    # Pillow cuts them to 8 bits.
    import cv2

    decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16:
        raise ValueError("its 16 bits cannot be decoded")
    if decoded.ndim == 2:
        decoded = np.repeat(decoded[..., None], 3, axis=-1)
    order = [2, 1, 0, *range(3, decoded.shape[-1])]
    return np.asarray(decoded[..., order], np.uint16)


def read_array(path: Path, *, mapped: bool = False) -> NDArray[Any]:
    """Read an array of numbers from a .npy file.

    Args:
        path: of the file.
        mapped: whether only what is asked for of the array is to be read.

    Raises:
        UserError: the file is missing or damaged, or holds other things than numbers.
    """
    with told(path, "is damaged", "make it again", missing=_RUN):
        # A mapped file cannot state more numbers than it holds, which would take any memory.
        found = np.load(path, "r", allow_pickle=False)
        array = np.asarray(found) if mapped else np.array(found)
    if array.dtype.kind not in "buif":
        raise UserError(f"{path} holds values of type {array.dtype}, expected numbers.")
    return array


def read_table(path: Path, texts: Sequence[str], *, missing: str, advice: str) -> "pd.DataFrame":
    """Read a CSV file that this project wrote.

    Text is what stands there: an item may be called NA, nan, None or 007.

    Args:
        path: of the file.
        texts: columns of text, as far as they are there; all others hold numbers or truth values,
            of which an empty one is NaN.
        missing: what to do if there is no such file.
        advice: what to do if it is damaged.

    Raises:
        UserError: the file is missing, empty or damaged.
    """
    # Takes long to import, and this module is read whenever the workflow is.
    import pandas as pd

    with told(path, "is damaged", advice, missing=missing):
        content = path.read_bytes()
        if not content.endswith(b"\n"):
            raise ValueError("its last row is cut off" if content else "it is empty")
        columns = pd.read_csv(io.BytesIO(content), nrows=0).columns
        table = pd.read_csv(
            io.BytesIO(content),
            dtype={column: str for column in columns if column in texts},
            keep_default_na=False,
            na_values={column: [""] for column in columns if column not in texts},
            low_memory=False,
        )
        if not isinstance(table.index, pd.RangeIndex):
            raise ValueError("a row has more values than there are columns")
    return table
