"""The paper's Tables 1 and 3: our numbers and the published ones in the paper's own layout."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from isr.evaluation.columns import GROUND_TRUTH
from isr.reporting import recipes, words
from isr.reporting.metrics import NOT_RUN
from isr.reporting.published import convexity as published
from isr.reporting.study import Study
from isr.reporting.tables.convexity_summary import compares
from isr.reporting.tables.layout import (
    DEVIATION,
    NOT_LEGIBLE,
    Entry,
    Heading,
    Line,
    Span,
    Table,
    best_of,
    signed,
    spread,
)

Row = Any  # what DataFrame.itertuples gives

_PAIR = ("predictor", "representation")


def table_1(
    summary: pd.DataFrame,
    metrics: pd.DataFrame,
    study: Study,
    constraint: str,
    title: str | None = None,
) -> Table:
    """Foreground IoU, "predictor / representation", a column per predictor and what it sees.

    Args:
        summary: of `convexity_summary.summarise`.
        metrics: the rows behind it.
        study: what was planned.
        constraint: of the cells.
        title: replaces the words about the content; the data are always named.
    """
    inputs = _inputs(summary)
    columns = list(dict.fromkeys(zip(inputs, summary["predictor"], strict=True)))
    order = list(dict.fromkeys(inputs))
    columns.sort(key=lambda column: order.index(column[0]))
    keys = zip(summary["fit"], inputs, summary["predictor"], summary["output"], strict=True)
    rows = dict(zip(keys, summary.itertuples(), strict=True))
    outputs = list(dict.fromkeys(summary["output"]))
    lines: list[Line] = []
    for fit in dict.fromkeys(summary["fit"]):
        block = [{name: rows.get((fit, *column, name)) for name in outputs} for column in columns]
        lines += _block_of_table_1(
            words.fit(fit), block, outputs, constraint, _same(summary, study)
        )
    representation = words.output("representation", constraint)
    pairs = tuple(
        Heading(f"{words.predictor(study.predictors, name)} / {representation}")
        for _, name in columns
    )
    heads = tuple(Heading(group, sum(each == group for each, _ in columns)) for group in order)
    content = title or (
        f"Foreground IoU of predictor / {representation} ({_place('Table 1', study, constraint)})"
    )
    return Table(
        title=f"{study.describe(_items(metrics, study))}. {content}",
        stubs=("", ""),
        headings=(heads, pairs),
        lines=tuple(lines),
        notes=tuple(_notes(summary, metrics, study, "in each column and kind of fit")),
    )


def _block_of_table_1(
    fit: str, block: list[dict[str, Row]], outputs: Sequence[str], constraint: str, same: bool
) -> list[Line]:
    best = [_best(column.values()) for column in block]
    scored = list(zip(block, best, strict=True))

    def ours(name: str) -> list[Span]:
        return [_score(column[name], "iou", best=top) for column, top in scored]

    lines = [Line((fit, "ours"), tuple(zip(*(ours(name) for name in _PAIR), strict=True)), True)]
    if any(row is not None and row.published for column in block for row in column.values()):
        found = (
            [("published", _published), ("difference", _difference)]
            if same
            else [("published (other pictures)", _published)]
        )
        for words_, entry in found:
            entries: list[Entry] = []
            for column in block:
                spans = tuple(entry(column[name], "iou") for name in _PAIR)
                entries.append(spans if any(span.text for span in spans) else (Span(""),))
            lines.append(Line(("", words_), tuple(entries), secondary=True))
    for name in outputs:
        if name not in _PAIR:
            entries = [(span,) for span in ours(name)]
            lines.append(Line(("", words.output(name, constraint)), tuple(entries)))
    return lines


def table_3(
    summary: pd.DataFrame,
    metrics: pd.DataFrame,
    study: Study,
    constraint: str,
    title: str | None = None,
) -> Table:
    """IoU and accuracy with their deviations over seeds, a row per setting and output.

    Args:
        summary: of `convexity_summary.summarise`.
        metrics: the rows behind it.
        study: what was planned.
        constraint: of the cells.
        title: replaces the words about the content; the data are always named.
    """
    columns = ["ours"]
    if summary["published"].any():
        same = _same(summary, study)
        columns += ["published", "difference"] if same else ["published (other pictures)"]
    groups = summary.groupby(["fit", "predictor", "features", "labels"], sort=False)
    # The paper lists all features of one predictor together, Table 1 and the summary do not.
    keys = list(groups.groups)
    pairs = list(dict.fromkeys(key[:2] for key in keys))
    keys.sort(key=lambda key: pairs.index(key[:2]))
    lines = []
    for index, key in enumerate(keys):
        rows = list(groups.get_group(key).itertuples())
        best = {name: _best(rows, name) for name in ("iou", "accuracy")}
        fit, name, features, labels = key
        called = words.predictor(study.predictors, name)
        names = (words.fit(fit), called, words.seen(features, labels))
        for position, row in enumerate(rows):
            entries = [
                (span,)
                for score in ("iou", "accuracy")
                for span in _columns_of_table_3(row, score, best[score], len(columns))
            ]
            first = names if position == 0 else ("", "", "")
            output = words.output(row.output, constraint)
            lines.append(Line((*first, output), tuple(entries), position == 0 and index > 0))
    notes = _notes(summary, metrics, study, "in each setting")
    if summary["iou_deviation"].notna().any():
        notes.append(f"{DEVIATION}: standard deviation over seeds (ddof 1).")
    content = title or f"Foreground IoU and pixel accuracy ({_place('Table 3', study, constraint)})"
    return Table(
        title=f"{study.describe(_items(metrics, study))}. {content}",
        stubs=("Fit", "Model", "Input", "Segmentation"),
        headings=(
            (Heading("IoU", len(columns)), Heading("Accuracy", len(columns))),
            tuple(Heading(name) for name in columns * 2),
        ),
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _columns_of_table_3(row: Row, name: str, best: str | None, number: int) -> list[Span]:
    spans = [_score(row, name, best=best, deviation=True), _published(row, name, deviation=True)]
    return [*spans, _difference(row, name)][:number]


def _inputs(summary: pd.DataFrame) -> list[str]:
    pairs = zip(summary["features"], summary["labels"], strict=True)
    return [words.seen(features, labels) for features, labels in pairs]


def _items(metrics: pd.DataFrame, study: Study) -> list[str]:
    """The items that are scored, or else that were fitted, in their order."""
    scored = metrics[metrics["against"] == GROUND_TRUTH]
    found = set((metrics if scored.empty else scored)["item"])
    return [item for item in study.items if item in found] or study.items


def _same(summary: pd.DataFrame, study: Study) -> bool:
    """Whether the pictures are those behind the paper's numbers."""
    return not published.difference(study.dataset, int(summary["n_pictures"].max()))


