"""The published semantic features: files img_N.pt with a pickled {"embedmap": array (h, w, C)}.

A pickle can run any program while it is read. These are read by an unpickler that knows how to make
numpy arrays and nothing else.
"""

import io
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from isr.data.archives import most_unpacked, open_zip
from isr.data.names import is_clutter
from isr.errors import UserError, told

KEY = "embedmap"
# Two principal components of centred samples need three of them.
_FEWEST_CHANNELS = 3
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


class PublishedFiles:
    """The files NAME.pt in a folder or a zip file, at its top or one folder below."""

    def __init__(self, path: Path) -> None:
        """Find the files in `path`; there are none if it does not exist.

        Raises:
            UserError: `path` is a file, but no zip file.
        """
        self._path = Path(path)
        found: list[str] = []
        if self._path.is_dir():
            found = [str(file) for glob in ("*.pt", "*/*.pt") for file in self._path.glob(glob)]
        elif self._path.exists():
            with open_zip(self._path, str(self._path)) as archive:
                found = [name for name in archive.namelist() if name.endswith(".pt")]
        self._files = {Path(file).stem: file for file in found if not _hidden(file)}

    def missing(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that have no file."""
        return [name for name in names if name not in self._files]

    def read(self, name: str) -> NDArray[np.floating[Any]]:
        """Read the features (h, w, C) of one picture.

        Raises:
            UserError: its file is missing or not valid.
        """
        if name not in self._files:
            raise UserError(f"{self._path} holds no {name}.pt: put the file in place.")
        file = self._files[name]
        if self._path.is_dir():
            with Path(file).open("rb") as stream:
                return read_embedmap(stream, file)
        with open_zip(self._path, str(self._path)) as archive:
            if archive.getinfo(file).file_size > most_unpacked(self._path.stat().st_size):
                raise UserError(f"{self._path}/{file} is too large: do not use this file.")
            content = io.BytesIO(archive.read(file))
        return read_embedmap(content, f"{self._path}/{file}")


def _hidden(file: str) -> bool:
    return is_clutter(PurePosixPath(*Path(file).parts[-2:]))


def _encode_latin1(text: str, encoding: str) -> bytes:
    """What a protocol 2 pickle calls to make bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r}")
    return text.encode("latin1")


def _admitted() -> dict[tuple[str, str], Any]:
    # Both spellings of numpy's module: before and since NumPy 2.
    from numpy._core import multiarray

    functions: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): _encode_latin1,
    }
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        functions[module, "_reconstruct"] = multiarray._reconstruct
    return functions


class _ArrayUnpickler(pickle._Unpickler):
    # The one in Python: that in C takes gigabytes for a memo of a large number.
    _admitted = _admitted()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._admitted[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not a numpy array") from None

    def persistent_load(self, identifier: Any) -> Any:
        raise pickle.UnpicklingError("a torch tensor is not a numpy array")


def read_embedmap(stream: IO[bytes], name: str) -> NDArray[np.floating[Any]]:
    """Read the features of one picture, written by torch.save (zip or legacy format) or pickle.

    Args:
        stream: the file's bytes, seekable.
        name: what messages call the file.

    Returns:
        Floating-point (h, w, C), finite, C >= 3.

    Raises:
        UserError: the file holds anything but numpy arrays, is damaged, or has no embedmap.
    """
    wrong = "is not a file of published features, which hold numpy arrays only"
    with told(name, wrong, "remove it or put the right one in place"):
        content = _unpickle(stream)
    embedmap = content.get(KEY) if isinstance(content, dict) else None
    if (
        not isinstance(embedmap, np.ndarray)
        or not np.issubdtype(embedmap.dtype, np.floating)
        or embedmap.ndim != 3
        or 0 in embedmap.shape
        or embedmap.shape[2] < _FEWEST_CHANNELS
    ):
        raise UserError(
            f"{name} has no '{KEY}' of shape (height, width, channels): remove it or put the right "
            "one in place."
        )
    if not np.isfinite(embedmap).all():
        raise UserError(f"{name}: the features hold NaN or infinite values: remove the file.")
    return embedmap


def _unpickle(stream: IO[bytes]) -> Any:
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as archive:
            members = [member for member in archive.namelist() if Path(member).name == "data.pkl"]
            if len(members) != 1:
                raise pickle.UnpicklingError("no data.pkl in it")
            size = stream.seek(0, io.SEEK_END)
            if archive.getinfo(members[0]).file_size > most_unpacked(size):
                raise pickle.UnpicklingError("it holds far more than its size lets expect")
            return _ArrayUnpickler(io.BytesIO(archive.read(members[0]))).load()
    stream.seek(0)
    content = _ArrayUnpickler(stream).load()
    if content == _LEGACY_MAGIC:
        # The legacy format puts a version and the byte order before the object.
        for _ in range(3):
            content = _ArrayUnpickler(stream).load()
    return content
