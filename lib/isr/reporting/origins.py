"""Which labels and which network made the numbers of videos, and of which object they are."""

from collections.abc import Callable

import pandas as pd

from isr.data.weak_labels.store import ANOTHER, NO_OBJECT
from isr.reporting import words
from isr.settings import TOGETHER

LABELS = {
    "published": "published multicut labels (Kardoost & Keuper 2021)",
    "motion": "from motion by dense optical flow (ours, not the paper's)",
    "simulated": "simulated from the ground truth",
}
NETWORKS = {
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


def labels(kind: str) -> str:
    """What weak labels are, by their kind."""
    return LABELS.get(kind, kind)


def network(weights: str, training: str = "") -> str:
    """How a network came by its weights, in print.

    Args:
        weights: trained or published.
        training: the axis of that name.
    """
    together = weights == "trained" and training == TOGETHER
    return NETWORKS.get(TOGETHER if together else weights, weights)


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
    if len(found) == 1:
        return say(next(iter(found)))
    return words.listing(f"{say(value)} ({words.listing(names)})" for value, names in found.items())


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
