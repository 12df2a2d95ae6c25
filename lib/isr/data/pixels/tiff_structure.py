"""What a TIFF file says of itself, held against how many bytes there are, before it is decoded.

A reader that meets the end of a file while it follows a chain of directories takes what it has got
for all there is, and one that believes a header takes memory for whatever that asks for. So every
directory, value and piece of picture (a strip or a tile) has to lie in the file, in the number and
of the size that its directory states.

After Adobe's TIFF 6.0 and the BigTIFF design of its maintainers.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

NONE, LZW, JPEG = 1, 5, 7
EXPANSION = {
    NONE: 1,
    2: 2**15,  # the three of faxes
    3: 2**15,
    4: 2**15,
    LZW: 2600,
    JPEG: 2**13,
    8: 1032,  # deflate
    32946: 1032,
    32773: 64,  # PackBits
    34925: 2**15,  # LZMA
    50000: 2**15,  # Zstandard
    50001: 2**15,  # WebP
}
"""Compressions that are read, each with the most bytes that one of its bytes may stand for."""

_REDUCED, _MASK = 1, 4
_STACKS = {33629: "MetaMorph", 34412: "LSM"}
"""Private tags of formats whose further slices no directory tells."""
_KINDS = {
    **{1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 6: "b", 7: "B", 8: "h", 9: "i", 10: "ii"},
    **{11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"},
}
"""Types of values by their number, as `struct` calls them."""


@dataclass(frozen=True)
class Directory:
    """What one directory of a TIFF file states of its picture.

    Attributes:
        number: in the chain, from 0.
        width: in pixels.
        height: in pixels.
        depth: slices in this one picture; 1 of all but volumetric files.
        samples: numbers of a pixel.
        bits: of a number.
        numbers: 1 unsigned, 2 signed, 3 floating point.
        compression: its number.
        photometric: 0 white is zero, 1 black is zero, 2 RGB, 3 palette, ...
        planar: whether each sample is a plane of its own.
        extra: what the samples beyond the colours are: 0 not said, 1 and 2 transparency.
        orientation: as of EXIF.
        description: text, in which programs write what the pages are.
        start: where the first piece begins.
        pieces: number of strips or tiles.
        size: bytes of the picture when it is decoded.
    """

    number: int
    width: int
    height: int
    depth: int
    samples: int
    bits: int
    numbers: int
    compression: int
    photometric: int
    planar: bool
    extra: tuple[int, ...]
    orientation: int
    description: str
    start: int
    pieces: int
    size: int

    @property
    def kind(self) -> tuple[object, ...]:
        """What pages of one stack have in common."""
        return (
            *(self.width, self.height, self.depth, self.samples, self.bits, self.numbers),
            *(self.photometric, self.planar, self.extra, self.orientation),
        )


def directories(path: Path) -> list[Directory]:
    """The directories of a file that are pictures of their own, not smaller copies or masks.

    Raises:
        ValueError: the file is no TIFF file, or not whole, or is of no kind that is read.
    """
    with path.open("rb") as stream:
        found = list(_File(stream, path.stat().st_size).directories())
    if not found:
        raise ValueError("it holds no picture")
    return found


class _File:
    """The bytes of a file, none of which are read beyond its end."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self.stream, self.size = stream, size
        start = self.at(0, 4)
        self.order = {b"II": "<", b"MM": ">"}.get(start[:2], "")
        version = struct.unpack(f"{self.order or '<'}H", start[2:])[0]
        if not self.order or version not in (42, 43):
            raise ValueError("it does not begin like one")
        self.big = version == 43
        self.offset, self.count = ("Q", "Q") if self.big else ("I", "H")

    def at(self, offset: int, length: int) -> bytes:
        """Some of its bytes."""
        if offset + length > self.size:
            raise ValueError(f"it ends after {self.size} bytes, before what it speaks of")
        self.stream.seek(offset)
        return self.stream.read(length)

    def number(self, kind: str, offset: int) -> int:
        """A whole number."""
        return int(
            struct.unpack(self.order + kind, self.at(offset, struct.calcsize("=" + kind)))[0]
        )

    def directories(self) -> Iterator[Directory]:
        """Follow the chain to its end."""
        offset, seen = self.number(self.offset, 8 if self.big else 4), set()
        while offset:
            if offset in seen:
                raise ValueError("its directories run in a circle")
            seen.add(offset)
            tags, offset = self.tags(offset)
            if found := self.directory(len(seen) - 1, tags):
                yield found

    def tags(self, offset: int) -> tuple[dict[int, Any], int]:
        """The values of a directory by their tags, and where the next one begins."""
        head, entry = struct.calcsize("=" + self.count), 20 if self.big else 12
        count = self.number(self.count, offset)
        if not 0 < count <= 4096:
            raise ValueError(f"a directory has {count} entries")
        table = self.at(offset + head, count * entry)
        values = (self.value(table[k * entry : (k + 1) * entry]) for k in range(count))
        tags = {tag: value for tag, value in values if value is not None}
        return tags, self.number(self.offset, offset + head + count * entry)

    def value(self, entry: bytes) -> tuple[int, Any]:
        """Tag and values of an entry: an array, text; None of a kind that is not known."""
        tag, kind, count = struct.unpack(f"{self.order}HH{self.offset}", entry[: -self.word])
        if kind not in _KINDS:
            return tag, None
        letters = _KINDS[kind]
        length = count * struct.calcsize("=" + letters)
        inline = entry[-self.word :]
        if length > self.word:
            inline = self.at(struct.unpack(self.order + self.offset, inline)[0], length)
        if kind == 2:
            return tag, inline[:length].rstrip(b"\0").decode("utf-8", "replace")
        return tag, np.frombuffer(inline[:length], self.order + letters[0])

    @property
    def word(self) -> int:
        """Bytes of an offset."""
        return 8 if self.big else 4

    def directory(self, number: int, tags: dict[int, Any]) -> Directory | None:
        """What a directory states; None of one that is no picture of its own."""
        if int(_first(tags, 254, 0)) & (_REDUCED | _MASK):
            return None
        for tag, name in _STACKS.items():
            if tag in tags:
                raise ValueError(
                    f"{name} files say elsewhere what their slices are: export OME-TIFF"
                )
        bits = np.atleast_1d(tags.get(258, 1))
        samples = int(_first(tags, 277, 1))
        numbers = np.atleast_1d(tags.get(339, 1))
        if len(set(bits.tolist())) != 1 or len(set(numbers.tolist())) != 1:
            raise ValueError("its samples are of different types")
        described = Directory(
            number=number,
            width=int(_first(tags, 256)),
            height=int(_first(tags, 257)),
            depth=int(_first(tags, 32997, 1)),
            samples=samples,
            bits=int(bits[0]),
            numbers=int(numbers[0]),
            compression=int(_first(tags, 259, NONE)),
            photometric=int(_first(tags, 262)),
            planar=samples > 1 and int(_first(tags, 284, 1)) == 2,
            extra=tuple(int(value) for value in np.atleast_1d(tags.get(338, ()))),
            orientation=int(_first(tags, 274, 1)),
            description=tags.get(270, "") if isinstance(tags.get(270, ""), str) else "",
            start=int(_first(tags, 324 if 322 in tags else 273)),
            pieces=len(tags[324 if 322 in tags else 273]),
            size=0,
        )
        return self.checked(described, tags)

    def checked(self, described: Directory, tags: dict[int, Any]) -> Directory:
        """Hold the pieces against the bytes of the file."""
        if min(described.width, described.height, described.depth, described.samples) < 1:
            raise ValueError("a picture has no pixels")
        if described.bits not in (*range(1, 17), 24, 32, 64):
            raise ValueError(f"its numbers have {described.bits} bits")
        if described.compression not in EXPANSION:
            raise ValueError(
                f"it is compressed in a way that is not read ({described.compression})"
            )
        sizes = _piece_sizes(described, tags)
        starts = np.asarray(tags[324 if 322 in tags else 273]).astype(object)
        lengths = np.asarray(tags.get(325 if 322 in tags else 279, ())).astype(object)
        if described.compression == NONE and len(sizes) == 1 and not any(lengths):
            # Some programs leave out how long a single strip is.
            lengths = sizes
        if len(lengths) != len(starts):
            raise ValueError(f"it places {len(starts)} strips or tiles and sizes {len(lengths)}")
        if min(lengths) < 1 or min(starts) < 8:
            raise ValueError("a strip or tile was never written")
        if max(starts + lengths) > self.size:
            raise ValueError(f"it ends after {self.size} bytes, within its pixels")
        expansion = EXPANSION[described.compression]
        if any(sizes > lengths * expansion + (0 if expansion == 1 else 64)):
            raise ValueError("it asks for more pixels than it can hold")
        values = {**vars(described), "size": int(sum(sizes))}
        return Directory(**values)


