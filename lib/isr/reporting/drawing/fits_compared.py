"""Figures 5, 6, 13, 15 and 19: what ways of fitting make of pictures and frames."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from isr.constraints import record
from isr.data.weak_labels.store import BACKGROUND, FOREGROUND
from isr.evaluation.pixels import SHARE
from isr.reporting import words
from isr.reporting.cell_files import PREDICTOR, REPRESENTATION, View
from isr.reporting.drawing import overlays, panels
from isr.reporting.drawing.overlays import draw_outputs, entries, scribble_entries
from isr.reporting.drawing.thin_connection import pieces
from isr.settings import SPATIO_TEMPORAL

_DENSE = 0.2
_TALL = 4
_MOST = 12
"""Rows at most."""
_LOWEST, _HIGHEST, _TOGETHER = 1.5, 3.1, 13.0
_RIGHT, _WRONG = "#35d461", "#e0218a"
_TRUTH = ("#ffd400", "#8f5bd6", "#19c5c5", "#c46a2b")


def draw_pairs(rows: Sequence[tuple[View, View]], title: str) -> Figure:
    """Figure 5: a row of five panels for each item: scribbles, then both outputs of both fits.

    Masks are tinted and outlined, blue for predictors and orange for representations; the ground
    truth is a thin dashed outline; the IoU stands under each panel.

    Args:
        rows: the sequential and the joint fit of each item.
        title: stands above.
    """
    aspects = [first.aspect for first, _ in rows for _ in range(5)]
    figure, places = panels.lay_out(aspects, title, per_row=5)
    for number, (first, joint) in enumerate(rows):
        seen, *others = places[5 * number : 5 * number + 5]
        heads = [
            "(a) scribbles" if first.scribbles is not None else "(a) picture",
            f"(b) {first.predictor}",
            f"(c) projection: {first.constraint}",
            f"(d) joint: {joint.predictor}",
            f"(e) joint: {joint.constraint}",
        ]
        overlays.show(seen, overlays.with_scribbles(first.image, first.scribbles))
        panels.head(seen, heads[0], " ".join(filter(None, [first.item, first.remark])))
        for view, start in ((first, 0), (joint, 2)):
            below = view.scored(PREDICTOR), view.scored(REPRESENTATION)
            left, right = others[start : start + 2]
            draw_outputs(left, right, view, heads[1 + start : 3 + start], below)
    views = [view for row in rows for view in row]
    scribbled = any(view.scribbles is not None for view in views)
    shown = next((view for view in views if view.ground_truth is not None), views[0])
    panels.add_legend(figure, [*(scribble_entries() if scribbled else []), *entries(shown)])
    return figure


def draw_frame(
    views: Mapping[str, View], marks: NDArray[np.uint8] | None, noun: str, title: str
) -> Figure:
    """Figure 15: what each way of fitting makes of a frame or picture, a row for each.

    Args:
        views: of the same frame or picture by the name of the fit, such as sequential and joint.
        marks: what the predictor learnt from (h, w): 0 none, 255 background, else foreground; or
            None.
        noun: what the marks are: label or scribble.
        title: stands above.
    """
    first = next(iter(views.values()))
    figure, places = panels.lay_out(
        [first.aspect] * (3 * len(views)),
        title,
        per_row=3,
        captions=any(view.status for view in views.values()),
        tallest=3.2,
    )
    if marks is None:
        overlays.show(places[0], first.image)
        panels.head(places[0], first.place)
    else:
        overlays.show(places[0], _with_marks(first, marks))
        kind = "weak labels" if noun == "label" else f"{noun}s"
        panels.head(places[0], f"{first.place}: {kind}")
    for place in places[3::3]:
        overlays.show(place, first.image)
        panels.head(place, "ground truth" if first.ground_truth is not None else "")
    for number, (fit, view) in enumerate(views.items()):
        heads = view.heading(PREDICTOR, f"{fit} "), view.heading(REPRESENTATION, f"{fit} ")
        draw_outputs(places[3 * number + 1], places[3 * number + 2], view, heads)
    overlays.draw_ground_truth(places[-3], first)
    strokes = scribble_entries(noun) if marks is not None else []
    panels.add_legend(figure, strokes + entries(first))
    return figure


def _with_marks(view: View, marks: NDArray[np.uint8]) -> NDArray[np.floating]:
    """The frame with what is marked; where most pixels are, it shows through."""
    if np.count_nonzero(marks) < _DENSE * marks.size:
        return overlays.with_scribbles(0.6 * view.image + 0.4, marks)
    layers = (
        (marks == BACKGROUND, overlays.BACKGROUND_SCRIBBLE),
        (marks == FOREGROUND, overlays.OBJECT_SCRIBBLE),
    )
    return overlays.painted(view.image, layers, 0.4)


def shown_frames(frames: Sequence[int], fits: int) -> list[int]:
    """Those of some frames, evenly spaced, that there is room for beside so many ways of fitting.

    >>> shown_frames(range(0, 300, 10), 2)
    [0, 30, 50, 80, 110, 130, 160, 180, 210, 240, 260, 290]
    """
    most = min(len(frames), _MOST * _beside(len(frames), fits))
    return [frames[place] for place in np.linspace(0, len(frames) - 1, most).round().astype(int)]


def _beside(frames: int, fits: int) -> int:
    """How many frames stand in a row."""
    return 2 if frames > _TALL and fits == 1 else 1


def draw_frames(views: Sequence[Mapping[str, View]], title: str) -> Figure:
    """Figure 19: a row of panels for each frame: ground truth, then two for each way of fitting.

    Many frames stand two in a row; `shown_frames` says which of very many there is room for.

    Args:
        views: for each frame, what it is by the name of the fit; all with the same names.
        title: stands above.
    """
    first = next(iter(views[0].values()))
    beside = _beside(len(views), len(views[0]))
    columns = 1 + 2 * len(views[0])
    figure, places = panels.lay_out(
        [first.aspect] * (columns * len(views)),
        title,
        per_row=columns * beside,
        captions=any(view.status for frame in views for view in frame.values()),
        tallest=min(_HIGHEST, max(_LOWEST, _TOGETHER / -(-len(views) // beside))),
        # The last row may be half as long.
        even=True,
    )
    for number, frame in enumerate(views):
        _draw_one(places[number * columns : (number + 1) * columns], frame, beside > 1)
    panels.add_legend(figure, entries(first))
    return figure


def _draw_one(places: Sequence[Axes], frame: Mapping[str, View], narrow: bool) -> None:
    """Draw one frame; where there is no room for names, colours tell the outputs apart."""
    first = next(iter(frame.values()))
    overlays.show(places[0], first.image)
    overlays.draw_ground_truth(places[0], first)
    panels.head(places[0], first.place)
    for number, (fit, view) in enumerate(frame.items()):
        if len(frame) > 1:
            heads = view.scored(PREDICTOR, fit), view.scored(REPRESENTATION, fit)
        elif narrow:
            heads = view.scored(PREDICTOR), view.scored(REPRESENTATION)
        else:
            heads = view.heading(PREDICTOR), view.heading(REPRESENTATION)
        draw_outputs(places[1 + 2 * number], places[2 + 2 * number], view, heads)


def draw_loss(view: View, title: str, *, why: str = "", remark: str = "") -> Figure:
    """Figures 6 and 13: the ground truth, both outputs, and where the two disagree.

    Args:
        view: the frame, with a ground truth and unaries.
        title: stands above.
        why: what in the ground truth contradicts the constraint.
        remark: what else is to be said of the choice of the frame.
    """
    figure, (truth, predictor, representation, differences) = panels.lay_out(
        [view.aspect] * 4, title, per_row=2, tallest=3.3
    )
    overlays.show(truth, _parts_of_truth(view))
    panels.head(truth, "(a) ground truth", why)
    heads = view.heading(PREDICTOR, "(b) "), view.heading(REPRESENTATION, "(c) ")
    draw_outputs(predictor, representation, view, heads)
    differ = (view.mask != view.predicted) & ~view.unknown
    right = view.mask == view.truth
    layers = [(differ & right, _RIGHT), (differ & ~right, _WRONG)]
    overlays.show(differences, overlays.highlighted(view.image, layers))
    panels.head(differences, "(d) where they disagree", remark)
    for axes in (truth, differences):
        overlays.draw_ground_truth(axes, view)
    verdicts: list[panels.Entry] = [
        (Patch(color=_RIGHT), f"{view.constraint} is right, {view.predictor} wrong"),
        (Patch(color=_WRONG), f"{view.predictor} is right, {view.constraint} wrong"),
    ]
    panels.add_legend(figure, entries(view) + verdicts)
    return figure


def _parts_of_truth(view: View) -> NDArray[np.floating]:
    """The object's parts, each in a colour of its own; specks have that of the largest."""
    # Pixels of which nothing is known may connect.
    labels, count = pieces(view.truth | view.unknown)
    parts = [view.truth & (labels == number) for number in range(1, count + 1)]
    least = SHARE * np.count_nonzero(view.truth)
    layers = [
        (here, _TRUTH[number % len(_TRUTH) if np.count_nonzero(here) >= least else 0])
        for number, here in enumerate(parts)
    ]
    return overlays.highlighted(view.image, layers, 0.5)


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
