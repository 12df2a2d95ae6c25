"""What the averages of all tables share: over items, frames and seeds, and their tidy form."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from isr.constraints import record
from isr.evaluation.columns import GROUND_TRUTH
from isr.reporting.metrics import NO_GROUND_TRUTH, NOT_RUN

SCORES = ("iou", "accuracy")
PAIR = ("predictor", "representation")
"""What the paper scores; trivial projections of the predictor's mask stand beside."""
NAN = float("nan")

Row = dict[str, Any]


def outputs(metrics: pd.DataFrame, constraint: str) -> list[str]:
    """What is scored: the predictor, its trivial projections, the representation."""
    others = sorted(set(metrics["output"]) - set(PAIR))
    return [PAIR[0], *dict.fromkeys([*record(constraint).projections, *others]), PAIR[1]]


def by_seed(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Scores (places, seeds); places that not all seeds scored are left out."""
    return rows.pivot(index="place", columns="seed", values=name).astype(float).dropna()


def over_items(rows: pd.DataFrame, name: str, *, weigh: bool = False) -> tuple[float, float]:
    """Mean over items of their means over places and their own seeds, and deviation over seeds.

    Args:
        rows: of metrics.csv.
        name: of the score.
        weigh: whether an item has the weight of its places, not that of every other item.
    """
    if rows.empty:
        return NAN, NAN
    tables = {item: by_seed(part, name) for item, part in rows.groupby("item", sort=False)}
    means = pd.DataFrame({item: table.mean() for item, table in tables.items()})
    weights = pd.Series({item: len(table) if weigh else 1 for item, table in tables.items()})
    return weighted(means, weights)


def weighted(means: pd.DataFrame, weights: "pd.Series[Any]") -> tuple[float, float]:
    """Mean over items of their means over seeds; deviation over the seeds that have all items.

    Args:
        means: one row per seed, one column per item; NaN where a seed did not score an item.
        weights: of the items.
    """
    shares = weights / weights.sum()
    seeds = (means.dropna() * shares).sum(axis="columns")
    return float((means.mean() * shares).sum(skipna=False)), float(seeds.std(ddof=1))


def status(scored: pd.DataFrame, rows: pd.DataFrame) -> str:
    """Whether an output ran, or why it has no score.

    Args:
        scored: its scores with the ground truth.
        rows: all of what it belongs to.
    """
    if len(scored):
        return "ran"
    has_truth = (rows["against"] == GROUND_TRUTH).any()
    return NOT_RUN if rows.empty or has_truth else NO_GROUND_TRUTH


def seeds_of(rows: pd.DataFrame) -> Row:
    """How many seeds have run, and which."""
    seeds = sorted(int(seed) for seed in rows["seed"].unique())
    return {"n_seeds": len(seeds), "seeds": " ".join(map(str, seeds))}


def to_csv(
    summary: pd.DataFrame,
    scores: Sequence[str] = SCORES,
    words: Mapping[str, Iterable[str]] | None = None,
) -> str:
    """The tidy table as CSV, with words where a number is missing for a reason.

    Args:
        summary: one row per line; `status` says why a row has no scores.
        scores: the columns in which that stands.
        words: what stands in other columns instead of a number; "" for the number.
    """
    table = summary.astype(object).where(summary.notna(), "")
    for name in summary.select_dtypes("float").columns:
        if name != "noise":
            table[name] = summary[name].map(lambda value: "" if pd.isna(value) else f"{value:.4f}")
    missing = summary["status"] != "ran"
    for name in summary.columns.intersection(list(scores)):
        table.loc[missing, name] = summary["status"][missing]
    for name, own in (words or {}).items():
        table[name] = [word or value for word, value in zip(own, table[name], strict=True)]
    return str(table.to_csv(index=False, lineterminator="\n"))
