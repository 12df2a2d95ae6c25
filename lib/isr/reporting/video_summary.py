"""From the scores of single frames to the numbers of Tables 4 and 5, in tidy form."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from isr.errors import UserError
from isr.evaluation.baselines import BASELINES
from isr.evaluation.metrics import mean_and_deviation
from isr.reporting import published_videos as published
from isr.reporting import video_origins
from isr.reporting.summary import NO_GROUND_TRUTH, NOT_RUN, read_metrics
from isr.reporting.video_study import VideoStudy
from isr.video_axes import AXES, SPATIO_TEMPORAL

METRICS_COLUMNS = [
    "study",
    "dataset",
    "labels",
    "labels_kind",
    "predictor",
    "training",
    "constraint",
    "fit",
    "distance",
    "noise",
    "seed",
    "protocol",
    "scale",
    "width",
    "weights",
    "steps",
    "points",
    "picture",
    "video",
    "frame",
    "annotated",
    "status",
    "output",
    "against",
    "iou",
    "accuracy",
    "object_sure",
    "labels_follow",
    "contradicted",
    "published_rule",
    "noisy",
]
SCORES = ("iou", "accuracy")
SEQUENCE, OVER_SEQUENCES, OVER_FRAMES = "sequence", "mean over sequences", "mean over frames"
MEANS = (OVER_SEQUENCES, OVER_FRAMES)

NAN = float("nan")
CONDITIONS = (
    *("distance", "protocol", "steps", "points", "scale", "width"),
    *("labels_kind", "weights"),
)

Row = dict[str, Any]
Scores = dict[str, pd.DataFrame]
"""By video: scores, one row per frame, one column per seed."""


def read_video_metrics(paths: Iterable[Path], study: VideoStudy) -> pd.DataFrame:
    """Read the metrics.csv of cells and keep the rows of the planned ones.

    Raises:
        UserError: as `isr.reporting.summary.read_metrics`, or a cell is given twice.
    """
    metrics = read_metrics(paths, study.name, METRICS_COLUMNS)
    planned = {
        (*(getattr(cell, axis) for axis in AXES), video)
        for cell in study.cells
        for video in cell.videos
    }
    keys = zip(*(metrics[axis] for axis in (*AXES, "video")), strict=True)
    metrics = metrics.loc[[key in planned for key in keys]]
    if metrics.duplicated(
        ["picture", "fit", "distance", "noise", "seed", "output", "against"]
    ).any():
        raise UserError("metrics.csv: a frame is scored twice: give each cell's file once.")
    return metrics


def outputs(metrics: pd.DataFrame, constraint: str) -> list[str]:
    """What is scored: the predictor, its trivial projections, the representation."""
    projections = BASELINES.get(constraint, ())
    found = [name for name in metrics["output"].unique() if name not in published.OUTPUTS]
    return ["predictor", *dict.fromkeys([*projections, *sorted(found)]), "representation"]


def planned_seeds_of(study: VideoStudy, video: str, fit: str) -> list[int]:
    """Seeds of the cells that should fit a video."""
    return sorted({cell.seed for cell in study.cells if cell.fit == fit and video in cell.videos})


def fits_of(study: VideoStudy) -> list[str]:
    """The kinds of fits that were planned, in the paper's order."""
    planned = {cell.fit for cell in study.cells}
    return [fit for fit in (*published.FITS, SPATIO_TEMPORAL) if fit in planned]


