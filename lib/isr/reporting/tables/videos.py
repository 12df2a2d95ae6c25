"""From the scores of single frames to the numbers of Tables 4 and 5, in tidy form."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

import pandas as pd

from isr.constraints import record
from isr.evaluation.columns import GROUND_TRUTH, RECIPE, UNARIES
from isr.reporting import recipes, words
from isr.reporting.metrics import NOT_RUN, read_cells
from isr.reporting.published import videos as published
from isr.reporting.study import PlannedCell, Study
from isr.reporting.tables import averages
from isr.reporting.tables.averages import NAN, SCORES, Row, over_items, seeds_of
from isr.settings import DISTANCES, SPATIO_TEMPORAL, CellSettings

SEQUENCE, OVER_SEQUENCES, OVER_FRAMES = "sequence", "mean over sequences", "mean over frames"
MEANS = (OVER_SEQUENCES, OVER_FRAMES)
NOISE_SCORES = ("iou", "iou_noisy", "iou_clean", "iou_truth")
NOT_PLANNED = "-"
"""Status of a share of noise that is planned for another distance alone."""


@dataclass(frozen=True)
class Group:
    """The cells that a table is about: of one kind of labels, predictor, training, constraint.

    Attributes:
        study: that they belong to.
        cells: the cells planned.
        shows_published: whether the paper's numbers are wanted beside ours.
    """

    study: Study
    cells: tuple[PlannedCell, ...]
    shows_published: bool = True

    @classmethod
    def of(cls, study: Study, names: Sequence[str], shows_published: bool = True) -> "Group":
        """The cells of some names."""
        return cls(study, tuple(study.cell(name) for name in names), shows_published)

    def read(self) -> pd.DataFrame:
        """The metrics of those that ran."""
        return read_cells(self.cells, self.study.name)

    @property
    def items(self) -> list[str]:
        """Names of all their items, in their order."""
        return list(dict.fromkeys(item for cell in self.cells for item in cell.items))

    @property
    def shared(self) -> CellSettings:
        """Settings of the first, of which all have the labels, predictor, training, constraint."""
        return self.cells[0].settings

    @property
    def predictor(self) -> str:
        """Their predictor in print."""
        return words.predictor(self.study.predictors, self.shared.predictor)

    @property
    def fits(self) -> list[str]:
        """The kinds of fits that were planned, in the paper's order."""
        planned = {cell.settings.fit for cell in self.cells}
        return [fit for fit in (*published.FITS, SPATIO_TEMPORAL) if fit in planned]

    @property
    def distances(self) -> list[str]:
        """How the fits measure their distance from unaries, the paper's first."""
        planned = {cell.settings.distance for cell in self.cells}
        return [distance for distance in DISTANCES if distance in planned]

    @property
    def may_be_contradicted(self) -> bool:
        """Whether it is known which frames contradict the constraint."""
        return record(self.shared.constraint).contradiction

    @property
    def compares(self) -> bool:
        """Whether the paper's numbers, all of path-connected shapes in FBMS-59, stand beside."""
        is_shape = self.shared.constraint == published.CONSTRAINT
        known = any(name in published.SEQUENCES for name in self.items)
        return self.shows_published and self.study.dataset.kind == "fbms" and is_shape and known

    def seeds(self, item: str, fit: str) -> set[int]:
        """Seeds of the cells that should fit an item."""
        return {c.settings.seed for c in self.cells if c.settings.fit == fit and item in c.items}

    def about(self, kind: str, item: str, fit: str, output: str) -> Row:
        """What a row is about; `kind` says whether it is a sequence or a mean."""
        own = self.shared
        on_labels = self.study.predictors[own.predictor].input == "labels"
        return {
            "study": self.study.name,
            "dataset": self.study.dataset_name,
            "labels": own.labels if on_labels else "",
            "predictor": own.predictor,
            "constraint": own.constraint,
            "row": kind,
            "item": item,
            "fit": fit,
            "output": output,
        }


def summarise(metrics: pd.DataFrame, group: Group) -> pd.DataFrame:
    """Average the scores of annotated frames over frames and seeds, then over sequences or frames.

    Args:
        metrics: rows of `isr.reporting.metrics.read_metrics`.
        group: what was planned.

    Returns:
        One row per item, fit and output, and the two means of each fit and output (`row` tells
        them apart): the mean over sequences of their means over frames, which the authors' code
        takes, and the mean over all frames, of which the paper's text speaks. Scores lie in [0, 1],
        deviations are over seeds (ddof 1; NaN for one seed). `*_published_rule` are of the frames
        that the authors' code would score. `iou_unaries` is with the own thresholded unaries, over
        all frames. `n_contradicted`, of path-connected shapes alone, counts annotated frames whose
        ground truth no deformed convex region agrees with. `labels_follow` says what the labels
        follow if it is not the object that is scored. `difference_*` is ours minus published where
        they do follow it; that of a mean is over these `n_compared` sequences, and only where the
        paper has every sequence behind it. How the numbers were made stands in the columns of
        `isr.evaluation.columns.RECIPE`.
    """
    rows: list[Row] = []
    means: list[Row] = []
    for fit in group.fits:
        of_fit = metrics[metrics["fit"] == fit]
        for output in averages.outputs(metrics, group.shared.constraint):
            own = of_fit[of_fit["output"] == output]
            planned = [item for item in group.items if group.seeds(item, fit)]
            found = [_sequence(group, item, fit, output, own, of_fit) for item in planned]
            means += [_mean(group, kind, fit, output, own, found) for kind in MEANS]
            rows += found
    order = {name: number for number, name in enumerate(group.items)}
    rows.sort(key=lambda row: order[row["item"]])
    means.sort(key=lambda row: MEANS.index(row["row"]))
    summary = pd.DataFrame([*rows, *means])
    return summary if group.may_be_contradicted else summary.drop(columns="n_contradicted")


