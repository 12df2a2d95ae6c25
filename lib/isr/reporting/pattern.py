"""Figure 2: a periodic pattern, continued where something hides it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage

from isr.reporting import overlays, panels, teaser, words
from isr.reporting.views import View

Mask = NDArray[np.bool_]

_FOUND = "#e0218a"
_SMALL = 0.2


def draw(views: Sequence[View], title: str) -> Figure:
    """Draw the picture, its unaries, and one panel for each way of continuing them.

    Holes that the unaries do not show are outlined in their own colour and counted. Below stands
    the IoU with the ground truth too, where that is known.

    Args:
        views: of one picture, with unaries.
        title: stands above.
    """
    aspects = [view.aspect for view in (views[0], views[0], *views)]
    per_row = 2 if len(views) <= 2 else 3
    rows = [aspects[start : start + per_row] for start in range(0, len(aspects), per_row)]
    figure, axes = panels.lay_out(rows, title, even=True)
    places = [place for row in axes for place in row]
    overlays.show(places[0], views[0].image)
    panels.head(places[0], f"(a) {views[0].name}")
    teaser.draw_evidence(places[1], views[0])
    panels.head(places[1], "(b) unaries")
    if views[0].likely is not None:
        found = words.count(count(views[0].likely), "hole")
        panels.caption(places[1], found + _score(views[0].unaries_iou))
    for letter, axis, view in zip("cdefgh", places[2:], views, strict=False):
        teaser.draw_result(axis, view, outline=0.9)
        hidden = hidden_holes(view.mask, view.likely)
        overlays.draw_outline(axis, hidden, _FOUND, width=1.8)
        panels.head(axis, f"({letter}) {view.constraint}")
        panels.caption(
            axis,
            f"{words.count(count(view.mask), 'hole')}, {count(hidden)} of them not in the unaries"
            + _score(view.scores.get("ground truth", np.nan)),
        )
    panels.add_legend(
        figure,
        [
            (panels.line(overlays.PREDICTOR), "naive unaries, thresholded"),
            (panels.line(overlays.REPRESENTATION), "representation"),
            (panels.line(_FOUND), "where the unaries show no hole"),
        ],
    )
    return figure


def _score(iou: float) -> str:
    return "" if np.isnan(iou) else f"; IoU with the truth {iou:.3f}"


def count(mask: Mask) -> int:
    """Number of holes (h, w): components of at least a fifth of the middle one's size."""
    labels, found = ndimage.label(mask)
    if not found:
        return 0
    sizes = np.bincount(labels.ravel())[1:]
    return int((sizes >= _SMALL * np.median(sizes)).sum())


def hidden_holes(mask: Mask, likely: Mask | None) -> Mask:
    """The holes of `mask` (h, w) where `likely` shows less than a fifth of a hole.

    A hole is as large as the one in `mask` or the middle one of `likely`, whichever is smaller.
    Specks of less than a fifth of the middle hole's size do not count.
    """
    labels, found = ndimage.label(mask)
    if not found or likely is None:
        return np.zeros_like(mask)
    sizes = np.bincount(labels.ravel(), minlength=found + 1)
    seen = np.bincount(labels.ravel(), weights=likely.ravel(), minlength=found + 1)
    usual = np.median(np.bincount(ndimage.label(likely)[0].ravel())[1:]) if likely.any() else np.inf
    hidden = (seen < _SMALL * np.minimum(sizes, usual)) & (sizes >= _SMALL * np.median(sizes[1:]))
    hidden[0] = False
    return np.asarray(hidden[labels])
