"""The paper's Tables 1 to 3: averages over items and seeds; 1 and 3 in the paper's own layout."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from isr.data.corruptions import CLEAN
from isr.errors import UserError
from isr.evaluation.columns import GROUND_TRUTH
from isr.evaluation.metrics import mean_and_deviation
from isr.reporting import recipes, words
from isr.reporting.metrics import NOT_RUN, count_stopped
from isr.reporting.published import convexity as published
from isr.reporting.study import PlannedCell, Study
from isr.reporting.tables import averages, layout
from isr.reporting.tables.averages import NAN, PAIR, SCORES
from isr.reporting.tables.layout import NOT_LEGIBLE, Entry, Heading, Line, Row, Span, Table

OTHER_PICTURES = "other pictures"
SETTING = ["predictor", "features", "corruption", "labels", "fit"]

Setting = tuple[str, str, str, str, str]
"""(predictor, features, corruption, labels, fit); "" where a predictor has none to choose."""


def compares(study: Study, constraint: str, networks: Sequence[str] = published.PREDICTORS) -> bool:
    """Whether the papers have numbers of such cells: of convex shapes and one of some networks."""
    cells = [cell.settings for cell in study.cells if cell.settings.constraint == constraint]
    kinds = {study.predictors[cell.predictor].kind for cell in cells}
    return constraint == published.CONSTRAINT and bool(kinds & set(networks))


def summarise(
    metrics: pd.DataFrame,
    study: Study,
    constraint: str,
    shows_published: bool = True,
    networks: Sequence[str] = published.PREDICTORS,
) -> pd.DataFrame:
    """Average the scores over items, then over seeds, and set the published ones beside them.

    Every frame of a video counts as an item. Of a setting whose seeds were scored on different
    items, only those that all of its seeds share are averaged.

    Args:
        metrics: rows of `isr.reporting.metrics.read_metrics`, of any number of cells.
        study: what was planned.
        constraint: whose cells are averaged.
        shows_published: whether the papers' numbers are wanted beside ours.
        networks: kinds of predictors whose published numbers are meant.

    Returns:
        One row per predictor, features, corruption, labels, fit and output, planned or in the
        paper's grid.
        `status` is "ran", "not run" or "no ground truth"; scores lie in [0, 1], deviations are over
        seeds (ddof 1; NaN for one seed). `difference_*` is ours minus published, NaN unless the
        pictures are the paper's (`same_pictures`). `published` says whether the papers have the
        setting. `n_stopped` counts fits that stopped early at their last finite state. How the
        numbers were made stands in the columns of `isr.evaluation.columns.RECIPE`.

    Raises:
        UserError: an item is scored twice for one setting and seed.
    """
    cells = [cell for cell in study.cells if cell.settings.constraint == constraint]
    planned: dict[Setting, set[int]] = {}
    for cell in cells:
        planned.setdefault(_setting_of(study, cell), set()).add(cell.settings.seed)
    own = metrics[metrics["cell"].isin([cell.name for cell in cells])]
    groups = dict(iter(own.groupby(SETTING, sort=False)))
    compared = shows_published and compares(study, constraint, networks)
    rows = []
    for setting in _settings(study, planned, networks if compared else ()):
        of_setting = groups.get(setting, own[:0])
        for output in averages.outputs(own, constraint):
            row: dict[str, Any] = {"study": study.name, "dataset": study.dataset_name}
            row["constraint"] = constraint
            row |= {**dict(zip(SETTING, setting, strict=True)), "output": output}
            row |= _average(setting, output, of_setting)
            row["planned_seeds"] = len(planned.get(setting, ()))
            rows.append(row | _beside(study, row, compared))
    return pd.DataFrame(rows)


def _setting_of(study: Study, cell: PlannedCell) -> Setting:
    """What tells a cell from the others in these tables, its seed aside."""
    own = cell.settings
    sees = study.predictors[own.predictor].input
    features = (own.features or "") if sees == "features" else ""
    labels = own.labels if sees == "labels" else ""
    return own.predictor, features, own.corruption, labels, own.fit


def _settings(study: Study, planned: Iterable[Setting], networks: Sequence[str]) -> list[Setting]:
    """Those of the paper's grid and of the study, in the paper's order."""
    settings = set(planned)
    kinds = {name: study.predictors[name].kind for name, *_ in settings}
    for fit, features, network, corruption in published.grid(networks):
        names = [name for name, kind in kinds.items() if kind == network] or [network]
        settings |= {(name, features, corruption, "", fit) for name in names}

    def position(setting: Setting) -> tuple[Any, ...]:
        predictor, features, corruption, _, fit = setting
        return (
            _index(published.FITS, fit),
            _index(tuple(published.TABLE_2), corruption),
            _index(published.FEATURES, features),
            _index(published.PREDICTORS, kinds.get(predictor, predictor)),
            setting,
        )

    return sorted(settings, key=position)


def _index(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _average(setting: Setting, output: str, of_setting: pd.DataFrame) -> dict[str, Any]:
    """Means over items and seeds, and deviations over seeds, of one setting and output."""
    own = of_setting[of_setting["output"] == output]
    scored = own[own["against"] == GROUND_TRUTH]
    if scored.duplicated(["place", "seed"]).any():
        raise UserError(
            f"metrics.csv: {' '.join(filter(None, (*setting, output)))} is scored twice: give each "
            "cell's file once."
        )
    tables = {name: averages.by_seed(scored, name) for name in SCORES}
    row: dict[str, Any] = {"status": averages.status(tables["iou"], of_setting)}
    for name, table in tables.items():
        row[name], row[f"{name}_deviation"] = mean_and_deviation(table)
    fitted = (of_setting if own.empty else own)["place"]
    pictures = tables["iou"].index if row["status"] == "ran" else fitted
    row |= {**averages.seeds_of(of_setting), "n_pictures": pictures.nunique()}
    return row | {"n_stopped": count_stopped(own), **recipes.values(of_setting)}


def _beside(study: Study, row: dict[str, Any], compared: bool) -> dict[str, Any]:
    """The papers' result of a setting, and how far ours is from it on the same pictures."""
    predictor = row["predictor"]
    kind = study.predictors[predictor].kind if predictor in study.predictors else predictor
    result = None
    if compared and not row["labels"]:
        axes = (row["fit"], row["features"], kind, row["output"], row["corruption"])
        result = published.find(*axes)
    same = not published.difference(study.dataset, row["n_pictures"])
    found: dict[str, Any] = {"same_pictures": same, "published": result is not None}
    for name in ("iou", "iou_deviation", "accuracy", "accuracy_deviation"):
        value = None if result is None else getattr(result, name)
        found[f"published_{name}"] = NAN if value is None else value
    for name in SCORES:
        found[f"difference_{name}"] = row[name] - found[f"published_{name}"] if same else NAN
    return found


