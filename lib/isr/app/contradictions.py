"""Where what was given contradicts the constraint, or itself: sentences for whoever gave it.

A shape has its property by construction. What cannot be had together with it is given up: strokes
on the wrong side, parts of a mask that are cut off, holes that are filled. That is said.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.evaluation.certificates import Certificate
from isr.fitting.engine.attempts import iou

Mask = NDArray[np.bool_]

_STROKES, _PIXELS = 0.02, 5
"""Share of strokes on the wrong side, and their pixels, from which it is said."""
_AGREEMENT = 0.85
"""IoU of the shape and the predictor's mask below which it is said."""
_PART = 0.03
"""Share of the predictor's mask of a part or a hole that is said."""
_EDGE = 0.1
"""Share of a side of the picture that the mask runs along."""
_SIDES: dict[str, Any] = {
    "top": np.s_[0, :],
    "bottom": np.s_[-1, :],
    "left": np.s_[:, 0],
    "right": np.s_[:, -1],
}


def contradictions(
    mask: Mask,
    shape: str,
    *,
    scribbles: NDArray[np.uint8] | None = None,
    found: Mask | None = None,
    called: str = "the given mask",
) -> list[str]:
    """What of the strokes and of a predictor's mask the shape does not follow.

    Args:
        mask: (*grid) of the shape.
        shape: the constraint in print, such as `convex`.
        scribbles: uint8 like the mask: 0 none, 255 background, else object.
        found: (*grid) of the predictor.
        called: what it is, in words.

    Returns:
        Sentences, each with what to do; none where all goes together.
    """
    said = [] if scribbles is None else _strokes(mask, shape, scribbles)
    if found is not None and found.any():
        said += _mask(mask, shape, found, called)
        said += _edges(found, scribbles, called)
    return said


def verdicts(certificates: Sequence[Certificate]) -> list[str]:
    """What certificates say that is more or less than `holds`, in words."""
    usual = {"holds", "connected in the picture"}
    return [
        each.sentence
        if each.method == "none"
        else f"{each.property}, {each.method}: {each.verdict}. {each.sentence}"
        for each in certificates
        if each.verdict not in usual
    ]


def _strokes(mask: Mask, shape: str, scribbles: NDArray[np.uint8]) -> list[str]:
    background = scribbles == BACKGROUND_SCRIBBLE
    said = []
    for name, here, wrong, where in (
        ("object", (scribbles != NO_SCRIBBLE) & ~background, ~mask, "outside"),
        ("background", background, mask, "inside"),
    ):
        missed, drawn = int((here & wrong).sum()), int(here.sum())
        if missed >= _PIXELS and missed > _STROKES * drawn:
            said.append(
                f"{missed / drawn:.0%} of the {name} strokes lie {where} the {shape} region: no "
                "such region agrees with all strokes, or the mask outweighs them; check the "
                "strokes, or choose another constraint."
            )
    return said


def _mask(mask: Mask, shape: str, found: Mask, called: str) -> list[str]:
    said, area = [], int(found.sum())
    common = iou(mask, found)
    if common < _AGREEMENT:
        said.append(
            f"The {shape} region and {called} share {common:.0%} of their union: the "
            f"object may not be {shape}, or the mask is wrong; look at both."
        )
    for text, pixels in (
        ("part of it lies outside the region: cut off", found & ~mask),
        ("hole or bay of it lies inside the region: filled", mask & ~found),
    ):
        labels, _ = ndimage.label(pixels)
        sizes = np.sort(np.bincount(labels.ravel())[1:])[::-1]
        large = sizes[sizes > _PART * area]
        if len(large):
            more = f" and {len(large) - 1} more" if len(large) > 1 else ""
            share = f"{large[0] / area:.0%} of it{more}"
            said.append(f"Of {called}, a {text} ({share}).")
    return said


def _edges(found: Mask, scribbles: NDArray[np.uint8] | None, called: str) -> list[str]:
    """Where a mask runs into the edge of a picture, and no stroke there says that it may."""
    if found.ndim != 2 or scribbles is None:
        return []
    drawn = (scribbles != NO_SCRIBBLE) & (scribbles != BACKGROUND_SCRIBBLE)
    sides = [
        name
        for name, side in _SIDES.items()
        if found[side].mean() > _EDGE and not drawn[side].any()
    ]
    if not sides:
        return []
    return [
        f"{called[0].upper()}{called[1:]} runs along the {' and '.join(sides)} edge of the "
        "picture: if the object does not, draw background there."
    ]
