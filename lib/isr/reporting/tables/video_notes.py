"""The notes below Tables 4 and 5: how the numbers were made, and what they mean."""

from functools import partial

import pandas as pd

from isr.constraints import record
from isr.evaluation.columns import UNARIES
from isr.reporting import origins, recipes, words
from isr.reporting.metrics import count_stopped
from isr.reporting.published import videos as published
from isr.reporting.tables.video_summary import OVER_SEQUENCES, SEQUENCE, Group
from isr.settings import SPATIO_TEMPORAL

_TROUBLES = {
    "skipped": "were skipped because their unaries are of one class (scored as an empty mask)",
    "failed": "failed (IoU with their unaries below 0.5, also from scratch)",
    "retried": "were fitted anew from scratch",
}


def noun(metrics: pd.DataFrame) -> str:
    """What the items are called."""
    return "sequence" if metrics.empty or metrics["frame"].notna().any() else "picture"


def output(name: str, group: Group) -> str:
    """Heading of the scores of an output."""
    if name == "predictor":
        return group.predictor
    if name == "representation":
        return "prior" if group.constraint != "unconstrained" else "no constraint"
    if name == "largest_component_filled":
        return f"{group.predictor}, largest part"
    return words.output(name, group.constraint)


def provenance(
    summary: pd.DataFrame, metrics: pd.DataFrame, group: Group, scored: str
) -> list[str]:
    """How our numbers were made, and what of the paper's setting was reduced.

    Args:
        summary: of either table.
        metrics: the rows behind the summary.
        group: what was planned.
        scored: at which size, in words.
    """
    ran = summary[summary["status"] == "ran"]
    if ran.empty:
        return ["Ours: no cell has run." if metrics.empty else "Nothing has a ground truth."]
    fits = metrics[metrics["output"] == "representation"]
    conditions = [words.seeds(metrics["seed"])]
    if labels := origins.told(metrics, "labels_kind", origins.labels):
        conditions.append(f"weak labels {labels}")
    say = partial(origins.network, training=group.training)
    if networks := origins.told(metrics, "weights", say):
        width = words.numbers(metrics["width"])
        conditions.append(f"{group.predictor} of width {width} {networks}")
    pixels = "frames" if noun(metrics) == "sequence" else "pictures"
    conditions += [
        f"{pixels} scaled by {words.numbers(metrics['scale'])}, {scored}",
        f"steps {recipes.steps_by_fit(fits)}, {_points(metrics)} points each",
        f"protocol {words.listing(metrics['protocol'].unique())}",
    ]
    sentences = [f"Ours: {'; '.join(conditions)}."]
    sentences += origins.foreground_notes(metrics, compares=group.compares)
    sentences += origins.left_out(summary)
    return [*sentences, *_reductions(metrics, group), *_shortfalls(summary), *_troubles(metrics)]


def _points(metrics: pd.DataFrame) -> str:
    return words.numbers(metrics["points"])


def _reductions(metrics: pd.DataFrame, group: Group) -> list[str]:
    """What is less than in the paper, where its numbers stand beside."""
    if not group.compares:
        return []
    found = []
    if set(metrics["width"].dropna()) - {published.WIDTH}:
        width = words.numbers(metrics["width"])
        found.append(f"{group.predictor} width {width} instead of {published.WIDTH}")
    if set(metrics["scale"]) != {published.SCALE}:
        scale = words.numbers(metrics["scale"])
        found.append(f"frames scaled by {scale} instead of whole ones")
    fits = metrics[metrics["output"] == "representation"]
    for fit, own in fits.groupby("fit", sort=False):
        found += _other_steps(str(fit), own)
    if published.DISTANCE not in group.distances:
        names = words.listing(map(words.distance, group.distances))
        found.append(f"{names} from the unaries instead of the squared one")
    found.append(f"{_points(metrics)} points a step instead of whole frames")
    for column, text in (("labels_kind", "other weak labels"), ("weights", "UNets of our own")):
        if set(metrics[column]) != {published.LABELS}:
            found.append(text)
    return [f"Not as in the paper: {'; '.join(found)}."]


def _other_steps(fit: str, own: pd.DataFrame) -> list[str]:
    """How the steps and the descent of a kind of fit differ from the paper's, number by number."""
    if fit == SPATIO_TEMPORAL:
        steps = words.numbers(own["steps"])
        return [f"{fit} steps {steps} instead of {published.STEPS_IN_TIME}"]
    found = []
    known = published.STEPS[fit]
    if any(set(own[name]) != {number} for name, number in known.items()):
        ours = ", then ".join(words.numbers(own[name]) for name in known)
        paper = ", then ".join(f"{number:,}" for number in known.values())
        found.append(f"{fit} steps {ours} instead of {paper}")
    if fit == "joint":
        if set(own["rate"].dropna()) - {published.JOINT_RATE}:
            rate = words.numbers(own["rate"])
            found.append(f"{fit} rate {rate} instead of {published.JOINT_RATE:g}")
        return found
    if set(own["optimiser"]) - {published.OPTIMISER, ""} or set(own["rate"].dropna()) - {
        published.RATE
    }:
        ours = f"{words.listing(own['optimiser'].str.capitalize().unique())} at "
        ours += words.numbers(own["rate"])
        paper = f"{published.OPTIMISER.capitalize()} at {published.RATE:g}"
        found.append(f"{fit} {ours} instead of {paper}")
    return found


