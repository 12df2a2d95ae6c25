"""What stored numbers mean: brightness, probabilities, labels or distances.

A file does not say it: whoever reads it does. Nothing is divided by what a type could hold: 10 bits
of a camera lie in 16, and the ids of cells in 64. Where neither the file nor the caller states a
range, that of the data is taken, and a log says so.
"""

import logging
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isr.data.pixels.stored import Pixels
from isr.errors import UserError

Range = tuple[float, float]
Holds = Literal["probabilities", "mask"]
Floats = NDArray[np.float32]

_log = logging.getLogger(__name__)

_FEW = 16
"""So many whole numbers from 0 without a gap are taken for ids, not for grey values."""


def brightness(pixels: Pixels, value_range: Range | None = None) -> Floats:
    """Brightness or colours in [0, 1]: (*grid) of grey, (*grid, 3) of colours or of a palette.

    8 bits are divided by 255, and floating-point numbers in [0, 1] stay as they are. Of others,
    and where a range is stated, its ends become 0 and 1 and values beyond are cut off; where
    none is, it is that of the data.

    Args:
        pixels: of a picture or a stack.
        value_range: the values of black and white.

    Raises:
        UserError: values are no real numbers, or NaN or infinite.
    """
    if pixels.facts.palette is not None:
        return _of_palette(pixels)
    values = real(pixels)
    low, high = value_range or _own_range(pixels, values, "brightness")
    scaled = (values.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    if value_range is not None and (cut := float(np.mean((scaled < 0) | (scaled > 1)))):
        _log.info("%s: %.2g of the values lie beyond value_range", pixels.path, cut)
    scaled = np.clip(scaled, 0, 1)
    if pixels.facts.white_is_zero:
        scaled = 1 - scaled
    return _opaque(pixels, scaled)


def real(pixels: Pixels) -> NDArray[Any]:
    """Real numbers as they are stored, floating point as float32, truth values as 0 and 1.

    Raises:
        UserError: values are no real numbers, or NaN or infinite.
    """
    values = pixels.values
    if values.dtype.kind not in "buif":
        raise UserError(f"{pixels.path} holds values of type {values.dtype}: save real numbers.")
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
        if not np.isfinite(values).all():
            raise UserError(f"{pixels.path} holds NaN or infinite values: repair it.")
    return values.astype(np.uint8) if values.dtype.kind == "b" else values


def bytes_of(pixels: Pixels) -> NDArray[np.uint8]:
    """8-bit grey (*grid) or colours (*grid, 3), as they are stored; a palette as its colours.

    Raises:
        UserError: the file has more than 8 bits.
    """
    if pixels.facts.palette is not None:
        colours = np.rint(_of_palette(pixels) * 255).astype(np.uint8)
        return colours if (colours != colours[..., :1]).any() else colours[..., 0]
    if pixels.values.dtype != np.uint8 or pixels.facts.bits > 8:
        raise UserError(f"{pixels.path} has more than 8 bits a channel: convert it to 8 bits.")
    return pixels.values


def probabilities(
    pixels: Pixels, value_range: Range | None = None, holds: Holds | None = None
) -> Floats:
    """Foreground probabilities (*grid) in [0, 1].

    Truth values and pictures of 0 and one other number are masks. Floating-point numbers have to
    lie in [0, 1]; 8 bits are divided by 255, 16 bits by 65535 if they reach beyond its half, and
    else by the largest that there is, which a log says.

    Args:
        pixels: of a picture or a stack.
        value_range: the values of probability 0 and 1.
        holds: what the file is known to hold; a `mask` is 1 wherever its number is not 0.

    Raises:
        UserError: the file is coloured, its numbers look like ids, or are out of range.
    """
    values = real(in_grey(pixels))
    if pixels.facts.white_is_zero:
        values = _inverted(pixels, values)
    if holds == "mask":
        return np.asarray(values != 0, np.float32)
    if value_range is None and holds is None and _is_mask(values):
        return np.asarray(values != 0, np.float32)
    low, high = value_range or _probable_range(pixels, values)
    scaled = (values.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    if scaled.min() < 0 or scaled.max() > 1:
        raise UserError(
            f"{pixels.path} holds values from {values.min():g} to {values.max():g}, expected "
            f"[{low:g}, {high:g}]: rescale it, or state its range."
        )
    return np.asarray(scaled, np.float32)


def distances(pixels: Pixels) -> NDArray[np.float64]:
    """Distances (*grid) in the file's own unit, but for a factor.

    8 bits are divided by 255, all others that reach beyond 1 by the largest. 0 and NaN, which say
    that there is none, stay so.

    Raises:
        UserError: the file is coloured, or has no real number that is not 0.
    """
    values = grey(pixels)
    if values.dtype.kind not in "buif":
        raise UserError(f"{pixels.path} holds values of type {values.dtype}: save real numbers.")
    if pixels.facts.white_is_zero:
        values = _inverted(pixels, values)
    known = values[np.isfinite(values)]
    if not known.size:
        raise UserError(f"{pixels.path} holds no finite number: save the depth again.")
    largest = 255.0 if values.dtype == np.uint8 else max(1.0, float(np.abs(known).max()))
    return np.asarray(values, np.float64) / largest


def labels(pixels: Pixels, transparent: int | None = None) -> NDArray[np.int64]:
    """Labels (*grid): the numbers that are stored, never divided; of a palette, its indices.

    Grey of fewer than 8 bits counts as its 8-bit grey, so that black and white are 0 and 255.
    Colours are read as grey if all three are equal.

    Args:
        pixels: of a picture or a stack.
        transparent: the label of fully transparent pixels; without it, they are refused.

    Raises:
        UserError: values are no whole numbers, coloured or partly transparent.
    """
    values = pixels.values if pixels.facts.colour == "palette" else grey(pixels, of_alpha=False)
    if values.dtype.kind not in "bui":
        raise UserError(
            f"{pixels.path} holds values of type {values.dtype}: save labels as whole numbers."
        )
    if values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max:
        raise UserError(f"{pixels.path} holds numbers beyond 2**63: number its labels anew.")
    if pixels.facts.white_is_zero:
        values = _inverted(pixels, values)
    found = values.astype(np.int64)
    bits = pixels.facts.bits
    if bits < 8 and pixels.facts.colour == "grey" and values.dtype != np.bool_:
        found = found * 255 // (2**bits - 1)
    if pixels.alpha is None:
        return found
    visible = pixels.alpha > 0
    whole = pixels.alpha == 2**bits - 1
    if not (visible == whole).all() or (transparent is None and not visible.all()):
        raise UserError(f"{pixels.path} is partly transparent: flatten it to grey values.")
    return found if transparent is None else np.where(visible, found, transparent)


def in_grey(pixels: Pixels) -> Pixels:
    """The same pixels as one number each.

    Raises:
        UserError: the pixels are coloured.
    """
    facts = replace(pixels.facts, colour="grey", palette=None)
    return replace(pixels, values=grey(pixels), facts=facts)


def grey(pixels: Pixels, *, of_alpha: bool = True) -> NDArray[Any]:
    """The one number of each pixel, as it is stored.

    Args:
        pixels: of a picture or a stack.
        of_alpha: whether pixels that are fully transparent count, whatever colour they have.

    Raises:
        UserError: the pixels are coloured.
    """
    values = pixels.values
    if pixels.facts.palette is not None:
        values = np.rint(_of_palette(pixels) * 255).astype(np.uint8)
    if values.ndim == pixels.values.ndim and pixels.facts.colour == "grey":
        return values
    seen = values
    if pixels.alpha is not None and not of_alpha:
        seen = values[pixels.alpha > 0]
    if (seen != seen[..., :1]).any():
        raise UserError(f"{pixels.path} is coloured, so its values are not clear: save it in grey.")
    return values[..., 0]


def _of_palette(pixels: Pixels) -> Floats:
    assert pixels.facts.palette is not None
    colours = pixels.facts.palette
    if pixels.values.size and int(pixels.values.max()) >= len(colours):
        raise UserError(f"{pixels.path} names colours that its palette lacks: save it again.")
    return np.asarray(colours[pixels.values], np.float32)


def _inverted(pixels: Pixels, values: NDArray[Any]) -> NDArray[Any]:
    """Numbers of which 0 was white, so that 0 is black."""
    if values.dtype.kind not in "bu":
        raise UserError(
            f"{pixels.path} has 0 for white, which numbers of type {values.dtype} do not tell: "
            "save it with 0 for black."
        )
    bits = pixels.facts.bits
    return np.asarray(np.array(2**bits - 1, values.dtype if bits > 1 else np.uint8) - values)


def _own_range(pixels: Pixels, values: NDArray[Any], what: str) -> Range:
    """The range of values of which none is stated: of their type or of the data."""
    bits = pixels.facts.bits
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return 0.0, 1.0
    if values.dtype.kind == "u" and (bits <= 8 or 8 * values.dtype.itemsize > bits):
        # Some formats say how many bits are in use.
        return 0.0, float(2**bits - 1)
    if low == high:
        return min(low, 0.0), high if high > min(low, 0.0) else low + 1
    _log.warning(
        "%s: %s is taken from %g to %g, the range of its values; state value_range if it is "
        "another",
        *(pixels.path, what, low, high),
    )
    return low, high


def _is_mask(values: NDArray[Any]) -> bool:
    """Whether there is 0 and one other number, or 1 alone."""
    low, high = values.min(), values.max()
    if values.dtype.kind == "f":
        return False
    if low == high:
        return bool(low in (0, 1))
    return bool(low == 0 and np.isin(values, (low, high)).all())


def _probable_range(pixels: Pixels, values: NDArray[Any]) -> Range:
    if values.dtype.kind == "f":
        return 0.0, 1.0
    _refuse_ids(pixels, values)
    bits, high = pixels.facts.bits, float(values.max())
    if bits <= 8 or 8 * values.dtype.itemsize > bits or high >= 2 ** (bits - 1):
        return 0.0, float(2**bits - 1)
    _log.warning(
        "%s: probability 1 is taken to be %g, its largest value; state value_range if it is "
        "another",
        *(pixels.path, high),
    )
    return 0.0, high


def _refuse_ids(pixels: Pixels, values: NDArray[Any]) -> None:
    """See that numbers are no ids, of which larger ones are not more probable."""
    if values.min() < 0:
        raise UserError(
            f"{pixels.path} holds negative whole numbers: state their range, or save "
            "probabilities as floating point."
        )
    found = np.unique(values)
    consecutive = len(found) > 2 and found[0] == 0 and found[-1] == len(found) - 1
    is_wide = values.dtype.kind == "i" or values.dtype.itemsize > 2
    if is_wide or (consecutive and (len(found) <= _FEW or pixels.facts.bits > 8)):
        shown = ", ".join(map(str, found[:4].tolist()))
        raise UserError(
            f"{pixels.path} holds the whole numbers {shown}, ... ({len(found)} values), which may "
            "be ids of objects: say that it holds a mask, or save probabilities as floating point."
        )


def _opaque(pixels: Pixels, colours: Floats) -> Floats:
    """Colours as they are without their transparency."""
    if not pixels.facts.multiplied or pixels.alpha is None:
        return colours
    top = float(2**pixels.facts.bits - 1)
    alpha = (pixels.alpha / top).astype(np.float32)
    alpha = alpha if colours.ndim == alpha.ndim else alpha[..., None]
    return np.where(alpha > 0, np.minimum(colours / np.maximum(alpha, 1e-6), 1), colours)
