"""Damaged files: what a seed makes of the bytes of a whole one."""

import re
from collections.abc import Callable

import numpy as np

CUT = "cut"
"""The kind whose result, if it is read at all, has to be that of the whole file."""

_WORDS = (
    *(b"0", b"-1", b"1", b"255", b"65535", b"4294967295", b"18446744073709551616", b"1e999"),
    *(b"NaN", b"-Infinity", b"null", b"true", b"{}", b"[]", b'""', b'"x"', b"{", b"]", b"\xff"),
)
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x8000000000000000)
_HEADER = 512
"""Bytes at the beginning and the end, where formats keep what they say of themselves."""

Random = np.random.Generator


def _place(data: bytes, random: Random) -> int:
    """A place in a file, every second time near its ends."""
    if random.integers(2):
        near = int(random.integers(min(len(data), _HEADER)))
        return near if random.integers(2) else len(data) - 1 - near
    return int(random.integers(len(data)))


def _cut(data: bytes, random: Random) -> bytes:
    return data[: _place(data, random)]


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 4))):
        changed[_place(data, random)] ^= 1 << int(random.integers(8))
    return bytes(changed)


def _number(data: bytes, random: Random) -> bytes:
    """Another number in binary, of two, four or eight bytes in either order."""
    place, size = _place(data, random), int(random.choice([2, 4, 8]))
    value = _NUMBERS[int(random.integers(len(_NUMBERS)))] % (1 << 8 * size)
    order = "little" if random.integers(2) else "big"
    return data[:place] + value.to_bytes(size, order) + data[place + size :]  # type: ignore[arg-type]


def _word(data: bytes, random: Random) -> bytes:
    """Another word in place of a number or a name that is written out."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?|\"[^\"\n]*\"|\btrue\b|\bnull\b", data))
    word = _WORDS[int(random.integers(len(_WORDS)))]
    if not found:
        place = _place(data, random)
        return data[:place] + word + data[place:]
    match = found[int(random.integers(len(found)))]
    return data[: match.start()] + word + data[match.end() :]


def _without(data: bytes, random: Random) -> bytes:
    place, length = _place(data, random), int(random.integers(1, 1 + min(64, len(data))))
    return data[:place] + data[place + length :]


def _twice(data: bytes, random: Random) -> bytes:
    place, length = _place(data, random), int(random.integers(1, 1 + min(64, len(data))))
    return data[: place + length] + data[place:]


def _noise(data: bytes, random: Random) -> bytes:
    place, length = _place(data, random), int(random.integers(1, 65))
    return data[:place] + random.bytes(length) + data[place + length :]


def _line(data: bytes, random: Random) -> bytes:
    """Without one of its lines, or with one twice."""
    lines = data.splitlines(keepends=True)
    number = int(random.integers(len(lines)))
    return b"".join(
        lines[:number] + lines[number:][: 2 * int(random.integers(2))] + lines[number + 1 :]
    )


KINDS: dict[str, Callable[[bytes, Random], bytes]] = {
    CUT: _cut,
    "flip": _flip,
    "number": _number,
    "word": _word,
    "without": _without,
    "twice": _twice,
    "noise": _noise,
    "line": _line,
}


def damage(data: bytes, seed: tuple[int, ...]) -> tuple[str, bytes]:
    """The kind of damage that a seed stands for, and what it makes of some bytes."""
    random = np.random.default_rng(seed)
    kinds = [*KINDS, CUT, CUT]
    kind = kinds[int(random.integers(len(kinds)))]
    return kind, KINDS[kind](data, random) if data else data
