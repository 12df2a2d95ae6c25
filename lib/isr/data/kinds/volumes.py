"""Volumes of the user's own: stacks of slices, with what is known of each.

images/ holds grey stacks (TIFF or NPY); scribbles/, unaries/ and ground_truth/ hold, as far as
there are any, stacks of the same names. Where there are unaries alone, they are shown as images.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.coordinates import ThirdAxis
from isr.data.files import by_stem
from isr.data.items import write_picture
from isr.data.kinds.base import Known, listed, own_folder
from isr.data.kinds.pictures import OwnFolder, with_labels
from isr.data.pictures import Picture, check_picture
from isr.errors import UserError

SUFFIXES = (".tif", ".tiff", ".npy")


class Volumes(OwnFolder):
    """A folder of volumes of the user's own: `images/`, and what is known of each beside it.

    Stacks of slices in `.tif`, `.tiff` or `.npy`; beside them `scribbles/`, `unaries/` (foreground
    probabilities, for the predictor `given`) and `ground_truth/`.
    """

    folders: ClassVar[tuple[str, ...]] = ("images", "scribbles", "unaries", "ground_truth")

    kind: Literal["volumes"]
    spacing: Annotated[float, Field(gt=0)] = Field(
        1.0, description="the distance of two slices, in pixels"
    )

    def all_names(self, root: Path) -> list[str]:
        """Stems of the files in images/ or unaries/."""
        folder = own_folder(self.path, root)
        names = {name for kind in ("images", "unaries") for name in self.stored(folder / kind)}
        return listed(sorted(names), folder, f"volumes ({', '.join(SUFFIXES)}) in images/")

    def known(self, name: str, root: Path) -> Known:
        """What files there are."""
        there = self.files(name, root)
        return Known("scribbles" in there, "unaries" in there, "z")

    @staticmethod
    def stored(folder: Path) -> dict[str, Path]:
        """The stacks of a folder by their stems; none where there is no folder."""
        every = folder.iterdir() if folder.is_dir() else ()
        return by_stem(
            path
            for path in every
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
        )

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Read a volume."""
        paths = self.files(name, root)
        shown = paths.get("images") or paths.get("unaries")
        if shown is None:
            images = own_folder(self.path, root) / "images"
            raise UserError(f"{images} holds no volume named {name!r}.")
        grey = _in_range(shown)
        picture = Picture(
            name,
            np.repeat(grey[..., None], 3, axis=-1),
            unaries=_in_range(paths["unaries"]) if "unaries" in paths else None,
            third=slice_coordinates(*grey.shape, spacing=self.spacing),
            source=f"folder {Path(self.path).name}",
            licence="not stated",
        )
        check_picture(picture, path=paths.get("unaries", shown))
        labelled = with_labels(
            picture, paths, self.coding(), lambda path, _: read_label_volume(path)
        )
        # Objects of a volume are scored together.
        write_picture(output, replace(labelled, instances=None))


def _in_range(path: Path) -> NDArray[np.float32]:
    volume = read_volume(path)
    if volume.min() < 0 or volume.max() > 1:
        raise UserError(
            f"{path} holds values from {volume.min():g} to {volume.max():g}, expected [0, 1]: "
            "rescale it."
        )
    return volume


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
    step = spacing / max(height, width)
    return ThirdAxis("z", (np.arange(depth) + 0.5) * spacing / max(height, width), 0.0, 1.0, step)
