"""What the report says of a study of videos: what became of its frames, where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from isr.data.videos import Video, read_video
from isr.distances import DISTANCES
from isr.reporting.study_report import StudyReport
from isr.reporting.video_study import JUDGED, VideoStudy
from isr.video_axes import AXES, SPATIO_TEMPORAL, TRAININGS

from isr.data.weak_labels.store import label_kind
from isr.errors import UserError
from isr.evaluation.certificates.path_connectedness import IN_PICTURE
from isr.reporting import (
    certificate_summary,
    settings,
    summary,
    video_origins,
    video_words,
    words,
)

STATUSES = ("fitted", "retried", "failed", "skipped")
_KEYS = ("name", "dataset", "videos", "labels", "cells")
_MOST_SHOWN = 300
"""Where there are more representations, those of which nothing is to be said are not listed."""
_EXPECTED = ("holds", IN_PICTURE)
_COLUMNS = (
    *AXES,
    *("protocol", "scale", "width", "steps", "video", "frame", "annotated", "status", "output"),
    *("contradicted", "noisy", "finite"),
    *("labels_kind", "weights", "object_sure", "labels_follow"),
)


@dataclass(frozen=True)
class FrameRow:
    """What became of the frames of one video in one cell.

    Attributes:
        cell: its axes in words.
        video: name of the video.
        frames: how many it has.
        statuses: frames of each of STATUSES.
        truth: annotated frames whose ground truth contradicts the constraint, of all annotated;
            empty where it is not known what does, and of regions in time, whose slices may be in
            parts.
        unaries: other frames whose unaries contradict it, of all others.
        noisy: frames whose unaries were replaced by noise.
    """

    cell: str
    video: str
    frames: int
    statuses: tuple[int, ...]
    truth: str
    unaries: str
    noisy: int


@dataclass(frozen=True)
class VideoRow:
    """One video: its size, and where it comes from."""

    name: str
    size: str
    frames: int
    annotated: int
    source: str
    licence: str
    notes: str


@dataclass(frozen=True)
class VideoReport:
    """What the page says of one study of videos.

    Attributes:
        study: what it says of every study.
        statuses: headings of the statuses of frames.
        frames: one row for each cell and video.
        videos: the videos.
    """

    study: StudyReport
    statuses: tuple[str, ...]
    frames: tuple[FrameRow, ...]
    videos: tuple[VideoRow, ...]


def make(entry: Any) -> VideoReport:
    """Read what the cells of a study of videos left.

    Args:
        entry: name, dataset {name, kind, text?}, videos and labels (folders that hold one per
            video; of labels, one such folder per kind), cells (axes, folder, videos), maybe text.

    Raises:
        UserError: a setting is wrong, or a file cannot be read.
    """
    settings.check_keys(entry, "video_studies", required=_KEYS, optional=("text",))
    cells = {_words(cell): cell for cell in entry["cells"]}
    ran = {
        name: Path(cell["folder"])
        for name, cell in cells.items()
        if (Path(cell["folder"]) / "metrics.csv").exists()
    }
    tables = {
        name: summary.read_metrics([folder / "metrics.csv"], str(entry["name"]), _COLUMNS)
        for name, folder in ran.items()
    }
    metrics = pd.concat(tables.values()) if tables else pd.DataFrame()
    names = list(dict.fromkeys(video for cell in entry["cells"] for video in cell["videos"]))
    videos = [read_video(Path(entry["videos"]) / name) for name in names]
    labels = _labels(entry, names)
    certificates = certificate_summary.read_certificates(
        [folder / "certificates.csv" for folder in ran.values()], AXES
    )
    found = certificate_summary.summarise(certificates)
    shown = found.representations
    if len(shown) > _MOST_SHOWN:
        shown = tuple(each for each in shown if not each.holds or each.verdict not in _EXPECTED)
    study = StudyReport(
        name=str(entry["name"]),
        data=_data(entry, names),
        text=entry.get("text") or "",
        planned=len(cells),
        missing=tuple(name for name in cells if name not in ran),
        rows=_facts(metrics, labels) if ran else (),
        warning=words.stopped(video_words.count_stopped(metrics)) if ran else "",
        certificates=replace(found, representations=shown),
    )
    rows = [row for name, table in tables.items() for row in _frames(name, table)]
    return VideoReport(study, STATUSES, tuple(rows), tuple(map(_video, videos)))


def _data(entry: Mapping[str, Any], names: Sequence[str]) -> str:
    dataset = entry["dataset"]
    about = {"name": dataset["name"], "dataset": dataset["name"], "kind": dataset["kind"]}
    return VideoStudy(**about, videos=tuple(names), cells=(), text=dataset.get("text")).describe()


def _words(cell: Any) -> str:
    keys = (*AXES, "folder", "videos")
    for key in keys:
        if not isinstance(cell, Mapping) or key not in cell:
            raise UserError(f"video_studies of the settings: a cell lacks {key!r}: add it.")
    return words.video_cell(cell)


def _labels(entry: Mapping[str, Any], names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Each axis value of labels with what they are; if that differs, of which videos, and why."""
    found = {}
    for axis, folder in entry["labels"].items():
        videos: dict[tuple[str, str], list[str]] = {}
        for name in names:
            if (Path(folder) / name).exists():
                about = label_kind(Path(folder) / name)
                videos.setdefault((about["text"], about.get("reason", "")), []).append(name)
        if len(videos) == 1:
            ((text, reason),) = videos
            found[str(axis)] = text + (f" ({reason})" if reason else "")
        elif videos:
            found[str(axis)] = "; ".join(
                f"{text} ({': '.join(filter(None, [words.listing(own), reason]))})"
                for (text, reason), own in videos.items()
            )
    return tuple(found.items())


