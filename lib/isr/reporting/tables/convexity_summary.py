"""From the scores of single items and frames to the numbers of Tables 1 and 3, in tidy form."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from isr.constraints import NAMES, record
from isr.errors import UserError
from isr.evaluation.columns import GROUND_TRUTH, RECIPE
from isr.evaluation.metrics import mean_and_deviation
from isr.reporting import recipes
from isr.reporting.metrics import NO_GROUND_TRUTH, NOT_RUN, count_stopped
from isr.reporting.published import convexity as published
from isr.reporting.study import PlannedCell, Study
from isr.reporting.tables.layout import NOT_LEGIBLE

OTHER_PICTURES = "other pictures"
KEYS = ["predictor", "features", "labels", "fit", "output"]

Setting = tuple[str, str, str, str]
"""(predictor, features, labels, fit); "" where a predictor has none to choose."""


def compares(study: Study, constraint: str) -> bool:
    """Whether the papers have numbers of such cells: of convex shapes and one of their networks."""
    cells = [cell.settings for cell in study.cells if cell.settings.constraint == constraint]
    kinds = {study.predictors[cell.predictor].kind for cell in cells}
    return constraint == published.CONSTRAINT and bool(kinds & set(published.PREDICTORS))


def summarise(
    metrics: pd.DataFrame, study: Study, constraint: str, shows_published: bool = True
) -> pd.DataFrame:
    """Average the scores over items, then over seeds, and set the published ones beside them.

    Every frame of a video counts as an item. Of a setting whose seeds were scored on different
    items, only those that all of its seeds share are averaged.

    Args:
        metrics: rows of `isr.reporting.metrics.read_metrics`, of any number of cells.
        study: what was planned.
        constraint: whose cells are averaged.
        shows_published: whether the papers' numbers are wanted beside ours.

    Returns:
        One row per predictor, features, labels, fit and output, planned or in the paper's grid.
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
        planned.setdefault(setting_of(study, cell), set()).add(cell.settings.seed)
    own = metrics[metrics["cell"].isin([cell.name for cell in cells])]
    groups = dict(iter(own.groupby(KEYS[:-1], sort=False)))
    compared = shows_published and compares(study, constraint)
    rows = []
    for setting in _settings(study, planned, compared):
        of_setting = groups.get(setting)
        for output in ("predictor", *_baselines(own, constraint), "representation"):
            about: dict[str, Any] = {"study": study.name, "dataset": study.dataset_name}
            about["constraint"] = constraint
            about |= dict(zip(KEYS, (*setting, output), strict=True))
            about |= _average(setting, output, of_setting)
            about["planned_seeds"] = len(planned.get(setting, ()))
            rows.append(about | _published(study, setting, output, about, compared))
    return pd.DataFrame(rows)


def setting_of(study: Study, cell: PlannedCell) -> Setting:
    """What tells a cell from the others in these tables, its seed aside."""
    own = cell.settings
    sees = study.predictors[own.predictor].input
    return (
        own.predictor,
        (own.features or "") if sees == "features" else "",
        own.labels if sees == "labels" else "",
        own.fit,
    )


def _settings(study: Study, planned: Sequence[Setting] | Any, compared: bool) -> list[Setting]:
    """Those of the paper's grid and of the study, in the paper's order."""
    settings = set(planned)
    kinds = {name: study.predictors[name].kind for name, *_ in settings}
    if compared:
        for fit, features, network, _ in published.CONVEXITY:
            names = [name for name, kind in kinds.items() if kind == network] or [network]
            settings |= {(name, features, "", fit) for name in names}

    def position(setting: Setting) -> tuple[Any, ...]:
        predictor, features, _, fit = setting
        return (
            _index(published.FITS, fit),
            _index(published.FEATURES, features),
            _index(published.PREDICTORS, kinds.get(predictor, predictor)),
            setting,
        )

    return sorted(settings, key=position)