def _first(tags: dict[int, Any], tag: int, default: int | None = None) -> Any:
    value = tags.get(tag, default)
    if value is None or (not isinstance(value, int) and len(value) == 0):
        raise ValueError(f"the tag {tag} is missing")
    return value if isinstance(value, int) else value[0]


def _piece_sizes(described: Directory, tags: dict[int, Any]) -> NDArray[Any]:
    """Bytes of each strip or tile when it is decoded, as whole numbers of any size."""
    width, height = described.width, described.height
    inner = 1 if described.planar else described.samples
    planes = described.samples if described.planar else 1
    if 322 in tags:
        across, down = int(_first(tags, 322)), int(_first(tags, 323))
        deep = int(_first(tags, 32998, 1))
        if min(across, down, deep) < 1:
            raise ValueError("its tiles have no pixels")
        count = math.ceil(width / across) * math.ceil(height / down)
        count *= math.ceil(described.depth / deep) * planes
        rows, period, last = down * deep, 1, down * deep
    else:
        across, rows = width, min(int(_first(tags, 278, height)), height)
        if rows < 1:
            raise ValueError("its strips have no rows")
        period = math.ceil(height / rows)
        count, last = period * described.depth * planes, height - (period - 1) * rows
    if count != described.pieces:
        raise ValueError(f"it speaks of {count} strips or tiles and places {described.pieces}")
    line = math.ceil(across * inner * described.bits / 8)
    sizes = np.full(count, line * rows, object)
    sizes[period - 1 :: period] = line * last
    return sizes
