"""What predictors that need no training have in common: colours and scribbles in, a region out."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from isr.errors import UserError
from isr.predictors.base import Computation, Computed

if TYPE_CHECKING:
    from isr.data.problems import Problem

Colours = NDArray[np.float32]
Seeds = NDArray[np.int8]

OBJECT, BACKGROUND, UNKNOWN = 1, 0, -1
"""Values of seeds."""
_LEAST = 8


class Seeded(Computed):
    """A segmentation of a picture's colours that its scribbles seed.

    Scribbled pixels keep what the user said of them.

    Attributes:
        most: pixels; larger pictures are shrunk to so many, and what is found is enlarged.
    """

    input: ClassVar[Literal["features", "labels", "nothing"]] = "nothing"
    sees: ClassVar[str | None] = "rgb"
    most: ClassVar[int | None] = 2**20

    @abstractmethod
    def segment(self, colours: Colours, seeds: Seeds) -> NDArray[np.floating[Any]] | NDArray[Any]:
        """Foreground probabilities (h, w) in [0, 1], or a mask.

        Args:
            colours: (h, w, 3) in [0, 1].
            seeds: (h, w): `OBJECT`, `BACKGROUND` or `UNKNOWN`; both classes have some.
        """

    def compute(self, problem: "Problem", features: str | None) -> Computation:
        """The segmentation of a picture.

        Raises:
            UserError: the scribbles lack object or background.
        """
        assert problem.features is not None
        seeds = seeds_of(problem)
        if self.most is None or seeds.size <= self.most:
            found = self._padded(problem.features, seeds)
        else:
            found = _enlarged(
                self._padded(*_shrunk(problem.features, seeds, self.most)), problem.size
            )
        found = np.where(seeds == UNKNOWN, found, seeds)
        share = float((found > 0.5).mean())
        return Computation(found, {"share": share}, remark=f"{share:.1%} of the picture")

    def _padded(self, colours: Colours, seeds: Seeds) -> Colours:
        """Probabilities (h, w); gradients and windows need some pixels each way."""
        height, width = seeds.shape
        more = [(0, max(0, _LEAST - side)) for side in seeds.shape]
        found = self.segment(
            np.pad(colours, [*more, (0, 0)], mode="edge"),
            np.pad(seeds, more, constant_values=UNKNOWN),
        )
        return np.clip(np.nan_to_num(np.asarray(found, np.float32)), 0, 1)[:height, :width]


def _shrunk(colours: Colours, seeds: Seeds, most: int) -> tuple[Colours, Seeds]:
    """A picture with so many pixels at most; a pixel with any scribble in it is scribbled."""
    import cv2

    factor = (most / seeds.size) ** 0.5
    height, width = (max(1, int(side * factor)) for side in seeds.shape)

    def averaged(values: Colours) -> Colours:
        return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA))

    shares = [averaged((seeds == value).astype(np.float32)) for value in (OBJECT, BACKGROUND)]
    small = np.full((height, width), UNKNOWN, np.int8)
    small[shares[1] > 0] = BACKGROUND
    small[shares[0] > shares[1]] = OBJECT
    # A class that is everywhere in the minority keeps the pixel where it has most.
    for value, share in zip((OBJECT, BACKGROUND), shares, strict=True):
        if not (small == value).any():
            small[np.unravel_index(share.argmax(), share.shape)] = value
    return averaged(colours), small


def _enlarged(found: Colours, size: tuple[int, int]) -> Colours:
    import cv2

    return np.asarray(cv2.resize(found, size[::-1], interpolation=cv2.INTER_LINEAR))


def seeds_of(problem: "Problem", *, background: bool = True) -> Seeds:
    """What the scribbles of a problem say of each pixel.

    Args:
        problem: with its scribbles.
        background: whether there have to be some of it too.

    Raises:
        UserError: there are none of the object or of the background.
    """
    scribbles = problem.scribbles
    seeds = np.full(problem.size, UNKNOWN, np.int8)
    if scribbles is not None:
        seeds[scribbles == 255] = BACKGROUND
        seeds[(scribbles > 0) & (scribbles < 255)] = OBJECT
    needed = {OBJECT: "object", **({BACKGROUND: "background"} if background else {})}
    for value, name in needed.items():
        if not (seeds == value).any():
            raise UserError(f"{problem.name}: there is no {name} scribble: draw one.")
    return seeds


def nearest(seeds: Seeds) -> NDArray[np.bool_]:
    """Whether the nearest scribble of a pixel is of the object: where to begin, (h, w)."""
    from scipy.ndimage import distance_transform_edt

    to_object = distance_transform_edt(seeds != OBJECT)
    return np.asarray(to_object < distance_transform_edt(seeds != BACKGROUND))