def _place(table: str, study: Study, constraint: str) -> str:
    return f"{'' if compares(study, constraint) else 'after '}the paper's {table}"


def _best(rows: Any, name: str = "iou") -> str | None:
    """The highest printed score, None when fewer than two were scored."""
    return best_of(
        [f"{getattr(row, name):.3f}" for row in rows if row is not None and row.status == "ran"]
    )


def _score(row: Row, name: str, *, best: str | None = None, deviation: bool = False) -> Span:
    if row is None or row.status != "ran":
        return Span(NOT_RUN if row is None else row.status)
    text = f"{getattr(row, name):.3f}"
    full = spread(getattr(row, name), getattr(row, f"{name}_deviation")) if deviation else text
    return Span(full, bold=text == best)


def _published(row: Row, name: str, deviation: bool = False) -> Span:
    if row is None or not row.published:
        return Span("")
    value, over_seeds = (
        getattr(row, f"published_{name}"),
        getattr(row, f"published_{name}_deviation"),
    )
    if value != value:
        return Span(NOT_LEGIBLE)
    if deviation and over_seeds != over_seeds:
        return Span(f"{value:.3f} {DEVIATION} {NOT_LEGIBLE}")
    return Span(spread(value, over_seeds) if deviation else f"{value:.3f}")


