"""How far a mask is from convex (the paper's figure 12, section B.4), for masks from anywhere.

A region is convex if it contains the segment between any two of its points. What a mask lacks of
that is measured in two ways: by the share of pairs of its pixels whose segment leaves it, and by
the share of its convex hull that is background. Both are 0 if and only if the mask is convex on its
raster, up to the sampling of pairs: a pixel counts as missing only if its centre lies in the hull
of the mask's centres, so that a rasterised convex region has none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isr.evaluation.pixels import Mask, Pixel, pixel_hull

PAIRS = 4000
_STEP = 0.5
"""Pixels from one sample of a segment to the next."""
_AT_ONCE = 2_000_000
"""Samples."""


@dataclass(frozen=True)
class Violations:
    """What a mask lacks to be convex.

    Attributes:
        pairs: share of pairs of foreground pixels whose segment meets missing pixels, in [0, 1];
            NaN of an empty mask.
        background: share of the pixels in the convex hull that are missing, in [0, 1]; NaN of an
            empty mask.
        worst: the pair of pixels whose segment runs through missing pixels for longest; None where
            none of those sampled does.
    """

    pairs: float
    background: float
    worst: tuple[Pixel, Pixel] | None = None


def violations(mask: Mask, *, pairs: int = PAIRS, seed: int = 0) -> Violations:
    """Measure how far a mask is from convex.

    Args:
        mask: (h, w).
        pairs: of pixels that are drawn; the standard error of their share is at most
            0.5 / sqrt(pairs).
        seed: of the draws.

    A square without its upper right quarter, of 4 pixels a side, lacks one pixel of its hull:

    >>> corner = np.ones((4, 4), bool)
    >>> corner[:2, 2:] = False
    >>> round(violations(corner).background, 3)
    0.077
    """
    if not mask.any():
        return Violations(np.nan, np.nan)
    hull = pixel_hull(mask)
    missing = hull & ~mask
    if not missing.any():
        return Violations(0.0, 0.0)
    drawn = np.random.default_rng(seed).choice(np.argwhere(mask), (pairs, 2))
    lengths = _lengths_in(missing, drawn)
    longest = int(lengths.argmax())
    worst = None
    if lengths[longest] > 0:
        (row, column), (other_row, other_column) = drawn[longest].tolist()
        worst = (row, column), (other_row, other_column)
    background = np.count_nonzero(missing) / np.count_nonzero(hull)
    return Violations(float(np.mean(lengths > 0)), float(background), worst)


def _lengths_in(missing: Mask, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """How long the segments between pairs (n, 2, 2) of pixels run through missing ones (h, w)."""
    starts, ends = pairs[:, 0, None].astype(float), pairs[:, 1, None]
    far = np.abs(ends - starts).max(axis=-1)[:, 0]
    samples = int(np.ceil(far.max() / _STEP)) + 1
    shares = np.linspace(0, 1, samples)[:, None]
    found = np.empty(len(pairs))
    step = max(1, _AT_ONCE // samples)
    for first in range(0, len(pairs), step):
        part = slice(first, first + step)
        at = np.rint(starts[part] + shares * (ends[part] - starts[part])).astype(np.intp)
        found[part] = missing[at[..., 0], at[..., 1]].mean(axis=1)
    return np.asarray(found * np.linalg.norm(pairs[:, 1] - pairs[:, 0], axis=-1))
