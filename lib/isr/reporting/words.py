"""How the columns and values of the tables are called in headings, captions and figures."""

from collections.abc import Iterable

import pandas as pd

from isr.reporting import published
from isr.reporting.settings import Study

SEMANTIC = {
    "published": "the paper's published files",
    "efficientnet-lite0": "two principal components of EfficientNet-Lite0 features (our stand-in)",
}
BASELINES = {
    "convex_hull": "hull of the predictor's mask",
    "convex_hull_largest": "hull of its largest part",
}
_INPUTS = {"rgb": "RGB", "xy": "spatial"}
_CONSTRAINTS = {"unconstrained": "no constraint"}


def predictor(name: str) -> str:
    """Name of a predictor in print."""
    return name.upper() if name in published.PREDICTORS else name


def features(name: str) -> str:
    """Name of a feature set as the paper prints it, e.g. RGB+spatial."""
    return "+".join(_INPUTS.get(part, part) for part in name.split("+"))


def fit(name: str) -> str:
    """Name of a kind of fit as the paper's Table 1 prints it."""
    return {"sequential": "seq."}.get(name, name)


def output(name: str, constraint: str) -> str:
    """Name of a scored output; a representation is called by its constraint."""
    if name == "representation":
        return _CONSTRAINTS.get(constraint, constraint.replace("_", "-"))
    return BASELINES.get(name, name.replace("_", " "))


def listing(items: Iterable[object]) -> str:
    """Join items as in a sentence: a, b and c."""
    words = [str(item) for item in items]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def count(number: int, noun: str) -> str:
    """A number with its noun in the right form: 1 picture, 2 pictures."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def pictures(summary: pd.DataFrame) -> int:
    """How many pictures were scored: the most that any setting has."""
    return int(summary["n_pictures"].max())


def provenance(summary: pd.DataFrame, study: Study) -> list[str]:
    """Sentences on where the numbers of a summary come from: ours first, then the published."""
    ran = summary[summary["status"] == "ran"]
    if ran.empty:
        sentences = ["Ours: no cell has run."]
    else:
        sentences = ["Ours: " + "; ".join(_conditions(ran)) + "."]
        sentences += _shortfalls(ran)
    if study.shows_published and summary["published"].any():
        same = study.dataset.is_published_set(pictures(summary))
        sentences.append(
            f"Published: ICML 2024 paper, Tables 1 and 3, means over {published.SEEDS} seeds and "
            f"the {published.PICTURES} pictures of ConvexityDB, {published.STEPS:,} steps"
            + ("." if same else "; other pictures than ours, so no difference is taken.")
        )
    return sentences


def _conditions(ran: pd.DataFrame) -> list[str]:
    n_pictures = ran["n_pictures"].agg(["min", "max"]).tolist()
    first = count(n_pictures[1], "picture")
    if n_pictures[0] != n_pictures[1]:
        first = f"{n_pictures[0]} to {first}"
    seeds = sorted({int(seed) for row in ran["seeds"] for seed in row.split()})
    conditions = [
        first,
        f"seed{'' if len(seeds) == 1 else 's'} {listing(seeds)}",
        _by_predictor(ran, "steps", "{} steps per picture"),
        _by_predictor(ran, "protocol", "protocol {}"),
    ]
    if set(ran["scale"]) != {"1"}:
        conditions.append(_by_predictor(ran, "scale", "pictures scaled by {}"))
    semantic = ran[ran["features"].str.split("+").map(lambda parts: "semantic" in parts)]
    sources = dict.fromkeys(source for row in semantic["semantic"] for source in row.split("|"))
    if sources:
        names = listing(SEMANTIC.get(source, source) for source in sources)
        conditions.append(f"semantic features: {names}")
    return conditions


def _by_predictor(ran: pd.DataFrame, column: str, pattern: str) -> str:
    """Say a value once when all rows share it, else each with the predictors that have it."""
    having: dict[str, list[str]] = {}
    for name, rows in ran.groupby("predictor")[column]:
        values = dict.fromkeys(value for row in rows for value in row.split("|"))
        having.setdefault(listing(map(_thousands, values)), []).append(predictor(str(name)))
    if len(having) == 1:
        return pattern.format(next(iter(having)))
    return pattern.format(listing(f"{value} ({listing(who)})" for value, who in having.items()))


def _thousands(value: str) -> str:
    return f"{int(value):,}" if value.isdecimal() else value


def _shortfalls(ran: pd.DataFrame) -> list[str]:
    short = ran[ran["n_seeds"] < ran["planned_seeds"]].drop_duplicates(
        ["predictor", "features", "fit"]
    )
    if short.empty:
        return []
    cells = listing(
        f"{predictor(row.predictor)} {features(row.features)} {fit(row.fit)} "
        f"({row.n_seeds} of {row.planned_seeds})"
        for row in short.itertuples()
    )
    return [f"Fewer seeds than planned: {cells}."]