def _index(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _baselines(metrics: pd.DataFrame, constraint: str) -> list[str]:
    """The trivial projections for a constraint, then others that were scored."""
    own = record(constraint).projections if constraint in NAMES else ()
    found = [name for name in metrics["output"].unique() if name not in published.OUTPUTS]
    return sorted(set(found) | set(own), key=lambda name: (_index(own, name), name))


def _average(setting: Setting, output: str, of_setting: pd.DataFrame | None) -> dict[str, Any]:
    """Means over items and seeds, and deviations over seeds, of one setting and output."""
    nothing = float("nan")
    names = ("iou", "iou_deviation", "accuracy", "accuracy_deviation")
    row: dict[str, Any] = {"status": NOT_RUN, **dict.fromkeys(names, nothing)}
    row |= {"n_seeds": 0, "seeds": "", "n_pictures": 0, "n_stopped": 0}
    if of_setting is None:
        return row | recipes.values(pd.DataFrame(columns=list(RECIPE)))
    own = of_setting[of_setting["output"] == output]
    scored = own[own["against"] == GROUND_TRUTH]
    if scored.duplicated(["place", "seed"]).any():
        raise UserError(
            f"metrics.csv: {' '.join(filter(None, (*setting, output)))} is scored twice: give each "
            "cell's file once."
        )
    tables = {
        name: scored.pivot(index="place", columns="seed", values=name).astype(float).dropna()
        for name in ("iou", "accuracy")
    }
    seeds = sorted(of_setting["seed"].unique())
    row |= {"n_seeds": len(seeds), "seeds": " ".join(map(str, seeds))}
    row |= {"n_stopped": count_stopped(own), **recipes.values(of_setting)}
    if tables["iou"].empty:
        places = (of_setting if own.empty else own)["place"]
        has_truth = (of_setting["against"] == GROUND_TRUTH).any()
        status = NOT_RUN if has_truth else NO_GROUND_TRUTH
        return row | {"status": status, "n_pictures": places.nunique()}
    for name, table in tables.items():
        row[name], row[f"{name}_deviation"] = mean_and_deviation(table)
    return row | {"status": "ran", "n_pictures": len(tables["iou"])}


def _published(
    study: Study, setting: Setting, output: str, row: dict[str, Any], compared: bool
) -> dict[str, Any]:
    """The papers' result of a setting, and how far ours is from it on the same pictures."""
    predictor, features, labels, fit = setting
    kind = study.predictors[predictor].kind if predictor in study.predictors else predictor
    wanted = compared and not labels
    result = published.find(fit, features, kind, output) if wanted else None
    same = not published.difference(study.dataset, row["n_pictures"])
    found: dict[str, Any] = {"same_pictures": same, "published": result is not None}
    for name in ("iou", "iou_deviation", "accuracy", "accuracy_deviation"):
        value = None if result is None else getattr(result, name)
        found[f"published_{name}"] = float("nan") if value is None else value
    for name in ("iou", "accuracy"):
        difference = row[name] - found[f"published_{name}"]
        found[f"difference_{name}"] = difference if same else float("nan")
    return found


def to_csv(summary: pd.DataFrame) -> str:
    """The tidy table as CSV, with words where a number is missing for a reason.

    "not run" stands for scores of a setting that did not run, "no ground truth" for those of one
    that ran on pictures without, "not legible" for numbers missing in the paper's text, "other
    pictures" for differences between scores on different pictures.
    """
    table = summary.astype(object).where(summary.notna(), "")
    for name in ("iou", "accuracy"):
        ran = summary["status"] == "ran"
        for column in (name, f"{name}_deviation"):
            table[column] = summary[column].map(_digits)
            table.loc[~ran, column] = summary["status"][~ran]
            table[f"published_{column}"] = summary[f"published_{column}"].map(_digits)
            unknown = summary["published"] & summary[f"published_{column}"].isna()
            table.loc[unknown, f"published_{column}"] = NOT_LEGIBLE
        known = summary["published"] & summary[f"published_{name}"].notna()
        table[f"difference_{name}"] = summary[f"difference_{name}"].map(_digits)
        table.loc[known & ran & ~summary["same_pictures"], f"difference_{name}"] = OTHER_PICTURES
        table.loc[known & ~ran, f"difference_{name}"] = summary["status"][known & ~ran]
        table.loc[summary["published"] & ~known, f"difference_{name}"] = NOT_LEGIBLE
    return str(table.to_csv(index=False, lineterminator="\n"))


def _digits(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.4f}"
