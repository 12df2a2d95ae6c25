"""TIFF files: which axes their pages have, and their pixels.

Directories are checked (`tiff_structure`) before tifffile and its codecs see the file. What pages
are, slices, channels or times, stands in the text of the first directory, in the words of the
program that wrote it: OME-XML, ImageJ's, tifffile's. Where nothing says so, pages have no name, and
whatever is said has to be there: a file that speaks of more slices than it has is not whole.
"""

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from isr.data.pixels.stored import DIFFERENT, Facts, Source
from isr.data.pixels.tiff_structure import JPEG, NONE, Directory, directories

if TYPE_CHECKING:
    import tifffile

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6


@dataclass(frozen=True)
class _Pages:
    """How the planes of a stack lie in a file.

    Attributes:
        axes: along which they lie, a letter each; the last one runs fastest.
        shape: of these axes.
        order: the directory of each plane; None where they follow the first one without a gap.
        inner: axes of a plane as the file names them; "" where it does not.
    """

    axes: str
    shape: tuple[int, ...]
    order: tuple[int, ...] | None
    inner: str = ""


@contextmanager
def opened(path: Path, page: int | None) -> Iterator[Source]:
    """Open a file for as long as the block runs.

    Args:
        path: the file.
        page: which one to take if pages are of different sizes or types; None for all.

    Raises:
        ValueError: the file is not whole, or of no kind that is read.
    """
    # Takes long to import, and names of pictures are listed whenever the workflow is read.
    import tifffile

    found = directories(path)
    if page is not None and 0 <= page < len(found) and _differ(found):
        found = [found[page]]
        pages = _Pages("", (), (found[0].number,))
    else:
        pages = _pages(found, path.stat().st_size)
    with tifffile.TiffFile(path, _multifile=False) as file:
        first, head = found[0], file.pages[found[0].number].aspage()
        if set(head.axes) - set("ZYXS"):
            raise ValueError(f"the axes {head.axes} of its pages are not read")
        if pages.order is None and not head.is_contiguous:
            raise ValueError("it speaks of more pages than it has")

        def plane(number: int) -> NDArray[Any]:
            if pages.order is None:
                return _following(file, first, head, number)
            array = np.asarray(file.pages[pages.order[number]].asarray(maxworkers=1))
            return array.astype(np.uint8) if array.dtype == np.bool_ else array

        inner = _named(head.axes, pages.inner)
        yield Source(path, _facts(first, head), pages.axes, pages.shape, inner, plane)


def _named(axes: str, said: str) -> str:
    """Axes of a page, as tifffile's text names them; samples of a pixel are told by tags alone."""
    if len(axes) != len(said):
        return axes
    pairs = zip(axes, said.replace("S", "C"), strict=True)
    return "".join("S" if own == "S" else name for own, name in pairs)


def _following(
    file: "tifffile.TiffFile", first: Directory, page: "tifffile.TiffPage", number: int
) -> NDArray[Any]:
    """A plane of a stack whose planes follow the first one without directories of their own."""
    assert page.dtype is not None
    file.filehandle.seek(first.start + number * first.size)
    content = file.filehandle.read(first.size)
    kind = page.dtype.newbyteorder(file.byteorder)
    return np.frombuffer(content, kind).reshape(page.shape)


def _facts(first: Directory, page: "tifffile.TiffPage") -> Facts:
    """What the first directory says of the numbers.

    Raises:
        ValueError: colours are of a kind that is not read.
    """
    photometric, transparent = first.photometric, tuple(each in (1, 2) for each in first.extra)
    facts = {
        "bits": first.bits,
        "extra": transparent,
        "multiplied": 1 in first.extra,
        "orientation": first.orientation,
    }
    if photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
        return Facts("grey", white_is_zero=photometric == _WHITE_IS_ZERO, **facts)  # type: ignore[arg-type]
    is_colour = photometric == _RGB or (photometric == _YCBCR and first.compression == JPEG)
    if is_colour and first.samples >= 3:
        return Facts("rgb", **facts)  # type: ignore[arg-type]
    if photometric == _PALETTE and page.colormap is not None:
        colours = np.asarray(page.colormap, np.float64).T
        # Some programs write 8 bits where there are 16.
        return Facts("palette", palette=colours / (65535 if colours.max() > 255 else 255), **facts)  # type: ignore[arg-type]
    raise ValueError(f"its colours are neither grey nor RGB (photometric {photometric})")


def _pages(found: list[Directory], size: int) -> _Pages:
    """What the planes are.

    Raises:
        ValueError: the file speaks of other pages than it has.
    """
    first = found[0]
    if _differ(found):
        return _one_of_different(found)
    text = first.description.lstrip("\ufeff \n")
    if text.startswith("ImageJ="):
        said = _of_imagej(text, first)
    elif "<OME" in text[:2000]:
        return _of_ome(text, found)
    else:
        said = _of_tifffile(found)
    own = tuple(each.number for each in found)
    axes, shape, inner = said
    count = math.prod(shape)
    if count == len(found):
        return _Pages(axes, shape, own, inner)
    if len(found) == 1 and first.compression == NONE:
        if first.start + count * first.size > size:
            raise ValueError(f"it speaks of {count} pages, and ends before them")
        return _Pages(axes, shape, None, inner)
    if count < len(found) and not text.startswith("ImageJ="):
        # Appended one after the other, each with words of its own.
        return _Pages("Q", (len(found),), own, inner)
    raise ValueError(f"it speaks of {count} pages, but has {len(found)}")


