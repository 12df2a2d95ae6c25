"""From the scores of single frames to the numbers of Table 5, in tidy form."""

from itertools import product

import pandas as pd

from isr.reporting import video_origins
from isr.reporting.summary import NOT_RUN
from isr.reporting.video_study import VideoStudy
from isr.reporting.video_summary import (
    NAN,
    Row,
    axes_of,
    conditions,
    flags,
    mean_over_videos,
    seeds_of,
)
from isr.video_axes import SPATIO_TEMPORAL

NOT_PLANNED = "-"
"""Status of a share of noise that is planned for another distance alone."""


def summarise_noise(metrics: pd.DataFrame, study: VideoStudy) -> pd.DataFrame:
    """Average how well spatio-temporal fits agree with the clean unaries, by share of noise.

    Args:
        metrics: rows of `read_video_metrics`.
        study: what was planned.

    Returns:
        One row per planned distance and share: IoU with the clean thresholded unaries over all
        frames (`iou`, as in the paper), over those that were replaced by noise (`iou_noisy`) and
        over the others (`iou_clean`), and over annotated frames with the ground truth
        (`iou_truth`), each with its deviation over seeds. Of several videos, means over videos of
        their means over seeds are taken; the deviation is over the seeds that scored all of them.
    """
    own = metrics[(metrics["fit"] == SPATIO_TEMPORAL) & (metrics["output"] == "representation")]
    rows = []
    for distance, share in product(study.distances, sorted({c.noise for c in study.cells})):
        part = own[(own["noise"] == share) & (own["distance"] == distance)]
        rows.append(_noise_row(study, distance, share, part))
    return pd.DataFrame(rows)


def _noise_row(study: VideoStudy, distance: str, share: float, own: pd.DataFrame) -> Row:
    unaries = own[own["against"] == "unaries"]
    noisy = flags(unaries["noisy"])
    planned = {c.seed for c in study.cells if (c.distance, c.noise) == (distance, share)}
    row: Row = {
        **axes_of(study, "noise", " ".join(study.videos), SPATIO_TEMPORAL, "representation"),
        "noise": share,
        "status": ("ran" if len(own) else NOT_RUN) if planned else NOT_PLANNED,
    }
    parts = {
        "iou": unaries,
        "iou_noisy": unaries[noisy],
        "iou_clean": unaries[~noisy],
        "iou_truth": own[own["against"] == "ground truth"],
    }
    for name, part in parts.items():
        row[name], row[f"{name}_deviation"] = _by_seed(part)
    row |= seeds_of(own, len(planned))
    runs = max(1, unaries["seed"].nunique())
    row["n_frames"] = len(unaries) // runs
    row["n_noisy"] = int(noisy.sum()) // runs
    known = study.published_noise(share)
    row["published"] = known is not None
    row["published_iou"] = NAN if known is None else known
    row["labels_follow"] = video_origins.follow(own)
    row["difference_iou"] = NAN if row["labels_follow"] else row["iou"] - row["published_iou"]
    return row | conditions(own) | {"distance": distance}


def _by_seed(rows: pd.DataFrame) -> tuple[float, float]:
    """Mean over frames, which differ between seeds, then as over the sequences of Table 4."""
    if rows.empty:
        return NAN, NAN
    return mean_over_videos(rows.groupby(["seed", "video"])["iou"].mean().unstack("video"))
