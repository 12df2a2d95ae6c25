"""Figures 8 and 10: a picture with its prompt, what a predictor finds, and its projection."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isr.data.corruptions import CLEAN
from isr.data.items import Item
from isr.data.problems import Problem
from isr.predictors.seeded import seeds_of
from isr.predictors.segment_anything import SegmentAnything
from isr.reporting import words
from isr.reporting.cell_files import PREDICTOR, REPRESENTATION, CellFiles, View
from isr.reporting.drawing import overlays, panels


@dataclass(frozen=True, eq=False)
class Prompted:
    """A view and what its predictor was prompted with.

    Attributes:
        view: what was found.
        words: the prompt, and what was done to the picture.
        point: (row, column) of the pixel; None where all scribbles prompt.
    """

    view: View
    words: str
    point: tuple[int, int] | None = None


def prompted(cell: CellFiles, item: Item) -> Prompted:
    """What the predictor of a cell was prompted with for an item.

    Raises:
        UserError: a file of the cell is missing.
    """
    entry, seed, view = cell.predictor, int(cell.about["seed"]), cell.view(item)
    point = None
    if isinstance(entry, SegmentAnything) and entry.prompt == "point" and entry.scale == 1:
        problem = Problem(item.name, np.zeros((*item.size, 2), np.float32), view.scribbles)
        places, _ = entry.places(seeds_of(problem, background=False), seed, item.name)
        point = int(places[0, 0]), int(places[0, 1])
    prompt = "scribbles" if point is None else f"a point (seed {seed})"
    corruption = cell.settings.corruption
    done = "" if corruption == CLEAN else words.corruption(corruption)
    return Prompted(view, ", ".join(filter(None, (prompt, done))), point)


def draw(shown: Sequence[Prompted], title: str) -> Figure:
    """One panel for each: picture, prompt, mask of the predictor, outline of the representation."""
    figure, places = panels.lay_out([each.view.aspect for each in shown], title, per_row=4)
    for number, (place, each) in enumerate(zip(places, shown, strict=True)):
        _draw_one(place, each)
        view = each.view
        scores = (
            view.scored(PREDICTOR, f"{view.predictor}"),
            view.scored(REPRESENTATION, view.constraint),
        )
        below = "; ".join(scores) if "IoU" in scores[0] else ""
        panels.head(place, f"({chr(ord('a') + number % 26)}) {view.item}: {each.words}", below)
    first = shown[0].view
    found = [
        (panels.line(overlays.PREDICTOR), first.predictor),
        (panels.line(overlays.REPRESENTATION), first.constraint),
    ]
    panels.add_legend(figure, [*found, *overlays.scribble_entries("prompt")])
    return figure


def _draw_one(place: Axes, each: Prompted) -> None:
    view, image = each.view, each.view.image
    if view.predicted is not None:
        image = overlays.tinted(image, view.predicted, overlays.PREDICTOR)
    overlays.show(place, overlays.with_scribbles(image, None if each.point else view.scribbles))
    if view.predicted is not None:
        # What a prompt leads to may be scattered: a thick outline would hide it.
        overlays.draw_outline(place, view.predicted, overlays.PREDICTOR, width=0.8)
    overlays.draw_outline(place, view.outlined, overlays.REPRESENTATION)
    if each.point is not None:
        row, column = each.point
        place.plot(
            column + 0.5,
            row + 0.5,
            marker="o",
            markersize=8,
            color=overlays.OBJECT_SCRIBBLE,
            markeredgecolor="#000000",
        )