def summarise_sequences(metrics: pd.DataFrame, study: VideoStudy) -> pd.DataFrame:
    """Average the scores of annotated frames over frames and seeds, then over sequences or frames.

    Args:
        metrics: rows of `read_video_metrics`.
        study: what was planned.

    Returns:
        One row per sequence, fit and output, and the two means of each fit and output (`row` tells
        them apart): the mean over sequences of their means over frames, which the authors' code
        takes, and the mean over all frames, of which the paper's text speaks. Scores lie in [0, 1],
        deviations are over seeds (ddof 1; NaN for one seed). `*_published_rule` are of the frames
        that the authors' code would score. `iou_unaries` is with the own thresholded unaries, over
        all frames. `n_contradicted`, of path-connected shapes alone, counts annotated frames whose
        ground truth no deformed convex region agrees with. `labels_follow` says what the labels
        follow if it is not the object that is scored. `difference_*` is ours minus published where
        they do follow it; that of a mean is over these `n_compared` sequences, and only where the
        paper has every sequence behind it.
    """
    rows: list[Row] = []
    means: list[Row] = []
    for fit in fits_of(study):
        of_fit = metrics[metrics["fit"] == fit]
        for output in outputs(metrics, study.constraint):
            own = of_fit[of_fit["output"] == output]
            videos = [v for v in study.videos if planned_seeds_of(study, v, fit)]
            found = {video: own[own["video"] == video] for video in videos}
            rows += [_sequence(study, video, fit, output, found[video], of_fit) for video in videos]
            means += [_mean(study, kind, fit, output, found, rows) for kind in MEANS]
    order = {name: number for number, name in enumerate(study.videos)}
    rows.sort(key=lambda row: order[row["video"]])
    means.sort(key=lambda row: MEANS.index(row["row"]))
    summary = pd.DataFrame([*rows, *means])
    return summary if study.may_be_contradicted else summary.drop(columns="n_contradicted")


def axes_of(study: VideoStudy, kind: str, video: str, fit: str, output: str) -> Row:
    """What a row is about; `kind` says whether it is a sequence or a mean."""
    return {
        "study": study.name,
        "dataset": study.dataset,
        "labels": study.labels,
        "predictor": study.predictor,
        "constraint": study.constraint,
        "row": kind,
        "video": video,
        "fit": fit,
        "output": output,
    }


def _sequence(
    study: VideoStudy, video: str, fit: str, output: str, own: pd.DataFrame, of_fit: pd.DataFrame
) -> Row:
    scored = own[own["against"] == "ground truth"]
    row = axes_of(study, SEQUENCE, video, fit, output)
    row["status"] = "ran" if len(scored) else NO_GROUND_TRUTH if len(own) else NOT_RUN
    if own.empty and not of_fit[of_fit["video"] == video].empty:
        # A predictor is compared with the ground truth alone.
        row["status"] = NO_GROUND_TRUTH
    for name in SCORES:
        row[name], row[f"{name}_deviation"] = mean_and_deviation(_table(scored, name))
    row |= seeds_of(own, len(planned_seeds_of(study, video, fit)))
    frames = scored.drop_duplicates("frame")
    row["n_sequences"] = 1 if len(scored) else 0
    row["n_frames"] = len(frames)
    row["n_contradicted"] = int(flags(frames["contradicted"]).sum())
    row["iou_unaries"] = mean_and_deviation(_table(own[own["against"] == "unaries"], "iou"))[0]
    counted = scored[flags(scored["published_rule"])]
    for name in SCORES:
        row[f"{name}_published_rule"] = mean_and_deviation(_table(counted, name))[0]
    row["n_frames_published_rule"] = counted["frame"].nunique()
    row["labels_follow"] = video_origins.follow(of_fit[of_fit["video"] == video])
    return row | _published(row, study.published_score(video, fit, output)) | conditions(own)


def _mean(
    study: VideoStudy,
    kind: str,
    fit: str,
    output: str,
    found: dict[str, pd.DataFrame],
    rows: list[Row],
) -> Row:
    """The mean over the sequences of a fit and output that ran, or over their frames."""
    own = [row for row in rows if (row["fit"], row["output"]) == (fit, output)]
    ran = [row for row in own if row["status"] == "ran"]
    names = [row["video"] for row in ran]
    row = axes_of(study, kind, "", fit, output)
    row["status"] = "ran" if ran else (own[0]["status"] if own else NOT_RUN)
    frames = pd.concat([found[name] for name in names]) if ran else pd.DataFrame(columns=["seed"])
    scored = frames[frames["against"] == "ground truth"] if ran else frames
    weigh = kind == OVER_FRAMES
    for name in SCORES:
        row[name], row[f"{name}_deviation"] = _over_videos(scored, name, weigh=weigh)
    row |= seeds_of(frames, max((each["planned_seeds"] for each in own), default=0))
    row["n_sequences"] = len(ran)
    for count in ("n_frames", "n_contradicted"):
        row[count] = sum(each[count] for each in ran)
    unaries = frames[frames["against"] == "unaries"] if ran else frames
    row["iou_unaries"] = _over_videos(unaries, "iou", weigh=weigh)[0]
    counted = scored[flags(scored["published_rule"])] if ran else scored
    for name in SCORES:
        row[f"{name}_published_rule"] = _over_videos(counted, name, weigh=weigh)[0]
    row["n_frames_published_rule"] = sum(each["n_frames_published_rule"] for each in ran)
    row["labels_follow"] = ""
    known = published.mean(fit, output, names) if study.compares else None
    row |= _published(row, known if kind == OVER_SEQUENCES else None)
    if row["published"]:
        row |= _mean_difference([each for each in ran if each["n_compared"]])
    return row | conditions(frames)


