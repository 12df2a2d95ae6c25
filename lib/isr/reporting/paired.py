"""Item by item: how much better a segmentation agrees with the ground truth than another does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from isr.evaluation.columns import GROUND_TRUTH
from isr.reporting import words
from isr.reporting.study import PlannedCell
from isr.reporting.tables.averages import PAIR
from isr.reporting.tables.layout import signed
from isr.settings import VARIED, CellSettings

TIE = 0.005
"""IoUs that differ by at most this are equal: 0.01 is what tables of two digits can tell."""
LEVEL = 0.95
_PREDICTOR, _REPRESENTATION = PAIR
_SAID = tuple(axis for axis in VARIED if axis != "seed")
_NOT_TOLD = {"items", "seed", "stack_size", "problems_per_job"}


@dataclass(frozen=True)
class Comparison:
    """Differences of one score on the same items.

    Attributes:
        items: how many there are.
        mean: difference, of means over the seeds and frames of each item.
        low: end of Student's interval of confidence for the mean over items; NaN of one item.
        high: its other end.
        wins: how often it is above TIE.
        ties: how often it is at most TIE in size.
        losses: how often it is below -TIE.
    """

    items: int
    mean: float
    low: float
    high: float
    wins: int
    ties: int
    losses: int

    def __str__(self) -> str:
        """E.g. "+0.052 [+0.010, +0.094]": the mean, with the interval where there is one."""
        mean = signed(self.mean)
        return mean if self.low != self.low else f"{mean} [{signed(self.low)}, {signed(self.high)}]"

    @property
    def counts(self) -> str:
        """Wins, ties and losses, e.g. "4/1/1"."""
        return f"{self.wins}/{self.ties}/{self.losses}"


def compare(ours: pd.DataFrame, theirs: pd.DataFrame) -> Comparison | None:
    """Compare two scores on the items, and in the settings, that both have.

    Items are what the interval is of: settings of one item are no new items, so that differences
    are averaged over them first. Wins, ties and losses are counted setting by setting.

    Args:
        ours: means over seeds and frames, one row per item, one column per setting.
        theirs: those to compare with, likewise.

    Returns:
        The comparison; None where no item has both.
    """
    differences = (ours - theirs).to_numpy(dtype=float)
    known = differences[~np.isnan(differences)]
    if not len(known):
        return None
    per_item = np.array([np.nanmean(row) for row in differences if not np.isnan(row).all()])
    mean, count = float(per_item.mean()), len(per_item)
    reach = float("nan")
    if count > 1:
        error = per_item.std(ddof=1) / np.sqrt(count)
        reach = float(stdtrit(count - 1, (1 + LEVEL) / 2) * error)
    wins, losses = int((known > TIE).sum()), int((known < -TIE).sum())
    ties = len(known) - wins - losses
    return Comparison(count, mean, mean - reach, mean + reach, wins, ties, losses)


def compare_each(ours: "pd.Series[Any]", theirs: "pd.Series[Any]") -> Comparison | None:
    """`compare` of one setting: means by item."""
    return compare(ours.to_frame("only"), theirs.to_frame("only"))


def item_means(metrics: pd.DataFrame, cells: Iterable[str], output: str) -> "pd.Series[Any]":
    """IoU with the ground truth by item: means over frames, then over cells (seeds).

    Args:
        metrics: of `isr.reporting.metrics.read_metrics`.
        cells: names.
        output: e.g. "representation".
    """
    own = metrics[
        metrics["cell"].isin(list(cells))
        & (metrics["output"] == output)
        & (metrics["against"] == GROUND_TRUTH)
    ]
    by_cell = own.groupby(["item", "cell"], sort=False)["iou"].mean()
    return by_cell.groupby("item", sort=False).mean()


@dataclass(frozen=True)
class Setting:
    """Cells that differ in their seed and items alone, against the predictor by itself.

    Attributes:
        called: its values on the axes on which the study's settings differ, in print.
        ours: IoU of the representation by item, of the items that have both.
        theirs: of the predictor by itself, likewise: for joint fits of a study that has the
            sequential fit too, the predictor that was trained alone.
        comparison: of both.
    """

    called: str
    ours: "pd.Series[Any]"
    theirs: "pd.Series[Any]"
    comparison: Comparison


def settings_of(cells: Sequence[PlannedCell], metrics: pd.DataFrame) -> list[Setting]:
    """Compare every setting of a study that has scores of both.

    Args:
        cells: of the study.
        metrics: of those that ran.
    """
    groups: dict[str, list[PlannedCell]] = {}
    for cell in cells:
        groups.setdefault(_key(cell.settings), []).append(cell)
    firsts = [group[0].settings for group in groups.values()]
    varied = [axis for axis in _SAID if len({getattr(first, axis) for first in firsts}) > 1]
    found = []
    for own in groups.values():
        first = own[0].settings
        alone = groups.get(_key(first.model_copy(update={"fit": "sequential"})), own)
        ours = item_means(metrics, [cell.name for cell in own], _REPRESENTATION)
        theirs = item_means(metrics, [cell.name for cell in alone], _PREDICTOR)
        both = ours.index.intersection(theirs.index)
        comparison = compare_each(ours[both], theirs[both])
        if comparison is not None:
            found.append(Setting(_called(first, varied), ours[both], theirs[both], comparison))
    return found


def _key(settings: CellSettings) -> str:
    return settings.model_dump_json(exclude=_NOT_TOLD)


def _called(settings: CellSettings, varied: Sequence[str]) -> str:
    values = {axis: getattr(settings, axis) for axis in varied}
    told = [words.axis_value(axis, str(own)) for axis, own in values.items() if own is not None]
    return ", ".join(told)


def overall(settings: Sequence[Setting]) -> Comparison | None:
    """All settings of a study together; None where nothing was compared."""
    if not settings:
        return None
    numbered = dict(enumerate(settings))
    ours = pd.DataFrame({number: each.ours for number, each in numbered.items()})
    theirs = pd.DataFrame({number: each.theirs for number, each in numbered.items()})
    return compare(ours, theirs)


def rows(settings: Sequence[Setting]) -> list[dict[str, str]]:
    """A row for each setting, for the report."""
    return [
        {
            "Setting": each.called or "the only one",
            "Items": str(each.comparison.items),
            "Predictor": f"{each.theirs.mean():.3f}",
            "Representation": f"{each.ours.mean():.3f}",
            "Difference": str(each.comparison),
            "Wins/ties/losses": each.comparison.counts,
        }
        for each in settings
    ]


def sentence(settings: Sequence[Setting]) -> str:
    """What became of all settings, in words; "" where nothing was compared."""
    found = overall(settings)
    if found is None:
        return ""
    of = words.count(found.items, "item")
    if len(settings) > 1:
        pairs = found.wins + found.ties + found.losses
        of = f"{pairs:,} pairs of {of} and {words.count(len(settings), 'setting')}"
    interval = (
        "" if found.low != found.low else f" ({LEVEL:.0%} interval over items)".replace("%", " %")
    )
    return (
        f"By the ground truth, the representation is better than the predictor by itself in "
        f"{found.wins:,}, equal (within {TIE:g}) in {found.ties:,} and worse in {found.losses:,} "
        f"of {of}; mean difference of IoU {found}{interval}."
    )
