"""Pictures to try the command on: photographs of scikit-image, with strokes or probabilities."""

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from isr.data.kinds import embedded, gallery
from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE, Picture
from isr.data.problems import quantise_unaries
from isr.errors import UserError
from isr.io import atomic_path, write_png
from isr.models import suggest

_GREEN, _RED = (0, 200, 0), (220, 0, 0)
_LONG_SIDE = 640
_GALLERY = ("chelsea", "horse", "coins", "flower", "sheet", "volume")
"""Of the gallery, those that no embedded photograph shows."""


def names() -> list[str]:
    """Photographs with strokes first, then what comes with probabilities."""
    return [*embedded.names(), *_GALLERY]


def describe() -> str:
    """A line for each picture: its name, what it shows, and what comes with it."""
    lines = []
    for name in names():
        if name in _GALLERY:
            lines.append(f"{name:14} with probabilities: {gallery.load(name).text}")
        else:
            lines.append(f"{name:14} with strokes: {embedded.description(name)['object']}")
    return "\n".join(lines)


def write_example(name: str, folder: Path) -> list[Path]:
    """Write a picture as NAME.png and NAME-strokes.png, or NAME-unaries.png; a volume as TIFF.

    Returns:
        The files.

    Raises:
        UserError: there is no such picture, or the installed scikit-image has another one.
    """
    if name not in names():
        raise UserError(f"there is no example {name!r}; {suggest(name, names())}.")
    picture = gallery.load(name) if name in _GALLERY else embedded.load(name, _LONG_SIDE)
    if picture.third is not None:
        return _write_stacks(picture, folder)
    image = folder / f"{name}.png"
    write_png(image, np.rint(picture.image * 255).astype(np.uint8))
    if picture.unaries is None:
        assert picture.scribbles is not None
        path = folder / f"{name}-strokes.png"
        write_png(path, painted(picture.scribbles))
    else:
        path = folder / f"{name}-unaries.png"
        write_png(path, quantise_unaries(picture.unaries, name))
    return [image, path]


def painted(scribbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Strokes (h, w, 3) as people paint them: green on the object, red on the background."""
    colours = np.full((*scribbles.shape, 3), 255, np.uint8)
    colours[(scribbles != NO_SCRIBBLE) & (scribbles != BACKGROUND_SCRIBBLE)] = _GREEN
    colours[scribbles == BACKGROUND_SCRIBBLE] = _RED
    return colours


def _write_stacks(picture: Picture, folder: Path) -> list[Path]:
    assert picture.unaries is not None
    stacks = {
        folder / f"{picture.name}.tif": picture.image[..., 0],
        folder / f"{picture.name}-unaries.tif": picture.unaries,
    }
    for path, stack in stacks.items():
        with atomic_path(path) as temporary:
            tifffile.imwrite(
                temporary, np.rint(stack * 65535).astype(np.uint16), photometric="minisblack"
            )
    return list(stacks)
