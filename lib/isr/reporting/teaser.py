"""Figure 1: naive unaries beside the representation that was fitted to them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isr.reporting import overlays, panels
from isr.reporting.views import View

_PAIRS = 2
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def draw(views: Sequence[View], title: str) -> Figure:
    """Draw two panels for each view: its unaries (or scribbles), and the representation.

    Unaries are thresholded and blue, representations orange with their outline; below stands the
    IoU with the ground truth where it is known, else with the unaries.
    """
    rows = [views[start : start + _PAIRS] for start in range(0, len(views), _PAIRS)]
    aspects = [[view.aspect for view in row for _ in range(2)] for row in rows]
    figure, axes = panels.lay_out(aspects, title, tallest=3.4)
    places = [place for row in axes for place in row]
    for number, view in enumerate(views):
        left, right = places[2 * number : 2 * number + 2]
        first, second = (_letter(2 * number + shift) for shift in range(2))
        draw_evidence(left, view)
        panels.head(left, f"({first}) {view.name}: {evidence(view)}")
        panels.caption(left, view.remark)
        draw_result(right, view)
        panels.head(right, f"({second}) {view.constraint}")
        panels.caption(right, score_line(view))
    panels.add_legend(figure, _entries(views))
    return figure


def _letter(number: int) -> str:
    return _LETTERS[number] if number < len(_LETTERS) else str(number + 1)


def evidence(view: View) -> str:
    """What a representation was fitted to, in a word."""
    return "scribbles" if view.likely is None else "unaries"


def draw_evidence(axes: Axes, view: View) -> None:
    """Show the thresholded unaries in blue, or the scribbles where there are none."""
    image = view.image
    if view.likely is not None:
        image = overlays.tinted(image, view.likely, overlays.PREDICTOR)
    if view.scribbles is not None:
        image = overlays.with_scribbles(image, view.scribbles)
    overlays.show(axes, image)
    if view.likely is not None:
        # The mask is often scattered: a thick outline would hide it.
        overlays.draw_outline(axes, view.likely, overlays.PREDICTOR, width=0.7)


def draw_result(axes: Axes, view: View, *, outline: float = 1.8) -> None:
    """Show the foreground of the representation in orange, with an outline so many points wide."""
    overlays.show(axes, overlays.tinted(view.image, view.mask, overlays.REPRESENTATION))
    if view.region is None:
        overlays.draw_outline(axes, view.mask, overlays.REPRESENTATION, width=outline)
    else:
        overlays.draw_region(axes, view.region, overlays.REPRESENTATION, width=outline)


def score_line(view: View) -> str:
    """IoU with the best that is known: ground truth, unaries or scribbles; empty without any."""
    for name in ("ground truth", "unaries", "scribbles"):
        if not np.isnan(view.scores.get(name, np.nan)):
            return f"IoU with {name} {view.scores[name]:.3f}"
    return ""


def _entries(views: Sequence[View]) -> list[panels.Entry]:
    entries = []
    if any(view.likely is not None for view in views):
        entries.append((panels.line(overlays.PREDICTOR), "naive unaries, thresholded"))
    if any(view.scribbles is not None for view in views):
        entries += scribble_entries()
    entries.append((panels.line(overlays.REPRESENTATION), "representation"))
    return entries


def scribble_entries() -> list[panels.Entry]:
    """What scribbles look like, for a legend."""
    return [
        (panels.line(overlays.OBJECT_SCRIBBLE, 4), "object scribble"),
        (panels.line(overlays.BACKGROUND_SCRIBBLE, 4), "background scribble"),
    ]
