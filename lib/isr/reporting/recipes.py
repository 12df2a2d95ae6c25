"""How numbers were made, in words: the columns of metrics.csv that say so, as in a sentence."""

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from isr.evaluation.columns import RECIPE
from isr.reporting import words
from isr.settings import SPATIO_TEMPORAL

SEMANTIC = {
    "published": "two principal components of the published features (Aksoy et al. 2018)",
    "efficientnet-lite0": "two principal components of EfficientNet-Lite0 activations, averaged "
    "over Felzenszwalb regions (our stand-in)",
}

Row = Any  # what DataFrame.itertuples gives


def recipes(rows: pd.DataFrame) -> pd.DataFrame:
    """The different recipes behind some rows of metrics.csv, each with its predictor and fit."""
    return rows[["predictor", "fit", *RECIPE]].drop_duplicates()


def steps(row: Row) -> str:
    """The steps of a recipe: of an item, or of the first and each next frame, then epochs.

    >>> from types import SimpleNamespace
    >>> frames = {"steps": float("nan"), "first_steps": 5000.0, "next_steps": 400.0}
    >>> adam = {"optimiser": "adam", "rate": 0.004}
    >>> steps(SimpleNamespace(fit="sequential", epochs=float("nan"), **frames, **adam))
    '5,000, then 400 (Adam at 0.004)'
    >>> steps(SimpleNamespace(fit="joint", epochs=15.0, **frames, **adam))
    '5,000, then 400, then 15 epochs at 0.004'
    """
    if row.first_steps != row.first_steps:
        descends = row.fit == SPATIO_TEMPORAL
        return words.number(row.steps) + (_descent(row) if descends else "")
    first = f"{words.number(row.first_steps)}, then {words.number(row.next_steps)}"
    if row.epochs != row.epochs:
        return first + _descent(row)
    rate = f" at {row.rate:g}" if row.rate == row.rate else ""
    return f"{first}, then {words.count(int(row.epochs), 'epoch')}{rate}"


def _descent(row: Row) -> str:
    return f" ({row.optimiser.capitalize()} at {row.rate:g})" if row.optimiser else ""


def steps_by_fit(rows: pd.DataFrame) -> str:
    """Steps of the fits of videos, by kind of fit where there are several."""
    found = {
        fit: words.listing(dict.fromkeys(map(steps, own.itertuples())))
        for fit, own in recipes(rows).groupby("fit", sort=False)
    }
    if len(found) == 1:
        return next(iter(found.values()))
    return "; ".join(f"{fit} {text}" for fit, text in found.items())


def by_predictor(
    rows: pd.DataFrame, say: Callable[[Row], str], called: Callable[[str], str]
) -> str:
    """Say something of every recipe: once if all share it, else with the predictors that have it.

    Args:
        rows: of metrics.csv.
        say: what of a recipe.
        called: a predictor in print.
    """
    having: dict[str, list[str]] = {}
    for name, own in recipes(rows).groupby("predictor"):
        text = words.listing(dict.fromkeys(map(say, own.itertuples())))
        having.setdefault(text, []).append(called(str(name)))
    if len(having) == 1:
        return next(iter(having))
    return words.listing(f"{text} ({words.listing(who)})" for text, who in having.items())


def semantic(rows: pd.DataFrame) -> str:
    """What the semantic features behind some rows are; "" if none are used."""
    using = rows[rows["semantic"] != ""][["semantic", "protocol"]].drop_duplicates()
    return words.listing(
        dict.fromkeys(
            SEMANTIC.get(row.semantic, row.semantic)
            + (", as raw principal components" if row.protocol == "published-code" else "")
            for row in using.itertuples()
        )
    )


def stopped(number: int) -> str:
    """Say how many fits stopped before their last step; "" for none."""
    return f"{words.count(number, 'fit')} stopped early at the last finite state." if number else ""


def values(rows: pd.DataFrame, columns: Iterable[str] = RECIPE) -> dict[str, str]:
    """The values of some columns, for a tidy table: several stand as "a|b"."""
    return {
        column: "|".join(
            dict.fromkeys(
                f"{value:g}" if isinstance(value, float) else str(value)
                for value in rows[column].dropna()
                if value != ""
            )
        )
        for column in columns
    }
