"""From the scores of single frames to the numbers of Table 4, in tidy form."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pandas as pd

from isr.constraints import record
from isr.evaluation.columns import GROUND_TRUTH, RECIPE, UNARIES
from isr.evaluation.metrics import mean_and_deviation
from isr.reporting import origins, recipes, words
from isr.reporting.metrics import NO_GROUND_TRUTH, NOT_RUN
from isr.reporting.published import videos as published
from isr.reporting.study import PlannedCell, Study
from isr.settings import DISTANCES, SPATIO_TEMPORAL

SCORES = ("iou", "accuracy")
SEQUENCE, OVER_SEQUENCES, OVER_FRAMES = "sequence", "mean over sequences", "mean over frames"
MEANS = (OVER_SEQUENCES, OVER_FRAMES)

NAN = float("nan")

Row = dict[str, Any]


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

    @property
    def items(self) -> list[str]:
        """Names of all their items, in their order."""
        return list(dict.fromkeys(item for cell in self.cells for item in cell.items))

    @property
    def training(self) -> str:
        """Whether each video has a network of its own or all share one."""
        return self.cells[0].settings.training

    @property
    def constraint(self) -> str:
        """Their constraint."""
        return self.cells[0].settings.constraint

    @property
    def predictor(self) -> str:
        """Their predictor in print."""
        return words.predictor(self.study.predictors, self.cells[0].settings.predictor)

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
        return record(self.constraint).contradiction

    @property
    def compares(self) -> bool:
        """Whether the paper's numbers, all of path-connected shapes in FBMS-59, stand beside."""
        of_paper = self.study.dataset.kind == "fbms" and self.constraint == published.CONSTRAINT
        known = any(name in published.SEQUENCES for name in self.items)
        return self.shows_published and of_paper and known

    def seeds(self, item: str, fit: str) -> list[int]:
        """Seeds of the cells that should fit an item."""
        return sorted(
            {c.settings.seed for c in self.cells if c.settings.fit == fit and item in c.items}
        )

    def about(self, kind: str, item: str, fit: str, output: str) -> Row:
        """What a row is about; `kind` says whether it is a sequence or a mean."""
        own = self.cells[0].settings
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

    def published_score(self, item: str, fit: str, output: str) -> published.Score | None:
        """The paper's score of a sequence, None when there is none or none is wanted."""
        return published.find(item, fit, output) if self.compares else None


def outputs(metrics: pd.DataFrame, constraint: str) -> list[str]:
    """What is scored: the predictor, its trivial projections, the representation."""
    found = [name for name in metrics["output"].unique() if name not in published.OUTPUTS]
    projections = dict.fromkeys([*record(constraint).projections, *sorted(found)])
    return ["predictor", *projections, "representation"]


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
        for output in outputs(metrics, group.constraint):
            own = of_fit[of_fit["output"] == output]
            items = [item for item in group.items if group.seeds(item, fit)]
            rows += [_sequence(group, item, fit, output, own, of_fit) for item in items]
            means += [_mean(group, kind, fit, output, own, rows) for kind in MEANS]
    order = {name: number for number, name in enumerate(group.items)}
    rows.sort(key=lambda row: order[row["item"]])
    means.sort(key=lambda row: MEANS.index(row["row"]))
    summary = pd.DataFrame([*rows, *means])
    return summary if group.may_be_contradicted else summary.drop(columns="n_contradicted")


def _sequence(
    group: Group, item: str, fit: str, output: str, scores: pd.DataFrame, of_fit: pd.DataFrame
) -> Row:
    own = scores[scores["item"] == item]
    scored = own[own["against"] == GROUND_TRUTH]
    row = group.about(SEQUENCE, item, fit, output)
    row["status"] = "ran" if len(scored) else NO_GROUND_TRUTH if len(own) else NOT_RUN
    if own.empty and not of_fit[of_fit["item"] == item].empty:
        # A predictor is compared with the ground truth alone.
        row["status"] = NO_GROUND_TRUTH
    for name in SCORES:
        row[name], row[f"{name}_deviation"] = mean_and_deviation(_table(scored, name))
    row |= seeds_of(own, len(group.seeds(item, fit)))
    frames = scored.drop_duplicates("place")
    row["n_sequences"] = 1 if len(scored) else 0
    row["n_frames"] = len(frames)
    row["n_contradicted"] = int(frames["contradicted"].sum())
    row["iou_unaries"] = mean_and_deviation(_table(own[own["against"] == UNARIES], "iou"))[0]
    counted = scored[scored["published_rule"]]
    for name in SCORES:
        row[f"{name}_published_rule"] = mean_and_deviation(_table(counted, name))[0]
    row["n_frames_published_rule"] = counted["place"].nunique()
    row["labels_follow"] = origins.follow(of_fit[of_fit["item"] == item])
    return row | _published(row, group.published_score(item, fit, output)) | conditions(own)


def _mean(
    group: Group,
    kind: str,
    fit: str,
    output: str,
    scores: pd.DataFrame,
    rows: list[Row],
) -> Row:
    """The mean over the sequences of a fit and output that ran, or over their frames."""
    own = [row for row in rows if (row["fit"], row["output"]) == (fit, output)]
    ran = [row for row in own if row["status"] == "ran"]
    names = [row["item"] for row in ran]
    row = group.about(kind, "", fit, output)
    row["status"] = "ran" if ran else (own[0]["status"] if own else NOT_RUN)
    frames = scores[scores["item"].isin(names)]
    scored = frames[frames["against"] == GROUND_TRUTH]
    weigh = kind == OVER_FRAMES
    for name in SCORES:
        row[name], row[f"{name}_deviation"] = _over_videos(scored, name, weigh=weigh)
    row |= seeds_of(frames, max((each["planned_seeds"] for each in own), default=0))
    row["n_sequences"] = len(ran)
    for count in ("n_frames", "n_contradicted"):
        row[count] = sum(each[count] for each in ran)
    unaries = frames[frames["against"] == UNARIES]
    row["iou_unaries"] = _over_videos(unaries, "iou", weigh=weigh)[0]
    counted = scored[scored["published_rule"]]
    for name in SCORES:
        row[f"{name}_published_rule"] = _over_videos(counted, name, weigh=weigh)[0]
    row["n_frames_published_rule"] = sum(each["n_frames_published_rule"] for each in ran)
    row["labels_follow"] = ""
    known = published.mean(fit, output, names) if group.compares else None
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
    return rows.pivot(index="place", columns="seed", values=name).astype(float).dropna()


def _over_videos(rows: pd.DataFrame, name: str, *, weigh: bool) -> tuple[float, float]:
    """Mean over videos, each with the weight of its frames or with the same, and deviation.

    A video's score is the mean over its own seeds; the deviation is over the seeds that scored
    all videos.
    """
    if rows.empty:
        return NAN, NAN
    tables = {video: _table(part, name) for video, part in rows.groupby("item", sort=False)}
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
    return recipes.values(rows, (*RECIPE, "distance", "labels_kind", "weights"))


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
