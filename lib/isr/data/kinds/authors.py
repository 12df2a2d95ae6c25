"""The pictures of the paper's figures 1 to 4, and how the authors make their unaries.

The rules are those of the notebooks behind the figures; thresholds are taken after Pillow's
resizing, as there. The object is 1 everywhere, also where the authors label it 0.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isr.coordinates import ThirdAxis, ThirdName
from isr.data.files import read_image
from isr.data.items import write_picture
from isr.data.kinds.base import DatasetKind, Known, packaged, verified
from isr.data.pictures import BACKGROUND_SCRIBBLE, Picture
from isr.models import RemoteFile, Sources

_FOLDER = "gallery"
"""Below the folder of downloads."""
_THIRD: dict[str, ThirdName] = {"depth_plane": "depth", "ball": "t"}
_FRAMES = 8
_BUTTERFLY_NOISE = 0.15
_BUTTERFLY_SEED = 0

Floats = NDArray[np.float32]


class Authors(DatasetKind):
    """The pictures of the paper's figures, downloaded from the authors' repository.

    Files put by hand below `resources/downloads/gallery/` are verified and used.
    """

    kind: Literal["authors"]

    def all_names(self, root: Path) -> list[str]:
        """In the order of the figures."""
        return list(_RECIPES)

    def known(self, name: str, root: Path) -> Known:
        """What the authors give of each."""
        return Known(name == "depth_plane", name != "depth_plane", _THIRD.get(name))

    def sources(self, name: str, root: Path) -> Sources:
        """Files of the authors' public repository, pinned by commit and hash."""
        return Sources(downloads=files(name))

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Make the unaries of a picture after the authors' rules."""
        write_picture(output, load(name, downloads))

    def describe(self, name: str, items: Sequence[str]) -> str:
        """Whose they are."""
        return self.text or "pictures of the paper's authors"


def _list() -> dict[str, Any]:
    """Source, licence, address, and by picture its files."""
    return packaged("gallery_pictures", "authors")


def files(name: str) -> tuple[RemoteFile, ...]:
    """The files that the picture `name` is made from."""
    return tuple(
        RemoteFile(
            url=_list()["address"] + file["path"],
            file=f"{_FOLDER}/{file['file']}",
            sha256=file["sha256"],
            bytes=file["bytes"],
        )
        for file in _list()["files"][name]
    )


def load(name: str, downloads: Path) -> Picture:
    """Verify the files of the picture `name` and make the picture from them.

    Raises:
        UserError: a file is missing or is not the one expected.
    """
    for file in files(name):
        verified(file, downloads)
    text, make = _RECIPES[name]
    about = _list()
    own = make(Path(downloads) / _FOLDER)
    return Picture(name=name, text=text, source=about["source"], licence=about["licence"], **own)


def _half(path: Path) -> Floats:
    """Read a picture at half size, resized as the authors do: 8 bits, Pillow's bicubic filter."""
    colours = Image.fromarray(np.rint(read_image(path) * 255).astype(np.uint8))
    small = colours.resize((colours.width // 2, colours.height // 2), Image.Resampling.BICUBIC)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _channels(image: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return image[..., 0], image[..., 1], image[..., 2]


def _as_unaries(inside: NDArray[np.bool_]) -> Floats:
    return inside.astype(np.float32)


def _tomato(folder: Path) -> dict[str, Any]:
    image = read_image(folder / "cocktail-tomatoes.jpg")
    red, green, blue = _channels(image.astype(np.float64))
    # The notebook takes the sigmoid of one minus the likelihood and turns the result round.
    likelihood = red - green - blue - 0.5
    probability = 1 / (1 + np.exp(1 - likelihood))
    low, high = probability.min(), probability.max()
    return {"image": image, "unaries": _as_unaries((probability - low) / (high - low) > 0.5)}


def _depth_plane(folder: Path) -> dict[str, Any]:
    image, strokes = (_half(folder / file) for file in ("depth_gray.png", "depth_scribbles.png"))
    red, green, _ = _channels(strokes)
    scribbles = np.zeros(red.shape, np.uint8)
    scribbles[red - green < -0.1] = 1
    scribbles[red - green > 0.1] = BACKGROUND_SCRIBBLE
    depth = ThirdAxis("depth", image[..., 0].astype(np.float64))
    return {"image": image, "scribbles": scribbles, "third": depth}


def _starfish(folder: Path) -> dict[str, Any]:
    image = _half(folder / "starfish.jpg")
    red, green, _ = _channels(image)
    return {"image": image, "unaries": _as_unaries(red - (red + green) / 2 > 0.1)}


def _butterfly(folder: Path) -> dict[str, Any]:
    image = _half(folder / "butterfly.jpg")
    noise = np.random.default_rng(_BUTTERFLY_SEED).normal(0, _BUTTERFLY_NOISE, image.shape)
    red, green, blue = _channels(image + noise)
    return {"image": image, "unaries": _as_unaries(green - (red + blue) / 2 < 0.05)}


def _perforated_sheet(folder: Path) -> dict[str, Any]:
    holes = read_image(folder / "perforated_sheet_unaries.png")[..., 0]
    return {
        "image": read_image(folder / "perforated_sheet.jpg"),
        "unaries": _as_unaries(holes > 0.5),
    }


def _cat(folder: Path) -> dict[str, Any]:
    red, green, _ = _channels(_half(folder / "cat_scribbled.jpg"))
    return {"image": _half(folder / "cat.jpg"), "unaries": _as_unaries(red - green > 0.7)}


def _ball(folder: Path) -> dict[str, Any]:
    frames, masks = (
        np.stack([read_image(folder / "ball" / f"{kind}_{k}.png") for k in range(_FRAMES)])
        for kind in ("frame", "unaries")
    )
    time = ThirdAxis("t", np.linspace(0, 1, _FRAMES))
    return {"image": frames, "unaries": _as_unaries(masks[..., 0] > 0.5), "third": time}


_RECIPES: dict[str, tuple[str, Callable[[Path], dict[str, Any]]]] = {
    "tomato": (
        "The red tomato. Unaries: R - G - B - 1.5 through a sigmoid, stretched to [0, 1]; above "
        "0.5 is tomato.",
        _tomato,
    ),
    "depth_plane": (
        "The floor under a person, in a depth map whose near points are bright, at half size. "
        "Scribbles: the authors' strokes, green on the floor and red on the person.",
        _depth_plane,
    ),
    "starfish": (
        "The starfish, at half size. Unaries: R - (R + G) / 2 above 0.1 is starfish.",
        _starfish,
    ),
    "butterfly": (
        "The butterfly behind blades of grass, at half size. Unaries: G - (R + B) / 2 below 0.05 "
        "is butterfly, taken after Gaussian noise of 0.15 on every channel.",
        _butterfly,
    ),
    "perforated_sheet": (
        "The holes of a perforated sheet, some of them hidden under a note, magnets and keys. "
        "Unaries: the authors' mask of dark pixels, R below 0.5.",
        _perforated_sheet,
    ),
    "cat": (
        "The cat behind a fence, at half size. Unaries: the authors' red strokes, R - G above 0.7, "
        "are cat; all else is background.",
        _cat,
    ),
    "ball": (
        "The ball in eight frames of a video. Unaries: the authors' masks of red pixels.",
        _ball,
    ),
}
