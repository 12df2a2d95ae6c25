"""The paper's Tables 1 and 3: our numbers and the published ones in the paper's own layout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from isr.errors import UserError
from isr.reporting import words
from isr.reporting.settings import Study
from isr.reporting.summary import NOT_LEGIBLE, NOT_RUN

MINUS = "\N{MINUS SIGN}"
DEVIATION = "\N{PLUS-MINUS SIGN}"

Row = Any  # what DataFrame.itertuples gives


@dataclass(frozen=True)
class Span:
    """A piece of text in one weight."""

    text: str
    bold: bool = False


Entry = tuple[Span, ...]
"""The content of one table cell: its spans follow each other, joined by " / "."""


@dataclass(frozen=True)
class Heading:
    """A column heading over `columns` columns."""

    text: str
    columns: int = 1


@dataclass(frozen=True)
class Line:
    """One table row: its names (as many as the table has stubs) and its entries."""

    names: tuple[str, ...]
    entries: tuple[Entry, ...]
    opens_block: bool = False
    secondary: bool = False


@dataclass(frozen=True)
class Table:
    """A table as a person reads it, before it takes a file format.

    Attributes:
        title: one line that says what is shown, on which data.
        stubs: headings of the columns that name a row.
        headings: rows of headings over the entries; in each, the columns add up to the same number.
        lines: the rows.
        notes: sentences that stand below.
    """

    title: str
    stubs: tuple[str, ...]
    headings: tuple[tuple[Heading, ...], ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = field(default=())


def make(kind: str, summary: pd.DataFrame, study: Study, title: str | None = None) -> Table:
    """Lay out a summary (`isr.reporting.summary.summarise`) as one of the paper's tables.

    Args:
        kind: "table_1" or "table_3".
        summary: the numbers.
        study: what they are about.
        title: replaces the words about the content; the data are always named.

    Raises:
        UserError: there is no such kind.
    """
    if kind not in LAYOUTS:
        kinds = ", ".join(LAYOUTS)
        raise UserError(f"kind {kind!r} of the table is unknown: use one of {kinds}.")
    return LAYOUTS[kind](summary, study, title)


def table_1(summary: pd.DataFrame, study: Study, title: str | None = None) -> Table:
    """Foreground IoU, "predictor / representation", a column per features and predictor."""
    columns = list(dict.fromkeys(zip(summary["features"], summary["predictor"], strict=True)))
    order = list(dict.fromkeys(summary["features"]))
    columns.sort(key=lambda column: order.index(column[0]))
    by_features = summary.set_index(["fit", "features", "predictor", "output"])
    rows = dict(zip(by_features.index, summary.itertuples(), strict=True))
    outputs = list(dict.fromkeys(summary["output"]))
    baselines = [name for name in outputs if name not in ("predictor", "representation")]
    same = study.dataset.is_published_set(words.pictures(summary))
    lines: list[Line] = []
    for fit in dict.fromkeys(summary["fit"]):
        block = [{name: rows.get((fit, *column, name)) for name in outputs} for column in columns]
        lines += _block_of_table_1(words.fit(fit), block, baselines, study, same)
    representation = words.output("representation", study.constraint)
    pairs = tuple(Heading(f"{words.predictor(name)} / {representation}") for _, name in columns)
    groups = dict.fromkeys(feature for feature, _ in columns)
    heads = tuple(
        Heading(words.features(group), sum(feature == group for feature, _ in columns))
        for group in groups
    )
    of_paper = _place_in_paper("Table 1", study)
    content = title or f"Foreground IoU of predictor / {representation} ({of_paper})"
    return Table(
        title=f"{study.dataset.describe(words.pictures(summary))}. {content}",
        stubs=("", ""),
        headings=(heads, pairs),
        lines=tuple(lines),
        notes=tuple(_notes(summary, study, "in each column and kind of fit")),
    )


def _block_of_table_1(
    fit: str, block: list[dict[str, Row]], baselines: list[str], study: Study, same: bool
) -> list[Line]:
    pair = ("predictor", "representation")
    best = [_best(column.values()) for column in block]
    scored = list(zip(block, best, strict=True))

    def ours(name: str) -> list[Span]:
        return [_score(column[name], "iou", best=top) for column, top in scored]

    lines = [_line((fit, "ours"), [*zip(*(ours(name) for name in pair), strict=True)], True)]
    if any(row is not None and row.published for column in block for row in column.values()):
        lines.append(
            _line(
                ("", _published_heading(same)),
                [tuple(_published(column[name], "iou") for name in pair) for column in block],
                secondary=True,
            )
        )
        if same:
            entries = [tuple(_difference(column[name], "iou") for name in pair) for column in block]
            lines.append(_line(("", "difference"), entries, secondary=True))
    for name in baselines:
        entries = [(span,) for span in ours(name)]
        lines.append(_line(("", words.output(name, study.constraint)), entries))
    return lines


def table_3(summary: pd.DataFrame, study: Study, title: str | None = None) -> Table:
    """IoU and accuracy with their deviations over seeds, a row per setting and output."""
    same = study.dataset.is_published_set(words.pictures(summary))
    columns = ["ours"]
    if summary["published"].any():
        columns += [_published_heading(same)] + (["difference"] if same else [])
    order = ["fit", "predictor", "features"]
    groups = summary.groupby(order, sort=False)
    # The paper lists all features of one predictor together, Table 1 and the summary do not.
    keys = list(groups.groups)
    pairs = list(dict.fromkeys(key[:2] for key in keys))
    keys.sort(key=lambda key: pairs.index(key[:2]))
    lines = []
    for index, key in enumerate(keys):
        rows = list(groups.get_group(key).itertuples())
        best = {name: _best(rows, name) for name in ("iou", "accuracy")}
        for position, row in enumerate(rows):
            names = _names_of_table_3(key, words.output(row.output, study.constraint), position)
            entries = [
                (span,)
                for name in ("iou", "accuracy")
                for span in _columns_of_table_3(row, name, best[name], len(columns))
            ]
            lines.append(_line(names, entries, position == 0 and index > 0))
    heads = (Heading("IoU", len(columns)), Heading("Accuracy", len(columns)))
    notes = _notes(summary, study, "in each setting")
    if summary["iou_deviation"].notna().any():
        notes.append(f"{DEVIATION}: standard deviation over seeds (ddof 1).")
    of_paper = _place_in_paper("Table 3", study)
    content = title or f"Foreground IoU and pixel accuracy ({of_paper})"
    return Table(
        title=f"{study.dataset.describe(words.pictures(summary))}. {content}",
        stubs=("Fit", "Model", "Input", "Segmentation"),
        headings=(heads, tuple(Heading(name) for name in columns * 2)),
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _names_of_table_3(key: tuple[str, str, str], output: str, position: int) -> tuple[str, ...]:
    if position > 0:
        return ("", "", "", output)
    fit, predictor, features = key
    return (words.fit(fit), words.predictor(predictor), words.features(features), output)


def _columns_of_table_3(row: Row, name: str, best: str | None, number: int) -> list[Span]:
    spans = [_score(row, name, best=best, deviation=True), _published(row, name, deviation=True)]
    return [*spans, _difference(row, name)][:number]


LAYOUTS: dict[str, Callable[[pd.DataFrame, Study, str | None], Table]] = {
    "table_1": table_1,
    "table_3": table_3,
}


def _line(
    names: tuple[str, ...],
    entries: Sequence[Entry],
    opens_block: bool = False,
    secondary: bool = False,
) -> Line:
    return Line(names, tuple(entries), opens_block, secondary)


def _place_in_paper(table: str, study: Study) -> str:
    # The paper's tables are of convex shapes.
    return f"{'' if study.constraint == 'convex' else 'after '}the paper's {table}"


def _published_heading(same: bool) -> str:
    return "published" if same else "published (other pictures)"


def _notes(summary: pd.DataFrame, study: Study, where: str) -> list[str]:
    notes = words.provenance(summary, study)
    if (summary["status"] == "ran").any():
        notes.append(f"Bold: the best of our results {where}.")
    return notes


def _best(rows: Any, name: str = "iou") -> str | None:
    """The highest printed score, None when fewer than two were scored."""
    scores = [
        f"{getattr(row, name):.3f}" for row in rows if row is not None and row.status == "ran"
    ]
    return max(scores, key=float) if len(scores) > 1 else None


def _score(row: Row, name: str, *, best: str | None = None, deviation: bool = False) -> Span:
    if row is None or row.status != "ran":
        return Span(NOT_RUN if row is None else row.status)
    text = f"{getattr(row, name):.3f}"
    spread = getattr(row, f"{name}_deviation")
    # One seed has no deviation.
    full = f"{text} {DEVIATION} {spread:.3f}" if deviation and spread == spread else text
    return Span(full, bold=text == best)


def _published(row: Row, name: str, deviation: bool = False) -> Span:
    if row is None or not row.published:
        return Span("")
    value, spread = getattr(row, f"published_{name}"), getattr(row, f"published_{name}_deviation")
    if value != value:
        return Span(NOT_LEGIBLE)
    if not deviation:
        return Span(f"{value:.3f}")
    return Span(
        f"{value:.3f} {DEVIATION} " + (NOT_LEGIBLE if spread != spread else f"{spread:.3f}")
    )


def _difference(row: Row, name: str) -> Span:
    if row is None or not row.published:
        return Span("")
    if row.status != "ran":
        return Span(row.status)
    value = getattr(row, f"difference_{name}")
    if value != value:
        return Span(NOT_LEGIBLE)
    return Span(f"{value:+.3f}".replace("-", MINUS))
