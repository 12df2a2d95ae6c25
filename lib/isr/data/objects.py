"""Several objects in one picture: a binary problem for each (the paper's section 4).

The paper decomposes the segmentation into j regions, which need not be disjoint, into j binary
segmentations. Object k of picture NAME is the problem NAME/k, in which the scribbles of object k
are foreground and all others background; the one object of a picture is the problem NAME itself.
"""

import numpy as np
from numpy.typing import NDArray

from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE

# No picture's name holds one.
_SEPARATOR = "/"


def object_names(picture: str, count: int) -> list[str]:
    """Names of the binary problems of a picture with `count` objects; itself without any.

    >>> object_names("cup", 1), object_names("coins", 2)
    (['cup'], ['coins/1', 'coins/2'])
    """
    if count <= 1:
        return [picture]
    return [f"{picture}{_SEPARATOR}{number}" for number in range(1, count + 1)]


def parse_name(name: str) -> tuple[str, int | None]:
    """The picture of a problem, and the number of its object; None where it has but one.

    >>> parse_name("coins/2"), parse_name("cup")
    (('coins', 2), ('cup', None))
    """
    picture, _, number = name.partition(_SEPARATOR)
    return picture, int(number) if number else None


def scribbles_of(scribbles: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Scribbles (h, w) of the binary problem of one object: its own 1, all others background."""
    known = np.where(scribbles == number, np.uint8(1), np.uint8(BACKGROUND_SCRIBBLE))
    return np.where(scribbles == NO_SCRIBBLE, np.uint8(NO_SCRIBBLE), known)