def _mean_difference(rows: list[Row]) -> Row:
    """The mean of the differences of the sequences that are compared; NaN if none is."""
    found: Row = {"n_compared": len(rows)}
    for name in SCORES:
        differences = [row[f"difference_{name}"] for row in rows]
        found[f"difference_{name}"] = fmean(differences) if differences else NAN
    return found


def _table(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Scores (frames, seeds); frames that not all seeds scored are left out."""
    return rows.pivot(index="frame", columns="seed", values=name).astype(float).dropna()


def _over_videos(rows: pd.DataFrame, name: str, *, weigh: bool) -> tuple[float, float]:
    """Mean over videos, each with the weight of its frames or with the same, and deviation.

    A video's score is the mean over its own seeds; the deviation is over the seeds that scored
    all videos.
    """
    if rows.empty:
        return NAN, NAN
    tables = {video: _table(part, name) for video, part in rows.groupby("video", sort=False)}
    means = pd.DataFrame({video: table.mean() for video, table in tables.items()})
    weights = pd.Series({video: len(table) if weigh else 1 for video, table in tables.items()})
    return mean_over_videos(means, weights)


def mean_over_videos(
    means: pd.DataFrame, weights: "pd.Series[Any] | None" = None
) -> tuple[float, float]:
    """Mean over videos of their means over their own seeds; deviation over seeds with all videos.

    Args:
        means: one row per seed, one column per video; NaN where a seed did not score a video.
        weights: of the videos; None gives all the same.
    """
    shares = pd.Series(1.0, means.columns) if weights is None else weights
    shares = shares / shares.sum()
    by_seed = (means.dropna() * shares).sum(axis="columns")
    return float((means.mean() * shares).sum()), float(by_seed.std(ddof=1))


def flags(column: "pd.Series[Any]") -> "pd.Series[bool]":
    """A column of true, false and nothing as booleans, however it was read."""
    return column.map(lambda value: str(value) == "True").astype(bool)


def seeds_of(rows: pd.DataFrame, planned: int) -> Row:
    """How many seeds have run, which, and how many should have."""
    seeds = sorted(int(seed) for seed in rows["seed"].unique())
    return {
        "n_seeds": len(seeds),
        "seeds": " ".join(map(str, seeds)),
        "planned_seeds": planned,
    }


def _published(row: Row, score: published.Score | None) -> Row:
    """The published scores, and how far ours are from those of the same object."""
    compared = score is not None and row["status"] == "ran" and not row["labels_follow"]
    found: Row = {"published": score is not None, "n_compared": int(compared)}
    for name in SCORES:
        known = NAN if score is None else getattr(score, name)
        found[f"published_{name}"] = known
        found[f"difference_{name}"] = row[name] - known if compared else NAN
    return found


def conditions(rows: pd.DataFrame) -> Row:
    """How the numbers were made: several values of a column stand as "a|b"."""
    return {
        column: "|".join(
            dict.fromkeys(
                f"{value:g}" if isinstance(value, float) else str(value)
                for value in (rows[column].dropna() if column in rows.columns else ())
            )
        )
        for column in CONDITIONS
    }


def to_csv(summary: pd.DataFrame, scores: Sequence[str] = SCORES) -> str:
    """The tidy table as CSV; the columns `scores` say why where there is no number."""
    table = summary.astype(object).where(summary.notna(), "")
    for name in summary.select_dtypes("float").columns:
        if name != "noise":
            table[name] = summary[name].map(lambda value: "" if pd.isna(value) else f"{value:.4f}")
    missing = summary["status"] != "ran"
    for name in summary.columns.intersection(list(scores)):
        table.loc[missing, name] = summary["status"][missing]
    return str(table.to_csv(index=False, lineterminator="\n"))
