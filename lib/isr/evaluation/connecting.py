"""Masks with the connections drawn in that are thinner than a pixel."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from isr.coordinates import Convention, Points, pixel_coordinates, to_pixels
from isr.evaluation.drawing import draw_mask
from isr.evaluation.paths import Paths
from isr.evaluation.pixels import Mask, components
from isr.representations.path_connected import PathConnected

# In pixels: so near that two neighbours lie in the same or in touching pixels.
SPACING = 0.25


def draw_connected(
    representation: PathConnected,
    height: int,
    width: int,
    convention: Convention = "isotropic",
) -> Mask:
    """The mask (h, w) of a path-connected region with its thin connections drawn in.

    A region that is connected in the plane may have a mask in several pieces, where it is thinner
    than a pixel or leaves the picture. From each piece the path of proposition 2.3 to the nearest
    part of the others (as seen in the base's coordinates) is drawn: every pixel on the way meets
    the region. Where a path leaves the frame, the pixels of the edge along which it runs are drawn
    instead. The result has one component (pixels that touch at a corner are connected); a mask that
    is connected already, or empty, comes back as it is.
    """
    mask = draw_mask(representation, height, width, convention)
    paths = Paths(representation)
    pixels = pixel_coordinates(height, width, convention)
    scale = to_pixels(np.ones(2), height, width, convention) - to_pixels(
        np.zeros(2), height, width, convention
    )
    base = np.full((height, width, 2), np.nan)
    base[mask] = paths.to_base(pixels[mask]) if mask.any() else 0.0
    # Paths start in pixels whose centres are foreground, not in drawn ones.
    own = mask.copy()
    found = components(mask)
    # Every path joins two components or more.
    for _ in range(found.count - 1):
        if found.count == 1:
            break
        start, end = _nearest(base, own, found.labels)
        ends = pixels[start][None], pixels[end][None]
        (curve,) = paths.fine(*ends, SPACING / float(scale.max()))
        # What a flow throws out of all bounds is bridged straight on.
        finite = curve[np.isfinite(curve).all(axis=1)]
        curve = to_pixels(np.concatenate([ends[0], finite, ends[1]]), height, width, convention)
        mask = mask | _drawn(curve, height, width)
        found = components(mask)
    return mask


def _nearest(
    base: Points, own: Mask, labels: NDArray[np.int64]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The two nearest pixels of the smallest component and of another, by `base` (h, w, 2)."""
    last = labels.max()
    here = np.argwhere(own & (labels == last))
    there = np.argwhere(own & (labels > 0) & (labels != last))
    distances, partners = KDTree(base[tuple(there.T)]).query(base[tuple(here.T)])
    start = int(np.argmin(distances))
    (i, j), (k, m) = here[start].tolist(), there[partners[start]].tolist()
    return (i, j), (k, m)


def _drawn(curve: Points, height: int, width: int) -> Mask:
    """The pixels (h, w) that a curve (n, 2) in pixel units goes through, moved into the frame."""
    steps = [curve]
    jumps = np.hypot(*np.diff(curve, axis=0).T)
    # A path that a flow stretches beyond all refinement.
    for number in np.flatnonzero(jumps > 1):
        share = np.linspace(0, 1, int(np.ceil(jumps[number] / SPACING)) + 1)[:, None]
        steps.append((1 - share) * curve[number] + share * curve[number + 1])
    columns, rows = np.floor(np.concatenate(steps)).astype(int).T
    drawn = np.zeros((height, width), dtype=bool)
    drawn[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)] = True
    return drawn
