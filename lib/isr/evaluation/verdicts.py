"""What a certificate says, whatever the property."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isr.coordinates import (
    Convention,
    Points,
    ThirdAxis,
    frame,
    pixel_coordinates,
    with_third,
)


@dataclass(frozen=True)
class Certificate:
    """One check of one property of a stored representation.

    Args:
        property: the property, such as `convex`; `none` for a representation that promises nothing.
        method: how it was checked: `structure`, `sampled margin`, `raster`, or `none`.
        margin: by how much it holds (0 or more) or fails, in the unit that the sentence names;
            -inf when values are not finite, NaN when nothing was checked.
        holds: whether the check found nothing wrong.
        verdict: `holds`, `fails`, or one of its own, such as `empty` or `whole picture`.
        sentence: the check and its outcome in words.
    """

    property: str
    method: str
    margin: float
    holds: bool
    verdict: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Scene:
    """What a representation is drawn and certified for: a picture, a video or a volume."""

    height: int
    width: int
    convention: Convention = "isotropic"
    third: ThirdAxis | None = None

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return 2 if self.third is None else 3

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the raster: (h, w), or (frames, h, w) with a third axis t or z."""
        if self.third is None or self.third.name == "depth":
            return self.height, self.width
        return len(self.third.values), self.height, self.width

    def coordinates(self) -> Points:
        """Coordinates (*shape, dim) of all pixel centres."""
        return with_third(pixel_coordinates(self.height, self.width, self.convention), self.third)

    def box(self, size: float = 1.0) -> tuple[Points, Points]:
        """Lower and upper corner (dim,) of a box `size` times the scene, round its middle."""
        edges = np.array(frame(self.height, self.width, self.convention)).reshape(2, 2)
        if self.third is not None:
            values = self.third.values
            edges = np.column_stack([edges, [values.min(), values.max()]])
        middle, half = edges.mean(axis=0), (edges[1] - edges[0]) / 2
        return middle - size * half, middle + size * half


def all_hold(certificates: Sequence[Certificate]) -> bool:
    """Whether a representation passes as a whole: it was checked, and every check holds."""
    return bool(certificates) and all(certificate.holds for certificate in certificates)
