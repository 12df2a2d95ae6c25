"""Scores of cells of one item each, and where a shape loses against its own unaries."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from isr import constraints
from isr.evaluation.columns import GROUND_TRUTH, SCRIBBLES, UNARIES
from isr.reporting import recipes, words
from isr.reporting.study import PlannedCell

_COMPARED = (
    ("representation", UNARIES),
    ("representation", SCRIBBLES),
    ("representation", GROUND_TRUTH),
    ("predictor", GROUND_TRUTH),
)
HEADINGS = (
    *(f"IoU with {against}" for _, against in _COMPARED[:3]),
    "IoU of unaries with ground truth",
)


@dataclass(frozen=True)
class CellScores:
    """One cell: words, then IoUs in the order of `HEADINGS`, NaN for none.

    Of a video they are means over its frames.
    """

    cell: str
    item: str
    constraint: str
    steps: str
    scores: tuple[float, ...]
    loss: str

    def sentence(self) -> str:
        """Its scores in words."""
        names = (UNARIES, SCRIBBLES, GROUND_TRUTH)
        pairs = zip(names, self.scores, strict=False)
        found = [f"{name} {iou:.3f}" for name, iou in pairs if iou == iou]
        return f"IoU with {words.listing(found)}" if found else ""


def cell_scores(metrics: pd.DataFrame, cells: Sequence[PlannedCell]) -> list[CellScores]:
    """The scores of those of some cells of one item each that ran."""
    rows = []
    for cell in cells:
        own = metrics[metrics["cell"] == cell.name]
        if own.empty:
            continue
        means = own.groupby(["output", "against"])["iou"].mean()
        scores = tuple(float(means.get(key, float("nan"))) for key in _COMPARED)
        name = words.cell(cell.name)
        rows.append(
            CellScores(
                name,
                cell.items[0],
                constraints.words(cell.settings.constraint),
                recipes.steps_by_fit(own[own["output"] == "representation"]),
                scores,
                _loss(name, cell.settings.constraint, *scores[2:]),
            )
        )
    return rows


def _loss(name: str, constraint: str, iou: float, unaries: float) -> str:
    """A sentence where the unaries agree more with the ground truth, and why if that is known."""
    if not iou < unaries:
        return ""
    why = constraints.record(constraint).loses
    numbers = f"{name}: IoU with the ground truth {iou:.3f}, its unaries {unaries:.3f}"
    return f"{numbers}; {why}." if why else f"{numbers}."
