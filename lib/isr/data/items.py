"""The one layout on disk of every item, its writers and its one reader.

An item is what is segmented: a picture, a picture with depth, a volume or a video. It is a folder
with

- frames/00000.png ...: RGB of 8 or 16 bits; one of a picture, all frames of a video, all slices of
  a volume
- scribbles/00000.png ...: 8-bit grey, 0 none, 255 background, 1..n object n; where there are any
- unaries.npy: float16 (*grid), foreground probabilities that come with it; where there are any
- third.npy: the third coordinate, in any unit: (frames,) of t or z, (h, w) of depth; where there is
  one
- ground_truth/00000.png ...: 8-bit grey, 0 background, 255 object, 128 unknown; of annotated frames
- objects/00000.png ...: 8-bit grey, 0 background, k where the ground truth is object k, if known
- item.json: name, frames, height, width, third, annotated, scribbled, object, named, text, source,
  licence, notes, files, third_origin, third_length, third_step

Frames can be written and read one at a time: a video never has to fit into memory.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.coordinates import Convention, Scene, ThirdAxis, ThirdName
from isr.data.corruptions import Corruption, corrupt, corruption_of
from isr.data.pictures import BACKGROUND, OBJECT, UNKNOWN, Picture, check_picture
from isr.errors import UserError
from isr.io import atomic_folder, read_array, read_json, read_png, write_json, write_png
from isr.models import parse

Bytes = NDArray[np.uint8]

_ABOUT = "item.json"
_NOT_STORED = {"folder", "corruption"}


def frame_file(number: int) -> str:
    """Name of the file that belongs to frame `number`, wherever an item's frames have files."""
    return f"{number:05d}.png"


def frame_name(item: str, number: int) -> str:
    """Name of a frame among the fits of many items.

    >>> frame_name("cars3", 7)
    'cars3/00007'
    """
    return f"{item}/{number:05d}"