def to_csv(summary: pd.DataFrame) -> str:
    """The tidy table as CSV, with words where a number is missing for a reason.

    "not run" stands for scores of a setting that did not run, "no ground truth" for those of one
    that ran on pictures without, "not legible" for numbers missing in the paper's text, "other
    pictures" for differences between scores on different pictures.
    """
    scores = [each for name in SCORES for each in (name, f"{name}_deviation")]
    status, told = summary["status"].to_numpy(object), {}
    for name in scores:
        known = summary[f"published_{name}"].notna()
        told[f"published_{name}"] = np.where(summary["published"] & ~known, NOT_LEGIBLE, "")
        if name in SCORES:
            told[f"difference_{name}"] = np.select(
                [~summary["published"], ~known, status != "ran", ~summary["same_pictures"]],
                ["", NOT_LEGIBLE, status, OTHER_PICTURES],
                "",
            )
    return averages.to_csv(summary, scores, told)


def table_1(
    summary: pd.DataFrame,
    metrics: pd.DataFrame,
    study: Study,
    constraint: str,
    title: str | None = None,
) -> Table:
    """Foreground IoU, "predictor / representation", a column per predictor and what it sees.

    Args:
        summary: of `summarise`.
        metrics: the rows behind it.
        study: what was planned.
        constraint: of the cells.
        title: replaces the words about the content; the data are always named.
    """
    inputs = list(map(words.seen, summary["features"], summary["labels"]))
    order = list(dict.fromkeys(inputs))
    columns = list(dict.fromkeys(zip(inputs, summary["predictor"], strict=True)))
    columns.sort(key=lambda column: order.index(column[0]))
    keys = zip(summary["fit"], inputs, summary["predictor"], summary["output"], strict=True)
    rows = dict(zip(keys, summary.itertuples(), strict=True))
    outputs = list(dict.fromkeys(summary["output"]))
    lines: list[Line] = []
    for fit in dict.fromkeys(summary["fit"]):
        block = [{name: rows.get((fit, *column, name)) for name in outputs} for column in columns]
        lines += _block(words.fit(fit), block, outputs, constraint, same_pictures(summary, study))
    representation = words.output("representation", constraint)
    pairs = tuple(
        Heading(f"{words.predictor(study.predictors, name)} / {representation}")
        for _, name in columns
    )
    heads = tuple(Heading(group, sum(each == group for each, _ in columns)) for group in order)
    shown = f"Foreground IoU of predictor / {representation}"
    return Table(
        title=layout.titled(
            data_in_words(metrics, study), title, shown, 1, compares(study, constraint)
        ),
        stubs=("", ""),
        headings=(heads, pairs),
        lines=tuple(lines),
        notes=tuple(notes_on(summary, metrics, study, "in each column and kind of fit")),
    )


