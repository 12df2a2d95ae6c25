"""The one layout on disk of a video, its one writer and its one reader.

A video is a folder with

- frames/00000.png: 8-bit RGB, numbered from 0
- objects/00009.png: 8-bit grey, 0 background, 1..n every annotated object (annotated frames only)
- ground_truth/00009.png: 8-bit grey, 0 background, 255 the object, 128 unknown (annotated frames)
- video.json: name, frames, height, width, annotated, object, named, source, licence, notes, files

Frames are written and read one at a time: a video never has to fit into memory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.data.dataset import BACKGROUND, OBJECT, UNKNOWN
from isr.errors import UserError
from isr.io import atomic_folder, read_json, read_png, write_json, write_png

Bytes = NDArray[np.uint8]

_ABOUT = "video.json"


def frame_file(number: int) -> str:
    """Name of the file that belongs to frame `number`, wherever a video's frames have files."""
    return f"{number:05d}.png"


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One frame to be written.

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
class Video:
    """A video on disk, read frame by frame.

    Attributes:
        folder: where it lies.
        name: of the video.
        frames: how many frames it has.
        height: of every frame, in pixels.
        width: of every frame, in pixels.
        annotated: numbers of the frames that have ground truth, ascending.
        object: number of the annotated object that is the foreground.
        source: where the video comes from.
        licence: its licence.
        notes: what was odd about its files.
        files: stem of the file that each frame was read from; empty where there was none.
        named: whether `object` is known; else it is the largest one, and weak labels have to say
            which object they follow (see `weak_labels.foreground`).
    """

    folder: Path
    name: str
    frames: int
    height: int
    width: int
    annotated: tuple[int, ...]
    object: int
    source: str
    licence: str
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    named: bool = True

    def __len__(self) -> int:
        """The number of frames."""
        return self.frames

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def file(self) -> Path:
        """The file that says all this."""
        return self.folder / _ABOUT

    def frame(self, number: int) -> Bytes:
        """Read frame `number`: uint8 (h, w, 3), RGB.

        Raises:
            UserError: there is no such frame, or its file is missing, damaged or of another size.
        """
        image = self._read("frames", number)
        if image.ndim != 3 or image.shape[2] != 3:
            raise UserError(f"{self._path('frames', number)} is not RGB: unpack the video again.")
        return image

    def ground_truth(self, number: int) -> Bytes | None:
        """Read the truth of frame `number`: uint8 (h, w), 0 background, 255 object, 128 unknown.

        Returns:
            None if the frame is not annotated.

        Raises:
            UserError: as `frame`.
        """
        objects = self.objects(number)
        if objects is None:
            return None
        unknown = self._read("ground_truth", number) == UNKNOWN
        truth = np.where(objects == self.object, OBJECT, BACKGROUND)
        return np.where(unknown, UNKNOWN, truth).astype(np.uint8)

    def objects(self, number: int) -> Bytes | None:
        """Read the objects of frame `number`: uint8 (h, w), 0 background, 1..n the objects.

        Returns:
            None if the frame is not annotated.

        Raises:
            UserError: as `frame`.
        """
        return self._read("objects", number) if number in self.annotated else None

    def of_object(self, number: int) -> "Video":
        """The same video with another of its annotated objects as the foreground."""
        return replace(self, object=number)

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / kind / frame_file(number)

    def _read(self, kind: str, number: int) -> Bytes:
        if not 0 <= number < self.frames:
            raise UserError(
                f"{self.name}: there is no frame {number}: the video has {self.frames}, from 0."
            )
        path = self._path(kind, number)
        array = read_png(path)
        if array.dtype != np.uint8 or array.shape[:2] != self.size:
            raise UserError(
                f"{path} has shape {array.shape} ({array.dtype}), expected 8 bits and "
                f"{self.width} x {self.height} (width x height): unpack the video again."
            )
        return array


def read_video(folder: Path) -> Video:
    """Open the video in `folder`; no frame is read.

    Raises:
        UserError: the video does not exist, or video.json is damaged.
    """
    path = Path(folder) / _ABOUT
    if not path.exists():
        raise UserError(f"{path} does not exist: unpack the video first.")
    content = read_json(path)
    try:
        return _parse(Path(folder), content)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error!r}): unpack the video again.") from None


def _parse(folder: Path, content: Mapping[str, Any]) -> Video:
    return Video(
        folder=folder,
        name=str(content["name"]),
        frames=int(content["frames"]),
        height=int(content["height"]),
        width=int(content["width"]),
        annotated=tuple(sorted(int(number) for number in content["annotated"])),
        object=int(content["object"]),
        source=str(content["source"]),
        licence=str(content["licence"]),
        notes=tuple(str(note) for note in content["notes"]),
        files=tuple(str(file) for file in content.get("files", ())),
        named=bool(content.get("named", True)),
    )


def write_video(
    folder: Path,
    frames: Iterable[VideoFrame],
    *,
    name: str,
    object: int,
    source: str,
    licence: str,
    notes: Iterable[str] = (),
    named: bool = True,
) -> Video:
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
        for kind in ("frames", "ground_truth", "objects"):
            (temporary / kind).mkdir()
        for number, frame in enumerate(frames):
            size = size or (frame.image.shape[0], frame.image.shape[1])
            _check_frame(frame, size, f"{name}: frame {number}")
            _write_frame(temporary, number, frame, object)
            if frame.objects is not None:
                annotated.append(number)
            files.append(frame.file)
        if size is None:
            raise UserError(f"{name}: the video has no frames: add some.")
        about = {
            "name": name,
            "frames": len(files),
            "height": size[0],
            "width": size[1],
            "annotated": annotated,
            "object": object,
            "named": named,
            "source": source,
            "licence": licence,
            "notes": list(notes),
            "files": files if any(files) else [],
        }
        write_json(temporary / _ABOUT, about)
    return read_video(folder)


def _check_frame(frame: VideoFrame, size: tuple[int, int], what: str) -> None:
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


def _write_frame(folder: Path, number: int, frame: VideoFrame, object: int) -> None:
    file = frame_file(number)
    write_png(folder / "frames" / file, frame.image)
    if frame.objects is None:
        return
    truth = np.where(frame.objects == object, OBJECT, BACKGROUND).astype(np.uint8)
    if frame.unknown is not None:
        truth[frame.unknown] = UNKNOWN
    write_png(folder / "objects" / file, frame.objects)
    write_png(folder / "ground_truth" / file, truth)
