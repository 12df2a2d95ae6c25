"""Every predictor beside its trivial projections and ours, item by item (appendix C.2)."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from isr.reporting.study import Cells, PlannedCell, Study
from isr.reporting.tables.base import TableKind, choose
from isr.settings import ConstraintName

if TYPE_CHECKING:
    import pandas as pd

    from isr.reporting.tables.layout import Line, Table

RAW = "raw"
COLUMNS = ("iou", "difference", "low", "high", "wins", "ties", "losses")


class Peers(TableKind):
    """Raw, projected trivially, projected by ours without and with scribbles, trained jointly."""

    caption: ClassVar[str] = (
        "Foreground IoU of every predictor by itself, of the trivial projections of its mask, of "
        "representations that follow its unaries alone or the scribbles too, and of joint fits; "
        "below, the difference from the predictor by itself, paired by item, with its interval of "
        "confidence and how often it is better, equal and worse."
    )
    kind: Literal["peers"]
    constraint: ConstraintName | None = Field(
        None, description="which of those of the study to show; null: its only one"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The cells of the constraint."""
        axes = ("predictor", "features", "labels", "scribbles", "fit", "seed")
        return choose(cells, {"constraint": self.constraint}, axes, place)

    def make(self, study: Study, shown: Sequence[str]) -> "tuple[str, Table]":
        """Average over frames and seeds, and compare over items."""
        from isr.reporting import paired
        from isr.reporting.metrics import read_cells
        from isr.reporting.tables import layout
        from isr.reporting.tables.convexity import data_in_words

        cells = [study.cell(name) for name in shown]
        metrics = read_cells(cells, study.name)
        summary = summarise(metrics, study, cells)
        title = self.title or "Foreground IoU of predictors by themselves and with a shape"
        ways = list(dict.fromkeys(summary["way"]))
        notes = [
            f"Below: difference from the predictor by itself, means over items, with Student's "
            f"{100 * paired.LEVEL:.0f} % interval over items; items where it is better, equal "
            f"(within {paired.TIE:g}) and worse.",
            *([] if summary["items"].any() else ["No cell has run on items with ground truth."]),
        ]
        return summary.to_csv(index=False, lineterminator="\n", float_format="%.4f"), layout.Table(
            title=f"{data_in_words(metrics, study)}. {title}",
            stubs=("Predictor", "Items"),
            headings=(tuple(map(layout.Heading, ways)),),
            lines=tuple(_lines(summary, ways)),
            notes=tuple(notes),
        )


def summarise(
    metrics: "pd.DataFrame", study: Study, cells: Iterable[PlannedCell]
) -> "pd.DataFrame":
    """Scores of every predictor by the way from it to a mask, each against the first, RAW.

    Args:
        metrics: rows of `isr.reporting.metrics.read_metrics`.
        study: of the cells.
        cells: of one constraint.

    Returns:
        One row per predictor and way: columns predictor, way, items, seeds and `COLUMNS`; NaN where
        a cell did not run.
    """
    import pandas as pd

    from isr.reporting import paired

    rows = []
    for called, own in _by_predictor(study, cells).items():
        ways = _ways(own)
        scores = {
            way: paired.item_means(metrics, names, output) for way, (names, output) in ways.items()
        }
        seeds = len({cell.settings.seed for cell in own})
        for way, score in scores.items():
            found = paired.compare_each(score, scores[RAW])
            row: dict[str, Any] = {"predictor": called, "way": way, "items": len(score)}
            row |= {"seeds": seeds, "iou": score.mean()}
            if way != RAW and found is not None:
                row |= {"difference": found.mean, "low": found.low, "high": found.high}
                row |= {"wins": found.wins, "ties": found.ties, "losses": found.losses}
            rows.append(row)
    table = pd.DataFrame(rows, columns=["predictor", "way", "items", "seeds", *COLUMNS])
    return table.astype(dict.fromkeys(("wins", "ties", "losses"), "Int64"))


def _by_predictor(study: Study, cells: Iterable[PlannedCell]) -> dict[str, list[PlannedCell]]:
    """Cells by their predictor and what it sees, in print."""
    from isr.reporting import words

    found: dict[str, list[PlannedCell]] = {}
    for cell in cells:
        own = cell.settings
        sees = study.predictors[own.predictor].input
        features = (own.features or "") if sees == "features" else ""
        seen = words.seen(features, own.labels if sees == "labels" else "")
        called = " ".join(filter(None, (words.predictor(study.predictors, own.predictor), seen)))
        found.setdefault(called, []).append(cell)
    return found


def _ways(cells: Sequence[PlannedCell]) -> dict[str, tuple[list[str], str]]:
    """Names of the cells and the output of each way from a predictor to a mask, by its words."""
    from isr.constraints import record, words
    from isr.reporting.words import output

    constraint = cells[0].settings.constraint
    apart = [cell for cell in cells if cell.settings.fit != "joint"]
    joint = [cell.name for cell in cells if cell.settings.fit == "joint"]
    following = {
        flag: [cell.name for cell in apart if cell.settings.scribbles is flag]
        for flag in (False, True)
    }
    # A predictor does not depend on what its projection follows.
    alone = [cell.name for cell in apart] or joint
    found = {RAW: (alone, "predictor")}
    found |= {output(name, constraint): (alone, name) for name in record(constraint).projections}
    called = words(constraint)
    if following[False]:
        found[f"{called}, unaries alone"] = (following[False], "representation")
    if following[True]:
        found[f"{called}, and scribbles"] = (following[True], "representation")
    if joint:
        found["joint predictor"] = (joint, "predictor")
        found[f"joint {called}"] = (joint, "representation")
    return found


def _lines(summary: "pd.DataFrame", ways: Sequence[str]) -> "list[Line]":
    from isr.reporting.tables.layout import Line, Span

    lines = []
    for called, own in summary.groupby("predictor", sort=False):
        by_way = {row.way: row for row in own.itertuples()}
        printed = {way: _score(by_way.get(way)) for way in ways}
        best = max(
            (text for way, text in printed.items() if way in by_way and _ran(by_way[way])),
            key=float,
            default=None,
        )
        scores = tuple((Span(text, bold=text == best),) for text in printed.values())
        below = tuple((Span(_difference(by_way.get(way))),) for way in ways)
        lines.append(Line((str(called), str(int(own["items"].max()))), scores, True))
        lines.append(Line(("", "difference"), below, secondary=True))
    return lines


def _ran(row: Any) -> bool:
    return row is not None and row.iou == row.iou


def _score(row: Any) -> str:
    from isr.reporting.metrics import NOT_RUN

    return f"{row.iou:.3f}" if _ran(row) else "" if row is None else NOT_RUN


def _difference(row: Any) -> str:
    """The mean difference with its interval, wins, ties and losses; "" of the first way."""
    from isr.reporting.tables.layout import signed

    if row is None or row.difference != row.difference:
        return ""
    interval = f" [{signed(row.low)}, {signed(row.high)}]" if row.low == row.low else ""
    return f"{signed(row.difference)}{interval}, {row.wins}/{row.ties}/{row.losses}"
