"""From the scores of single frames to the numbers of Table 5, in tidy form."""

from functools import partial
from itertools import product

import pandas as pd

from isr.evaluation.columns import GROUND_TRUTH, UNARIES
from isr.reporting import origins
from isr.reporting.metrics import NOT_RUN
from isr.reporting.published import videos as published
from isr.reporting.study import PlannedCell
from isr.reporting.tables import video_summary
from isr.reporting.tables.video_summary import (
    NAN,
    Group,
    Row,
    conditions,
    mean_over_videos,
    seeds_of,
)
from isr.settings import SPATIO_TEMPORAL

SCORES = ("iou", "iou_noisy", "iou_clean", "iou_truth")
NOT_PLANNED = "-"
"""Status of a share of noise that is planned for another distance alone."""


def summarise(metrics: pd.DataFrame, group: Group) -> pd.DataFrame:
    """Average how well spatio-temporal fits agree with the clean unaries, by share of noise.

    Args:
        metrics: rows of `isr.reporting.metrics.read_metrics`.
        group: what was planned.

    Returns:
        One row per planned distance and share: IoU with the clean thresholded unaries over all
        frames (`iou`, as in the paper), over those that were replaced by noise (`iou_noisy`) and
        over the others (`iou_clean`), and over annotated frames with the ground truth
        (`iou_truth`), each with its deviation over seeds. Of several videos, means over videos of
        their means over seeds are taken; the deviation is over the seeds that scored all of them.
    """
    own = metrics[(metrics["fit"] == SPATIO_TEMPORAL) & (metrics["output"] == "representation")]
    rows = []
    for distance, share in product(group.distances, sorted(set(map(_share, group.cells)))):
        part = own[(own["noise"] == share) & (own["distance"] == distance)]
        rows.append(_row(group, distance, share, part))
    return pd.DataFrame(rows)


def _row(group: Group, distance: str, share: float, own: pd.DataFrame) -> Row:
    unaries = own[own["against"] == UNARIES]
    noisy = unaries["noisy"]
    planned = {
        cell.settings.seed
        for cell in group.cells
        if (cell.settings.distance, _share(cell)) == (distance, share)
    }
    row: Row = {
        **group.about("noise", " ".join(group.items), SPATIO_TEMPORAL, "representation"),
        "noise": share,
        "status": ("ran" if len(own) else NOT_RUN) if planned else NOT_PLANNED,
    }
    parts = {
        "iou": unaries,
        "iou_noisy": unaries[noisy],
        "iou_clean": unaries[~noisy],
        "iou_truth": own[own["against"] == GROUND_TRUTH],
    }
    for name, part in parts.items():
        row[name], row[f"{name}_deviation"] = _by_seed(part)
    row |= seeds_of(own, len(planned))
    runs = max(1, unaries["seed"].nunique())
    row["n_frames"] = len(unaries) // runs
    row["n_noisy"] = int(noisy.sum()) // runs
    known = _published(group, share)
    row["published"] = known is not None
    row["published_iou"] = NAN if known is None else known
    row["labels_follow"] = origins.follow(own)
    row["difference_iou"] = NAN if row["labels_follow"] else row["iou"] - row["published_iou"]
    return row | conditions(own) | {"distance": distance}


def _by_seed(rows: pd.DataFrame) -> tuple[float, float]:
    """Mean over frames, which differ between seeds, then as over the sequences of Table 4."""
    if rows.empty:
        return NAN, NAN
    return mean_over_videos(rows.groupby(["seed", "item"])["iou"].mean().unstack("item"))


def _share(cell: PlannedCell) -> float:
    return cell.settings.noise or 0.0


def _published(group: Group, share: float) -> float | None:
    """The paper's IoU with a share of noise, None when there is none or none is wanted."""
    if group.compares and group.items == [published.NOISE_SEQUENCE]:
        return published.noise(share)
    return None


to_csv = partial(video_summary.to_csv, scores=SCORES)
"""The tidy table as CSV."""
