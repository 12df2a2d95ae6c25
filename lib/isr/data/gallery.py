"""Pictures of the gallery: one object each, with what is known of where it is.

The authors' pictures are those of the paper's figures 1 to 4, downloaded from their repository; the
embedded ones need no network. On disk a picture is a folder with

- image.png, or frames/000.png ... for a video or a volume: 8-bit RGB
- unaries.npy: float16 foreground probabilities
- scribbles.png or scribbles/000.png ...: 0 none, 255 background, 1..n; instead of unaries or beside
- third.npy: float64 values of the third coordinate, where there is one
- truth.png or truth/000.png ...: 0 background, 255 object, 128 unknown, where it is known
- about.json: name, text, source, licence and the name of the third coordinate
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isr.coordinates import ThirdAxis
from isr.data import gallery_files
from isr.data.gallery_files import RemoteFile
from isr.data.gallery_picture import GalleryPicture, check_picture
from isr.errors import UserError
from isr.io import atomic_folder, read_json, read_png, write_json, write_png

__all__ = [
    "AUTHORS",
    "DRAWN",
    "PHOTOGRAPHS",
    "SCRIBBLED",
    "SOURCES",
    "WITH_THIRD",
    "GalleryPicture",
    "RemoteFile",
    "Source",
    "check_picture",
    "embedded_load",
    "files",
    "load",
    "names",
    "read_picture",
    "write_picture",
]

Source = Literal["authors", "embedded"]
SOURCES: tuple[Source, ...] = ("authors", "embedded")

AUTHORS = ("tomato", "depth_plane", "starfish", "butterfly", "perforated_sheet", "cat", "ball")
PHOTOGRAPHS = ("coffee", "rocket", "chelsea", "horse", "coins", "motorcycle")
DRAWN = ("sheet", "drawn_ball", "flower", "volume")

SCRIBBLED = ("depth_plane", "motorcycle")
"""Pictures of both sources that have scribbles and no unaries."""

WITH_THIRD = ("depth_plane", "ball", "motorcycle", "drawn_ball", "volume")
"""Pictures of both sources that have a third coordinate."""


def names(source: Source) -> list[str]:
    """Name the pictures of a source.

    Raises:
        UserError: there is no such source.
    """
    match source:
        case "authors":
            return list(AUTHORS)
        case "embedded":
            return [*PHOTOGRAPHS, *DRAWN]
    raise UserError(f"source: {source!r} is unknown: use one of {', '.join(SOURCES)}.")


def files(chosen: list[str] | None = None) -> list[RemoteFile]:
    """List the files that the authors' pictures of these names (default: all) are made from.

    Raises:
        UserError: the authors have no such picture.
    """
    wanted = list(AUTHORS) if chosen is None else chosen
    for name in wanted:
        _check_name(name, "authors")
    return [file for name in wanted for file in gallery_files.files(name)]


def load(name: str, folder: Path) -> GalleryPicture:
    """Make one of the authors' pictures from its files, whose hashes are verified.

    Args:
        name: one of `names("authors")`.
        folder: where the files of `files([name])` lie.

    Raises:
        UserError: there is no such picture, or a file is missing or is not the one expected.
    """
    from isr.data import gallery_authors

    _check_name(name, "authors")
    return _checked(gallery_authors.load(name, Path(folder)))


def embedded_load(name: str) -> GalleryPicture:
    """Make one of the pictures that need no network.

    Raises:
        UserError: there is no such picture, or the installed scikit-image has another photograph.
    """
    from isr.data import gallery_drawn, gallery_embedded

    _check_name(name, "embedded")
    return _checked((gallery_drawn if name in DRAWN else gallery_embedded).load(name))


def _check_name(name: str, source: Source) -> None:
    if name not in names(source):
        raise UserError(
            f"picture: there is no {name!r} among the {source} pictures of the gallery: choose one "
            f"of {', '.join(names(source))}."
        )


def _checked(picture: GalleryPicture) -> GalleryPicture:
    check_picture(picture, path=picture.name)
    return picture


def write_picture(folder: Path, picture: GalleryPicture) -> None:
    """Write a picture to `folder`, as a whole or not at all; an older one is replaced.

    Raises:
        UserError: the picture is not valid.
    """
    check_picture(picture, path=picture.name)
    with atomic_folder(folder) as temporary:
        colours = np.rint(picture.image * 255).astype(np.uint8)
        _write_layers(temporary, "image", "frames", colours, layered=len(picture.grid) == 3)
        if picture.unaries is not None:
            np.save(temporary / "unaries.npy", picture.unaries.astype(np.float16))
        if picture.scribbles is not None:
            strokes = picture.scribbles
            _write_layers(temporary, "scribbles", "scribbles", strokes, layered=strokes.ndim == 3)
        if picture.third is not None:
            np.save(temporary / "third.npy", picture.third.values)
        if picture.ground_truth is not None:
            truth = picture.ground_truth
            _write_layers(temporary, "truth", "truth", truth, layered=truth.ndim == 3)
        about = {
            "name": picture.name,
            "text": picture.text,
            "source": picture.source,
            "licence": picture.licence,
            "third": None if picture.third is None else picture.third.name,
        }
        write_json(temporary / "about.json", about)


def _write_layers(
    folder: Path, single: str, many: str, layers: NDArray[np.uint8], *, layered: bool
) -> None:
    if not layered:
        write_png(folder / f"{single}.png", layers)
        return
    for number, layer in enumerate(layers):
        write_png(folder / many / f"{number:03}.png", layer)


def read_picture(folder: Path) -> GalleryPicture:
    """Read a picture that `write_picture` wrote.

    Raises:
        UserError: a file is missing or damaged, or its content is not valid.
    """
    folder = Path(folder)
    about = _read_about(folder / "about.json")
    image = _read_layers(folder, "image", "frames")
    if image is None:
        raise UserError(f"{folder} holds no image: unpack the picture again.")
    unaries, third = _read_array(folder / "unaries.npy"), _read_array(folder / "third.npy")
    if (third is None) != (about["third"] is None):
        raise UserError(f"{folder}: third.npy and about.json disagree: unpack the picture again.")
    picture = GalleryPicture(
        name=about["name"],
        image=image.astype(np.float32) / np.float32(255),
        unaries=None if unaries is None else unaries.astype(np.float32),
        scribbles=_read_layers(folder, "scribbles", "scribbles"),
        third=None if third is None else ThirdAxis(about["third"], third),
        text=about["text"],
        ground_truth=_read_layers(folder, "truth", "truth"),
        source=about["source"],
        licence=about["licence"],
    )
    check_picture(picture, path=folder)
    return picture


def _read_about(path: Path) -> dict[str, Any]:
    about = read_json(path)
    texts = ("name", "text", "source", "licence")
    if (
        not isinstance(about, dict)
        or not all(isinstance(about.get(key), str) for key in texts)
        or about.get("third", "") not in (None, "t", "z", "depth")
    ):
        raise UserError(f"{path} is damaged: unpack the picture again.")
    return about


def _read_layers(folder: Path, single: str, many: str) -> NDArray[Any] | None:
    if (folder / f"{single}.png").exists():
        return read_png(folder / f"{single}.png")
    paths = sorted((folder / many).glob("*.png"))
    layers = [read_png(path) for path in paths]
    if len({layer.shape for layer in layers}) > 1:
        raise UserError(f"{folder / many}: the sizes differ: unpack the picture again.")
    return np.stack(layers) if layers else None


def _read_array(path: Path) -> NDArray[Any] | None:
    if not path.exists():
        return None
    try:
        array = np.asarray(np.load(path, allow_pickle=False))
        return array if array.dtype.kind == "f" else array.astype(np.float64)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is damaged ({error}): unpack the picture again.") from None
