"""What became of the frames of videos."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from isr.constraints import record
from isr.reporting import words
from isr.settings import SPATIO_TEMPORAL

STATUSES = ("fitted", "retried", "failed", "skipped")


@dataclass(frozen=True)
class FrameRow:
    """What became of the frames of one video in one cell.

    Attributes:
        cell: in words.
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


def frames(metrics: pd.DataFrame) -> list[FrameRow]:
    """A row for each cell and video of some metrics; none of pictures."""
    rows = []
    fits = metrics[(metrics["output"] == "representation") & metrics["frame"].notna()]
    for (cell, video), own in fits.groupby(["cell", "item"], sort=False):
        found = own.drop_duplicates("frame")
        counts = found["status"].value_counts()
        # Slices of a connected region in (x, y, t) may well be in parts.
        judged = found[_is_judged(found)]
        annotated = judged["annotated"]
        rows.append(
            FrameRow(
                words.cell(str(cell)),
                str(video),
                len(found),
                tuple(int(counts.get(status, 0)) for status in STATUSES),
                _share(judged[annotated]["contradicted"]),
                _share(judged[~annotated]["contradicted"]),
                int(found["noisy"].sum()),
            )
        )
    return rows


def _is_judged(rows: pd.DataFrame) -> "pd.Series[bool]":
    known = rows["constraint"].map(lambda name: record(name).contradiction).astype(bool)
    return (rows["fit"] != SPATIO_TEMPORAL) & known


def _share(flags: "pd.Series[Any]") -> str:
    return f"{int(flags.sum())} of {len(flags)}" if len(flags) else ""