def _difference(row: Row, name: str) -> Span:
    if row is None or not row.published:
        return Span("")
    if row.status != "ran":
        return Span(row.status)
    value = getattr(row, f"difference_{name}")
    return Span(NOT_LEGIBLE if value != value else signed(value))


def _notes(summary: pd.DataFrame, metrics: pd.DataFrame, study: Study, where: str) -> list[str]:
    notes = provenance(summary, metrics, study)
    if (summary["status"] == "ran").any():
        notes.append(f"Bold: the best of our results {where}.")
    return notes


def provenance(summary: pd.DataFrame, metrics: pd.DataFrame, study: Study) -> list[str]:
    """Sentences on where the numbers of a summary come from: ours first, then the published.

    Args:
        summary: of `convexity_summary.summarise`.
        metrics: the rows behind it.
        study: what was planned.
    """
    ran = summary[summary["status"] != NOT_RUN]
    if ran.empty:
        sentences = ["Ours: no cell has run."]
    else:
        sentences = ["Ours: " + "; ".join(_conditions(ran, metrics, study)) + "."]
        if not (ran["status"] == "ran").any():
            sentences.append("There is no ground truth, so nothing is scored.")
        sentences += _shortfalls(ran, study)
        fits = ran[ran["output"] == "representation"]
        sentences += filter(None, [recipes.stopped(int(fits["n_stopped"].sum()))])
    if summary["published"].any():
        difference = published.difference(study.dataset, int(summary["n_pictures"].max()))
        sentences.append(
            f"Published: ICML 2024 paper, Tables 1 and 3, means over {published.SEEDS} seeds and "
            f"the {published.PICTURES} pictures of ConvexityDB, {published.STEPS:,} steps"
            + (f"; {difference}, so no difference is taken." if difference else ".")
        )
    return sentences


def _conditions(ran: pd.DataFrame, metrics: pd.DataFrame, study: Study) -> list[str]:
    video = metrics["frame"].notna().any()
    noun = "frame" if video else "picture"
    least, most = ran["n_pictures"].agg(["min", "max"]).tolist()
    first = words.count(most, noun)
    called = partial(words.predictor, study.predictors)
    by_predictor = partial(recipes.by_predictor, metrics, called=called)
    fits = metrics[metrics["output"] == "representation"]
    steps = recipes.by_predictor(fits, recipes.steps, called)
    conditions = [first if least == most else f"{least} to {first}"]
    if (long_side := getattr(study.dataset, "long_side", None)) is not None and not video:
        conditions.append(f"pictures shrunk to at most {long_side:,} px")
    conditions += [
        words.seeds(metrics["seed"]),
        f"steps per {'video' if video else 'picture'}: {steps}{_steps_before(metrics)}",
        f"protocol {by_predictor(lambda row: row.protocol)}",
    ]
    if set(metrics["scale"]) != {1.0}:
        scales = by_predictor(lambda row: f"{row.scale:g}")
        conditions.append(f"{noun}s scaled by {scales} for predictors, scored at full size")
    if used := recipes.semantic(metrics):
        conditions.append(f"semantic features: {used}")
    return conditions


def _steps_before(metrics: pd.DataFrame) -> str:
    """Steps of predictors that were trained apart from the representations, if they had others."""
    fits = metrics[metrics["output"] == "representation"]
    alone = metrics[metrics["output"] == "predictor"]
    before = set(alone["steps"].dropna()) - set(fits["steps"]) - {0}
    return f" (predictors {words.numbers(before)})" if before else ""


def _shortfalls(ran: pd.DataFrame, study: Study) -> list[str]:
    keys = ["predictor", "features", "labels", "fit"]
    short = ran[ran["n_seeds"] < ran["planned_seeds"]].drop_duplicates(keys)
    cells = [
        " ".join(
            filter(
                None,
                (
                    words.predictor(study.predictors, row.predictor),
                    words.seen(row.features, row.labels),
                    words.fit(row.fit),
                    f"({row.n_seeds} of {row.planned_seeds})",
                ),
            )
        )
        for row in short.itertuples()
    ]
    return [f"Fewer seeds than planned: {words.listing(cells)}."] if cells else []
