"""Figures 2 and 3 of the student report: the course of the loss, and regions beside each other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from numpy.typing import NDArray

from isr.constraints import NAMES
from isr.errors import told
from isr.predictors import Given
from isr.reporting import words
from isr.reporting.cell_files import REPRESENTATION, CellFiles, View
from isr.reporting.drawing import overlays, panels
from isr.store import HISTORY

Floats = NDArray[np.floating]

_STYLES = ("-", "--", ":", "-.")


def called(cell: CellFiles) -> str:
    """A cell in print: its constraint, and what teaches it."""
    if isinstance(cell.predictor, Given):
        return cell.constraint
    features = cell.settings.features
    seen = f" on {words.features(features)}" if features else ""
    return f"{cell.constraint} + {cell.predictor.title}{seen}"


def draw_regions(rows: Sequence[Sequence[View]], names: Sequence[str], title: str) -> Figure:
    """Figure 3: a row for each picture, its scribbles and then a region of each cell.

    Args:
        rows: of each picture, what each cell makes of it.
        names: of the cells.
        title: stands above.
    """
    columns = 1 + len(names)
    aspects = [row[0].aspect for row in rows for _ in range(columns)]
    figure, places = panels.lay_out(aspects, title, per_row=columns)
    for number, row in enumerate(rows):
        first, *others = places[number * columns : (number + 1) * columns]
        overlays.show(first, overlays.with_scribbles(row[0].image, row[0].scribbles))
        panels.head(first, f"{row[0].item}: scribbles")
        for axes, view, name in zip(others, row, names, strict=True):
            overlays.draw_result(axes, view)
            overlays.draw_ground_truth(axes, view)
            panels.head(axes, name, view.scored(REPRESENTATION))
    entries = [*overlays.scribble_entries(), (panels.line(overlays.REPRESENTATION), "region")]
    if any(view.ground_truth is not None for row in rows for view in row):
        entries.append((panels.line("#777777", 1.4, "--"), "ground truth"))
    panels.add_legend(figure, entries)
    return figure


def draw_losses(cells: Sequence[CellFiles], items: Sequence[str], title: str) -> Figure:
    """Figure 2: the loss of each cell from step to step, a panel for each item.

    A constraint has one colour, a way of teaching one style of line.
    """
    figure = Figure(figsize=(panels.WIDTH, 4.6), dpi=160)
    with sns.axes_style("whitegrid"):
        places = figure.subplots(1, len(items), sharey=True, squeeze=False)[0]
    names = [called(cell) for cell in cells]
    teachers = list(dict.fromkeys(_teacher(cell) for cell in cells))
    colours = sns.color_palette("colorblind", len(NAMES))
    for axes, item in zip(places, items, strict=True):
        for cell, name in zip(cells, names, strict=True):
            style = {
                "color": colours[NAMES.index(cell.settings.constraint)],
                "linestyle": _STYLES[teachers.index(_teacher(cell)) % len(_STYLES)],
            }
            axes.plot(*losses(cell, item), label=name, **style)
        axes.set_yscale("log")
        axes.set_xlabel("step")
        axes.set_title(item.replace("_", " "), fontsize=12)
    places[0].set_ylabel("loss")
    panels.add_title(figure, title, y=0.985)
    handles, _ = places[0].get_legend_handles_labels()
    panels.add_legend(figure, list(zip(handles, names, strict=True)), ncols=min(3, len(names)))
    rows = -(-len(names) // 3)
    figure.subplots_adjust(left=0.07, right=0.99, top=0.86, bottom=0.14 + 0.055 * rows, wspace=0.04)
    return figure


def _teacher(cell: CellFiles) -> tuple[str, str | None]:
    return cell.settings.predictor, cell.settings.features


def losses(cell: CellFiles, item: str) -> tuple[Floats, Floats]:
    """Steps (n,) and losses (n,) of the fit of an item: its terms as the schedule weighs them.

    Raises:
        UserError: the cell holds no fit of the item.
    """
    own = history(cell, item)
    phases = next(iter(cell.fits_of(item).metadata["schedules"].values()))
    shares = np.cumsum([phase["share"] for phase in phases])
    ends = np.round(shares / shares[-1] * cell.settings.steps)
    numbers = np.searchsorted(ends[:-1], own["step"], side="right")
    weights = [
        phases[number]["terms"].get(term, 0.0)
        for number, term in zip(numbers, own["term"], strict=True)
    ]
    total = (own["value"] * weights).groupby(own["step"]).sum()
    return total.index.to_numpy(), total.to_numpy()


def history(cell: CellFiles, item: str) -> pd.DataFrame:
    """The course of the loss terms of the fit of an item: step, term, value."""
    path = cell.fits_of(item).path.parent / HISTORY
    with told(path, "is damaged", "remove its folder and fit again"):
        found = pd.read_parquet(path)[["item", "seed", "step", "term", "value"]]
        found = found.astype({"seed": int, "step": int, "value": float})
    own = (found["item"] == item) & (found["seed"] == cell.about["seed"])
    return found.loc[own, ["step", "term", "value"]]