def _differ(found: list[Directory]) -> bool:
    """Whether pages are of different sizes or types."""
    return len({each.kind for each in found}) > 1


def _one_of_different(found: list[Directory]) -> _Pages:
    """Pages that are no stack, of which one may be chosen."""
    return _Pages(DIFFERENT, (len(found),), tuple(each.number for each in found))


def _of_imagej(text: str, first: Directory) -> tuple[str, tuple[int, ...], str]:
    """Axes after ImageJ's words, KEY=VALUE in lines; channels run fastest."""
    said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    number = {key: int(said.get(key, 1)) for key in ("images", "channels", "slices", "frames")}
    if min(number.values()) < 1:
        raise ValueError("it speaks of fewer than one page")
    if number["channels"] > 1 and number["channels"] == first.samples:
        # The samples of a pixel.
        number["channels"] = 1
    shape = number["frames"], number["slices"], number["channels"]
    whole = math.prod(shape)
    if "images" in said and not said.keys() & {"channels", "slices", "frames"}:
        return *_longer("Q", (number["images"],)), ""
    if "images" in said and number["images"] not in (whole, whole * first.samples):
        raise ValueError(f"it speaks of {number['images']} pages and of {whole}")
    return *_longer("TZC", shape), ""


def _longer(axes: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Axes along which there is more than one."""
    kept = [(axis, length) for axis, length in zip(axes, shape, strict=True) if length > 1]
    return "".join(axis for axis, _ in kept), tuple(length for _, length in kept)


def _of_tifffile(found: list[Directory]) -> tuple[str, tuple[int, ...], str]:
    """Axes after tifffile's words, a JSON object or shape=(...); unnamed where there are none."""
    first = found[0]
    said = _json(first.description)
    shape = said.get("shape")
    if not isinstance(shape, list) or not all(type(each) is int and each > 0 for each in shape):
        return *_longer("Q", (len(found),)), ""
    pixels = first.width * first.height * first.depth * first.samples
    count, rest = divmod(math.prod(shape), pixels)
    outer = 0
    while outer < len(shape) and math.prod(shape[:outer]) < count:
        outer += 1
    if rest or math.prod(shape[:outer]) != count:
        raise ValueError(f"it speaks of the shape {tuple(shape)}, which its pages do not have")
    axes = said.get("axes")
    if not isinstance(axes, str) or len(axes) != len(shape):
        return *_longer("Q", (count,)), ""
    names, lengths = _longer(axes[:outer], tuple(shape[:outer]))
    inner = _longer(axes[outer:], tuple(shape[outer:]))[0]
    # Unnamed axes are one row of pages.
    return (names, lengths, inner) if len(set(names)) == len(names) else ("Q", (count,), inner)


def _json(text: str) -> dict[str, Any]:
    """The object that a text is, or its like of old; empty for any other text."""
    if old := re.fullmatch(r"shape=\(([\d, ]+)\)", text):
        return {"shape": [int(each) for each in old[1].split(",") if each.strip()]}
    try:
        said = json.loads(text) if text.startswith("{") else {}
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _of_ome(text: str, found: list[Directory]) -> _Pages:
    """Axes after OME-XML, and which directory each plane is.

    Raises:
        ValueError: a plane is missing, or lies in another file.
    """
    # Python's parser stops at entities that grow.
    root = ElementTree.fromstring(text.encode())
    images = [each for each in root.iter() if each.tag.endswith("}Pixels") or each.tag == "Pixels"]
    if len(images) != 1:
        return _one_of_different(found)
    (pixels,) = images
    axes = pixels.attrib["DimensionOrder"][:1:-1]
    sizes = {axis: int(pixels.attrib[f"Size{axis}"]) for axis in "XYZCT"}
    first = found[0]
    if sorted(axes) != list("CTZ") or (sizes["X"], sizes["Y"]) != (first.width, first.height):
        raise ValueError("its OME-XML does not fit its pages")
    if first.samples > 1:
        sizes["C"], rest = divmod(sizes["C"], first.samples)
        if rest:
            raise ValueError("its OME-XML does not fit its samples")
    shape = tuple(sizes[axis] for axis in axes)
    order = _placed(pixels, axes, shape, found)
    return _Pages(*_longer(axes, shape), tuple(order))


def _placed(
    pixels: ElementTree.Element, axes: str, shape: tuple[int, ...], found: list[Directory]
) -> list[int]:
    """The directory of each plane."""
    own = {each.number for each in found}
    count = math.prod(shape)
    if not 0 < count <= len(own):
        raise ValueError(f"it speaks of {count} pages, but has {len(own)}")
    told = [each for each in pixels.iter() if each.tag.endswith("TiffData")]
    files = {each.get("FileName") for data in told for each in data if each.tag.endswith("UUID")}
    if len(files) > 1:
        raise ValueError("some of its planes lie in other files")
    order: list[int | None] = [None] * count
    for data in told or [ElementTree.Element("TiffData")]:
        start = int(data.get("IFD", 0))
        number = int(data.get("PlaneCount", 1 if "IFD" in data.attrib else len(own)))
        at = int(np.ravel_multi_index([int(data.get(f"First{axis}", 0)) for axis in axes], shape))
        for step in range(min(number, count - at)):
            if start + step not in own:
                raise ValueError(f"its page {start + step} is missing")
            order[at + step] = start + step
    if None in order:
        raise ValueError(f"{order.count(None)} of its {count} planes are missing")
    return [each for each in order if each is not None]