def _shortfalls(summary: pd.DataFrame) -> list[str]:
    """Cells that should have run and did not, each once."""
    fits = summary[(summary["output"] == "representation") & (summary["item"] != "")]
    short = fits[fits["n_seeds"] < fits["planned_seeds"]]
    in_time = "noise" in short.columns
    keys = ["item", "fit", *(["distance", "noise"] if in_time else [])]
    items = [
        f"{row.item} {row.fit}"
        + (f" {words.share(row.noise)} noise, {words.distance(row.distance)}" if in_time else "")
        + f" ({row.n_seeds} of {row.planned_seeds})"
        for row in short.drop_duplicates(keys).itertuples()
    ]
    return [f"Fewer seeds than planned: {words.listing(items)}."] if items else []


def _troubles(metrics: pd.DataFrame) -> list[str]:
    """Frames that were skipped or failed, and fits that stopped early."""
    fits = metrics[(metrics["output"] == "representation") & (metrics["against"] == UNARIES)]
    counts = fits["status"].value_counts()
    items = [
        f"{counts[status]:,} {text}" for status, text in _TROUBLES.items() if counts.get(status, 0)
    ]
    sentences = []
    if items:
        sentences.append(f"Of {len(fits):,} frames (all seeds and fits) {words.listing(items)}.")
    return [*sentences, *filter(None, [recipes.stopped(count_stopped(metrics))])]


def sequence_notes(summary: pd.DataFrame, metrics: pd.DataFrame, group: Group) -> list[str]:
    """All notes of Table 4."""
    notes = provenance(summary, metrics, group, "scored at full size")
    notes += _meaning(summary, metrics, group)
    if not group.compares:
        return notes
    missing = [name for name in published.SEQUENCES if name not in group.items]
    gains = "; ".join(
        f"{fit} UNet {_mean(fit, 'predictor')}, prior {_mean(fit, 'representation')}"
        for fit in published.FITS
    )
    notes.append(
        f"Published: ICML 2024 paper, Table 4, means over {published.SEEDS} runs. Computed from "
        f"its rows, the mean IoUs over all {len(published.SEQUENCES)} sequences are: {gains}."
    )
    if missing:
        notes.append(f"Not in this study: {words.listing(missing)}.")
    return notes


def _mean(fit: str, output_: str) -> str:
    score = published.mean(fit, output_)
    return "" if score is None else f"{score.iou:.3f}"


def _meaning(summary: pd.DataFrame, metrics: pd.DataFrame, group: Group) -> list[str]:
    notes = []
    if noun(metrics) == "sequence":
        notes.append(
            "Every annotated frame counts. The mean over sequences is what the authors' code "
            "takes, the mean over frames what the paper's text speaks of; the csv has the scores "
            "of those frames alone that the authors' code would count."
        )
    if group.may_be_contradicted and noun(metrics) == "sequence":
        notes.append(
            "Contradicted: annotated frames whose ground truth is in several parts or has a hole, "
            "each of at least 2 % of the object. The prior's region is a deformed convex one, "
            "which is in one part and cannot have a hole."
        )
    if "largest_component_filled" in record(group.constraint).projections:
        name = group.predictor
        notes.append(
            f"{name}, largest part: the trivial projection, the largest component of the mask of "
            f"the {name} with its holes filled."
        )
    sequences = summary[(summary["row"] == SEQUENCE) & (summary["status"] == "ran")]
    counts = sequences.groupby(["fit", "output"]).size()
    if counts.nunique() > 1 or (len(counts) and counts.iloc[0] < len(group.items)):
        means = summary[
            (summary["row"] == OVER_SEQUENCES) & (summary["output"] == "representation")
        ]
        items = [f"{row.fit} {row.n_sequences}" for row in means.itertuples()]
        notes.append(
            f"Means are over the {noun(metrics)}s that ran, of {len(group.items)}: "
            f"{words.listing(items)}."
        )
    return notes


def noise_notes(summary: pd.DataFrame, metrics: pd.DataFrame, group: Group) -> list[str]:
    """All notes of Table 5."""
    scored = "compared at that size (annotated frames at full size)"
    notes = provenance(summary, metrics, group, scored)
    notes.append(
        f"IoU of the spatio-temporal prior with the thresholded unaries of the {group.predictor} "
        "without noise: over all frames as in the paper, and over those alone whose unaries were "
        "replaced by noise. The first and the last frame never are."
    )
    if "absolute" in group.distances:
        notes.append(
            "Of noise the squared distance asks for a probability of one half; the absolute one "
            "does so less strongly, and not at all where unaries are 0 or 1 with the same chance."
        )
    if summary["published"].any():
        notes.append(
            f"Published: ICML 2024 paper, Table 5 ({published.NOISE_SEQUENCE}), means over "
            f"{published.SEEDS} runs, squared distance."
        )
    return notes
