"""Pixels as a file stores them, brought into one order of axes, with what the file says of them.

What the numbers mean, whether they are brightness, probabilities, labels or distances, no file
says: that is the caller's to state (see `meaning`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isr.errors import UserError

PAGE = "page"
DIFFERENT = "D"
"""The axis of pages that are of different sizes or types."""
NAMES = {"C": "channel", "T": "time", "Z": "slice", "S": "sample", DIFFERENT: PAGE}
"""Of axes that pictures may have beside Y and X; all others are pages without a name."""

Colour = Literal["grey", "rgb", "palette"]
Order = Literal["YX", "ZYX"]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a file says of its numbers.

    Attributes:
        colour: what a pixel is: one number, three, or an index of a palette.
        bits: how many of a number's bits the file says to be in use.
        white_is_zero: whether larger numbers are darker.
        palette: float64 (n, 3), colours in [0, 1] of the indices of a palette.
        extra: of samples beyond the colours, whether each is transparency.
        multiplied: whether colours are stored times their opacity.
        orientation: as of EXIF.
    """

    colour: Colour = "grey"
    bits: int = 8
    white_is_zero: bool = False
    palette: NDArray[np.float64] | None = None
    extra: tuple[bool, ...] = ()
    multiplied: bool = False
    orientation: int = 1


