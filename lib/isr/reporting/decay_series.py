"""Figure 7: weight decay on the diffeomorphism leads from almost any shape to a convex one."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from isr.evaluation.baselines import convex_hull
from isr.reporting import overlays, panels, teaser
from isr.reporting.views import View

_PER_ROW = 5


def draw(views: Sequence[View], decays: Sequence[float], title: str) -> Figure:
    """Draw the unaries and then one panel for each weight decay, in rising order.

    Below stand the IoU with the unaries and how much of its convex hull the shape fills.

    Args:
        views: of one picture.
        decays: weight decay of each.
        title: stands above.
    """
    order = np.argsort(decays, kind="stable")
    count = len(views) + 1
    per_row = -(-count // -(-count // _PER_ROW))
    aspects = [views[0].aspect] * count
    rows = [aspects[start : start + per_row] for start in range(0, count, per_row)]
    figure, axes = panels.lay_out(rows, title, tallest=3.4, even=True)
    places = [place for row in axes for place in row]
    teaser.draw_evidence(places[0], views[0])
    panels.head(places[0], f"{views[0].name}: {teaser.evidence(views[0])}")
    for place, index in zip(places[1:], order, strict=True):
        view = views[index]
        teaser.draw_result(place, view)
        panels.head(place, f"weight decay {_power(decays[index])}")
        panels.caption(place, f"{_agreement(view)}{solidity(view.mask):.0%} of its hull")
    panels.add_legend(
        figure,
        [
            (panels.line(overlays.PREDICTOR), "naive unaries, thresholded"),
            (panels.line(overlays.REPRESENTATION), "path-connected representation"),
        ],
    )
    return figure


def _agreement(view: View) -> str:
    return f"IoU {view.scores['unaries']:.3f}, fills " if "unaries" in view.scores else "fills "


def _power(value: float) -> str:
    r"""A weight decay in print: powers of ten as such.

    >>> _power(1e-5), _power(0.003), _power(0.0)
    ('$10^{-5}$', '$3 \\cdot 10^{-3}$', '0')
    """
    if value == 0:
        return "0"
    factor, exponent = f"{value:.1e}".split("e")
    leading = "" if float(factor) == 1 else rf"{float(factor):g} \cdot "
    return f"${leading}10^{{{int(exponent)}}}$"


def solidity(mask: NDArray[np.bool_]) -> float:
    """Share of its convex hull that a mask (h, w) fills; NaN for an empty one."""
    hull = convex_hull(mask).sum()
    return float(mask.sum() / hull) if hull else float("nan")
