"""Volumes of the user's own: stacks of slices, with what is known of each.

images/ holds grey stacks (TIFF or NPY); scribbles/, unaries/ and ground_truth/ hold, as far as
there are any, stacks of the same names. Where there are unaries alone, they are shown as images.
"""

from collections.abc import Mapping
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
from isr.data.names import is_clutter
from isr.data.pictures import check_picture
from isr.data.pixels import STACK_SUFFIXES, read_pixels
from isr.data.pixels.meaning import brightness, in_grey, labels, probabilities, real
from isr.errors import UserError


class Volumes(OwnFolder):
    """A folder of volumes of the user's own: `images/`, and what is known of each beside it.

    Stacks of slices in `.tif`, `.tiff` or `.npy`; beside them `scribbles/`, `unaries/` (foreground
    probabilities, for the predictor `given`) and `ground_truth/`.
    """

    folders: ClassVar[tuple[str, ...]] = ("images", "scribbles", "unaries", "ground_truth")

    kind: Literal["volumes"]
    spacing: Annotated[float, Field(gt=0, le=1e6)] = Field(
        1.0, description="the distance of two slices, in pixels"
    )

    def all_names(self, root: Path) -> list[str]:
        """Stems of the files in images/ or unaries/."""
        folder = own_folder(self.path, root)
        names = {name for kind in ("images", "unaries") for name in self.stored(folder / kind)}
        found = listed(sorted(names), folder, f"volumes ({', '.join(STACK_SUFFIXES)}) in images/")
        return self.matched(found, root)

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
            if path.suffix.lower() in STACK_SUFFIXES and not is_clutter(Path(path.name))
        )

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Read a volume."""
        paths = self.files(name, root)
        if not paths.keys() & {"images", "unaries"}:
            images = own_folder(self.path, root) / "images"
            raise UserError(f"{images} holds no volume named {name!r}.")
        picture = self.shown(name, paths, "ZYX")
        third = slice_coordinates(*picture.grid, spacing=self.spacing)
        picture = replace(picture, third=third, source=f"folder {Path(self.path).name}")
        check_picture(picture, path=paths.get("unaries", paths.get("images", name)))
        labelled = with_labels(
            picture, paths, self.coding(), lambda path, _: labels(self.pixels(path, "ZYX"))
        )
        # Objects of a volume are scored together.
        write_picture(output, replace(labelled, instances=None, licence="not stated"))


def read_volume(
    path: Path,
    *,
    holds: Literal["mask", "brightness", "labels"] | None = None,
    value_range: tuple[float, float] | None = None,
    select: Mapping[str, int] | None = None,
    axes: str | None = None,
) -> NDArray[Any]:
    """Read a stack of slices.

    Args:
        path: a .tif, .tiff or .npy file of grey slices.
        holds: what the numbers are. None: probabilities; stacks of 0 and one other number, and
            truth values, are masks of 0 and 1; 8 bits are divided by 255, 16 bits by 65535 if they
            reach beyond its half, else by the largest that there is, which a log says; floating
            point stays as it is. `mask`: 1 wherever the number is not 0, such as in ids of
            objects. `brightness`: from the darkest (0) to the brightest (1); of 8 bits, from 0 to
            255. `labels`: whole numbers as they are stored.
        value_range: the values that become 0 and 1.
        select: of a file with more axes, which one to take along each, from 0, such as
            {"channel": 0, "time": 0}.
        axes: letters for all axes, where the file says otherwise or nothing, such as ZYX.

    Returns:
        (depth, height, width): int64 of labels, else float32.

    Raises:
        UserError: the file is missing, damaged or truncated, of another format, no stack of grey
            slices, holds channels or times of which none is selected, or numbers that are complex,
            NaN, infinite, or may be ids.
    """
    path = Path(path)
    if path.suffix.lower() not in STACK_SUFFIXES:
        raise UserError(f"{path} is no volume: save it as one of {', '.join(STACK_SUFFIXES)}.")
    pixels = read_pixels(path, "ZYX", select=select, axes=axes)
    if holds == "labels":
        return labels(pixels)
    if holds == "brightness":
        return brightness(in_grey(pixels), value_range)
    if holds is None and value_range is None and pixels.values.dtype.kind == "f":
        return real(in_grey(pixels))
    return probabilities(pixels, value_range, holds)


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
