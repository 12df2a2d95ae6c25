"""What a certificate says, whatever the property."""

from collections.abc import Sequence
from dataclasses import dataclass

from isr.coordinates import Convention


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


@dataclass(frozen=True)
class Scene:
    """The picture for which a representation is certified: its size and its coordinates."""

    height: int
    width: int
    convention: Convention


def all_hold(certificates: Sequence[Certificate]) -> bool:
    """Whether a representation passes as a whole: it was checked, and every check holds."""
    return bool(certificates) and all(certificate.holds for certificate in certificates)