def _facts(metrics: pd.DataFrame, labels: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """What the cells that ran have in common or between them, as (heading, words)."""

    def values(column: str) -> str:
        found = metrics[column].dropna().unique()
        return words.listing(f"{x:g}" if isinstance(x, float) else str(x) for x in found)

    constraints = (words.output("representation", each) for each in metrics["constraint"].unique())
    frames = metrics[["video", "frame"]].drop_duplicates()
    rows = [
        ("Weak labels", "; ".join(f"{kind}: {text}" for kind, text in labels)),
        ("Constraint", words.listing(constraints)),
        ("Predictor", f"{_networks(metrics)}, width {values('width')}, scale {values('scale')}"),
        ("Weights", video_origins.told(metrics, "weights", video_origins.network)),
        ("Fits", values("fit")),
        ("Seeds", values("seed")),
        ("Videos", f"{metrics['video'].nunique()}, {words.count(len(frames), 'frame')} in all"),
        ("Steps", "; ".join(_steps(metrics))),
        ("Protocol", values("protocol")),
    ]
    if set(metrics["training"]) != {TRAININGS[0]}:
        rows.insert(3, ("Networks for each video, or one for all together", values("training")))
    if set(metrics["distance"]) != {DISTANCES[0]}:
        rows.insert(-4, ("Distance from unaries", values("distance")))
    if metrics["noise"].any():
        rows.insert(-4, ("Shares of noise", values("noise")))
    if doubts := video_origins.foreground_notes(metrics):
        rows.insert(1, ("Foreground", " ".join(doubts)))
    return tuple(rows)


def _networks(metrics: pd.DataFrame) -> str:
    return words.listing(map(words.predictor, metrics["predictor"].unique()))


def _steps(metrics: pd.DataFrame) -> list[str]:
    """Steps of each kind of fit: of the first frame, then of each other, then epochs."""
    known = metrics[["fit", "steps"]].astype(str).drop_duplicates()
    return [f"{row.fit} {row.steps}" for row in known.itertuples()]


def _frames(cell: str, metrics: pd.DataFrame) -> list[FrameRow]:
    rows = []
    fits = metrics[metrics["output"] == "representation"]
    for video, of_video in fits.groupby("video", sort=False):
        frames = of_video.drop_duplicates("frame")
        counts = frames["status"].value_counts()
        in_time = frames["fit"] == SPATIO_TEMPORAL
        # Slices of a connected region in (x, y, t) may well be in parts.
        judged = frames[frames["constraint"].isin(JUDGED) & ~in_time]
        annotated = judged["annotated"].astype(bool)
        rows.append(
            FrameRow(
                cell,
                str(video),
                len(frames),
                tuple(int(counts.get(status, 0)) for status in STATUSES),
                _share(judged[annotated]["contradicted"]),
                _share(judged[~annotated]["contradicted"]),
                int(frames["noisy"].astype(bool).sum()),
            )
        )
    return rows


def _share(flags: "pd.Series[Any]") -> str:
    return f"{int(flags.astype(bool).sum())} of {len(flags)}" if len(flags) else ""


def _video(video: Video) -> VideoRow:
    return VideoRow(
        video.name,
        f"{video.width} × {video.height}",  # noqa: RUF001
        len(video),
        len(video.annotated),
        video.source,
        video.licence,
        "; ".join(video.notes),
    )