def _sequence(
    group: Group, item: str, fit: str, output: str, scores: pd.DataFrame, of_fit: pd.DataFrame
) -> Row:
    of_item, own = of_fit[of_fit["item"] == item], scores[scores["item"] == item]
    row = group.about(SEQUENCE, item, fit, output)
    row["status"] = averages.status(own[own["against"] == GROUND_TRUTH], of_item)
    row |= _average(own, len(group.seeds(item, fit)))
    row["labels_follow"] = recipes.follow(of_item)
    known = published.find(item, fit, output) if group.compares else None
    return row | _published(row, known) | _conditions(own)


def _mean(
    group: Group, kind: str, fit: str, output: str, scores: pd.DataFrame, rows: list[Row]
) -> Row:
    """The mean over the sequences of a fit and output that ran, or over their frames."""
    ran = [row for row in rows if row["status"] == "ran"]
    names = [row["item"] for row in ran]
    own = scores[scores["item"].isin(names)]
    row = group.about(kind, "", fit, output)
    row["status"] = "ran" if ran else rows[0]["status"]
    planned = max(each["planned_seeds"] for each in rows)
    row |= _average(own, planned, weigh=kind == OVER_FRAMES) | {"labels_follow": ""}
    compares = group.compares and kind == OVER_SEQUENCES
    row |= _published(row, published.mean(fit, output, names) if compares else None)
    if row["published"]:
        compared = [each for each in ran if each["n_compared"]]
        row["n_compared"] = len(compared)
        for name in SCORES:
            differences = [each[f"difference_{name}"] for each in compared]
            row[f"difference_{name}"] = fmean(differences) if compared else NAN
    return row | _conditions(own)


def _average(own: pd.DataFrame, planned_seeds: int, *, weigh: bool = False) -> Row:
    """Means over frames, seeds and items of the rows of an output, and what they are over."""
    scored = own[own["against"] == GROUND_TRUTH]
    counted = scored[scored["published_rule"]]
    frames = scored.drop_duplicates("place")
    row: Row = {}
    for name in SCORES:
        row[name], row[f"{name}_deviation"] = over_items(scored, name, weigh=weigh)
    row |= {**seeds_of(own), "planned_seeds": planned_seeds}
    row["n_sequences"] = scored["item"].nunique()
    row["n_frames"] = len(frames)
    row["n_contradicted"] = int(frames["contradicted"].sum())
    row["iou_unaries"] = over_items(own[own["against"] == UNARIES], "iou", weigh=weigh)[0]
    for name in SCORES:
        row[f"{name}_published_rule"] = over_items(counted, name, weigh=weigh)[0]
    return row | {"n_frames_published_rule": counted["place"].nunique()}


def _published(row: Row, score: published.Score | None) -> Row:
    """The published scores, and how far ours are from those of the same object."""
    compared = score is not None and row["status"] == "ran" and not row["labels_follow"]
    found: Row = {"published": score is not None, "n_compared": int(compared)}
    for name in SCORES:
        known = NAN if score is None else getattr(score, name)
        found[f"published_{name}"] = known
        found[f"difference_{name}"] = row[name] - known if compared else NAN
    return found


def _conditions(rows: pd.DataFrame) -> Row:
    """How the numbers were made: several values of a column stand as "a|b"."""
    return recipes.values(rows, (*RECIPE, "distance", "labels_kind", "weights"))


def summarise_noise(metrics: pd.DataFrame, group: Group) -> pd.DataFrame:
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
    shares = sorted({cell.settings.noise or 0.0 for cell in group.cells})
    rows = []
    for distance, share in product(group.distances, shares):
        part = own[(own["noise"] == share) & (own["distance"] == distance)]
        rows.append(_with_noise(group, distance, share, part))
    return pd.DataFrame(rows)


def _with_noise(group: Group, distance: str, share: float, own: pd.DataFrame) -> Row:
    unaries = own[own["against"] == UNARIES]
    noisy = unaries["noisy"]
    settings = [cell.settings for cell in group.cells]
    planned = {
        each.seed for each in settings if (each.distance, each.noise or 0.0) == (distance, share)
    }
    row = group.about("noise", " ".join(group.items), SPATIO_TEMPORAL, "representation")
    row["noise"] = share
    row["status"] = ("ran" if len(own) else NOT_RUN) if planned else NOT_PLANNED
    truth = own[own["against"] == GROUND_TRUTH]
    parts = (unaries, unaries[noisy], unaries[~noisy], truth)
    for name, part in zip(NOISE_SCORES, parts, strict=True):
        row[name], row[f"{name}_deviation"] = _over_noisy(part)
    row |= {**seeds_of(own), "planned_seeds": len(planned)}
    runs = max(1, unaries["seed"].nunique())
    row |= {"n_frames": len(unaries) // runs, "n_noisy": int(noisy.sum()) // runs}
    compares = group.compares and group.items == [published.NOISE_SEQUENCE]
    known = published.noise(share) if compares else None
    row |= {"published": known is not None, "published_iou": NAN if known is None else known}
    row["labels_follow"] = recipes.follow(own)
    row["difference_iou"] = NAN if row["labels_follow"] else row["iou"] - row["published_iou"]
    return row | _conditions(own) | {"distance": distance}


def _over_noisy(rows: pd.DataFrame) -> tuple[float, float]:
    """Mean over frames, which differ between seeds, then as over the sequences of Table 4."""
    if rows.empty:
        return NAN, NAN
    means = rows.groupby(["seed", "item"])["iou"].mean().unstack("item")
    return averages.weighted(means, pd.Series(1.0, means.columns))
