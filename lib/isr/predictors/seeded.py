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
    """

    input: ClassVar[Literal["features", "labels", "nothing"]] = "nothing"
    sees: ClassVar[str | None] = "rgb"

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
        seeds, (height, width) = seeds_of(problem), problem.size
        # Gradients and windows need some pixels each way.
        more = [(0, max(0, _LEAST - side)) for side in (height, width)]
        found = np.asarray(
            self.segment(
                np.pad(problem.features, [*more, (0, 0)], mode="edge"),
                np.pad(seeds, more, constant_values=UNKNOWN),
            ),
            np.float32,
        )[:height, :width]
        found = np.where(seeds == UNKNOWN, np.clip(np.nan_to_num(found), 0, 1), seeds)
        share = float((found > 0.5).mean())
        return Computation(found, {"share": share}, remark=f"{share:.1%} of the picture")


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
