"""One self-contained HTML page on everything that was run."""

import base64
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from isr.data.dataset import read_index
from isr.reporting.study_report import StudyReport
from PIL import Image

from isr import __version__
from isr.errors import UserError
from isr.reporting import (
    case_report,
    deviations,
    formats,
    gallery,
    published,
    reproduction,
    run_times,
    settings,
    study_report,
    summary,
    video_report,
    words,
)

_TEMPLATE = "report.html.jinja"
_PACKAGES = ("torch", "numpy", "scipy", "pandas", "scikit-image", "shapely", "matplotlib")
_OPTIONAL = ("title", "tables", "figures", "gallery", "galleries", "video_studies", "benchmarks")
_PICTURES = {".png": "image/png", ".gif": "image/gif"}


def make(content: Mapping[str, Any]) -> str:
    """Make the page.

    Args:
        content: settings; their keys are explained in scripts/report.py.

    Raises:
        UserError: a setting is wrong, or a file that it names cannot be read.
    """
    settings.check_keys(content, "the top", required=("datasets", "studies"), optional=_OPTIONAL)
    datasets = {entry.get("name"): entry for entry in content["datasets"]}
    studies = [study_report.make(entry, datasets) for entry in content["studies"]]
    cases = [case_report.make(entry) for entry in content.get("galleries", [])]
    studies += [each.study for each in cases]
    videos = [video_report.make(entry) for entry in content.get("video_studies", [])]
    studies += [each.study for each in videos]
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
        cases=cases,
        videos=videos,
        galleries=[_gallery(entry) for entry in content.get("gallery", [])],
        departures=reproduction.departures(),
        reproduction=reproduction,
        deviations=(*deviations.CONVEXITY, *deviations.MOTION),
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
        "text": ". ".join([dataset.describe(len(index)), *_objects(dataset, index)]),
        "pictures": index.reset_index().to_dict("records"),
    }


def _objects(dataset: settings.Dataset, index: pd.DataFrame) -> list[str]:
    """A sentence on pictures of several objects, if there may be some."""
    if dataset.objects == "merge":
        return ["All objects of a picture are taken for one region (objects: merge)"]
    most, several = int(index["objects"].max()), int((index["objects"] > 1).sum())
    if most == 1:
        return []
    return [
        f"{words.count(several, 'picture')} of several objects (at most {most}), each with a "
        "predictor and a representation of its own; tables score them together"
    ]


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
        "width": round(width * 0.65) if path.suffix == ".png" else width,
        "title": entry.get("title") or path.stem.replace("_", " ").capitalize(),
        "source": f"data:{_PICTURES[path.suffix]};base64,{base64.b64encode(content).decode()}",
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
