"""One picture of the gallery in memory, and what must hold of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.coordinates import ThirdAxis
from isr.errors import UserError


@dataclass(frozen=True, eq=False)
class GalleryPicture:
    """One picture, video or volume of the gallery; its grid is (h, w) or (frames, h, w).

    Attributes:
        name: unique in its source.
        image: float32 (*grid, 3), RGB in [0, 1].
        unaries: float32 (*grid), foreground probabilities (high is object), or None.
        scribbles: uint8 (*grid): 0 none, 255 background, 1..n object n; or None.
        third: the third coordinate: (frames,) values of t or z, (h, w) of depth; or None.
        text: what the object is and how its unaries or scribbles are made.
        ground_truth: uint8 (*grid): 0 background, 255 object, 128 unknown; or None.
        source: where the picture comes from.
        licence: the licence of the picture.
    """

    name: str
    image: NDArray[np.float32]
    unaries: NDArray[np.float32] | None = None
    scribbles: NDArray[np.uint8] | None = None
    third: ThirdAxis | None = None
    text: str = ""
    ground_truth: NDArray[np.uint8] | None = None
    source: str = ""
    licence: str = ""

    @property
    def grid(self) -> tuple[int, ...]:
        """(h, w), or (frames, h, w) of a video or a volume."""
        return self.image.shape[:-1]


def check_picture(picture: GalleryPicture, *, path: Path | str) -> None:
    """Check shapes, ranges and codings of a picture; messages begin with `path`.

    Raises:
        UserError: an array has a wrong shape or values out of range, or there are neither unaries
            nor scribbles.
    """
    image, grid = picture.image, picture.grid
    if image.ndim not in (3, 4) or image.shape[-1] != 3 or 0 in image.shape:
        raise UserError(f"{path}: the image has shape {image.shape}, expected (*grid, 3).")
    _check_range(image, "image", path)
    if picture.unaries is None and picture.scribbles is None:
        raise UserError(f"{path}: there are neither unaries nor scribbles: add one of them.")
    if picture.unaries is not None:
        _check_shape(picture.unaries, grid, "unaries", path)
        _check_range(picture.unaries, "unaries", path)
    if picture.scribbles is not None:
        _check_shape(picture.scribbles, grid, "scribbles", path)
    if picture.ground_truth is not None:
        _check_shape(picture.ground_truth, grid, "ground truth", path)
        if not np.isin(picture.ground_truth, (0, 128, 255)).all():
            raise UserError(f"{path}: the ground truth holds other values than 0, 128 and 255.")
    third = picture.third
    if (third is None or third.name == "depth") != (len(grid) == 2):
        raise UserError(f"{path}: frames need t or z as third coordinate, and only they.")
    if third is not None:
        expected = grid if third.name == "depth" else grid[:1]
        _check_shape(third.values, expected, f"third coordinate {third.name}", path)
        if not np.isfinite(third.values).all():
            raise UserError(f"{path}: the third coordinate holds NaN or infinite values.")


def _check_shape(
    array: NDArray[Any], expected: tuple[int, ...], what: str, path: Path | str
) -> None:
    if array.shape != expected:
        raise UserError(f"{path}: {what} of shape {array.shape}, expected {expected}.")


def _check_range(array: NDArray[np.float32], what: str, path: Path | str) -> None:
    # Written so that NaN fails too.
    if not (array.min() >= 0 and array.max() <= 1):
        raise UserError(
            f"{path}: {what} from {array.min():g} to {array.max():g}, expected [0, 1]: rescale."
        )
