"""FBMS-59 (Ochs, Malik, Brox, TPAMI 2014): real sequences with several moving objects.

A sequence is a folder SEQ with its frames (*.jpg) and GroundTruth/SEQDef.dat, which names for each
annotated frame the file of ground truth (8-bit grey or 24-bit colour) and the value of each region.
The definition may name frames .ppm that lie there as .jpg. Values that it does not list are
background.
"""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isr.data.fbms_definition import GREY, Annotation, Definition, read_definition
from isr.data.fbms_mapping import find_object
from isr.data.frame_files import SUFFIXES, opened
from isr.data.videos import Video, VideoFrame, write_video
from isr.errors import UserError

SOURCE = "FBMS-59 (Ochs, Malik, Brox, TPAMI 2014)"
LICENCE = "scientific use only"

_TRUTH_SUFFIXES = (".ppm", ".pgm", ".png")
_LOG = logging.getLogger(__name__)


class Sequence:
    """One sequence in the layout of FBMS-59.

    Attributes:
        folder: where it lies.
        frames: its pictures in order.
        definition: what SEQDef.dat says.
        annotated: the files of ground truth by frame number.
        notes: what was odd, for people.
    """

    def __init__(self, folder: Path) -> None:
        """Find the files of a sequence; no picture is read.

        Args:
            folder: the sequence; SEQDef.dat is the one *Def.dat of its ground truth.

        Raises:
            UserError: the definition is missing or damaged, or a file that it names is missing.
        """
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise UserError(
                f"{self.folder} does not exist or is no folder: put the sequence there."
            )
        self.notes: list[str] = []
        self._path = _find_definition(self.folder)
        self.definition: Definition = read_definition(self._path)
        self.frames: list[Path] = _find_frames(self.folder)
        self._check_count()
        self.annotated: dict[int, Path] = {}
        for annotation in self.definition.annotations:
            number = self._frame_number(annotation)
            self.annotated[number] = self._find_truth(annotation)

    def _check_count(self) -> None:
        expected, found = self.definition.frames, len(self.frames)
        if found < expected:
            raise UserError(
                f"{self.folder} holds {found} frames, but {self._path.name} speaks of {expected}: "
                "get the sequence again."
            )
        if found > expected:
            self.notes.append(
                f"there are {found} frames, {self._path.name} speaks of {expected}: all are used"
            )

    def _frame_number(self, annotation: Annotation) -> int:
        """The frame that a ground truth belongs to: the picture named, or else the number."""
        stems = [path.stem for path in self.frames]
        stem = Path(annotation.image).stem
        if stem in stems:
            number = stems.index(stem)
            if number != annotation.frame:
                self.notes.append(
                    f"{self._path.name} numbers {annotation.image} as frame {annotation.frame}, "
                    f"but it is frame {number} of the folder: {number} is used"
                )
            return number
        if annotation.frame >= len(stems):
            raise UserError(
                f"{self._path} annotates frame {annotation.frame}, but there are only "
                f"{len(stems)} frames: get the sequence again."
            )
        return annotation.frame

    def _find_truth(self, annotation: Annotation) -> Path:
        path = self._path.parent / annotation.truth
        candidates = [path, *(path.with_suffix(suffix) for suffix in _TRUTH_SUFFIXES)]
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        raise UserError(
            f"{path} does not exist, but {self._path.name} names it: get the sequence again."
        )

    def objects(self, number: int) -> NDArray[np.uint8]:
        """The objects of an annotated frame: uint8 (h, w), 0 background, 1..n in the file's order.

        Raises:
            UserError: the file of ground truth cannot be read.
        """
        path = self.annotated[number]
        stored = _read(path, "RGB" if _is_colour(path) else "L")
        values, listed = _match(stored, self.definition)
        objects = np.zeros(values.shape, np.uint8)
        for index, value in enumerate(listed[1:], start=1):
            objects[values == value] = index
        self._note_unlisted(path, values, listed)
        return objects

    def _note_unlisted(
        self, path: Path, values: NDArray[np.int64], listed: tuple[int, ...]
    ) -> None:
        found, counts = np.unique(values[~np.isin(values, listed)], return_counts=True)
        if not len(found):
            return
        shown = ", ".join(f"{v} ({n} pixels)" for v, n in list(zip(found, counts, strict=True))[:4])
        more = ", ..." if len(found) > 4 else ""
        note = f"{path.name} holds values that {self._path.name} does not list: {shown}{more}"
        note += "; they count as background"
        if note not in self.notes:
            self.notes.append(note)

    def largest_object(self) -> int:
        """Number of the object with the largest area over the annotated frames.

        Raises:
            UserError: no object is annotated anywhere.
        """
        areas = np.zeros(len(self.definition.objects) + 1, np.int64)
        for number in self.annotated:
            areas += np.bincount(self.objects(number).ravel(), minlength=len(areas))
        if not areas[1:].any():
            raise UserError(f"{self.folder}: no object is annotated: get the sequence again.")
        return 1 + int(areas[1:].argmax())

    def video_frames(self) -> Iterator[VideoFrame]:
        """Read the frames one after the other.

        Raises:
            UserError: a file cannot be read.
        """
        for number, path in enumerate(self.frames):
            objects = self.objects(number) if number in self.annotated else None
            yield VideoFrame(_read(path, "RGB"), objects, file=path.stem)


