"""The frames of a video as files in a folder: which they are, their order, opening one."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from isr.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm")


def is_frame(path: Path) -> bool:
    """Whether a path is, by its name, that of a frame and not hidden."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def list_frames(folder: Path) -> list[Path]:
    """The pictures of a folder in the natural order of their names; opens none of them.

    Other files and hidden ones are passed over.

    Raises:
        UserError: two pictures differ in nothing but their suffix.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("frame_10.png", "frame_9.png", "notes.txt"):
    ...         (Path(folder) / name).touch()
    ...     [path.name for path in list_frames(Path(folder))]
    ['frame_9.png', 'frame_10.png']
    """
    frames: dict[str, Path] = {}
    for path in filter(is_frame, sorted(folder.iterdir())):
        if path.stem in frames:
            raise UserError(f"{path} and {frames[path.stem].name} share a name: keep one.")
        frames[path.stem] = path
    return [frames[stem] for stem in sorted(frames, key=_natural)]


def _natural(stem: str) -> list[tuple[str, int]]:
    """Orders numbers within names by their values, and case only where nothing else differs."""
    parts = re.findall(r"(\D*)(\d*)", stem.lower())
    return [*((text, int(digits or -1)) for text, digits in parts), (stem, 0)]


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open a JPEG, PNG, PPM or PGM file.

    Raises:
        UserError: the file cannot be opened, or not be decoded within the block.
    """
    try:
        with Image.open(path, formats=("JPEG", "PNG", "PPM")) as picture:
            yield picture
    except UserError:
        raise
    except Exception as error:
        # A decoder may raise anything on damaged bytes.
        raise UserError(f"{path} cannot be read as a picture ({error}): get it again.") from None
