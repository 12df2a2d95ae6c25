"""Volumes of the user's own: stacks of slices, with what is known of each.

images/ holds grey stacks (TIFF or NPY); scribbles/, unaries/ and ground_truth/ hold, as far as
there are any, stacks of the same names. Where there are unaries alone, they are shown as images.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.data.files import by_stem
from isr.data.items import write_picture
from isr.data.kinds.base import Known, Sources, listed, own_folder
from isr.data.kinds.pictures import OwnFolder, decode_scribbles, with_scribbles, with_truth
from isr.data.pictures import Picture, check_picture
from isr.data.volumes import SUFFIXES, read_label_volume, read_volume, slice_coordinates
from isr.errors import UserError

_FOLDERS = ("images", "scribbles", "unaries", "ground_truth")


class Volumes(OwnFolder):
    """A folder of volumes of the user's own: `images/`, and what is known of each beside it.

    Stacks of slices in `.tif`, `.tiff` or `.npy`; beside them `scribbles/`, `unaries/` (foreground
    probabilities, for the predictor `given`) and `ground_truth/`.
    """

    kind: Literal["volumes"]
    spacing: Annotated[float, Field(gt=0)] = Field(
        1.0, description="the distance of two slices, in pixels"
    )

    def all_names(self, root: Path) -> list[str]:
        """Stems of the files in images/ or unaries/."""
        folder = own_folder(self.path, root)
        names = {name for kind in ("images", "unaries") for name in _stacks(folder / kind)}
        return listed(sorted(names), folder, f"volumes ({', '.join(SUFFIXES)}) in images/")

    def known(self, name: str, root: Path) -> Known:
        """What files there are."""
        there = _find(own_folder(self.path, root), name)
        return Known("scribbles" in there, "unaries" in there, "z")

    def sources(self, name: str, root: Path) -> Sources:
        """The files of a volume."""
        return Sources(files=tuple(_find(own_folder(self.path, root), name).values()))

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Read a volume."""
        folder, coding = own_folder(self.path, root), self.coding()
        paths = _find(folder, name)
        shown = paths.get("images") or paths.get("unaries")
        if shown is None:
            raise UserError(f"{folder / 'images'} holds no volume named {name!r}.")
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
        labels = None
        if "scribbles" in paths:
            path = paths["scribbles"]
            labels = decode_scribbles(read_label_volume(path), coding, path)
            picture = with_scribbles(picture, labels, coding, path)
        if "ground_truth" in paths:
            path = paths["ground_truth"]
            picture = with_truth(picture, read_label_volume(path), labels, coding, path)
            # Objects of a volume are scored together.
            picture = replace(picture, instances=None)
            check_picture(picture, path=path)
        write_picture(output, picture)


def _in_range(path: Path) -> NDArray[np.float32]:
    volume = read_volume(path)
    if volume.min() < 0 or volume.max() > 1:
        raise UserError(
            f"{path} holds values from {volume.min():g} to {volume.max():g}, expected [0, 1]: "
            "rescale it."
        )
    return volume


def _stacks(folder: Path) -> dict[str, Path]:
    """The stacks of a folder by their stems; none where there is no folder.

    Raises:
        UserError: two stacks differ in nothing but their suffix.
    """
    every = folder.iterdir() if folder.is_dir() else ()
    return by_stem(
        path for path in every if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )


def _find(folder: Path, name: str) -> dict[str, Path]:
    every = {kind: _stacks(folder / kind).get(name) for kind in _FOLDERS}
    return {kind: path for kind, path in every.items() if path is not None}
