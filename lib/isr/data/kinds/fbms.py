"""FBMS-59 (Ochs, Malik, Brox, TPAMI 2014): sequences of its training set are the paper's Table 4.

A sequence is a folder SEQ with its frames (*.jpg) and GroundTruth/SEQDef.dat, which names for each
annotated frame the file of ground truth (8-bit grey or 24-bit colour) and the value of each region.
The definition may name frames .ppm that lie there as .jpg. Values that it does not list are
background.

Which object is the foreground is told by the authors' mapping of object ids, a JSON file
{"mappings": {"0": {sequence: {"trajectory_foreground_id": the value in the masks of weak labels,
"ground_truth_foreground_id": the grey value in the ground truth}}}}.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.data.archives import unpacked
from isr.data.files import in_colour, read_frame
from isr.data.items import Frame, Item, write_video
from isr.data.kinds.base import files_below, own_folder, remote_file, verified
from isr.data.kinds.videos import GROUND_TRUTH, LabelledVideos, mapping_path, sequence_names
from isr.data.names import is_clutter
from isr.data.pixels import FRAME_SUFFIXES
from isr.errors import UserError, told
from isr.io import read_json
from isr.models import Address, FileName, PathText, Sha256, Sources

SEQUENCES = (
    *("bear01", "bear02", "cars2", "cars3", "cars6", "cars7", "cars8", "cats04", "cats05"),
    *("horses01", "horses03", "marple1", "marple5", "marple10", "marple11", "meerkats01"),
    *("people04", "rabbits01"),
)
"""The sequences of the paper's Table 4, all of the training set."""
SOURCE = "FBMS-59 (Ochs, Malik, Brox, TPAMI 2014)"
LICENCE = "scientific use only"
WHITE = 0xFFFFFF
GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the grey copies of colour ground truth."""

_TRUTH_SUFFIXES = (".ppm", ".pgm", ".png")
_LOG = logging.getLogger(__name__)


class FBMS(LabelledVideos):
    """Sequences of FBMS-59; for research use, so they have to be downloaded."""

    usual_frames: ClassVar[int] = 185
    """The sequences of Table 4 have 3,333 together."""

    kind: Literal["fbms"]
    path: PathText | None = Field(
        None,
        description="a folder of sequences, taken instead of a download: one folder for each, "
        "complete with `GroundTruth/`",
    )
    url: Address = Field(
        "https://lmb.informatik.uni-freiburg.de/resources/datasets/fbms/FBMS_Trainingset.zip",
        description="address of the archive",
    )
    file: FileName = Field(
        "FBMS_Trainingset.zip", description="its name below `resources/downloads/`"
    )
    sha256: Sha256 | None = Field(None, description="what the archive must be")
    bytes: int | None = Field(None, ge=1, description="its size")

    def all_names(self, root: Path) -> list[str]:
        """Those of the folder, or of Table 4: the archive, which holds more, may not be there."""
        if self.path:
            return sequence_names(own_folder(self.path, root))
        # Any sequence of the archive may be named.
        return [*SEQUENCES, *(str(name) for name in self.items or () if name not in SEQUENCES)]

    def sources(self, name: str, root: Path) -> Sources:
        """The archive or the files of a folder, and what says which object is meant."""
        optional = tuple(filter(None, [self.mapping]))
        if self.path:
            own = files_below(own_folder(self.path, root) / name)
            return Sources(files=own, optional=optional)
        return Sources(downloads=(remote_file(self),), optional=optional)

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Read a sequence from the folder or the archive."""
        if self.path:
            self.unpack_folder(own_folder(self.path, root) / name, output, downloads)
            return
        archive = verified(remote_file(self), downloads)
        with unpacked(archive, lambda member: name in member.parts[:-1]) as folder:
            found = sorted(path.parent for path in folder.glob(f"**/{name}/{GROUND_TRUTH}"))
            if len(found) != 1:
                raise UserError(
                    f"items: {archive.name} holds {len(found)} sequences named {name!r}: "
                    "correct the name."
                )
            unpack(found[0], name, output, mapping_path(self.mapping, downloads))

    def describe(self, name: str, items: Sequence[str]) -> str:
        """How many of the paper's."""
        if self.text:
            return self.text
        known = sum(item in SEQUENCES for item in items)
        words = f"{known} of the paper's {len(SEQUENCES)} sequences"
        if known < len(items):
            words += f" and {len(items) - known} that the paper does not have"
        return f"FBMS-59 ({words})"