def _block(
    fit: str, block: list[dict[str, Row]], outputs: Sequence[str], constraint: str, same: bool
) -> list[Line]:
    """The lines of a kind of fit: ours, the paper's below, then the trivial projections."""
    best = [layout.best_of(column.values(), "iou") for column in block]

    def ours(*names: str) -> tuple[Entry, ...]:
        return tuple(
            tuple(layout.score(column[name], "iou", best=top) for name in names)
            for column, top in zip(block, best, strict=True)
        )

    def beside(entry: Callable[[Row, str], Span]) -> tuple[Entry, ...]:
        pairs = [tuple(entry(column[name], "iou") for name in PAIR) for column in block]
        return tuple(pair if any(span.text for span in pair) else (Span(""),) for pair in pairs)

    lines = [Line((fit, "ours"), ours(*PAIR), True)]
    if any(row is not None and row.published for column in block for row in column.values()):
        called = "published" if same else "published (other pictures)"
        lines.append(Line(("", called), beside(layout.published), secondary=True))
        if same:
            lines.append(Line(("", "difference"), beside(layout.difference), secondary=True))
    others = [name for name in outputs if name not in PAIR]
    return lines + [Line(("", words.output(name, constraint)), ours(name)) for name in others]


def table_3(
    summary: pd.DataFrame,
    metrics: pd.DataFrame,
    study: Study,
    constraint: str,
    title: str | None = None,
) -> Table:
    """IoU and accuracy with their deviations over seeds, a row per setting and output.

    Arguments are those of `table_1`.
    """
    columns = ["ours"]
    if summary["published"].any():
        same = same_pictures(summary, study)
        columns += ["published", "difference"] if same else ["published (other pictures)"]
    groups = summary.groupby(["fit", "predictor", "features", "labels"], sort=False)
    # The paper lists all features of one predictor together, Table 1 and the summary do not.
    keys = list(groups.groups)
    pairs = list(dict.fromkeys(key[:2] for key in keys))
    keys.sort(key=lambda key: pairs.index(key[:2]))
    lines = []
    for index, key in enumerate(keys):
        rows = list(groups.get_group(key).itertuples())
        fit, name, features, labels = key
        called = words.predictor(study.predictors, name)
        names = (words.fit(fit), called, words.seen(features, labels))
        for position, row in enumerate(rows):
            spans: list[Span] = []
            for score in SCORES:
                best = layout.best_of(rows, score)
                ours = layout.score(row, score, best=best, deviation=True)
                known = layout.published(row, score, deviation=True)
                spans += [ours, known, layout.difference(row, score)][: len(columns)]
            first = names if position == 0 else ("", "", "")
            stubs = (*first, words.output(row.output, constraint))
            lines.append(layout.line_of(stubs, spans, position == 0 and index > 0))
    notes = notes_on(summary, metrics, study, "in each setting")
    if summary["iou_deviation"].notna().any():
        notes.append(layout.DEVIATION_NOTE)
    shown = "Foreground IoU and pixel accuracy"
    return Table(
        title=layout.titled(
            data_in_words(metrics, study), title, shown, 3, compares(study, constraint)
        ),
        stubs=("Fit", "Model", "Input", "Segmentation"),
        headings=(
            (Heading("IoU", len(columns)), Heading("Accuracy", len(columns))),
            tuple(Heading(name) for name in columns * 2),
        ),
        lines=tuple(lines),
        notes=tuple(notes),
    )


