"""What tables of motion segmentation say in words: their headings and the notes below them."""

import re
from collections.abc import Iterable
from functools import partial

import pandas as pd

from isr.reporting import published_videos as published
from isr.reporting import video_origins, words
from isr.reporting.video_study import VideoStudy
from isr.reporting.video_summary import OVER_SEQUENCES, SEQUENCE
from isr.video_axes import AXES, SPATIO_TEMPORAL


def output(name: str, constraint: str) -> str:
    """Heading of the scores of an output."""
    if name == "predictor":
        return "UNet"
    if name == "representation":
        return "prior" if constraint != "unconstrained" else "no constraint"
    return {"largest_component_filled": "UNet, largest part"}.get(name, words.output(name, ""))


def share(value: float) -> str:
    """A share of frames in print.

    >>> share(0.2)
    '20 %'
    """
    return f"{100 * value:.0f} %"


def distance(name: str) -> str:
    """How far a fit is from its unaries, in print."""
    return {"entropy": "cross entropy"}.get(name, f"{name} distance")


def provenance(
    summary: pd.DataFrame, study: VideoStudy, metrics: pd.DataFrame, scored: str
) -> list[str]:
    """How our numbers were made, and what of the paper's setting was reduced.

    Args:
        summary: of either table.
        study: what was planned.
        metrics: the rows behind the summary.
        scored: at which size, in words.
    """
    ran = summary[summary["status"] == "ran"]
    if ran.empty:
        return ["Ours: no cell has run." if metrics.empty else "Nothing has a ground truth."]
    seeds = sorted({int(seed) for row in ran["seeds"] for seed in row.split()})
    labels = video_origins.told(metrics, "labels_kind", video_origins.labels)
    networks = video_origins.told(
        metrics, "weights", partial(video_origins.network, training=study.training)
    )
    sentences = [
        f"Ours: seed{'' if len(seeds) == 1 else 's'} {words.listing(seeds)}; weak labels "
        f"{labels}; UNet of width {_values(ran, 'width')} {networks}; "
        f"frames scaled by {_values(ran, 'scale')}, {scored}; steps {_steps(ran)}, "
        f"{_points(ran)} points each; protocol {_values(ran, 'protocol')}."
    ]
    sentences += video_origins.foreground_notes(metrics, compares=study.compares)
    sentences += video_origins.left_out(summary)
    return [*sentences, *_reductions(ran, study), *_shortfalls(summary), *_troubles(metrics)]


def _values(rows: pd.DataFrame, column: str) -> str:
    return words.listing(_parts(rows[column]))


def _parts(column: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for text in column for value in text.split("|") if value))


def _steps(rows: pd.DataFrame) -> str:
    found = {
        fit: words.listing(_parts(own)) for fit, own in rows.groupby("fit", sort=False)["steps"]
    }
    if len(found) == 1:
        return _grouped(next(iter(found.values())))
    return "; ".join(f"{fit} {_grouped(text)}" for fit, text in found.items())


def _points(rows: pd.DataFrame) -> str:
    return _grouped(_values(rows, "points"))


def _grouped(text: str) -> str:
    return re.sub(r"(?<![\d.])\d{4,}", lambda number: f"{int(number[0]):,}", text)


def _reductions(ran: pd.DataFrame, study: VideoStudy) -> list[str]:
    """What is less than in the paper, where its numbers stand beside."""
    if not study.compares:
        return []
    found = []
    if set(_parts(ran["width"])) != {f"{published.WIDTH:g}"}:
        found.append(f"UNet width {_values(ran, 'width')} instead of {published.WIDTH}")
    if set(_parts(ran["scale"])) != {f"{published.SCALE:g}"}:
        found.append(f"frames scaled by {_values(ran, 'scale')} instead of whole ones")
    for fit, own in ran.groupby("fit", sort=False):
        steps, known = _parts(own["steps"]), published.STEPS.get(str(fit))
        if known is not None and steps != [known]:
            text = _grouped(words.listing(steps))
            found.append(f"{fit} steps {text} instead of {_grouped(known)}")
    if published.DISTANCE not in study.distances:
        names = words.listing(map(distance, study.distances))
        found.append(f"{names} from the unaries instead of the squared one")
    found.append(f"{_points(ran)} points a step instead of whole frames")
    for column, text in (("labels_kind", "other weak labels"), ("weights", "UNets of our own")):
        if _parts(ran[column]) != [published.LABELS]:
            found.append(text)
    return [f"Not as in the paper: {'; '.join(found)}."]


