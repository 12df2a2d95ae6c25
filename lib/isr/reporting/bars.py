"""Figure 11: the IoU of every setting as bars with deviations, the published ones as markers."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from isr.evaluation.baselines import BASELINES
from isr.reporting import overlays, words
from isr.reporting.settings import Study

_COLOURS = {"predictor": overlays.PREDICTOR, "representation": overlays.REPRESENTATION}
_HATCHES = {"joint": "////"}
_WIDTH = 0.2


def draw(summary: pd.DataFrame, study: Study, title: str | None = None) -> Figure:
    """Draw one panel per predictor, in it a group of bars per feature set.

    Bars are means over pictures and seeds, error bars deviations over seeds (none for one seed),
    diamonds the published values, grey dashes the last trivial projection for the constraint.

    Args:
        summary: as `isr.reporting.summary.summarise` gives it.
        study: what it is about.
        title: replaces the words about the content; the data are always named.
    """
    predictors = list(dict.fromkeys(summary["predictor"]))
    # Title and legend need the width of two panels.
    figure = Figure(figsize=(5.6 * max(len(predictors), 2) + 0.6, 5.4), dpi=160)
    panels = figure.subplots(1, len(predictors), sharey=True, squeeze=False)[0]
    for axes, predictor in zip(panels, predictors, strict=True):
        _draw_panel(axes, summary[summary["predictor"] == predictor], study)
        axes.set_title(words.predictor(predictor), fontsize=13)
    panels[0].set_ylabel("foreground IoU", fontsize=12)
    data = study.dataset.describe(words.pictures(summary))
    figure.suptitle(f"{data}. {title or 'Foreground IoU by input'}", fontsize=13, y=0.985)
    _add_legend(figure, summary, study)
    figure.subplots_adjust(left=0.07, right=0.99, top=0.86, bottom=0.25, wspace=0.04)
    return figure


def _draw_panel(axes: Axes, summary: pd.DataFrame, study: Study) -> None:
    groups = list(dict.fromkeys(summary["features"]))
    bars = [
        (fit, output)
        for fit in dict.fromkeys(summary["fit"])
        for output in ("predictor", "representation")
    ]
    projection = _projection(study)
    offsets = (np.arange(len(bars)) - (len(bars) - 1) / 2) * (_WIDTH + 0.015)
    rows = {(row.features, row.fit, row.output): row for row in summary.itertuples()}
    for position, features in enumerate(groups):
        for offset, (fit, output) in zip(offsets, bars, strict=True):
            row = rows.get((features, fit, output))
            if row is not None:
                _draw_bar(axes, position + offset, row)
            baseline = rows.get((features, fit, projection))
            if output == "representation" and baseline is not None and baseline.status == "ran":
                _draw_baseline(axes, position + offset, baseline.iou)
    names = [words.features(name).replace("spatial+", "spatial\n+") for name in groups]
    axes.set_xticks(range(len(groups)), names, fontsize=11)
    axes.set_xlim(-0.5, len(groups) - 0.5)
    axes.set_ylim(0, 1)
    axes.set_yticks(np.linspace(0, 1, 11))
    axes.tick_params(axis="y", labelsize=10.5)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _projection(study: Study) -> str | None:
    """The trivial projection that is marked, None for a constraint without."""
    return next(reversed(BASELINES.get(study.constraint, ())), None)


def _draw_bar(axes: Axes, position: float, row: Any) -> None:
    if row.status == "ran":
        deviation = row.iou_deviation
        axes.bar(
            position,
            row.iou,
            _WIDTH,
            color=_COLOURS[row.output],
            hatch=_HATCHES.get(row.fit),
            edgecolor="#222222",
            linewidth=0.7,
            yerr=None if np.isnan(deviation) else deviation,
            error_kw={"elinewidth": 1.3, "capsize": 3, "ecolor": "#222222"},
        )
    else:
        axes.text(
            position,
            0.015,
            row.status,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=9,
            color="#8a5a00",
        )
    if not np.isnan(row.published_iou):
        # Beside the middle of the bar, where the error bar stands.
        place = position + _WIDTH / 4
        axes.plot(place, row.published_iou, "D", ms=5, mfc="#ffffff", mec="#000000", zorder=5)


def _draw_baseline(axes: Axes, position: float, iou: float) -> None:
    half = _WIDTH / 2
    axes.plot([position - half, position + half], [iou, iou], color="#ffffff", lw=4, zorder=3)
    axes.plot([position - half, position + half], [iou, iou], color="#555555", lw=2.2, zorder=4)


def _add_legend(figure: Figure, summary: pd.DataFrame, study: Study) -> None:
    entries: list[tuple[Any, str]] = [
        (
            Patch(facecolor=_COLOURS[output], hatch=_HATCHES.get(fit), edgecolor="#222222", lw=0.7),
            f"{fit}: {words.output(output, study.constraint)}",
        )
        for fit in dict.fromkeys(summary["fit"])
        for output in _COLOURS
    ]
    if projection := _projection(study):
        dash = Line2D([], [], color="#555555", lw=2.2)
        entries.append((dash, words.output(projection, study.constraint)))
    if summary["published"].any():
        same = study.dataset.is_published_set(words.pictures(summary))
        marker = Line2D([], [], marker="D", ls="", ms=6, mfc="#ffffff", mec="#000000")
        entries.append((marker, "published" if same else "published (other pictures)"))
    handles, labels = zip(*entries, strict=True)
    figure.legend(
        handles,
        labels,
        loc="lower center",
        ncols=3,
        frameon=False,
        fontsize=11,
        handlelength=2.4,
        handleheight=1.1,
    )
