"""What a teacher adds to constrained regions: averages over seeds, and the student report's table.

A teacher is a predictor that is trained together with a region; without one, the region is fitted
to scribbles alone.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from isr import constraints
from isr.evaluation.columns import GROUND_TRUTH
from isr.predictors import Given
from isr.reporting import recipes, words
from isr.reporting.metrics import NOT_RUN, count_stopped
from isr.reporting.published import student as published
from isr.reporting.study import PlannedCell, Study
from isr.reporting.tables import averages, layout
from isr.reporting.tables.averages import NAN, SCORES
from isr.reporting.tables.layout import NONE, Entry, Heading, Line, Span, Table

ALL = "all"
"""What stands for the mean over several items."""
TEACHER = ["predictor", "features", "fit"]
GROUP = ["constraint", *TEACHER]

Teacher = tuple[str, str, str]
"""(predictor, features, fit); features are "" where it sees none."""


def summarise(
    metrics: pd.DataFrame, study: Study, cells: Sequence[PlannedCell], shows_published: bool = True
) -> pd.DataFrame:
    """Average the scores of every item over seeds, and set the published ones beside them.

    Args:
        metrics: rows of `isr.reporting.metrics.read_metrics`.
        study: what was planned.
        cells: of it, that are averaged.
        shows_published: whether the report's numbers are wanted.

    Returns:
        One row per item (of several, also one for `ALL` of them), constraint, teacher and output.
        Scores lie in [0, 1], deviations are over seeds (ddof 1; NaN for one seed).
    """
    planned: dict[tuple[str, str, str, str], set[int]] = {}
    for cell in cells:
        key = cell.settings.constraint, *_teacher(study, cell)
        planned.setdefault(key, set()).add(cell.settings.seed)
    groups = dict(iter(metrics.groupby(GROUP, sort=False)))
    items = list(dict.fromkeys(item for cell in cells for item in cell.items))
    rows = []
    for item in [*items, *([ALL] if len(items) > 1 else [])]:
        for key, seeds in planned.items():
            own = groups.get(key, metrics[:0])
            own = own if item == ALL else own[own["item"] == item]
            for output in averages.outputs(own, key[0]):
                row: dict[str, Any] = {
                    "study": study.name,
                    "dataset": study.dataset_name,
                    "item": item,
                }
                row |= {**dict(zip(GROUP, key, strict=True)), "output": output}
                row |= {**_average(own, output), "planned_seeds": len(seeds)}
                rows.append(row | _published(study, row, shows_published))
    return pd.DataFrame(rows)


def _teacher(study: Study, cell: PlannedCell) -> Teacher:
    own = cell.settings
    sees = study.predictors[own.predictor].input == "features"
    return own.predictor, (own.features or "") if sees else "", own.fit


def _average(rows: pd.DataFrame, output: str) -> dict[str, Any]:
    own = rows[rows["output"] == output]
    scored = own[own["against"] == GROUND_TRUTH]
    found: dict[str, Any] = {"status": averages.status(scored, rows)}
    for name in SCORES:
        found[name], found[f"{name}_deviation"] = averages.over_items(scored, name)
    found |= {**averages.seeds_of(rows), "n_stopped": count_stopped(own)}
    return found | recipes.values(rows)


def _published(study: Study, row: dict[str, Any], wanted: bool) -> dict[str, Any]:
    """The report's score of the same constraint, with or without any teacher."""
    taught = not isinstance(study.predictors[row["predictor"]], Given)
    known = published.TABLE_1.get((row["constraint"], taught))
    if not wanted or row["output"] != "representation" or known is None:
        return {"published": False, "published_iou": NAN}
    return {"published": True, "published_iou": known}


def table(
    summary: pd.DataFrame, metrics: pd.DataFrame, study: Study, title: str | None = None
) -> Table:
    """Lay the IoUs out: a column for each teacher, a block of rows for each item.

    Args:
        summary: of `summarise`.
        metrics: the rows behind it.
        study: what was planned.
        title: replaces the words about the content; the data are always named.
    """
    teachers = list(summary[TEACHER].drop_duplicates().itertuples(index=False, name=None))
    lines: list[Line] = []
    for item, own in summary.groupby("item", sort=False):
        lines += _block(str(item), own, teachers)
    compared = bool(summary["published"].any())
    if compared:
        lines += _published_block(summary, teachers)
    shown = "IoU of regions with and without a teacher"
    data, place = study.describe(), f"{'' if compared else 'after '}the student report's Table 1"
    heads = tuple(Heading(_called(study, teacher)) for teacher in teachers)
    return Table(
        title=f"{data}. {title or f'{shown} ({place})'}",
        stubs=("Picture", "Region"),
        headings=(heads,),
        lines=tuple(lines),
        notes=tuple(_notes(summary, metrics, compared)),
    )


