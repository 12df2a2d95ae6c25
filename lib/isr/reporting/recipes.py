"""How numbers were made, in words: the columns of metrics.csv that say so, as in a sentence.

Of videos that is also which labels and which network made them, and of which object they are.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from isr.data.weak_labels.store import ANOTHER, NO_OBJECT
from isr.evaluation.columns import RECIPE
from isr.reporting import words
from isr.settings import SPATIO_TEMPORAL, TOGETHER

_SEMANTIC = {
    "published": "two principal components of the published features (Aksoy et al. 2018)",
    "efficientnet-lite0": "two principal components of EfficientNet-Lite0 activations, averaged "
    "over Felzenszwalb regions (our stand-in)",
}
_LABELS = {
    "published": "published multicut labels (Kardoost & Keuper 2021)",
    "motion": "from motion by dense optical flow (ours, not the paper's)",
    "simulated": "simulated from the ground truth",
}
_NETWORKS = {
    "trained": "trained on each sequence",
    TOGETHER: "trained on all sequences together",
    "published": "with the published weights",
}
_FOLLOW = {
    ANOTHER: "Labels follow another object than the one that is scored in {}: more foreground "
    "labels of annotated frames lie on it.",
    NO_OBJECT: "Labels follow no object in {}: less than half of the foreground labels of "
    "annotated frames lie on the one that is scored.",
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
    return words.of_each(having)


def semantic(rows: pd.DataFrame) -> str:
    """What the semantic features behind some rows are; "" if none are used."""
    using = rows[rows["semantic"] != ""][["semantic", "protocol"]].drop_duplicates()
    return words.listing(
        dict.fromkeys(
            _SEMANTIC.get(row.semantic, row.semantic)
            + (", as raw principal components" if row.protocol == "published-code" else "")
            for row in using.itertuples()
        )
    )


def stopped(number: int) -> str:
    """Say how many fits stopped before their last step; "" for none."""
    return f"{words.count(number, 'fit')} stopped early at the last finite state." if number else ""


def shortfalls(rows: pd.DataFrame, keys: list[str], say: Callable[[Row], str]) -> list[str]:
    """That fewer seeds ran than were planned, if so.

    Args:
        rows: of a summary.
        keys: columns that tell apart what seeds are of.
        say: what they are of, in words.
    """
    short = rows[rows["n_seeds"] < rows["planned_seeds"]].drop_duplicates(keys)
    items = [f"{say(row)} ({row.n_seeds} of {row.planned_seeds})" for row in short.itertuples()]
    return [f"Fewer seeds than planned: {words.listing(items)}."] if items else []


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


def labels(kind: str) -> str:
    """What weak labels are, by their kind."""
    return _LABELS.get(kind, kind)


def network(weights: str, training: str = "") -> str:
    """How a network came by its weights, in print.

    Args:
        weights: trained or published.
        training: the axis of that name.
    """
    together = weights == "trained" and training == TOGETHER
    return _NETWORKS.get(TOGETHER if together else weights, weights)


def videos_by(metrics: pd.DataFrame, column: str) -> dict[str, list[str]]:
    """The values of a column, each with the names of its videos."""
    pairs = metrics[[column, "item"]].dropna().drop_duplicates().astype(str)
    pairs = pairs[pairs[column] != ""]
    return {str(value): list(own["item"]) for value, own in pairs.groupby(column, sort=False)}


def told(metrics: pd.DataFrame, column: str, say: Callable[[str], str]) -> str:
    """The values of a column in words, and of several the videos of each.

    >>> rows = pd.DataFrame({"weights": ["trained", "published"], "item": ["a", "b"]})
    >>> told(rows, "weights", str), told(rows[:1], "weights", str)
    ('trained (a) and published (b)', 'trained')
    """
    found = videos_by(metrics, column)
    return words.of_each({say(value): names for value, names in found.items()})


def follow(rows: pd.DataFrame) -> str:
    """What the labels behind some rows follow instead of the object scored; "" if they do not."""
    return words.listing(videos_by(rows, "labels_follow"))


def foreground_notes(metrics: pd.DataFrame, *, compares: bool = False) -> list[str]:
    """Of which object numbers are, where it is in doubt, and where labels follow another one.

    Args:
        metrics: rows of metrics.csv.
        compares: whether published numbers stand beside ours.
    """
    scored, notes = metrics[metrics["object_sure"].notna()], []
    unsure = videos_by(scored.assign(sure=scored["object_sure"].astype(str)), "sure")
    if unsure.get("False"):
        names = words.listing(unsure["False"])
        notes.append(
            f"Several objects are annotated in {names} and the authors' choice cannot be had: the "
            "foreground is the object that most foreground labels lie on"
            + (", which may not be that of the published row." if compares else ".")
        )
    others = videos_by(scored, "labels_follow")
    return notes + [_FOLLOW[what].format(words.listing(names)) for what, names in others.items()]


def left_out(summary: pd.DataFrame) -> list[str]:
    """That videos whose labels follow another object are not compared with the published rows.

    Args:
        summary: of either table.
    """
    if not (summary["published"] & (summary["labels_follow"] != "")).any():
        return []
    means = summary[summary["row"] == "mean over sequences"]
    means = means[(means["output"] == "representation") & means["published"]]
    items = [f"{row.fit} {row.n_compared} of {row.n_sequences}" for row in means.itertuples()]
    over = "; means of differences are over the other sequences: " if items else ""
    return [f"Of these no difference to the published row is shown{over}{words.listing(items)}."]
