"""Reading volumes: stacks of grey slices in TIFF or NPY files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.coordinates import ThirdAxis
from isr.errors import UserError

SUFFIXES = (".tif", ".tiff", ".npy")


def read_volume(path: Path) -> NDArray[np.float32]:
    """Read a stack of slices.

    Whole numbers are divided by the largest of their type (8 bits: 255, 16 bits: 65535), so that
    they lie in [0, 1]; truth values become 0 and 1; floating-point numbers stay as they are.

    Args:
        path: a .tif or .tiff file of grey pages of one size, or a .npy file.

    Returns:
        float32 (depth, height, width).

    Raises:
        UserError: the file is missing or damaged, of another format, no stack of grey slices, or
            holds values that are negative whole numbers, complex, NaN or infinite.
    """
    return _as_floats(_read_stack(Path(path)), path)


def read_label_volume(path: Path) -> NDArray[np.int64]:
    """Read a stack of labels as it is stored: whole numbers (depth, height, width).

    Raises:
        UserError: as `read_volume`, or the values are no whole numbers.
    """
    array = _read_stack(Path(path))
    if array.dtype.kind not in "bui":
        raise UserError(f"{path} holds values of type {array.dtype}: save labels as whole numbers.")
    return array.astype(np.int64)


def _read_stack(path: Path) -> NDArray[Any]:
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path} is no volume: save it as one of {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise UserError(f"{path} does not exist: put the volume there.")
    array = _read_npy(path) if path.suffix.lower() == ".npy" else _read_tiff(path)
    if array.ndim != 3 or 0 in array.shape:
        raise UserError(
            f"{path} has shape {array.shape}, expected (depth, height, width): "
            "save it as a stack of grey slices."
        )
    return array


def _read_npy(path: Path) -> NDArray[Any]:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except Exception as error:
        # NumPy raises many kinds of errors on damaged bytes.
        raise UserError(f"{path} cannot be read as NPY ({error}): save it again.") from None


def _read_tiff(path: Path) -> NDArray[Any]:
    # Takes long to import, and names of volumes are listed whenever the workflow is read.
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            series, pages = file.series[0], len(file.series)
            axes, array = series.axes, np.asarray(series.asarray())
    except Exception as error:
        # A decoder may raise anything on damaged bytes.
        raise UserError(f"{path} cannot be read as TIFF ({error}): save it again.") from None
    if pages > 1:
        raise UserError(f"{path} holds slices of different sizes or types: save them as one stack.")
    if "S" in axes:
        raise UserError(f"{path} holds coloured slices: save them in grey.")
    # A single slice in a file is a stack of one.
    return array[None] if axes == "YX" else array


def _as_floats(array: NDArray[Any], path: Path) -> NDArray[np.float32]:
    if array.dtype.kind not in "buif":
        raise UserError(f"{path} holds values of type {array.dtype}: save it as real numbers.")
    if array.dtype.kind in "iu":
        if array.min() < 0:
            raise UserError(f"{path} holds negative whole numbers: save it as floating point.")
        return (array / np.iinfo(array.dtype).max).astype(np.float32)
    volume = array.astype(np.float32)
    if not np.isfinite(volume).all():
        raise UserError(f"{path} holds NaN or infinite values: repair it.")
    return volume


def slice_coordinates(depth: int, height: int, width: int, *, spacing: float = 1.0) -> ThirdAxis:
    """Where the slices of a volume lie, so that voxels are cubes in isotropic coordinates.

    Args:
        depth: the number of slices.
        height: of a slice in pixels.
        width: of a slice in pixels.
        spacing: the distance of two slices in pixels.
    """
    return ThirdAxis("z", (np.arange(depth) + 0.5) * spacing / max(height, width))
