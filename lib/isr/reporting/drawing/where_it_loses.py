"""Figures 6 and 13: a frame on which the prior loses against the predictor, and why."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from isr.constraints import record
from isr.evaluation.pixels import SHARE
from isr.reporting import words
from isr.reporting.cell_files import PREDICTOR, REPRESENTATION, View
from isr.reporting.drawing import overlays, panels
from isr.reporting.drawing.outputs import draw_outputs, entries
from isr.reporting.drawing.thin_connection import pieces
from isr.settings import SPATIO_TEMPORAL

_RIGHT, _WRONG = "#35d461", "#e0218a"
_TRUTH = ("#ffd400", "#8f5bd6", "#19c5c5", "#c46a2b")
_STRENGTH = 0.5
_TALLEST = 3.3


def draw(view: View, title: str, *, why: str = "", remark: str = "") -> Figure:
    """Draw the ground truth, the predictor, the representation, and where the two disagree.

    Args:
        view: the frame, with a ground truth and unaries.
        title: stands above.
        why: what in the ground truth contradicts the constraint.
        remark: what else is to be said of the choice of the frame.
    """
    figure, axes = panels.lay_out([[view.aspect] * 2] * 2, title, tallest=_TALLEST)
    (truth, predictor), (representation, differences) = axes
    _show_truth(truth, view)
    panels.head(truth, "(a) ground truth")
    panels.caption(truth, why)
    heads = view.heading(PREDICTOR, "(b) "), view.heading(REPRESENTATION, "(c) ")
    draw_outputs(predictor, representation, view, heads)
    _show_differences(differences, view)
    panels.head(differences, "(d) where they disagree")
    panels.caption(differences, remark)
    panels.add_legend(figure, _entries(view))
    return figure


def contradiction(row: Mapping[Hashable, Any]) -> str:
    """Say whether the ground truth of a frame is such that no region with the constraint has it.

    Args:
        row: of metrics.csv, with the columns constraint, fit, contradicted, truth_components and
            truth_holes.

    Returns:
        A line for a caption; empty of constraints of which it is not known what contradicts them,
        and of regions in (x, y, t), whose slices may well be in parts.
    """
    if not record(row["constraint"]).contradiction or row["fit"] == SPATIO_TEMPORAL:
        return ""
    if str(row.get("contradicted")) != "True":
        return "the ground truth does not contradict the constraint"
    found = [
        words.count(int(number), noun)
        for key, noun, few in (("truth_components", "part", 1), ("truth_holes", "hole", 0))
        if (number := row.get(key)) is not None and number > few
    ]
    return f"constraint contradicted: ground truth has {words.listing(found)}"


def _show_truth(axes: Axes, view: View) -> None:
    """The object's parts, each in a colour of its own; specks have that of the largest."""
    truth = view.truth
    # Pixels of which nothing is known may connect.
    labels, count = pieces(truth | view.unknown)
    shown = overlays.tinted(view.image, truth, _TRUTH[0], strength=0.0)
    for number in range(1, count + 1):
        here = truth & (labels == number)
        large = np.count_nonzero(here) >= SHARE * np.count_nonzero(truth)
        colour = to_rgb(_TRUTH[(number - 1) % len(_TRUTH) if large else 0])
        shown[here] = (1 - _STRENGTH) * view.image[here] + _STRENGTH * np.asarray(colour)
    overlays.show(axes, shown)
    if view.ground_truth is not None:
        overlays.draw_ground_truth(axes, view.ground_truth)


def _show_differences(axes: Axes, view: View) -> None:
    """Where representation and predictor differ: green where the former is right."""
    differ = (view.mask != view.predicted) & ~view.unknown
    right = view.mask == view.truth
    shown = overlays.tinted(view.image, differ, "#ffffff", strength=0.0)
    for here, colour in ((differ & right, _RIGHT), (differ & ~right, _WRONG)):
        shown[here] = 0.25 * view.image[here] + 0.75 * np.asarray(to_rgb(colour))
    overlays.show(axes, shown)
    if view.ground_truth is not None:
        overlays.draw_ground_truth(axes, view.ground_truth)


def _entries(view: View) -> list[panels.Entry]:
    return [
        *entries(view),
        (Patch(color=_RIGHT), f"{view.constraint} is right, {view.predictor} wrong"),
        (Patch(color=_WRONG), f"{view.predictor} is right, {view.constraint} wrong"),
    ]
