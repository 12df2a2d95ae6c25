"""Reading and writing files so that nothing half-written is ever left in place."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isr.errors import UserError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes its place only when the block succeeds.

    The temporary file keeps the suffix of `path`, is flushed to disk and renamed; when the block
    raises, it is removed and whatever stood at `path` before stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        # mkstemp makes private files; results are to be read by the whole group.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty temporary folder beside `path`; it takes its place when the block succeeds.

    What stood at `path` before is replaced as a whole. When the block raises, the temporary folder
    is removed and the old one stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    old = temporary.with_name(temporary.name + ".old")
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        # A folder cannot be renamed onto one that is not empty.
        if path.exists():
            path.replace(old)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


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
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the step that makes it first.") from None
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON ({error}): correct or remove it.") from None


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
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            is_deep = picture.mode == "RGB" and ";16" in str(picture.tile)
            array = np.asarray(picture)
            if is_deep:
                array = deep_colours(path)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the step that makes it first.") from None
    except Exception as error:
        # A decoder may raise anything on damaged bytes.
        raise UserError(f"{path} cannot be read as a picture ({error}): make it again.") from None
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
    try:
        array = np.asarray(np.load(path, "r" if mapped else None, allow_pickle=False))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the step that makes it first.") from None
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is damaged ({error}): make it again.") from None
    if array.dtype.kind not in "buif":
        raise UserError(f"{path} holds values of type {array.dtype}, expected numbers.")
    return array
