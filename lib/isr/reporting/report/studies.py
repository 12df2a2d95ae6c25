"""What the report says of one study, whatever its items are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from isr.data.items import Item, read_item
from isr.io import read_json
from isr.reporting import recipes, words
from isr.reporting.metrics import count_stopped, read_cells, read_certificates
from isr.reporting.report import thumbnails
from isr.reporting.report.certificates import CertificateSummary, summarise
from isr.reporting.report.facts import Facts, by_hand_words, facts, is_single
from isr.reporting.report.frames import FrameRow, frames
from isr.reporting.report.scores import CellScores, cell_scores
from isr.reporting.study import PlannedCell, Study

About = Mapping[str, Mapping[str, Any]]
"""cell.json of the cells that ran, by name."""


@dataclass(frozen=True)
class ItemRow:
    """One item: its size, what it is, and where it comes from."""

    name: str
    size: str
    annotated: str
    text: str
    source: str
    licence: str
    notes: str


@dataclass(frozen=True)
class StudyReport:
    """What the page says of one study.

    Attributes:
        name: of the study.
        data: what its items are.
        text: a sentence of the configuration, or "".
        planned: number of cells.
        missing: cells that did not run, in words.
        facts: about those that ran: (heading, words).
        warning: a sentence on fits that stopped early, or "".
        certificates: of all its representations.
        frames: what became of the frames of videos, one row for each cell and video.
        scores: of the cells, where each is of one item.
        shown: which cell the thumbnails are of, in words; "" where each has its own.
        thumbnails: of items.
        items: those of the cells that ran.
    """

    name: str
    data: str
    text: str
    planned: int
    missing: tuple[str, ...]
    facts: Facts
    warning: str
    certificates: CertificateSummary
    frames: list[FrameRow]
    scores: list[CellScores]
    shown: str
    thumbnails: list[thumbnails.Thumbnail]
    items: list[ItemRow]

    @property
    def losses(self) -> list[str]:
        """Sentences on cells that agree less with the ground truth than their unaries do."""
        return [row.loss for row in self.scores if row.loss]


def make(study: Study) -> StudyReport:
    """Read what the cells of a study left.

    Raises:
        UserError: a file cannot be read.
    """
    ran = [cell for cell in study.cells if (cell.folder / "metrics.csv").exists()]
    about = {cell.name: read_json(cell.folder / "cell.json") for cell in ran}
    metrics = read_cells(ran, study.name)
    items = _items(study, about)
    scores = cell_scores(metrics, ran) if is_single(study.cells) else []
    shown = ran if scores else ran[-1:]
    return StudyReport(
        name=study.name,
        data=study.describe(list(items) or None),
        text=study.text,
        planned=len(study.cells),
        missing=tuple(words.cell(cell.name) for cell in study.cells if cell not in ran),
        facts=facts(metrics, study, about),
        warning=recipes.stopped(count_stopped(metrics)),
        certificates=summarise(read_certificates(ran)),
        frames=frames(metrics),
        scores=scores,
        shown="" if scores or not ran else words.cell(ran[-1].name),
        thumbnails=_thumbnails(shown, items, metrics, scores),
        items=[_item(item) for item in items.values()],
    )


def _items(study: Study, about: About) -> dict[str, Item]:
    """The items of the cells that ran, opened, in their order."""
    folders = {name: folder for each in about.values() for name, folder in each["folders"].items()}
    return {name: read_item(Path(folders[name])) for name in study.items if name in folders}


def _item(item: Item) -> ItemRow:
    height, width = item.size
    size = f"{width} × {height}"  # noqa: RUF001
    annotated = "yes" if item.annotated else "no"
    if item.is_layered:
        size += f" × {len(item)}"  # noqa: RUF001
        annotated = f"{len(item.annotated)} of {words.count(len(item), 'frame')}"
    notes = "; ".join(item.notes)
    return ItemRow(item.name, size, annotated, item.text, item.source, item.licence, notes)


def _thumbnails(
    cells: Sequence[PlannedCell],
    items: Mapping[str, Item],
    metrics: pd.DataFrame,
    scores: Sequence[CellScores],
) -> list[thumbnails.Thumbnail]:
    """One for each cell of one item, or for each item of one cell; a few dozen at most."""
    sentences = {row.cell: row.sentence() for row in scores}
    found: list[thumbnails.Thumbnail | None] = []
    for cell in cells:
        name, hand = words.cell(cell.name), by_hand_words(cell)
        own = metrics[(metrics["cell"] == cell.name) & (metrics["against"] == "ground truth")]
        for item in cell.items[: thumbnails.MOST - len(found)]:
            if scores:
                constraint = words.output("representation", cell.settings.constraint)
                texts = [constraint, sentences[name], f"set by hand: {hand}" if hand else ""]
            else:
                texts = [_scores_of(own[own["item"] == item])]
            text = "; ".join(filter(None, texts))
            called = name if scores else item
            found.append(thumbnails.make(cell.folder, items[item], called, text))
    return [each for each in found if each is not None]


def _scores_of(rows: pd.DataFrame) -> str:
    means = rows.groupby("output")["iou"].mean()
    names = [name for name in ("predictor", "representation") if name in means]
    parts = [f"{name} {means[name]:.3f}" for name in names]
    return f"IoU: {', '.join(parts)}" if parts else "no ground truth"