@dataclass(frozen=True)
class Annotation:
    """One annotated frame.

    Attributes:
        frame: its number, from 0.
        truth: name of its file of ground truth.
        image: name of its picture as the definition spells it; "" if it names none.
    """

    frame: int
    truth: str
    image: str


@dataclass(frozen=True)
class Definition:
    """The content of a SEQDef.dat.

    Attributes:
        values: what the ground truth holds for region 0, 1, ...: 8-bit greys or 24-bit colours.
        frames: how many frames the sequence has.
        annotations: the annotated frames in the file's order.
    """

    values: tuple[int, ...]
    frames: int
    annotations: tuple[Annotation, ...]

    @property
    def background(self) -> int:
        """The value of the background: white where colours are listed, that of region 0 else."""
        return WHITE if WHITE in self.values else self.values[0]

    @property
    def objects(self) -> tuple[int, ...]:
        """The values of object 1, 2, ... in the file's order."""
        return tuple(v for v in dict.fromkeys(self.values) if v != self.background)

    @property
    def is_colour(self) -> bool:
        """Whether the values are 24-bit colours."""
        return max(self.values) > 255

    def grey(self, value: int) -> int:
        """What a grey copy of the ground truth holds for a value."""
        if not self.is_colour:
            return value
        colour = value >> 16, value >> 8 & 255, value & 255
        return round(sum(weight * part for weight, part in zip(GREY, colour, strict=True)))


def read_definition(path: Path) -> Definition:
    """Read a SEQDef.dat.

    Raises:
        UserError: the file is missing, or something in it is missing or no number.
    """
    missing = "put the definition of the ground truth there"
    with told(path, "cannot be understood", "get the file again", missing=missing):
        text = Path(path).read_text(encoding="utf-8", errors="replace")
        return _parse_definition(text)


def _parse_definition(text: str) -> Definition:
    lines = iter([line.strip() for line in text.splitlines() if line.strip()])
    values: dict[int, int] = {}
    numbers: dict[str, int] = {}
    entries: list[dict[str, str]] = []
    for line in lines:
        key = line.rstrip(":").strip().lower()
        if match := re.fullmatch(r"scale of region (\d+)", key):
            values[int(match[1])] = _number(lines, key)
        elif key.startswith("total number of"):
            numbers[key] = _number(lines, key)
        elif key == "frame number":
            entries.append({key: str(_number(lines, key))})
        elif key in ("file name", "input file name"):
            if not entries:
                raise ValueError(f"'{line}' stands before any frame number")
            entries[-1][key] = _next(lines)
    annotations = tuple(map(_annotation, entries))
    _check_definition(values, numbers, len(annotations))
    frames = numbers["total number of frames in this shot"]
    return Definition(tuple(values[region] for region in sorted(values)), frames, annotations)


def _next(lines: Iterator[str]) -> str:
    if (line := next(lines, None)) is None:
        raise ValueError("it ends too early")
    return line


def _number(lines: Iterator[str], key: str) -> int:
    line = _next(lines)
    if not line.isdecimal():
        raise ValueError(f"'{key}' is {line!r} instead of a number")
    return int(line)


def _annotation(entry: dict[str, str]) -> Annotation:
    if "file name" not in entry:
        raise ValueError(f"frame {entry['frame number']} has no file name")
    return Annotation(
        int(entry["frame number"]), entry["file name"], entry.get("input file name", "")
    )


def _check_definition(values: dict[int, int], numbers: dict[str, int], annotations: int) -> None:
    if sorted(values) != list(range(len(values))) or len(set(values.values())) < 2:
        raise ValueError("expected 'Scale of region k' for two regions or more, from 0")
    for key, found in (
        ("total number of regions", len(values)),
        ("total number of labeled frames for this shot", annotations),
    ):
        if numbers.get(key, found) != found:
            raise ValueError(f"'{key}' is {numbers[key]}, but {found} are described")
    if numbers.get("total number of frames in this shot", 0) < 1:
        raise ValueError("'total number of frames in this shot' is missing or 0")


