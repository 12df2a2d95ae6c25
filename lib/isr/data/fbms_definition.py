"""SEQDef.dat: what FBMS-59 says of the ground truth of one sequence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from isr.errors import UserError

WHITE = 0xFFFFFF
GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the grey copies of colour ground truth."""


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
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise UserError(
            f"{path} does not exist: put the definition of the ground truth there."
        ) from None
    try:
        return _parse(text)
    except (ValueError, StopIteration) as error:
        reason = str(error) or "it ends too early"
        raise UserError(f"{path} cannot be understood ({reason}): get the file again.") from None


def _parse(text: str) -> Definition:
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
            entries[-1][key] = next(lines)
    annotations = tuple(map(_annotation, entries))
    _check(values, numbers, len(annotations))
    frames = numbers["total number of frames in this shot"]
    return Definition(tuple(values[region] for region in sorted(values)), frames, annotations)


def _number(lines: Iterator[str], key: str) -> int:
    line = next(lines)
    if not line.isdecimal():
        raise ValueError(f"'{key}' is {line!r} instead of a number")
    return int(line)


def _annotation(entry: dict[str, str]) -> Annotation:
    if "file name" not in entry:
        raise ValueError(f"frame {entry['frame number']} has no file name")
    return Annotation(
        int(entry["frame number"]), entry["file name"], entry.get("input file name", "")
    )


def _check(values: dict[int, int], numbers: dict[str, int], annotations: int) -> None:
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
