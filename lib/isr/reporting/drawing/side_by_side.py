"""Figures 1, 2, 4 and 7: what representations are fitted to, beside the regions that come of it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage

from isr.evaluation.baselines import convex_hull
from isr.evaluation.columns import UNARIES
from isr.reporting import words
from isr.reporting.cell_files import PREDICTOR, REPRESENTATION, Mask, View
from isr.reporting.drawing import overlays, panels
from isr.reporting.drawing.overlays import draw_evidence, draw_result, evidence, evidence_entries

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FOUND = "#e0218a"
_SMALL = 0.2

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def draw_pairs(views: Sequence[View], title: str) -> Figure:
    """Figure 1: two panels for each view, its unaries (or scribbles) and the representation.

    Unaries are thresholded and blue, representations orange with their outline; below stands the
    IoU with the ground truth where it is known, else with the unaries.
    """
    aspects = [view.aspect for view in views for _ in range(2)]
    figure, places = panels.lay_out(aspects, title, per_row=4, tallest=3.4)
    for number, view in enumerate(views):
        left, right = places[2 * number : 2 * number + 2]
        draw_evidence(left, view)
        first = f"({_letter(2 * number)}) {view.item}: {evidence(view)}"
        panels.head(left, first, view.remark)
        draw_result(right, view)
        panels.head(right, f"({_letter(2 * number + 1)}) {view.constraint}", view.score_line)
    panels.add_legend(figure, evidence_entries(views, "representation"))
    return figure


def _letter(number: int) -> str:
    return _LETTERS[number] if number < len(_LETTERS) else str(number + 1)


def draw_pattern(views: Sequence[View], title: str) -> Figure:
    """Figure 2: a periodic pattern, its unaries, and one panel for each way of continuing them.

    Holes that the unaries do not show are outlined in their own colour and counted. Below stands
    the IoU with the ground truth too, where that is known.

    Args:
        views: of one item, with unaries.
        title: stands above.
    """
    first = views[0]
    aspects = [view.aspect for view in (first, first, *views)]
    per_row = 2 if len(views) <= 2 else 3
    figure, places = panels.lay_out(aspects, title, per_row=per_row, even=True)
    overlays.show(places[0], first.image)
    panels.head(places[0], f"(a) {first.item}")
    draw_evidence(places[1], first)
    found = ""
    if first.predicted is not None:
        holes = words.count(count_holes(first.predicted), "hole")
        found = holes + _score(first.iou(PREDICTOR))
    panels.head(places[1], f"(b) {evidence(first)}", found)
    for number, (place, view) in enumerate(zip(places[2:], views, strict=True)):
        draw_result(place, view, outline=0.9)
        hidden = hidden_holes(view.mask, view.predicted)
        overlays.draw_outline(place, hidden, _FOUND)
        holes = words.count(count_holes(view.mask), "hole")
        panels.head(
            place,
            f"({_letter(2 + number)}) {view.constraint}",
            f"{holes}, {count_holes(hidden)} of them not in the unaries"
            f"{_score(view.iou(REPRESENTATION))}",
        )
    shown = evidence_entries(views, "representation")
    shown.append((panels.line(_FOUND), "where the unaries show no hole"))
    panels.add_legend(figure, shown)
    return figure


def _score(iou: float) -> str:
    return "" if np.isnan(iou) else f"; IoU with the truth {iou:.3f}"


def count_holes(mask: Mask) -> int:
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


def draw_depth(views: Sequence[View], depth: NDArray[np.floating], title: str) -> Figure:
    """Figure 4: a picture with its scribbles, its depth, and a panel for each representation.

    Args:
        views: of one item.
        depth: (h, w), in any unit.
        title: stands above.
    """
    first = views[0]
    aspects = [first.aspect] * (2 + len(views))
    per_row = len(aspects) if len(aspects) * first.aspect <= 6 else 2
    figure, places = panels.lay_out(aspects, title, per_row=per_row, tallest=3.6, even=True)
    draw_evidence(places[0], first)
    panels.head(places[0], f"(a) {first.item}: {evidence(first)}")
    overlays.show(places[1], _grey(depth))
    panels.head(places[1], "(b) depth (bright: large values)")
    for number, (place, view) in enumerate(zip(places[2:], views, strict=True)):
        draw_result(place, view)
        name = f"({_letter(2 + number)}) {view.constraint} in (x, y, depth)"
        panels.head(place, name, view.score_line)
    panels.add_legend(figure, evidence_entries(views, "representation"))
    return figure


def _grey(depth: NDArray[np.floating]) -> NDArray[np.floating]:
    low, high = float(depth.min()), float(depth.max())
    return np.repeat(((depth - low) / ((high - low) or 1.0))[..., None], 3, axis=-1)


def draw_decays(views: Sequence[View], decays: Sequence[float], title: str) -> Figure:
    """Figure 7: weight decay on the diffeomorphism, from almost any shape to a convex one.

    Unaries, and then one panel for each weight decay, in rising order. Below stand the IoU with the
    unaries and how much of its convex hull the shape fills.

    Args:
        views: of one item.
        decays: weight decay of each.
        title: stands above.
    """
    order = np.argsort(decays, kind="stable")
    aspects = [views[0].aspect] * (len(views) + 1)
    # Of at most five in a row, about as many in each.
    per_row = -(-len(aspects) // -(-len(aspects) // 5))
    figure, places = panels.lay_out(aspects, title, per_row=per_row, tallest=3.4, even=True)
    draw_evidence(places[0], views[0])
    panels.head(places[0], f"{views[0].item}: {evidence(views[0])}")
    for place, index in zip(places[1:], order, strict=True):
        view = views[index]
        draw_result(place, view)
        iou = view.iou(REPRESENTATION, UNARIES)
        agrees = "" if np.isnan(iou) else f"IoU {iou:.3f}, "
        fills = f"{agrees}fills {solidity(view.mask):.0%} of its hull"
        panels.head(place, f"weight decay {_power(decays[index])}", fills)
    names = words.listing(dict.fromkeys(view.constraint for view in views))
    panels.add_legend(figure, evidence_entries(views, f"{names} representation"))
    return figure


def _power(value: float) -> str:
    """A weight decay in print: powers of ten as such.

    >>> _power(1e-5), _power(0.003), _power(0.0)
    ('10⁻⁵', '3 · 10⁻³', '0')
    """
    if value == 0:
        return "0"
    factor, exponent = f"{value:.1e}".split("e")
    leading = "" if float(factor) == 1 else f"{float(factor):g} \N{MIDDLE DOT} "
    return f"{leading}10{str(int(exponent)).translate(_RAISED)}"


def solidity(mask: Mask) -> float:
    """Share of its convex hull that a mask (h, w) fills; NaN for an empty one."""
    hull = convex_hull(mask).sum()
    return float(mask.sum() / hull) if hull else float("nan")
