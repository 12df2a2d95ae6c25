"""How the columns and values of the tables are called in headings, captions and figures."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from isr.distances import DISTANCES
from isr.protocols import raw_components
from isr.reporting import published
from isr.reporting.settings import Study
from isr.reporting.summary import NOT_RUN
from isr.untrained import UNTRAINED
from isr.video_axes import TOGETHER

SEMANTIC = {
    "published": "two principal components of the published features (Aksoy et al. 2018)",
    "efficientnet-lite0": "two principal components of EfficientNet-Lite0 activations, averaged "
    "over Felzenszwalb regions (our stand-in)",
}
BASELINES = {
    "convex_hull": "hull of the predictor's mask",
    "convex_hull_largest": "hull of the predictor's largest part",
    "ray_polygon": "part of the predictor's mask seen from its centre",
    "largest_component_filled": "predictor's largest part, its holes filled",
}
_INPUTS = {"rgb": "RGB", "xy": "spatial"}
_CONSTRAINTS = {
    "unconstrained": "no constraint",
    "rotationally_symmetric": "rotationally symmetric",
    "radially_connected": "radially connected",
}


def predictor(name: str) -> str:
    """Name of a predictor in print."""
    if name == "unet":
        return "UNet"
    return name.upper() if name in (*published.PREDICTORS, *UNTRAINED) else name


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


def semantic(rows: pd.DataFrame) -> str:
    """What the semantic features of some rows are; empty when no row uses them.

    Args:
        rows: with the columns features, semantic and protocol; several values stand as "a|b".
    """
    using = rows[rows["features"].str.split("+").map(lambda parts: "semantic" in parts)]
    names = dict.fromkeys(
        SEMANTIC.get(source, source) + (", as raw principal components" if raw else "")
        for sources, protocols in zip(using["semantic"], using["protocol"], strict=True)
        if isinstance(sources, str)
        for source in sources.split("|")
        for raw in map(raw_components, protocols.split("|"))
    )
    return listing(names)


def video_cell(axes: "Mapping[str, Any] | pd.Series[Any]") -> str:
    """A cell of a study of videos in a few words; noise is named where there is some.

    So is a distance other than the paper's, and a network that is shared by all videos.

    Args:
        axes: labels, predictor, training, constraint, fit, distance, noise and seed.
    """
    noise = float(axes["noise"])
    shown = [*(str(axes[axis]) for axis in ("labels", "predictor", "constraint", "fit"))]
    if axes["training"] == TOGETHER:
        shown.insert(2, TOGETHER)
    if axes["distance"] != DISTANCES[0]:
        shown.append(f"{axes['distance']} distance")
    if noise:
        shown.append(f"noise {100 * noise:.0f} %")
    return " ".join([*shown, str(axes["seed"])])


def steps(rows: pd.DataFrame) -> str:
    """Steps per picture of the representations, then those of predictors that had others.

    Args:
        rows: with the columns predictor, features, fit, output and steps; several values of steps
            stand as "a|b".
    """
    axes = ["predictor", "features", "fit", "steps"]
    fits = rows[rows["output"] == "representation"]
    alone = rows[rows["output"] == "predictor"]
    if fits.empty:
        return _by_predictor(rows, "steps")
    known = set(fits[axes].itertuples(index=False, name=None))
    others = alone[[row not in known for row in alone[axes].itertuples(index=False, name=None)]]
    if others.empty:
        return _by_predictor(fits, "steps")
    kinds = listing(dict.fromkeys(others["fit"]))
    return f"{_by_predictor(fits, 'steps')} ({kinds} predictors {_by_predictor(others, 'steps')})"


def stopped(number: int) -> str:
    """Say how many fits stopped before their last step; empty for none."""
    return f"{count(number, 'fit')} stopped early at the last finite state." if number else ""


def listing(items: Iterable[object]) -> str:
    """Join items as in a sentence: a, b and c."""
    words = [str(item) for item in items]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def count(number: int, noun: str) -> str:
    """A number with its noun in the right form: 1 picture, 2 pictures."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def pictures(summary: pd.DataFrame) -> int:
    """How many pictures the numbers are about: the most that any setting has."""
    return int(summary["n_pictures"].max())


def provenance(summary: pd.DataFrame, study: Study) -> list[str]:
    """Sentences on where the numbers of a summary come from: ours first, then the published."""
    ran = summary[summary["status"] != NOT_RUN]
    if ran.empty:
        sentences = ["Ours: no cell has run."]
    else:
        sentences = ["Ours: " + "; ".join(_conditions(ran, study)) + "."]
        if not (ran["status"] == "ran").any():
            sentences.append("The pictures have no ground truth, so nothing is scored.")
        sentences += _shortfalls(ran)
        fits = ran[ran["output"] == "representation"]
        sentences += filter(None, [stopped(int(fits["n_stopped"].sum()))])
    if study.compares and summary["published"].any():
        difference = study.dataset.difference(pictures(summary))
        sentences.append(
            f"Published: ICML 2024 paper, Tables 1 and 3, means over {published.SEEDS} seeds and "
            f"the {published.PICTURES} pictures of ConvexityDB, {published.STEPS:,} steps"
            + (f"; {difference}, so no difference is taken." if difference else ".")
        )
    return sentences


def _conditions(ran: pd.DataFrame, study: Study) -> list[str]:
    n_pictures = ran["n_pictures"].agg(["min", "max"]).tolist()
    first = count(n_pictures[1], "picture")
    if n_pictures[0] != n_pictures[1]:
        first = f"{n_pictures[0]} to {first}"
    seeds = sorted({int(seed) for row in ran["seeds"] for seed in row.split()})
    conditions = [first]
    if study.dataset.long_side is not None:
        conditions.append(f"pictures shrunk to at most {study.dataset.long_side:,} px")
    conditions += [
        f"seed{'' if len(seeds) == 1 else 's'} {listing(seeds)}",
        f"steps per picture: {steps(ran)}",
        f"protocol {_by_predictor(ran, 'protocol')}",
    ]
    if set(ran["scale"]) != {"1"}:
        scales = _by_predictor(ran, "scale")
        conditions.append(f"trained on pictures scaled by {scales}, scored at full size")
    if features_used := semantic(ran):
        conditions.append(f"semantic features: {features_used}")
    return conditions


def _by_predictor(ran: pd.DataFrame, column: str) -> str:
    """Say a value once when all rows share it, else each with the predictors that have it."""
    having: dict[str, list[str]] = {}
    for name, rows in ran.groupby("predictor")[column]:
        values = dict.fromkeys(value for row in rows for value in row.split("|"))
        having.setdefault(listing(map(_thousands, values)), []).append(predictor(str(name)))
    if len(having) == 1:
        return next(iter(having))
    return listing(f"{value} ({listing(who)})" for value, who in having.items())


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
