"""Figure 12: convex regions beside masks that are not convex, with a segment that leaves them."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isr.evaluation.violations import Violations, violations
from isr.reporting import words
from isr.reporting.cell_files import Mask, View
from isr.reporting.drawing import overlays, panels

_SEGMENT = "#0b3fd8"


def draw(views: Sequence[View], title: str) -> Figure:
    """Two panels for each view: the convex region, and the mask that it was fitted to.

    Args:
        views: with unaries.
        title: stands above.
    """
    aspects = [view.aspect for view in views for _ in range(2)]
    figure, places = panels.lay_out(aspects, title, per_row=4 if len(views) > 1 else 2)
    for number, view in enumerate(views):
        left, right = places[2 * number : 2 * number + 2]
        overlays.draw_result(left, view)
        panels.head(left, f"{view.item}: convex region", _told(_marked(left, view.mask)))
        assert view.predicted is not None
        overlays.show(right, overlays.tinted(view.image, view.predicted, overlays.PREDICTOR))
        overlays.draw_outline(right, view.predicted, overlays.PREDICTOR, width=0.7)
        panels.head(right, words.mask_of(view.predictor), _told(_marked(right, view.predicted)))
    panels.add_legend(
        figure,
        [
            (panels.line(overlays.REPRESENTATION), "convex region"),
            (panels.line(overlays.PREDICTOR), "mask that it was fitted to"),
            (panels.line(_SEGMENT, 1.6, "--"), "a segment that violates convexity"),
        ],
    )
    return figure


def _marked(axes: Axes, mask: Mask) -> Violations:
    """Draw the worst segment of a mask (h, w), if it violates convexity."""
    found = violations(mask)
    if found.worst is not None:
        (row, column), (other_row, other_column) = found.worst
        across, down = [column + 0.5, other_column + 0.5], [row + 0.5, other_row + 0.5]
        axes.plot(across, down, color="#ffffff", linewidth=3.4)
        axes.plot(across, down, color=_SEGMENT, linewidth=1.8, linestyle=(0, (4, 2)))
        axes.plot(across, down, "o", color=_SEGMENT, markersize=4, markeredgecolor="#ffffff")
    return found


def _told(found: Violations) -> str:
    if found.background == 0:
        return "convex"
    if found.pairs != found.pairs:
        return "empty"
    return f"{found.pairs:.1%} of pairs, {found.background:.1%} of the hull"
