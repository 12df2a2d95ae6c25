"""ConvexityDB (Gorelick et al., ECCV 2014): the paper's 51 pictures of near-convex objects.

The archive holds img/img_N.png, `groun truth`/GT_N.png (255 = object) and
`user scribbles`/scribbleMask_N.png, N = 1..51. A scribble mask has exactly three grey values:
none < background < object. Other spellings of the folders' names are accepted too.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.data.archives import unpacked
from isr.data.files import read_image, read_labels
from isr.data.items import write_picture
from isr.data.kinds.base import (
    DatasetKind,
    Known,
    LongSide,
    count_words,
    files_below,
    own_folder,
    remote_file,
    shrunk,
    verified,
)
from isr.data.pictures import (
    BACKGROUND,
    BACKGROUND_SCRIBBLE,
    NO_SCRIBBLE,
    OBJECT,
    Picture,
    check_picture,
    list_values,
)
from isr.errors import UserError
from isr.models import Address, FileName, Model, PathText, Sha256, Sources

COUNT = 51
NAMES = [f"img_{number}" for number in range(1, COUNT + 1)]
SOURCE = "ConvexityDB (Gorelick et al., ECCV 2014)"
LICENCE = "not stated"

_IMAGES = ("img", "images")
_SCRIBBLES = ("user scribbles", "user_scribbles", "scribbles")
_GROUND_TRUTH = ("groun truth", "ground truth", "ground_truth")


class Semantic(Model):
    """Where semantic features come from."""

    source: Literal["auto", "published", "efficientnet-lite0"] = Field(
        "auto",
        description="`published` features, `efficientnet-lite0` (our stand-in, taken for every "
        "other data set), or `auto`: the published ones if they can be had",
    )
    url: Address = Field(
        "https://uni-siegen.sciebo.de/s/NPOkXURyN3SDzHo/download",
        description="address of the published features",
    )
    file: FileName = Field("Feat.zip", description="their name below `resources/downloads/`")
    sha256: Sha256 | None = Field(None, description="what the file must be")
    bytes: int | None = Field(None, ge=1, description="its size")


class ConvexityDB(DatasetKind):
    """The paper's 51 pictures."""

    usual_side: ClassVar[int] = 400

    kind: Literal["convexitydb"]
    long_side: LongSide = None
    path: PathText | None = Field(
        None, description="folder of the unpacked archive, taken instead of a download"
    )
    url: Address = Field(
        "https://vision.cs.uwaterloo.ca/files/ConvexityDB.zip", description="address of the archive"
    )
    file: FileName = Field("ConvexityDB.zip", description="its name below `resources/downloads/`")
    sha256: Sha256 | None = Field(
        None,
        description="what the archive must be; without it the first download is recorded, and "
        "later ones must agree",
    )
    bytes: int | None = Field(None, ge=1, description="its size")
    semantic: Semantic = Field(Semantic(), description="where semantic features come from")

    def canonical(self, name: str | int, known: Sequence[str]) -> str:
        """Pictures may be called by their numbers alone."""
        return f"img_{name}" if str(name).isdigit() else super().canonical(name, known)

    def all_names(self, root: Path) -> list[str]:
        """By number."""
        return names(own_folder(self.path, root)) if self.path else list(NAMES)

    def known(self, name: str, root: Path) -> Known:
        """All of them are scribbled."""
        return Known(scribbles=True)

    def sources(self, name: str, root: Path) -> Sources:
        """The archive, or the files of the picture in a folder."""
        if not self.path:
            return Sources(downloads=(remote_file(self),))
        number = name.removeprefix("img_")
        every = files_below(own_folder(self.path, root))
        return Sources(files=tuple(f for f in every if f.stem.rpartition("_")[2] == number))

    def feature_sources(self) -> Sources:
        """The published features, if they are wanted."""
        match self.semantic.source:
            case "published":
                return Sources(downloads=(remote_file(self.semantic),))
            case "auto":
                return Sources(optional=(remote_file(self.semantic),))
        return Sources()

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Take a picture from the archive or the folder, and shrink it."""
        if self.path:
            self._write(own_folder(self.path, root), name, output)
            return
        archive, number = verified(remote_file(self), downloads), name.removeprefix("img_")

        def is_wanted(member: PurePosixPath) -> bool:
            return member.stem.rpartition("_")[2] == number

        with unpacked(archive, is_wanted) as folder:
            if not any(folder.rglob("*.png")):
                raise UserError(
                    f"items: {archive.name} holds no picture {name!r}: correct the name."
                )
            self._write(folder, name, output)

    def _write(self, folder: Path, name: str, output: Path) -> None:
        picture = shrunk(read(folder, name), self.long_side)
        write_picture(output, replace(picture, source=SOURCE, licence=LICENCE))

    def describe(self, name: str, items: Sequence[str]) -> str:
        """How much of it."""
        share = "all" if len(items) == COUNT else f"{len(items)} of its"
        return self.text or f"ConvexityDB ({share} {count_words(NAMES, 'picture')})"


def names(folder: Path) -> list[str]:
    """Names of the pictures in an unpacked folder, by number; no file is opened.

    Raises:
        UserError: the folder does not hold ConvexityDB.
    """
    images, _, _ = _find_folders(Path(folder))
    matches = [re.fullmatch(r"img_(\d+)\.png", path.name) for path in images.iterdir()]
    numbers = sorted(int(match[1]) for match in matches if match)
    return [f"img_{number}" for number in numbers]


def read(folder: Path, name: str) -> Picture:
    """Read one of the unpacked pictures.

    Args:
        folder: holds the three folders, or one folder that holds them. Where there is no folder of
            ground truth at all, the pictures have none.
        name: img_N.

    Raises:
        UserError: a file is missing, unreadable or not coded as expected; the message names it.
    """
    images, scribbles, truths = _find_folders(Path(folder))
    number = name.removeprefix("img_")
    mask = scribbles / f"scribbleMask_{number}.png"
    picture = Picture(
        name=name,
        image=read_image(images / f"{name}.png"),
        scribbles=_read_scribbles(mask),
        ground_truth=None if truths is None else _read_ground_truth(truths / f"GT_{number}.png"),
    )
    check_picture(picture, path=mask)
    return picture


def _find_folders(folder: Path) -> tuple[Path, Path, Path | None]:
    """Find the folders of images, scribbles and ground truth in `folder` or one level below."""
    below = sorted(path for path in folder.iterdir() if path.is_dir())
    for place in (folder, *below):
        images, scribbles = _pick(place, _IMAGES), _pick(place, _SCRIBBLES)
        if images is not None and scribbles is not None:
            return images, scribbles, _pick(place, _GROUND_TRUTH)
    raise UserError(
        f"{folder} does not hold ConvexityDB: expected the folders 'img' and 'user scribbles'."
    )


def _pick(place: Path, spellings: tuple[str, ...]) -> Path | None:
    found = {path.name.lower(): path for path in place.iterdir() if path.is_dir()}
    return next((found[name] for name in spellings if name in found), None)


def _read_scribbles(path: Path) -> NDArray[np.uint8]:
    values, inverse = np.unique(read_labels(path), return_inverse=True)
    if len(values) != 3:
        raise UserError(
            f"{path} holds the values {list_values(values.tolist())}, expected exactly three "
            "(none < background < object): unpack ConvexityDB again."
        )
    shape = inverse.shape
    return np.asarray(
        np.array([NO_SCRIBBLE, BACKGROUND_SCRIBBLE, 1], np.uint8)[inverse].reshape(shape)
    )


def _read_ground_truth(path: Path) -> NDArray[np.uint8]:
    labels = read_labels(path)
    if not (labels == 255).any():
        raise UserError(
            f"{path} holds the values {list_values(np.unique(labels).tolist())}, expected 255 for "
            "the object: unpack ConvexityDB again."
        )
    return np.where(labels == 255, OBJECT, BACKGROUND).astype(np.uint8)