def _shortfalls(summary: pd.DataFrame) -> list[str]:
    """Cells that should have run and did not, each once."""
    fits = summary[(summary["output"] == "representation") & (summary["video"] != "")]
    short = fits[fits["n_seeds"] < fits["planned_seeds"]]
    in_time = "noise" in short.columns
    keys = ["video", "fit", *(["distance", "noise"] if in_time else [])]
    items = [
        f"{row.video} {row.fit}"
        + (f" {share(row.noise)} noise, {distance(row.distance)}" if in_time else "")
        + f" ({row.n_seeds} of {row.planned_seeds})"
        for row in short.drop_duplicates(keys).itertuples()
    ]
    return [f"Fewer seeds than planned: {words.listing(items)}."] if items else []


def _troubles(metrics: pd.DataFrame) -> list[str]:
    """Frames that were skipped or failed, and fits that stopped early."""
    fits = metrics[(metrics["output"] == "representation") & (metrics["against"] == "unaries")]
    counts = fits["status"].value_counts()
    named = {
        "skipped": "were skipped because their unaries are of one class (scored as an empty mask)",
        "failed": "failed (IoU with their unaries below 0.5, also from scratch)",
        "retried": "were fitted anew from scratch",
    }
    items = [
        f"{counts[status]:,} {text}" for status, text in named.items() if counts.get(status, 0)
    ]
    sentences = []
    if items:
        sentences.append(f"Of {len(fits):,} frames (all seeds and fits) {words.listing(items)}.")
    return [*sentences, *filter(None, [words.stopped(count_stopped(fits))])]


def count_stopped(metrics: pd.DataFrame) -> int:
    """How many fits stopped early; one in time has a row for each of its frames."""
    fits = metrics[metrics["output"] == "representation"]
    stopped = fits[fits["finite"].astype(str) == "False"]
    names = stopped["video"].where(stopped["fit"] == SPATIO_TEMPORAL, stopped["picture"])
    return len(set(zip(*(stopped[axis] for axis in AXES), names, strict=True)))


def sequence_notes(summary: pd.DataFrame, study: VideoStudy, metrics: pd.DataFrame) -> list[str]:
    """All notes of Table 4."""
    notes = provenance(summary, study, metrics, "scored at full size")
    notes += _meaning(summary, study)
    if not study.compares:
        return notes
    missing = [name for name in published.SEQUENCES if name not in study.videos]
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


def _meaning(summary: pd.DataFrame, study: VideoStudy) -> list[str]:
    notes = [
        "Every annotated frame counts. The mean over sequences is what the authors' code takes, "
        "the mean over frames what the paper's text speaks of; the csv has the scores of those "
        "frames alone that the authors' code would count.",
    ]
    if study.may_be_contradicted:
        notes.append(
            "Contradicted: annotated frames whose ground truth is in several parts or has a hole, "
            "each of at least 2 % of the object. The prior's region is a deformed convex one, "
            "which is in one part and cannot have a hole."
        )
    if "largest_component_filled" in set(summary["output"]):
        notes.append(
            "UNet, largest part: the trivial projection, the largest component of the UNet's mask "
            "with its holes filled."
        )
    sequences = summary[(summary["row"] == SEQUENCE) & (summary["status"] == "ran")]
    counts = sequences.groupby(["fit", "output"]).size()
    if counts.nunique() > 1 or (len(counts) and counts.iloc[0] < len(study.videos)):
        means = summary[
            (summary["row"] == OVER_SEQUENCES) & (summary["output"] == "representation")
        ]
        items = [f"{row.fit} {row.n_sequences}" for row in means.itertuples()]
        notes.append(
            f"Means are over the sequences that ran, of {len(study.videos)}: "
            f"{words.listing(items)}."
        )
    return notes


def noise_notes(summary: pd.DataFrame, study: VideoStudy, metrics: pd.DataFrame) -> list[str]:
    """All notes of Table 5."""
    scored = "compared at that size (annotated frames at full size)"
    notes = provenance(summary, study, metrics, scored)
    notes.append(
        "IoU of the spatio-temporal prior with the UNet's own thresholded unaries without noise: "
        "over all frames as in the paper, and over those alone whose unaries were replaced by "
        "noise. The first and the last frame never are."
    )
    if "absolute" in study.distances:
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