def _called(study: Study, teacher: Teacher) -> str:
    name, features, fit = teacher
    if isinstance(study.predictors[name], Given):
        return "no teacher"
    seen = f", sees {words.features(features)}" if features else ""
    return f"with {words.predictor(study.predictors, name)}{seen}, {words.fit(fit)}"


def _block(item: str, own: pd.DataFrame, teachers: Sequence[Teacher]) -> list[Line]:
    """The regions of an item, and below what their teachers and trivial projections reach."""
    keys = zip(own["constraint"], own["output"], *(own[name] for name in TEACHER), strict=True)
    rows = {(key[0], key[1], key[2:]): row for key, row in zip(keys, own.itertuples(), strict=True)}
    named = "mean" if item == ALL else item.replace("_", " ")
    names = list(dict.fromkeys(own["constraint"]))
    regions = own[own["output"] == "representation"]
    best = {t: layout.best_of(_of(regions, t).itertuples(), "iou") for t in teachers}
    lines: list[Line] = []
    for constraint in names:
        found = [rows.get((constraint, "representation", teacher)) for teacher in teachers]
        spans = [
            layout.score(row, "iou", best=best[teacher], deviation=True)
            for row, teacher in zip(found, teachers, strict=True)
        ]
        name = constraints.words(constraint)
        lines.append(layout.line_of(("" if lines else named, name), spans, not lines))
    for constraint in names:
        others = own[(own["constraint"] == constraint) & (own["output"] != "representation")]
        for output in dict.fromkeys(others["output"]):
            found = [rows.get((constraint, output, teacher)) for teacher in teachers]
            if any(row is not None and row.status == "ran" for row in found):
                name = f"{words.output(output, constraint)} ({constraints.words(constraint)})"
                lines.append(Line(("", name), tuple(map(_beside, found)), secondary=True))
    return lines


def _of(rows: pd.DataFrame, teacher: Teacher) -> pd.DataFrame:
    return rows[(rows[TEACHER] == list(teacher)).all(axis=1)]


def _beside(row: Any) -> Entry:
    """A score without its deviation; a dash where there is nothing to score."""
    ran = row is not None and row.status == "ran"
    return (layout.score(row, "iou"),) if ran else (Span(NONE),)


def _published_block(summary: pd.DataFrame, teachers: Sequence[Teacher]) -> list[Line]:
    lines: list[Line] = []
    for constraint, name in published.NAMES.items():
        own = summary[(summary["constraint"] == constraint) & summary["published"]]
        known = [_of(own, teacher)["published_iou"].unique() for teacher in teachers]
        spans = [Span(f"{values[0]:.4f}" if len(values) else "") for values in known]
        first = "" if lines else "published (another picture)"
        lines.append(layout.line_of((first, name), spans, not lines, secondary=True))
    return lines


def _notes(summary: pd.DataFrame, metrics: pd.DataFrame, compared: bool) -> Iterable[str]:
    ran = summary[summary["status"] != NOT_RUN]
    if ran.empty:
        yield "Ours: no cell has run."
    else:
        fits = metrics[metrics["output"] == "representation"]
        schedules = dict.fromkeys(name or "usual" for name in fits["schedule"])
        rates = words.listing(f"{rate:g}" for rate in sorted(set(fits["rate"].dropna())))
        yield (
            f"Ours: {words.seeds(metrics['seed'])}; {words.numbers(fits['steps'])} steps of "
            f"{words.numbers(fits['points'])} points, learning rate {rates}, schedule "
            f"{words.listing(schedules)}."
        )
        yield (
            "In brackets the region that a teacher was trained with; its row and those of its "
            "trivial projections say what it reaches by itself."
        )
        yield from recipes.shortfalls(ran, GROUP, lambda row: f"{row.constraint} {row.predictor}")
        yield from filter(None, [recipes.stopped(count_stopped(metrics))])
        if summary["iou_deviation"].notna().any():
            yield layout.DEVIATION_NOTE
        yield "Bold: the better region in each column and picture."
    if compared:
        yield (
            f"Published: student report, Table 1, on its picture Mandarins, {published.EPOCHS} "
            f"epochs of {published.SCRIBBLED:,} scribbled points; it does not say what the teacher "
            "sees, so its numbers with one stand below each of ours."
        )
