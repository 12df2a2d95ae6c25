"""From the scores of single pictures to the numbers of a table, in tidy form."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from isr.errors import UserError
from isr.evaluation.baselines import BASELINES
from isr.evaluation.metrics import ALL_OBJECTS, mean_and_deviation
from isr.reporting import published
from isr.reporting.settings import Study

NOT_RUN = "not run"
NOT_LEGIBLE = "not legible"
OTHER_PICTURES = "other pictures"
NO_GROUND_TRUTH = "no ground truth"

METRICS_COLUMNS = [
    "study",
    "dataset",
    "constraint",
    "predictor",
    "features",
    "fit",
    "seed",
    "protocol",
    "steps",
    "semantic",
    "scale",
    "picture",
    "output",
    "iou",
    "accuracy",
    "scored_pixels",
]
KEYS = ["predictor", "features", "fit", "output"]


_NAMES = ("semantic", "picture", "video", "labels", "predictor", "object")


def read_metrics(
    paths: Iterable[Path],
    study: str | None = None,
    columns: Sequence[str] = METRICS_COLUMNS,
    *,
    each_object: bool = False,
) -> pd.DataFrame:
    """Read and join the metrics.csv of several cells; no file gives an empty table.

    A file without the column `finite` (whether a fit took all its steps) stands for true. Pictures
    of several objects are scored together, unless `each_object` asks for the objects' own rows.

    Args:
        paths: the files.
        study: that all of them have to belong to, if it is given.
        columns: that all of them have to have.
        each_object: the rows of single objects instead; there are none without a column `object`.

    Raises:
        UserError: a file is missing or empty, lacks a column, or belongs to another study.
    """
    tables = []
    for path in paths:
        try:
            table = pd.read_csv(path, dtype=dict.fromkeys(_NAMES, str))
        except FileNotFoundError:
            raise UserError(f"{path} does not exist: evaluate the cell first.") from None
        except pd.errors.EmptyDataError:
            raise UserError(f"{path} is empty: remove it and evaluate the cell again.") from None
        missing = [column for column in columns if column not in table.columns]
        if missing:
            raise UserError(f"{path} lacks the column {missing[0]!r}: evaluate the cell again.")
        others = set(table["study"]) - {study}
        if study is not None and others:
            raise UserError(
                f"{path} belongs to study {others.pop()!r}, not {study!r}: leave it out."
            )
        if "object" not in table.columns:
            table = table.assign(object=ALL_OBJECTS)
        table = table[(table["object"] != ALL_OBJECTS) == each_object]
        tables.append(table if "finite" in table.columns else table.assign(finite=True))
    if not tables:
        return pd.DataFrame(columns=[*columns, "finite"])
    return pd.concat(tables, ignore_index=True)


def summarise(metrics: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Average the scores over pictures, then over seeds, and set the published ones beside them.

    Of a setting whose seeds were scored on different pictures, only the pictures that all of its
    seeds share are averaged.

    Args:
        metrics: rows as in metrics.csv (`METRICS_COLUMNS`), of any number of cells.
        study: what was planned.

    Returns:
        One row per predictor, features, fit and output, planned or in the paper's grid. `status` is
        "ran", "not run" or "no ground truth"; scores lie in [0, 1], deviations are over seeds
        (ddof 1; NaN for one seed). `difference_*` is ours minus published, NaN unless the pictures
        are the paper's (`same_pictures`). `published` says whether the papers have the setting.
        `n_stopped` counts fits that stopped early at their last finite state.
    """
    ran = metrics[(metrics["study"] == study.name) & (metrics["constraint"] == study.constraint)]
    planned = {
        (cell.predictor, cell.features, cell.fit, cell.seed)
        for cell in study.cells
        if cell.constraint == study.constraint
    }
    axes = zip(ran["predictor"], ran["features"], ran["fit"], ran["seed"], strict=True)
    ran = ran.loc[[key in planned for key in axes]]
    groups = dict(iter(ran.groupby(KEYS, sort=False)))
    rows = []
    for predictor, features, fit in _settings(study):
        for output in ("predictor", *_baselines(ran, study.constraint), "representation"):
            key = (predictor, features, fit, output)
            rows.append(_row(study, key, groups.get(key), len(_seeds(planned, key))))
    return pd.DataFrame(rows)