@dataclass(frozen=True, eq=False)
class Source:
    """A file that was opened: planes that can be read one at a time.

    Attributes:
        path: of the file.
        facts: of its numbers.
        outer: axes along which planes lie, a letter each; the last one runs fastest.
        shape: of these axes.
        inner: axes of a plane.
        plane: reads a plane by its number.
    """

    path: Path
    facts: Facts
    outer: str
    shape: tuple[int, ...]
    inner: str
    plane: Callable[[int], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Pixels:
    """The numbers of a picture or a stack.

    Attributes:
        path: of the file.
        values: (h, w) or (slices, h, w), or (*grid, 3) of colours, as they are stored.
        alpha: (*grid), opacity as it is stored; None where there is none.
        facts: what the file says of them.
    """

    path: Path
    values: NDArray[Any]
    alpha: NDArray[Any] | None
    facts: Facts


def arrange(source: Source, order: Order, select: Mapping[str, int], axes: str | None) -> Pixels:
    """Read the planes that are wanted, and bring their axes into an order.

    Args:
        source: the opened file.
        order: YX of a picture, ZYX of a stack of slices.
        select: which one to take along other axes, from 0.
        axes: letters for all axes but colours, where the file says otherwise or nothing.

    Raises:
        UserError: the file has more axes than are wanted, and none is selected; or lacks one.
    """
    source = source if axes is None else _renamed(source, axes)
    numbers, outer = _choose(source, order, select)
    planes = [source.plane(int(number)) for number in numbers.ravel()]
    array = np.stack(planes).reshape(*numbers.shape, *planes[0].shape)
    if not array.size:
        raise UserError(f"{source.path} has shape {array.shape}, and so no pixels: save it again.")
    array, kept = _choose_within(source, array, outer + source.inner, order, select)
    if "Z" in order and "Z" not in kept:
        array, kept = array[None], "Z" + kept
    wanted = order + ("S" if "S" in kept else "")
    array = np.transpose(array, [kept.index(letter) for letter in wanted])
    return _turned(_split(source, array, "S" in kept, select), source.facts.orientation)


def _name(letter: str) -> str:
    return NAMES.get(letter, PAGE)


def _renamed(source: Source, axes: str) -> Source:
    """The same file with other letters for its axes."""
    lengths = [(letter, size) for letter, size in zip(source.outer, source.shape, strict=True)]
    own = "".join(letter for letter, size in lengths if size > 1)
    inner = source.inner.replace("S", "")
    if own + inner == "YX":
        return source
    if len(axes) != len(own + inner):
        raise UserError(
            f"{source.path} has {len(own + inner)} axes ({own + inner}), but axes names "
            f"{len(axes)} ({axes}): name one letter for each."
        )
    letters = dict(zip(inner, axes[len(own) :], strict=True))
    return Source(
        source.path,
        source.facts,
        axes[: len(own)],
        tuple(size for _, size in lengths if size > 1),
        "".join(letters.get(letter, letter) for letter in source.inner),
        source.plane,
    )


def _is_slice(letter: str, order: Order, axes: str) -> bool:
    """Whether an axis is that of slices: of a stack, unnamed pages are if no axis is so named."""
    return "Z" in order and "Z" not in axes and letter not in NAMES


def _choose(
    source: Source, order: Order, select: Mapping[str, int]
) -> tuple[NDArray[np.int64], str]:
    """Numbers of the planes to read, along the axes that are kept, and these axes."""
    every = source.outer + source.inner
    numbers = np.arange(int(np.prod(source.shape))).reshape(source.shape)
    kept = ""
    for letter, size in zip(source.outer, source.shape, strict=True):
        if letter in order or _is_slice(letter, order, every + kept):
            kept += letter if letter in order else "Z"
            continue
        index = _selected(source, letter, size, order, select)
        numbers = np.take(numbers, index, axis=len(kept))
    return numbers, kept


def _choose_within(
    source: Source, array: NDArray[Any], kept: str, order: Order, select: Mapping[str, int]
) -> tuple[NDArray[Any], str]:
    """Take one along the axes of a plane that are not wanted."""
    for letter in source.inner:
        if letter == "S" or letter in order:
            continue
        place = kept.index(letter)
        if _is_slice(letter, order, kept):
            kept = kept.replace(letter, "Z")
            continue
        index = _selected(source, letter, array.shape[place], order, select)
        array, kept = np.take(array, index, axis=place), kept.replace(letter, "")
    if missing := [letter for letter in "YX" if letter not in kept]:
        raise UserError(
            f"{source.path} has no axis {missing[0]}: save it as slices of grey values."
        )
    return array, kept


def _selected(
    source: Source, letter: str, size: int, order: Order, select: Mapping[str, int]
) -> int:
    """Which one to take along an axis."""
    name = _name(letter)
    if size == 1:
        return 0
    index = select.get(name)
    if index is None:
        every = source.outer + source.inner
        differ = " of different sizes or types" if letter == DIFFERENT else ""
        could_be = order == "ZYX" and "Z" not in every and not differ
        raise UserError(
            f"{source.path} holds {size} {name}s{differ} (axes {every}): choose one, such as "
            f"select: {{{name}: 0}}, or save it alone."
            + (" If they are slices, say axes: ZYX." if could_be else "")
        )
    if not 0 <= index < size:
        raise UserError(
            f"{source.path} holds {size} {name}s, but select names {name} {index}: "
            f"choose 0 to {size - 1}."
        )
    return index


def _split(
    source: Source, array: NDArray[Any], has_samples: bool, select: Mapping[str, int]
) -> Pixels:
    """Tell colours and transparency apart."""
    facts, alpha = source.facts, None
    if not has_samples:
        return Pixels(source.path, array, None, facts)
    colours = 3 if facts.colour == "rgb" else 1
    further = array.shape[-1] - colours
    extra = (*facts.extra, *(False,) * further)[:further]
    if colours == 1 and not all(extra):
        # Nothing says what the others are, and so not that the first is the picture.
        index = _selected(source, "S", array.shape[-1], "YX", select)
        return Pixels(source.path, array[..., index], None, facts)
    if True in extra:
        alpha = array[..., colours + extra.index(True)]
    values = array[..., :colours] if colours == 3 else array[..., 0]
    return Pixels(source.path, values, alpha, facts)


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """The picture upright, after its orientation as of EXIF."""
    turn = TURNS.get(orientation)
    if turn is None:
        return pixels
    colours = int(pixels.facts.colour == "rgb")
    values = _over(turn, pixels.values, colours)
    alpha = None if pixels.alpha is None else _over(turn, pixels.alpha, 0)
    return Pixels(pixels.path, values, alpha, pixels.facts)


def _over(
    turn: Callable[[NDArray[Any]], NDArray[Any]], array: NDArray[Any], after: int
) -> NDArray[Any]:
    """Turn the plane of an array with `after` axes behind it."""
    front = np.moveaxis(array, (-2 - after, -1 - after), (0, 1))
    return np.moveaxis(turn(front), (0, 1), (-2 - after, -1 - after))


TURNS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[::-1],
}
