"""Figure 4: scribbles on a picture with depth, and the region that each constraint makes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from isr.reporting import overlays, panels, teaser
from isr.reporting.views import View


def draw(views: Sequence[View], depth: NDArray[np.floating], title: str) -> Figure:
    """Draw the picture with its scribbles, its depth, and one panel for each representation.

    Args:
        views: of one picture.
        depth: (h, w), in any unit.
        title: stands above.
    """
    first = views[0]
    aspects = [first.aspect] * (2 + len(views))
    per_row = len(aspects) if len(aspects) * first.aspect <= 6 else 2
    rows = [aspects[start : start + per_row] for start in range(0, len(aspects), per_row)]
    figure, axes = panels.lay_out(rows, title, tallest=3.6, even=True)
    places = [place for row in axes for place in row]
    teaser.draw_evidence(places[0], first)
    panels.head(places[0], f"(a) {first.name}: {teaser.evidence(first)}")
    overlays.show(places[1], _grey(depth))
    panels.head(places[1], "(b) depth (bright: large values)")
    for letter, place, view in zip("cdefgh", places[2:], views, strict=False):
        teaser.draw_result(place, view)
        panels.head(place, f"({letter}) {view.constraint} in (x, y, depth)")
        panels.caption(place, teaser.score_line(view))
    entries = teaser.scribble_entries() if first.scribbles is not None else []
    entries.append((panels.line(overlays.REPRESENTATION), "representation"))
    panels.add_legend(figure, entries)
    return figure


def _grey(depth: NDArray[np.floating]) -> NDArray[np.floating]:
    low, high = float(depth.min()), float(depth.max())
    return np.repeat(((depth - low) / ((high - low) or 1.0))[..., None], 3, axis=-1)
