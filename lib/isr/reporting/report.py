"""One self-contained HTML page on everything that was run."""

import base64
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from PIL import Image

from isr import __version__
from isr.data.dataset import read_index
from isr.errors import UserError
from isr.reporting import (
    certificate_summary,
    deviations,
    formats,
    gallery,
    published,
    run_times,
    settings,
    summary,
    words,
)
from isr.reporting.certificate_summary import CertificateSummary

_TEMPLATE = "report.html.jinja"
_PACKAGES = ("torch", "numpy", "scipy", "pandas", "scikit-image", "shapely", "matplotlib")
_OPTIONAL = ("title", "tables", "figures", "gallery", "benchmarks")


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


def make(content: Mapping[str, Any]) -> str:
    """Make the page.

    Args:
        content: settings; their keys are explained in scripts/report.py.

    Raises:
        UserError: a setting is wrong, or a file that it names cannot be read.
    """
    settings.check_keys(content, "the top", required=("datasets", "studies"), optional=_OPTIONAL)
    datasets = {entry.get("name"): entry for entry in content["datasets"]}
    studies = [_study(entry, datasets) for entry in content["studies"]]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["margin"] = _margin
    environment.filters["count"] = words.count
    return environment.get_template(_TEMPLATE).render(
        title=content.get("title") or "Implicit segmentations with guaranteed shape",
        table_style=formats.STYLE,
        datasets=[_dataset(entry) for entry in content["datasets"]],
        studies=studies,
        tables=[_table(entry) for entry in content.get("tables", [])],
        figures=[_figure(entry) for entry in content.get("figures", [])],
        galleries=[_gallery(entry) for entry in content.get("gallery", [])],
        departures=deviations.DEPARTURES,
        deviations=deviations.CONVEXITY,
        protocols=_protocols(studies),
        times=run_times.read(content.get("benchmarks", [])),
        times_missing=run_times.count_missing(content.get("benchmarks", [])),
        versions=versions(),
        published=published,
    )


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that make the numbers, as installed."""
    found = {"isr": __version__, "Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _dataset(entry: Any) -> dict[str, Any]:
    dataset = settings.parse_dataset(entry, "datasets")
    if "folder" not in entry:
        raise UserError(f"datasets of the settings: {dataset.name} lacks `folder`: add it.")
    index = read_index(Path(entry["folder"]))
    return {
        "name": dataset.name,
        "text": dataset.describe(len(index)),
        "pictures": index.reset_index().to_dict("records"),
    }


def _study(entry: Any, datasets: Mapping[Any, Any]) -> StudyReport:
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
        rows=_facts(metrics, dataset),
        warning=words.stopped(
            summary.count_stopped(metrics[metrics["output"] == "representation"])
        ),
        certificates=certificate_summary.summarise(
            certificate_summary.read_certificates(certificates)
        ),
    )


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


def _protocols(studies: Sequence[StudyReport]) -> str:
    rows = [f"{study.name}: {dict(study.rows)['Protocol']}" for study in studies if study.rows]
    return words.listing(rows)


def _margin(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3g}"


def _table(entry: Any) -> dict[str, str]:
    settings.check_keys(entry, "tables", required=("file",), optional=("caption",))
    path = Path(entry["file"])
    return {"body": formats.html_body(_text(path)), "caption": _caption(entry)}


def _figure(entry: Any) -> dict[str, Any]:
    settings.check_keys(entry, "figures", required=("file",), optional=("caption", "title"))
    path = Path(entry["file"])
    try:
        content = path.read_bytes()
        with Image.open(path) as picture:
            width = picture.width
    except OSError:
        raise UserError(f"{path} cannot be read: make the figure first.") from None
    return {
        # Figures are drawn at 160 dots per inch: so text is as large as on the page around.
        "width": round(width * 0.65),
        "title": entry.get("title") or path.stem.replace("_", " ").capitalize(),
        "source": "data:image/png;base64," + base64.b64encode(content).decode("ascii"),
        "caption": _caption(entry),
    }


def _gallery(entry: Any) -> dict[str, Any]:
    settings.check_keys(
        entry, "gallery", required=("cell", "dataset"), optional=("pictures", "title")
    )
    cell = Path(entry["cell"])
    return {
        "title": entry.get("title") or _cell_name(cell),
        "thumbnails": gallery.make(cell, Path(entry["dataset"]), entry.get("pictures")),
    }


def _cell_name(cell: Path) -> str:
    """Words for a cell from its metrics: they say what its folder's name encodes."""
    row = summary.read_metrics([cell / "metrics.csv"]).iloc[0]
    return (
        f"{row['study']}: {row['constraint']}, {words.predictor(row['predictor'])}, "
        f"{words.features(row['features'])}, {row['fit']}, seed {row['seed']}"
    )


def _caption(entry: Mapping[str, Any]) -> str:
    """The caption itself, or the text of the .rst file that it names."""
    caption = str(entry.get("caption") or "")
    return " ".join(_text(Path(caption)).split()) if caption.endswith(".rst") else caption


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise UserError(f"{path} cannot be read: make it first.") from None