def time_axis(frames: int) -> ThirdAxis:
    """The third coordinate of the frames of a video: t from 0 to 1."""
    return ThirdAxis("t", np.linspace(0.0, 1.0, frames) if frames > 1 else np.zeros(1))


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a video to be written.

    Attributes:
        image: uint8 (h, w, 3), RGB.
        objects: uint8 (h, w), 0 background, 1..n the annotated objects; None if not annotated.
        unknown: bool (h, w), pixels that are not scored; None if there are none.
        file: stem of the file that the frame was read from, if there was one.
    """

    image: Bytes
    objects: Bytes | None = None
    unknown: NDArray[np.bool_] | None = None
    file: str = ""


@dataclass(frozen=True)
class Item:
    """An item on disk, read when it is asked for.

    Attributes:
        folder: where it lies.
        name: of the item.
        frames: how many it has: 1 of a picture, the slices of a volume.
        height: of every frame, in pixels.
        width: of every frame, in pixels.
        third: name of its third coordinate: t of a video, z of a volume, depth; None for none.
        annotated: numbers of the frames that have ground truth, ascending.
        scribbled: number of scribbled objects.
        object: number of the annotated object that is the foreground; None where all are.
        named: whether `object` is known; else it is the largest one, and weak labels have to say
            which object they follow (see `weak_labels.store`).
        text: what the object is, and how what is known of it was made.
        source: where the item comes from.
        licence: its licence.
        notes: what was odd about its files.
        files: stem of the file that each frame was read from; empty where there was none.
        third_origin: the third coordinate is (value - origin) / length.
        third_length: see there.
        third_step: thickness of a slice of a volume, in values; None where it is not known.
        corruption: of its colours, as they are read; not stored. None for none.
    """

    folder: Path
    name: str
    frames: int
    height: int
    width: int
    third: ThirdName | None = None
    annotated: tuple[int, ...] = ()
    scribbled: int = 0
    object: int | None = None
    named: bool = True
    text: str = ""
    source: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    third_origin: float = 0.0
    third_length: float = 1.0
    third_step: float | None = None
    corruption: Corruption | None = None

    def __len__(self) -> int:
        """The number of frames."""
        return self.frames

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def is_layered(self) -> bool:
        """Whether it is a video or a volume."""
        return self.third in ("t", "z")

    @property
    def is_video(self) -> bool:
        """Whether its frames follow each other in time."""
        return self.third == "t"

    @property
    def grid(self) -> tuple[int, ...]:
        """(h, w), or (frames, h, w) of a video or a volume."""
        return (self.frames, *self.size) if self.is_layered else self.size

    @property
    def file(self) -> Path:
        """The file that says all this."""
        return self.folder / _ABOUT

    def all_files(self) -> list[Path]:
        """Every file that it consists of but the ground truth, which is for scoring alone."""
        kinds = ("frames", "scribbles")
        own = [path for kind in kinds for path in sorted((self.folder / kind).glob("*.png"))]
        return [self.file, *sorted(self.folder.glob("*.npy")), *own]

    def third_axis(self) -> ThirdAxis | None:
        """The third coordinate, if there is one.

        Raises:
            UserError: its file is missing or damaged.
        """
        if self.third is None:
            return None
        values = read_array(self.folder / "third.npy").astype(np.float64)
        return ThirdAxis(self.third, values, self.third_origin, self.third_length, self.third_step)

    def scene(self, convention: Convention) -> Scene:
        """What a representation of the whole item is drawn and certified for."""
        return Scene(self.height, self.width, convention, self.third_axis())

    def frame(self, number: int = 0) -> Bytes:
        """Read frame `number`: uint8 (h, w, 3), RGB.

        Raises:
            UserError: there is no such frame, or its file is missing, damaged or of another size.
        """
        image = self._stored_frame(number)
        if image.dtype == np.uint16:
            image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
        return (
            image if self.corruption is None else corrupt(image, self.corruption, self.name, number)
        )

    def image(self) -> NDArray[np.float32]:
        """Colours of the whole grid: float32 (*grid, 3) in [0, 1]."""
        frames = [self._colours(number) for number in range(self.frames)]
        return np.stack(frames) if self.is_layered else frames[0]

    def _colours(self, number: int) -> NDArray[np.float32]:
        """Colours (h, w, 3) of a frame; corrupted ones have 8 bits."""
        image = self.frame(number) if self.corruption is not None else self._stored_frame(number)
        return image.astype(np.float32) / np.float32(np.iinfo(image.dtype).max)

    def _stored_frame(self, number: int) -> NDArray[Any]:
        image = self._read("frames", number, bits=(8, 16))
        if image.ndim != 3 or image.shape[2] != 3:
            raise UserError(f"{self._path('frames', number)} is not RGB: unpack {self.name} again.")
        return image

    def scribbles(self) -> Bytes | None:
        """Scribbles of the whole grid: uint8 (*grid), 0 none, 255 background, 1..n object n."""
        return self._whole("scribbles") if self.scribbled else None

    def unaries(self) -> NDArray[np.float32] | None:
        """Foreground probabilities (*grid) that come with the item, if there are any.

        Raises:
            UserError: the file is damaged or of another size.
        """
        stored = self._unaries(mapped=False)
        return None if stored is None else stored.astype(np.float32)

    def frame_unaries(self, number: int) -> NDArray[np.float32] | None:
        """Foreground probabilities (h, w) that come with a frame of a video or volume, if any do.

        Raises:
            UserError: the file is damaged or of another size.
        """
        stored = self._unaries(mapped=True)
        return None if stored is None else np.asarray(stored[number], np.float32)

    def _unaries(self, *, mapped: bool) -> NDArray[np.floating[Any]] | None:
        path = self.folder / "unaries.npy"
        if not path.exists():
            return None
        stored = read_array(path, mapped=mapped)
        if stored.shape != self.grid:
            raise UserError(
                f"{path} has shape {stored.shape}, expected {self.grid}: unpack {self.name} again."
            )
        return stored

    def objects(self, number: int = 0) -> Bytes | None:
        """Read the objects of frame `number`: uint8 (h, w), 0 background, 1..n the objects.

        Returns:
            None if the frame is not annotated, or the ground truth does not tell objects apart.

        Raises:
            UserError: as `frame`.
        """
        if number not in self.annotated or not self._path("objects", number).exists():
            return None
        return self._read("objects", number)

    def ground_truth(self, number: int = 0) -> Bytes | None:
        """Read the truth of frame `number`: uint8 (h, w), 0 background, 255 object, 128 unknown.

        Returns:
            None if the frame is not annotated.

        Raises:
            UserError: as `frame`.
        """
        if number not in self.annotated:
            return None
        stored = self._read("ground_truth", number)
        if self.object is None:
            return stored
        truth = np.where(self._read("objects", number) == self.object, OBJECT, BACKGROUND)
        return np.where(stored == UNKNOWN, UNKNOWN, truth).astype(np.uint8)

    def truth_of(self, number: int, object: int) -> Bytes | None:
        """The truth of frame `number` where one object alone is foreground; None if not known.

        Pixels that are unknown in the ground truth are so for each object.

        Raises:
            UserError: as `frame`.
        """
        known = self.objects(number) is not None
        return self.of_object(object).ground_truth(number) if known else None

    def of_object(self, number: int) -> "Item":
        """The same item with another of its annotated objects as the foreground."""
        return replace(self, object=number)

    def corrupted(self, corruption: str, seed: int) -> "Item":
        """The same item with its colours corrupted; as it is for `clean`.

        Args:
            corruption: one of `isr.settings.CorruptionName`.
            seed: of what is drawn.
        """
        return replace(self, corruption=corruption_of(corruption, seed))

    def read(self, *, image: bool = True, truth: bool = True) -> Picture:
        """The whole item in memory.

        Args:
            image: whether its colours are wanted; else they are 0, and take no memory.
            truth: whether the ground truth is wanted; it is there only where all frames have it.
        """
        black = np.broadcast_to(np.float32(0), (*self.grid, 3))
        every = truth and len(self.annotated) == self.frames
        truths = [self.ground_truth(number) for number in range(self.frames)] if every else []
        known = [each for each in truths if each is not None]
        return Picture(
            self.name,
            self.image() if image else black,
            self.scribbles(),
            (np.stack(known) if self.is_layered else known[0]) if known else None,
            self.objects() if every and not self.is_layered else None,
            self.unaries(),
            self.third_axis(),
            self.text,
            self.source,
            self.licence,
        )

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / kind / frame_file(number)

    def _whole(self, kind: str) -> Bytes:
        layers = [self._read(kind, number) for number in range(self.frames)]
        return np.stack(layers) if self.is_layered else layers[0]

    def _read(self, kind: str, number: int, *, bits: tuple[int, ...] = (8,)) -> NDArray[Any]:
        if not 0 <= number < self.frames:
            raise UserError(
                f"{self.name}: there is no frame {number}: there are {self.frames}, from 0."
            )
        path = self._path(kind, number)
        array = read_png(path)
        if 8 * array.dtype.itemsize not in bits or array.shape[:2] != self.size:
            raise UserError(
                f"{path} has shape {array.shape} ({array.dtype}), expected 8 bits and "
                f"{self.width} x {self.height} (width x height): unpack {self.name} again."
            )
        return array


def read_item(folder: Path) -> Item:
    """Open the item in `folder`; no frame is read.

    Raises:
        UserError: the item does not exist, or item.json is damaged.
    """
    path = Path(folder) / _ABOUT
    if not path.exists():
        raise UserError(f"{path} does not exist: unpack the data set first.")
    content = read_json(path)
    stored = content if isinstance(content, dict) else {}
    if lacking := {each.name for each in fields(Item)} - _NOT_STORED - stored.keys():
        raise UserError(f"{path} is damaged (it lacks {min(lacking)}): unpack the item again.")
    try:
        return parse(Item, {**stored, "folder": folder}, path.name)
    except UserError as error:
        raise UserError(f"{path} is damaged ({error}): unpack the item again.") from None


def write_picture(folder: Path, picture: Picture) -> Item:
    """Write a picture, a picture with depth, a volume or a short video, as a whole or not at all.

    An older item in `folder` is replaced.

    Raises:
        UserError: it is not valid.
    """
    check_picture(picture, path=picture.name)
    layers = len(picture.grid) == 3
    arrays = {
        "frames": _whole_numbers(picture),
        "scribbles": picture.scribbles,
        "ground_truth": picture.ground_truth,
        "objects": picture.instances,
    }
    with atomic_folder(Path(folder)) as temporary:
        for kind, array in arrays.items():
            if array is not None:
                for number, layer in enumerate(array if layers else [array]):
                    write_png(temporary / kind / frame_file(number), layer)
        if picture.unaries is not None:
            np.save(temporary / "unaries.npy", picture.unaries.astype(np.float16))
        if picture.third is not None:
            np.save(temporary / "third.npy", picture.third.values)
        frames = picture.grid[0] if layers else 1
        origin, length = (0.0, 1.0) if picture.third is None else picture.third.unit
        item = Item(
            temporary,
            picture.name,
            frames,
            *picture.size,
            third=None if picture.third is None else picture.third.name,
            annotated=() if picture.ground_truth is None else tuple(range(frames)),
            scribbled=picture.objects,
            text=picture.text,
            source=picture.source,
            licence=picture.licence,
            third_origin=origin,
            third_length=length,
            third_step=None if picture.third is None else picture.third.step,
        )
        _write_about(item)
    return read_item(folder)


def _whole_numbers(picture: Picture) -> NDArray[Any]:
    """The colours of a picture at the bits at which they are kept."""
    top = 2**picture.bits - 1
    # 16 bits are more than float32 has to spare.
    exact = picture.image if picture.bits == 8 else picture.image.astype(np.float64)
    return np.asarray(np.rint(exact * top), np.uint8 if picture.bits == 8 else np.uint16)


def write_video(
    folder: Path,
    frames: Iterable[Frame],
    *,
    name: str,
    object: int,
    source: str,
    licence: str,
    notes: Iterable[str] = (),
    named: bool = True,
) -> Item:
    """Write a video in the one layout, as a whole or not at all.

    Args:
        folder: where the video will stand; an older one is replaced.
        frames: drawn one at a time, in their order.
        name: of the video.
        object: number of the annotated object that is the foreground; ground_truth/ is made from
            it.
        source: where the video comes from.
        licence: its licence.
        notes: what was odd; may grow while the frames are drawn.
        named: whether it is known that `object` is the foreground.

    Returns:
        The video, opened.

    Raises:
        UserError: there is no frame, or a frame is no picture or of another size than the first.
    """
    size: tuple[int, int] | None = None
    annotated: list[int] = []
    files: list[str] = []
    with atomic_folder(Path(folder)) as temporary:
        for number, frame in enumerate(frames):
            size = size or (frame.image.shape[0], frame.image.shape[1])
            _check_frame(frame, size, f"{name}: frame {number}")
            _write_frame(temporary, number, frame, object)
            if frame.objects is not None:
                annotated.append(number)
            files.append(frame.file)
        if size is None:
            raise UserError(f"{name}: the video has no frames: add some.")
        np.save(temporary / "third.npy", time_axis(len(files)).values)
        item = Item(
            temporary,
            name,
            len(files),
            *size,
            third="t",
            annotated=tuple(annotated),
            object=object,
            named=named,
            source=source,
            licence=licence,
            notes=tuple(notes),
            files=tuple(files) if any(files) else (),
        )
        _write_about(item)
    return read_item(folder)


def _write_about(item: Item) -> None:
    about = {key: value for key, value in vars(item).items() if key not in _NOT_STORED}
    write_json(item.file, about)


def _check_frame(frame: Frame, size: tuple[int, int], what: str) -> None:
    image = frame.image
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise UserError(f"{what} has shape {image.shape} ({image.dtype}): expected RGB of 8 bits.")
    for what_else, array in (
        ("", image),
        ("'s annotation", frame.objects),
        ("'s unknown pixels", frame.unknown),
    ):
        if array is not None and array.shape[:2] != size:
            raise UserError(
                f"{what}{what_else} is {array.shape[1]} x {array.shape[0]} pixels, the first frame "
                f"{size[1]} x {size[0]} (width x height): make them the same size."
            )


def _write_frame(folder: Path, number: int, frame: Frame, object: int) -> None:
    file = frame_file(number)
    write_png(folder / "frames" / file, frame.image)
    if frame.objects is None:
        return
    truth = np.where(frame.objects == object, OBJECT, BACKGROUND).astype(np.uint8)
    if frame.unknown is not None:
        truth[frame.unknown] = UNKNOWN
    write_png(folder / "objects" / file, frame.objects)
    write_png(folder / "ground_truth" / file, truth)


def find_items(folders: Iterable[Path]) -> dict[str, Item]:
    """Open the items of some folders, by their names.

    Raises:
        UserError: one does not exist or is damaged.
    """
    items = [read_item(folder) for folder in folders]
    return {item.name: item for item in items}


def pixels(item: Item) -> int:
    """How many pixels or voxels an item has."""
    return math.prod(item.grid)