def _find_definition(folder: Path) -> Path:
    place = folder / "GroundTruth"
    if not place.is_dir():
        raise UserError(f"{place} does not exist: put the ground truth of the sequence there.")
    found = sorted(place.glob("*Def.dat"))
    if len(found) > 1:
        found = [path for path in found if path.name == f"{folder.name}Def.dat"]
    if len(found) != 1:
        raise UserError(f"{place} holds no {folder.name}Def.dat: get the sequence again.")
    return found[0]


def _find_frames(folder: Path) -> list[Path]:
    pictures = [path for path in folder.iterdir() if not path.name.startswith(".")]
    for suffix in SUFFIXES:
        numbered = {
            int(match[0]): path
            for path in pictures
            if path.suffix.lower() == suffix and (match := re.search(r"\d+$", path.stem))
        }
        if not numbered:
            continue
        first, last = min(numbered), max(numbered)
        if missing := [number for number in range(first, last) if number not in numbered]:
            raise UserError(f"{folder}: the frame numbered {missing[0]} is missing: get it again.")
        return [numbered[number] for number in sorted(numbered)]
    raise UserError(f"{folder} holds no frames named like {folder.name}_01.jpg: put them there.")


def _is_colour(path: Path) -> bool:
    with opened(path) as picture:
        return picture.mode == "RGB"


def _read(path: Path, mode: str) -> NDArray[np.uint8]:
    with opened(path) as picture:
        return np.asarray(picture.convert(mode), dtype=np.uint8)


def _match(
    stored: NDArray[np.uint8], definition: Definition
) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Bring the pixels of a ground truth and the listed values to the same kind of number.

    Returns:
        The values (h, w) of the pixels, and those of the background and object 1, 2, ...
    """
    listed = (definition.background, *definition.objects)
    if stored.ndim == 2:
        return stored.astype(np.int64), tuple(map(definition.grey, listed))
    if not definition.is_colour:
        # Greys saved in colour.
        return np.rint(stored @ np.array(GREY)).astype(np.int64), listed
    rgb = stored.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    bgr = stored.astype(np.int64) @ np.array([1, 1 << 8, 1 << 16])
    return (bgr if np.isin(bgr, listed).sum() > np.isin(rgb, listed).sum() else rgb), listed


def unpack(folder: Path, name: str, output: Path, mapping: Path | None = None) -> Video:
    """Bring a sequence into the one layout of videos.

    Args:
        folder: of the sequence.
        name: of the video.
        output: folder to write.
        mapping: file that names the foreground objects (see `fbms_mapping`); without it, or where
            it does not know the sequence, weak labels choose the foreground and a note says so.

    Raises:
        UserError: a file is missing or damaged; the message names it.
    """
    sequence = Sequence(folder)
    chosen, note = find_object(name, sequence.definition, mapping)
    if note:
        sequence.notes.append(note)
    video = write_video(
        output,
        sequence.video_frames(),
        name=name,
        object=chosen or sequence.largest_object(),
        source=SOURCE,
        licence=LICENCE,
        notes=sequence.notes,
        named=chosen is not None,
    )
    for note in video.notes:
        _LOG.info("%s: %s", name, note)
    return video