def data_in_words(metrics: pd.DataFrame, study: Study) -> str:
    """What the data are: the items that are scored, or else that were fitted, in words."""
    scored = metrics[metrics["against"] == GROUND_TRUTH]
    found = set((metrics if scored.empty else scored)["item"])
    return study.describe([item for item in study.items if item in found] or study.items)


def same_pictures(summary: pd.DataFrame, study: Study) -> bool:
    """Whether the pictures are those behind the paper's numbers."""
    return not published.difference(study.dataset, int(summary["n_pictures"].max()))


def notes_on(
    summary: pd.DataFrame,
    metrics: pd.DataFrame,
    study: Study,
    where: str,
    source: str = f"Tables 1 and 3, {published.STEPS:,} steps",
) -> list[str]:
    """Sentences on where the numbers come from: ours first, then the published.

    Args:
        summary: of `summarise`.
        metrics: the rows behind it.
        study: what was planned.
        where: our best results are bold.
        source: of the published numbers, in the papers.
    """
    ran = summary[summary["status"] != NOT_RUN]
    has_scores = (summary["status"] == "ran").any()
    if ran.empty:
        notes = ["Ours: no cell has run."]
    else:
        notes = ["Ours: " + "; ".join(_conditions(ran, metrics, study)) + "."]
        if not has_scores:
            notes.append("There is no ground truth, so nothing is scored.")
        notes += recipes.shortfalls(ran, SETTING, partial(_called, study))
        notes += filter(None, [recipes.stopped(count_stopped(metrics))])
    if summary["published"].any():
        difference = published.difference(study.dataset, int(summary["n_pictures"].max()))
        notes.append(
            f"Published: ICML 2024 paper, {source}, means over {published.SEEDS} seeds and the "
            f"{published.PICTURES} pictures of ConvexityDB"
            + (f"; {difference}, so no difference is taken." if difference else ".")
        )
    if has_scores:
        notes.append(f"Bold: the best of our results {where}.")
    return notes


def _called(study: Study, row: Row) -> str:
    """A setting in print."""
    seen = words.seen(row.features, row.labels)
    corrupted = "" if row.corruption == CLEAN else words.corruption(row.corruption)
    called = words.predictor(study.predictors, row.predictor)
    return " ".join(filter(None, (called, seen, corrupted, words.fit(row.fit))))


def _conditions(ran: pd.DataFrame, metrics: pd.DataFrame, study: Study) -> list[str]:
    video = metrics["frame"].notna().any()
    noun = "frame" if video else "picture"
    least, most = ran["n_pictures"].agg(["min", "max"]).tolist()
    first = words.count(most, noun)
    called = partial(words.predictor, study.predictors)
    by_predictor = partial(recipes.by_predictor, metrics, called=called)
    fits = metrics[metrics["output"] == "representation"]
    steps = recipes.by_predictor(fits, recipes.steps, called)
    # Predictors that were trained apart from the representations may have had others.
    alone = metrics[metrics["output"] == "predictor"]
    before = set(alone["steps"].dropna()) - set(fits["steps"]) - {0}
    apart = f" (predictors {words.numbers(before)})" if before else ""
    conditions = [first if least == most else f"{least} to {first}"]
    if (long_side := getattr(study.dataset, "long_side", None)) is not None and not video:
        conditions.append(f"pictures shrunk to at most {long_side:,} px")
    conditions += [
        words.seeds(metrics["seed"]),
        f"steps per {'video' if video else 'picture'}: {steps}{apart}",
        f"protocol {by_predictor(lambda row: row.protocol)}",
    ]
    if set(metrics["scale"]) != {1.0}:
        scales = by_predictor(lambda row: f"{row.scale:g}")
        conditions.append(f"{noun}s scaled by {scales} for predictors, scored at full size")
    if used := recipes.semantic(metrics):
        conditions.append(f"semantic features: {used}")
    return conditions
