"""What the report says of one study whose cells vary over a data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from isr.reporting.certificate_summary import CertificateSummary

from isr.errors import UserError
from isr.reporting import certificate_summary, settings, summary, words


@dataclass(frozen=True)
class StudyReport:
    """What the page says of one study.

    Attributes:
        name: of the study.
        data: what its pictures are.
        text: a sentence of the configuration, or "".
        planned: number of cells.
        missing: cells that did not run, in words.
        rows: facts about those that ran: (heading, words).
        warning: a sentence on fits that stopped early, or "".
        certificates: of all its representations.
    """

    name: str
    data: str
    text: str
    planned: int
    missing: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    warning: str
    certificates: CertificateSummary


def make(entry: Any, datasets: Mapping[Any, Any]) -> StudyReport:
    """Read what the cells of a grid left.

    Args:
        entry: name, dataset, cells and maybe text, as scripts/report.py explains them.
        datasets: all entries of data sets, by name.

    Raises:
        UserError: a setting is wrong, or a file cannot be read.
    """
    settings.check_keys(entry, "studies", required=("name", "dataset", "cells"), optional=("text",))
    if entry["dataset"] not in datasets:
        raise UserError(
            f"studies of the settings: {entry['name']} has the unknown dataset "
            f"{entry['dataset']!r}: add it to datasets."
        )
    dataset = settings.parse_dataset(datasets[entry["dataset"]], "datasets")
    folders = {_cell_words(cell): Path(cell["folder"]) for cell in entry["cells"]}
    ran = {name: folder for name, folder in folders.items() if (folder / "metrics.csv").exists()}
    metrics = summary.read_metrics(
        (folder / "metrics.csv" for folder in ran.values()), entry["name"]
    )
    certificates = [folder / "certificates.csv" for folder in ran.values()]
    return StudyReport(
        name=str(entry["name"]),
        data=dataset.describe(metrics["picture"].nunique()) if ran else dataset.name,
        text=entry.get("text") or "",
        planned=len(folders),
        missing=tuple(name for name in folders if name not in ran),
        rows=(*_facts(metrics, dataset), *_objects(list(ran.values()), entry["name"])),
        warning=words.stopped(
            summary.count_stopped(metrics[metrics["output"] == "representation"])
        ),
        certificates=certificate_summary.summarise(
            certificate_summary.read_certificates(certificates)
        ),
    )


def _objects(folders: Sequence[Path], study: str) -> tuple[tuple[str, str], ...]:
    """How the single objects of pictures were found, as (heading, words); nothing without any."""
    paths = [folder / "metrics.csv" for folder in folders]
    together = summary.read_metrics(paths, study)
    if "objects" not in together.columns or not (together["objects"] > 1).any():
        return ()
    own = together[(together["objects"] > 1) & (together["output"] == "representation")]
    overlapping = f"{int((own['overlap'] > 0).sum())} of {words.count(len(own), 'union')}"
    facts = [("Overlap of objects", f"in {overlapping}, at most {int(own['overlap'].max())} px")]
    each = summary.read_metrics(paths, study, each_object=True)
    for output in ("predictor", "representation"):
        scores = each.loc[each["output"] == output, "iou"]
        if len(scores):
            found = f"mean {scores.mean():.3f}, least {scores.min():.3f}, of {len(scores)}"
            facts.append((f"IoU of single objects, {output}", found))
    return tuple(facts)


def _cell_words(cell: Any) -> str:
    axes = settings.parse_cell(cell, "studies")
    if "folder" not in cell:
        raise UserError("studies of the settings: a cell lacks `folder`: add it.")
    names = (axes.constraint, axes.predictor, axes.features, axes.fit, axes.seed)
    return " ".join(map(str, names))


def _facts(metrics: pd.DataFrame, dataset: settings.Dataset) -> tuple[tuple[str, str], ...]:
    """What the cells that ran have in common or between them, as (heading, words)."""

    def values(column: str) -> str:
        found = metrics[column].dropna().unique()
        return words.listing(f"{x:g}" if isinstance(x, float) else str(x) for x in found)

    if metrics.empty:
        return ()
    axes = ["predictor", "features", "fit", "output", "steps"]
    steps = metrics[axes].drop_duplicates().astype({"steps": str})
    size = "as they are" if dataset.long_side is None else f"at most {dataset.long_side:,} px"
    return (
        ("Constraint", values("constraint")),
        ("Predictors", words.listing(map(words.predictor, metrics["predictor"].unique()))),
        ("Inputs", words.listing(map(words.features, metrics["features"].unique()))),
        ("Fits", values("fit")),
        ("Seeds", values("seed")),
        ("Pictures", str(metrics["picture"].nunique())),
        ("Size of the pictures", size),
        ("Steps per picture", words.steps(steps)),
        ("Protocol", values("protocol")),
        ("Scale in training", values("scale")),
        ("Semantic features", words.semantic(metrics) or "not used"),
    )
