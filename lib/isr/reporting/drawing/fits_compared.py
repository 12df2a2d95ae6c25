"""Figures 5, 15 and 19: what ways of fitting make of pictures, of one frame, of many frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from isr.data.weak_labels.store import BACKGROUND, FOREGROUND
from isr.reporting.cell_files import PREDICTOR, REPRESENTATION, View
from isr.reporting.drawing import overlays, panels
from isr.reporting.drawing.outputs import draw_outputs, entries, scribble_entries

_PANELS = 5
_PANEL_WIDTH = 2.5
_CAPTION = 0.36
_LEGEND = 0.42
_DENSE = 0.2
_TALL = 4
_MOST = 12
"""Rows at most."""
_LOWEST, _HIGHEST, _TOGETHER = 1.5, 3.1, 13.0


@dataclass(frozen=True, eq=False)
class Pair:
    """What two ways of fitting make of one item."""

    sequential: View
    joint: View


def draw_pairs(rows: Sequence[Pair], title: str) -> Figure:
    """Figure 5: a row of five panels for each item: scribbles, then both outputs of both fits.

    Masks are tinted and outlined, blue for predictors and orange for representations; the ground
    truth is a thin dashed outline; the IoU stands under each panel.
    """
    first = rows[0].sequential
    headings = (
        "(a) scribbles" if first.scribbles is not None else "(a) picture",
        f"(b) {first.predictor}",
        f"(c) projection: {first.constraint}",
        f"(d) joint: {rows[0].joint.predictor}",
        f"(e) joint: {rows[0].joint.constraint}",
    )
    heights = [_PANEL_WIDTH / row.sequential.aspect + _CAPTION for row in rows]
    top = 0.62
    size = (_PANELS * (_PANEL_WIDTH + 0.12), sum(heights) + top + _LEGEND)
    figure = Figure(figsize=size, dpi=160)
    grid = figure.add_gridspec(
        len(rows),
        _PANELS,
        height_ratios=heights,
        left=0.012,
        right=0.988,
        top=1 - top / size[1],
        bottom=_LEGEND / size[1],
        wspace=0.04,
        hspace=0.0,
    )
    panels.add_title(figure, title, y=1 - 0.08 / size[1])
    for index, row in enumerate(rows):
        places = [figure.add_subplot(grid[index, column]) for column in range(_PANELS)]
        _draw_pair(places, row)
        if index == 0:
            for axes, heading in zip(places, headings, strict=True):
                panels.head(axes, heading)
    views = [view for row in rows for view in (row.sequential, row.joint)]
    panels.add_legend(figure, _pair_entries(views))
    return figure


def _draw_pair(places: Sequence[Axes], row: Pair) -> None:
    first = row.sequential
    shown = first.image
    if first.scribbles is not None:
        shown = overlays.with_scribbles(shown, first.scribbles)
    overlays.show(places[0], shown)
    panels.caption(places[0], " ".join(filter(None, [first.item, first.remark])))
    for view, (left, right) in ((first, places[1:3]), (row.joint, places[3:5])):
        draw_outputs(left, right, view, (left.get_title(), right.get_title()))
        panels.caption(left, view.scored(PREDICTOR))
        panels.caption(right, view.scored(REPRESENTATION))


def _pair_entries(views: Sequence[View]) -> list[panels.Entry]:
    scribbled = any(view.scribbles is not None for view in views)
    found = scribble_entries() if scribbled else []
    truth = next((view for view in views if view.ground_truth is not None), views[0])
    return found + entries(truth)


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
    figure, axes = panels.lay_out(
        [[first.aspect] * 3] * len(views),
        title,
        captions=any(view.status for view in views.values()),
        tallest=3.2,
    )
    if marks is None:
        overlays.show(axes[0][0], first.image)
        panels.head(axes[0][0], first.place)
    else:
        overlays.show(axes[0][0], _with_marks(first, marks))
        kind = "weak labels" if noun == "label" else f"{noun}s"
        panels.head(axes[0][0], f"{first.place}: {kind}")
    for row in axes[1:]:
        overlays.show(row[0], first.image)
        panels.head(row[0], "ground truth" if first.ground_truth is not None else "")
    for row, (fit, view) in zip(axes, views.items(), strict=True):
        heads = view.heading(PREDICTOR, f"{fit} "), view.heading(REPRESENTATION, f"{fit} ")
        draw_outputs(row[1], row[2], view, heads)
    if first.ground_truth is not None:
        overlays.draw_ground_truth(axes[-1][0], first.ground_truth)
    strokes = scribble_entries(noun) if marks is not None else []
    panels.add_legend(figure, strokes + entries(first))
    return figure


def _with_marks(view: View, marks: NDArray[np.uint8]) -> NDArray[np.floating]:
    """The frame with what is marked; where most pixels are, it shows through."""
    if np.count_nonzero(marks) < _DENSE * marks.size:
        return overlays.with_scribbles(0.6 * view.image + 0.4, marks)
    shown = np.array(view.image, dtype=float)
    for here, colour in (
        (marks == BACKGROUND, overlays.BACKGROUND_SCRIBBLE),
        (marks == FOREGROUND, overlays.OBJECT_SCRIBBLE),
    ):
        shown[here] = 0.6 * shown[here] + 0.4 * np.asarray(to_rgb(colour))
    return shown


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
    fits = list(views[0])
    beside = _beside(len(views), len(fits))
    rows = [views[start : start + beside] for start in range(0, len(views), beside)]
    aspect = next(iter(views[0].values())).aspect
    tallest = min(_HIGHEST, max(_LOWEST, _TOGETHER / len(rows)))
    columns = 1 + 2 * len(fits)
    figure, axes = panels.lay_out(
        [[aspect] * (columns * len(row)) for row in rows],
        title,
        captions=any(view.status for frame in views for view in frame.values()),
        tallest=tallest,
        # The last row may be half as long.
        even=True,
    )
    for places, row in zip(axes, rows, strict=True):
        for number, frame in enumerate(row):
            _draw_one(places[number * columns : (number + 1) * columns], frame, beside > 1)
    panels.add_legend(figure, entries(views[0][fits[0]]))
    return figure


def _draw_one(places: Sequence[Axes], frame: Mapping[str, View], narrow: bool) -> None:
    """Draw one frame; where there is no room for names, colours tell the outputs apart."""
    first = next(iter(frame.values()))
    overlays.show(places[0], first.image)
    if first.ground_truth is not None:
        overlays.draw_ground_truth(places[0], first.ground_truth)
    panels.head(places[0], first.place)
    for number, (fit, view) in enumerate(frame.items()):
        if len(frame) > 1:
            heads = view.scored(PREDICTOR, fit), view.scored(REPRESENTATION, fit)
        elif narrow:
            heads = view.scored(PREDICTOR), view.scored(REPRESENTATION)
        else:
            heads = view.heading(PREDICTOR), view.heading(REPRESENTATION)
        draw_outputs(places[1 + 2 * number], places[2 + 2 * number], view, heads)
