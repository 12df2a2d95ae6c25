"""Figure 11: the IoU of every setting as bars with deviations, the published ones as markers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from isr import constraints
from isr.reporting import words
from isr.reporting.cell_files import PREDICTOR, REPRESENTATION
from isr.reporting.drawing import overlays, panels

_COLOURS = {PREDICTOR: overlays.PREDICTOR, REPRESENTATION: overlays.REPRESENTATION}
_HATCHES = {"joint": "////"}
_DARK, _GREY = "#222222", "#555555"
_WIDTH = 0.86
"""Of the bars of one input together."""

Bar = tuple[str, str]
"""(fit, output)"""


def draw(
    summary: pd.DataFrame, constraint: str, title: str, *, predictors: Mapping[str, str]
) -> Figure:
    """Draw one panel per predictor, in it a group of bars per input of the predictor.

    Bars are means over pictures and seeds, error bars deviations over seeds (none for one seed),
    diamonds the published values, grey dashes the last trivial projection for the constraint.

    Args:
        summary: a row for each predictor, features, labels, fit and output, with status, iou,
            iou_deviation, published_iou, published and same_pictures.
        constraint: that the representations have.
        title: stands above.
        predictors: names of predictors in print.
    """
    names = list(dict.fromkeys(summary["predictor"]))
    inputs = map(words.seen, summary["features"], summary["labels"])
    summary = summary.assign(input=[each or "no features" for each in inputs])
    # Title and legend need the width of two panels.
    figure = Figure(figsize=(5.6 * max(len(names), 2) + 0.6, 5.4), dpi=160)
    with sns.axes_style("whitegrid"):
        places = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(places, names, strict=True):
        _draw_panel(axes, summary[summary["predictor"] == name], constraint)
        axes.set_title(predictors.get(name, name), fontsize=13)
    places[0].set_ylabel("foreground IoU", fontsize=12)
    panels.add_title(figure, title, y=0.985)
    _add_legend(figure, summary, constraint)
    figure.subplots_adjust(left=0.07, right=0.99, top=0.86, bottom=0.25, wspace=0.04)
    return figure


def _bars(summary: pd.DataFrame) -> list[Bar]:
    return [(fit, output) for fit in dict.fromkeys(summary["fit"]) for output in _COLOURS]


def _draw_panel(axes: Axes, summary: pd.DataFrame, constraint: str) -> None:
    groups, bars = list(dict.fromkeys(summary["input"])), _bars(summary)
    shown = summary[summary["output"].isin(_COLOURS)]
    width = _WIDTH / len(bars)
    for row in shown.itertuples():
        place = groups.index(row.input) + _offset(bars.index((row.fit, row.output)), len(bars))
        if row.status == "ran":
            colour, hatch = _COLOURS[row.output], _HATCHES.get(row.fit)
            style: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": _DARK}
            axes.bar(place, row.iou, 0.94 * width, linewidth=0.7, **style)
        _add_marks(axes, place, row, width)
    for row in summary[summary["output"] == _projection(constraint)].itertuples():
        if row.status == "ran":
            number = bars.index((row.fit, REPRESENTATION))
            place = groups.index(row.input) + _offset(number, len(bars))
            for colour, line, order in (("#ffffff", 4, 3), (_GREY, 2.2, 4)):
                ends = [place - width / 2, place + width / 2]
                axes.plot(ends, [row.iou] * 2, color=colour, lw=line, zorder=order)
    _set_axes(axes, groups)


def _offset(number: int, count: int) -> float:
    """How far the middle of a bar lies from that of its group."""
    return (number - (count - 1) / 2) * _WIDTH / count


def _add_marks(axes: Axes, place: float, row: Any, width: float) -> None:
    """The deviation of a bar, or why there is no bar, and the published value."""
    if row.status != "ran":
        style: dict[str, Any] = {"rotation": 90, "ha": "center", "va": "bottom", "fontsize": 9}
        axes.text(place, 0.015, row.status, color="#8a5a00", **style)
    elif not np.isnan(row.iou_deviation):
        axes.errorbar(place, row.iou, row.iou_deviation, capsize=3, elinewidth=1.3, ecolor=_DARK)
    if not np.isnan(row.published_iou):
        # Beside the middle of the bar, where the error bar stands.
        beside = place + width / 4
        axes.plot(beside, row.published_iou, "D", ms=5, mfc="#ffffff", mec="#000000", zorder=5)


def _projection(constraint: str) -> str | None:
    """The trivial projection that is marked, None for a constraint without."""
    return next(reversed(constraints.record(constraint).projections), None)


def _set_axes(axes: Axes, groups: Sequence[str]) -> None:
    names = [name.replace("spatial+", "spatial\n+") for name in groups]
    axes.set_xticks(range(len(groups)), names, fontsize=11)
    # Bars of few inputs are no wider than those of three.
    room = 0.5 + max(0, 3 - len(groups)) / 2
    axes.set(
        xlim=(-room, len(groups) - 1 + room), ylim=(0, 1), xlabel="", yticks=np.linspace(0, 1, 11)
    )
    axes.tick_params(axis="y", labelsize=10.5)
    axes.grid(visible=False, axis="x")
    axes.set_axisbelow(True)
    sns.despine(ax=axes)


def _add_legend(figure: Figure, summary: pd.DataFrame, constraint: str) -> None:
    called = {PREDICTOR: PREDICTOR, REPRESENTATION: constraints.words(constraint)}
    found: list[panels.Entry] = [
        (
            Patch(facecolor=_COLOURS[output], hatch=_HATCHES.get(fit), edgecolor=_DARK, lw=0.7),
            f"{fit}: {called[output]}",
        )
        for fit, output in _bars(summary)
    ]
    if projection := _projection(constraint):
        found.append((panels.line(_GREY, 2.2), words.BASELINES[projection]))
    if summary["published"].any():
        marker = Line2D([], [], marker="D", ls="", ms=6, mfc="#ffffff", mec="#000000")
        same = bool(summary["same_pictures"].any())
        found.append((marker, "published" if same else "published (other pictures)"))
    panels.add_legend(figure, found, ncols=3, fontsize=11, handlelength=2.4, handleheight=1.1)
