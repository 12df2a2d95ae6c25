"""What every kind of data set offers: its keys, the names of its items, and how they are unpacked.

A kind is one file of this folder with one model, and one line in the registry (`__init__`). Models
are read whenever the workflow is: what takes long to import is imported where it is used.
"""

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from isr.data.names import canonical, is_clutter, read_as_text
from isr.data.pictures import Picture, check_picture, resize_picture
from isr.errors import UserError
from isr.models import Model, RemoteFile, Sources, Text

if TYPE_CHECKING:
    from isr.coordinates import ThirdName

LongSide = Annotated[
    Annotated[int, Field(ge=16)] | None,
    Field(description="pixels on the longer side that pictures are shrunk to; null keeps them"),
]


@dataclass(frozen=True)
class Known:
    """What is known of an item before it is unpacked.

    Attributes:
        scribbles: whether it has scribbles.
        unaries: whether unaries come with it.
        third: name of its third coordinate, None for none.
    """

    scribbles: bool = False
    unaries: bool = False
    third: "ThirdName | None" = None


@dataclass(frozen=True)
class Extent:
    """The size of an item.

    Attributes:
        frames: how many it has.
        height: of each, in pixels.
        width: of each, in pixels.
        guessed: whether this is what such items usually have.
    """

    frames: int = 1
    height: int = 480
    width: int = 640
    guessed: bool = False

    @property
    def pixels(self) -> int:
        """Of a frame."""
        return self.height * self.width


class DatasetKind(Model):
    """One data set: where its items come from."""

    moved: ClassVar[Mapping[str, str]] = {
        "pictures": "it is called items now",
        "videos": "it is called items now",
    }

    usual_side: ClassVar[int] = 640
    """Pixels on the longer side of an item of which nothing is known yet."""
    usual_frames: ClassVar[int] = 16
    """Of a video or a volume of which nothing is known yet."""

    kind: str
    items: Annotated[list[str | int], Field(min_length=1)] | None = Field(
        None, description="names of the items to take, in this order; null: all"
    )
    text: Text | None = Field(None, description="words for the data set in titles")

    @abstractmethod
    def all_names(self, root: Path) -> list[str]:
        """Names of all its items, known before anything is unpacked.

        Args:
            root: the folder that a relative `path` is seen from.

        Raises:
            UserError: a folder is missing or holds no item.
        """

    @abstractmethod
    def known(self, name: str, root: Path) -> Known:
        """What is known of an item before it is unpacked."""

    def extent(self, name: str, root: Path) -> Extent:
        """The size of an item before it is unpacked, for forecasts; by default a usual one."""
        side = getattr(self, "long_side", None) or self.usual_side
        frames = 1 if self.known(name, root).third in (None, "depth") else self.usual_frames
        return Extent(frames, round(side * 0.75), side, guessed=True)

    @abstractmethod
    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Bring an item into the one layout.

        Args:
            name: of the item.
            root: the folder that a relative `path` is seen from.
            downloads: where downloaded files lie; they are verified again.
            output: folder to write.

        Raises:
            UserError: a file is missing or not valid; the message names it.
        """

    def sources(self, name: str, root: Path) -> Sources:
        """What an item is made from; nothing for those that come with the software."""
        return Sources()

    def feature_sources(self) -> Sources:
        """What the semantic features are made from beside the items."""
        return Sources()

    def label_sources(self, name: str, kind: str, root: Path, downloads: Path) -> Sources:
        """What the weak labels of a video are made from beside its frames."""
        return Sources()

    def network_sources(self) -> RemoteFile | None:
        """The published networks of its items, if there are any."""
        return None

    @abstractmethod
    def describe(self, name: str, items: Sequence[str]) -> str:
        """What the data are, for titles.

        Args:
            name: of the data set.
            items: that are shown.
        """

    def settings(self, item: str) -> dict[str, Any]:
        """What the unpacking of an item is told: all keys but those that concern others."""
        return {**self.model_dump(exclude_unset=True), "items": [item], "text": None}

    def canonical(self, name: str | int, known: Sequence[str]) -> str:
        """The name of an item that is meant by what stands in the configuration.

        Args:
            name: as it was read.
            known: the names that there are.

        Raises:
            UserError: several may be meant.
        """
        return read_as_text(name, known)

    def names(self, root: Path) -> list[str]:
        """Names of the items to take.

        Raises:
            UserError: a folder is missing or holds no item, or `items` names one that is not there.
        """
        every = self.all_names(root)
        if self.items is None:
            return every
        chosen = [self.canonical(name, every) for name in self.items]
        if unknown := [name for name in chosen if name not in every]:
            some = ", ".join(every[:12]) + (", ..." if len(every) > 12 else "")
            raise UserError(f"items: there is no {unknown[0]!r} among {some}.")
        if repeated := [name for name in chosen if chosen.count(name) > 1]:
            raise UserError(f"items: {repeated[0]!r} is named twice.")
        return chosen


def count_words(items: Sequence[str], noun: str) -> str:
    """A number of items with their noun: 1 picture, 2 pictures."""
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def own_folder(path: str, root: Path) -> Path:
    """A folder of the user's own.

    Raises:
        UserError: it does not exist.
    """
    folder = root / Path(path).expanduser()
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist or is no folder: check the path of the data set.")
    return folder


def files_below(folder: Path, item: str | None = None) -> tuple[Path, ...]:
    """Files in a folder of the user's own: those called so or in folders called so, or all.

    Links to folders are followed.
    """
    folder = Path(folder).expanduser()
    return tuple(
        path
        for path in sorted(_every_file(folder, frozenset()))
        if not is_clutter(path.relative_to(folder))
        and (item is None or item in _parts(path.relative_to(folder)))
    )


def _every_file(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    """All files below a folder, as links lead to them, but once round where these go in circles."""
    own = folder.resolve()
    if own in above or not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_dir():
            yield from _every_file(path, above | {own})
        elif path.is_file():
            yield path


def _parts(path: Path) -> list[str]:
    return [canonical(part) for part in (*path.parts[:-1], path.stem)]


def shrunk(picture: Picture, long_side: int | None) -> Picture:
    """A picture at its size in the one layout.

    Raises:
        UserError: it has a depth, or a scribble is lost.
    """
    if long_side is None:
        return picture
    picture = resize_picture(picture, long_side)
    check_picture(picture, path=f"{picture.name} at {long_side} pixels")
    return picture


def remote_file(keys: Model) -> RemoteFile:
    """The file to download that a part of the configuration speaks of among other things."""
    return RemoteFile.model_validate(keys.model_dump(include=set(RemoteFile.model_fields)))


def verified(file: RemoteFile, downloads: Path) -> Path:
    """The path of a downloaded file, after it was verified.

    Raises:
        UserError: the file is not there, or is not what it was.
    """
    from isr.data import download

    path = Path(downloads) / file.file
    download.verify(
        path,
        sha256=file.sha256,
        size=file.bytes,
        expect=download.expected(path),
        record=download.record_path(path),
    )
    return path


def listed(names: Iterable[str], place: Path, what: str) -> list[str]:
    """The names that were found.

    Raises:
        UserError: there are none.
    """
    found = list(names)
    if not found:
        raise UserError(f"{place} holds no {what}: add some.")
    return found


@cache
def packaged(folder: str, name: str) -> dict[str, Any]:
    """The content of FOLDER/NAME.json, which comes with the software."""
    path = resources.files("isr.data") / folder / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