def _settings(study: Study) -> list[tuple[str, str, str]]:
    """(predictor, features, fit) of the paper's grid and of the study, in the paper's order."""
    settings = {
        (cell.predictor, cell.features, cell.fit)
        for cell in study.cells
        if cell.constraint == study.constraint
    }
    if study.compares:
        names = _names_of_networks(study, {predictor for predictor, *_ in settings})
        settings |= {
            (name, features, fit)
            for fit, features, network, _ in published.CONVEXITY
            for name in names[network]
        }

    def position(setting: tuple[str, str, str]) -> tuple[Any, ...]:
        predictor, features, fit = setting
        network = study.predictors.get(predictor, predictor)
        return (
            _index(published.FITS, fit),
            _index(published.FEATURES, features),
            _index(published.PREDICTORS, network),
            setting,
        )

    return sorted(settings, key=position)


def _names_of_networks(study: Study, used: set[str]) -> dict[str, list[str]]:
    """Names that the study has for each published network: its own if the study lacks it."""
    networks = {name: study.predictors.get(name, name) for name in used}
    return {
        network: [name for name in used if networks[name] == network] or [network]
        for network in published.PREDICTORS
    }


def _index(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _baselines(metrics: pd.DataFrame, constraint: str) -> list[str]:
    """The trivial projections for a constraint, then others that were scored."""
    own = BASELINES.get(constraint, ())
    found = [name for name in metrics["output"].unique() if name not in published.OUTPUTS]
    return sorted(set(found) | set(own), key=lambda name: (_index(own, name), name))


def _seeds(planned: Iterable[tuple[str, str, str, int]], key: tuple[str, ...]) -> set[int]:
    return {
        seed for predictor, features, fit, seed in planned if (predictor, features, fit) == key[:3]
    }


def _row(
    study: Study, key: tuple[str, str, str, str], group: pd.DataFrame | None, planned_seeds: int
) -> dict[str, Any]:
    predictor, features, fit, output = key
    row: dict[str, Any] = {
        "study": study.name,
        "dataset": study.dataset.name,
        "constraint": study.constraint,
        **dict(zip(KEYS, key, strict=True)),
        **_average(group),
        "planned_seeds": planned_seeds,
        "n_stopped": 0 if group is None else count_stopped(group),
        **{name: _values(group, name) for name in ("protocol", "steps", "semantic", "scale")},
    }
    row["same_pictures"] = study.dataset.is_published_set(row["n_pictures"])
    result = study.published_result(fit, features, predictor, output)
    row["published"] = result is not None
    for name in ("iou", "iou_deviation", "accuracy", "accuracy_deviation"):
        value = None if result is None else getattr(result, name)
        row[f"published_{name}"] = float("nan") if value is None else value
    for name in ("iou", "accuracy"):
        difference = row[name] - row[f"published_{name}"]
        row[f"difference_{name}"] = difference if row["same_pictures"] else float("nan")
    return row


def _average(group: pd.DataFrame | None) -> dict[str, Any]:
    """Means over pictures and seeds, and deviations over seeds, of one setting."""
    nothing = float("nan")
    scores = dict.fromkeys(("iou", "iou_deviation", "accuracy", "accuracy_deviation"), nothing)
    counts: dict[str, Any] = {"n_seeds": 0, "seeds": "", "n_pictures": 0}
    if group is None:
        return {"status": NOT_RUN, **scores, **counts}
    if group.duplicated(["picture", "seed"]).any():
        cell = ", ".join(str(group[name].iloc[0]) for name in KEYS)
        raise UserError(f"metrics.csv: {cell} is scored twice: give each cell's file once.")
    tables = {
        name: group.pivot(index="picture", columns="seed", values=name).astype(float).dropna()
        for name in ("iou", "accuracy")
    }
    seeds = sorted(group["seed"].unique())
    if tables["iou"].empty:
        counts = {
            "n_seeds": len(seeds),
            "seeds": " ".join(map(str, seeds)),
            "n_pictures": group["picture"].nunique(),
        }
        return {"status": NO_GROUND_TRUTH, **scores, **counts}
    for name, table in tables.items():
        scores[name], scores[f"{name}_deviation"] = mean_and_deviation(table)
    counts = {
        "n_seeds": len(seeds),
        "seeds": " ".join(map(str, seeds)),
        "n_pictures": len(tables["iou"]),
    }
    return {"status": "ran", **scores, **counts}


def count_stopped(rows: pd.DataFrame) -> int:
    """How many of some rows of metrics.csv are of fits that stopped at their last finite state."""
    return int((~rows["finite"].astype(bool)).sum()) if "finite" in rows.columns else 0


def _values(group: pd.DataFrame | None, column: str) -> str:
    """The different values of a column, joined: one in a sound study."""
    if group is None:
        return ""
    return "|".join(
        dict.fromkeys(
            f"{value:g}" if isinstance(value, float) else str(value)
            for value in group[column].dropna()
        )
    )


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