def find_object(name: str, definition: Definition, mapping: Path | None) -> tuple[int | None, str]:
    """Number of the object that the mapping names for a sequence.

    Args:
        name: of the sequence.
        definition: of its ground truth.
        mapping: the file, which may be missing; None if there is none.

    Returns:
        The number (from 1) or None if the mapping names no object, and a note on that.

    Raises:
        UserError: the file is not of that form.
    """
    followed = "the foreground is the annotated object that the weak labels follow"
    if mapping is None:
        return None, followed
    if not mapping.exists():
        return None, f"{followed}: {mapping.name} is not there"
    entry = _mapping_entry(mapping, name)
    if entry is None:
        return None, f"{followed}: {mapping.name} does not know {name}"
    wanted = entry.get("ground_truth_foreground_id")
    for number, value in enumerate(definition.objects, start=1):
        if wanted in (value, definition.grey(value)):
            return number, ""
    shown = ", ".join(map(str, definition.objects))
    return None, f"{followed}: {mapping.name} names {wanted!r}, which is not among {shown}"


def find_label(name: str, mapping: Path | None) -> int | None:
    """The value of the foreground in the masks of weak labels, if the mapping gives one.

    Raises:
        UserError: the file is not of that form.
    """
    entry = _mapping_entry(mapping, name) if mapping is not None and mapping.exists() else None
    value = None if entry is None else entry.get("trajectory_foreground_id")
    return value if isinstance(value, int) else None


def _mapping_entry(mapping: Path, name: str) -> Mapping[str, Any] | None:
    content = read_json(mapping)
    try:
        entry = content["mappings"]["0"].get(name)
        return None if entry is None else dict(entry)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(
            f"{mapping} holds no mapping of objects: expected "
            '{"mappings": {"0": {sequence: {"ground_truth_foreground_id": value}}}}.'
        ) from None


class _Sequence:
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
        stored = read_frame(path, upright=False)
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

    def video_frames(self) -> Iterator[Frame]:
        """Read the frames one after the other.

        Raises:
            UserError: a file cannot be read.
        """
        for number, path in enumerate(self.frames):
            objects = self.objects(number) if number in self.annotated else None
            image = in_colour(read_frame(path, upright=False))
            yield Frame(image, objects, file=path.stem)


def _find_definition(folder: Path) -> Path:
    place = folder / GROUND_TRUTH
    found = sorted(place.glob("*Def.dat"))
    if len(found) > 1:
        found = [path for path in found if path.name == f"{folder.name}Def.dat"]
    if len(found) != 1:
        raise UserError(f"{place} holds no {folder.name}Def.dat: get the sequence again.")
    return found[0]


def _find_frames(folder: Path) -> list[Path]:
    pictures = sorted(path for path in folder.iterdir() if not is_clutter(Path(path.name)))
    for suffix in FRAME_SUFFIXES:
        numbered: dict[int, Path] = {}
        for path in pictures:
            if path.suffix.lower() == suffix and (match := re.search(r"\d+$", path.stem)):
                other = numbered.setdefault(int(match[0]), path)
                if other != path:
                    raise UserError(
                        f"{folder} holds the frames {other.name} and {path.name} of the same "
                        "number: keep one series of frames in a folder."
                    )
        if not numbered:
            continue
        first, last = min(numbered), max(numbered)
        if missing := [number for number in range(first, last) if number not in numbered]:
            raise UserError(f"{folder}: the frame numbered {missing[0]} is missing: get it again.")
        return [numbered[number] for number in sorted(numbered)]
    raise UserError(f"{folder} holds no frames named like {folder.name}_01.jpg: put them there.")


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


def unpack(folder: Path, name: str, output: Path, mapping: Path | None = None) -> Item:
    """Bring a sequence into the one layout of videos.

    Args:
        folder: of the sequence.
        name: of the video.
        output: folder to write.
        mapping: file that names the foreground objects (see `find_object`); without it, or where
            it does not know the sequence, weak labels choose the foreground and a note says so.

    Raises:
        UserError: a file is missing or damaged; the message names it.
    """
    sequence = _Sequence(folder)
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
