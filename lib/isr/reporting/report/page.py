"""One self-contained HTML page on everything that was run."""

import base64
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import jinja2
from PIL import Image
from pydantic import Field

from isr import __version__
from isr.errors import UserError
from isr.models import Model, parse
from isr.reporting import words
from isr.reporting.published import convexity
from isr.reporting.report import deviations, reproduction, run_times, studies
from isr.reporting.report.frames import STATUSES
from isr.reporting.report.scores import HEADINGS
from isr.reporting.study import read_study
from isr.reporting.tables import layout

_TEMPLATE = "page.html.jinja"
_TITLE = "Implicit segmentations with guaranteed shape"
_PACKAGES = ("torch", "numpy", "scipy", "pandas", "scikit-image", "shapely", "matplotlib")
_PICTURES = {".png": "image/png", ".gif": "image/gif"}


class Shown(Model):
    """A table or a figure of the page."""

    file: str = Field(description="HTML of a table, PNG or GIF of a figure")
    study: str = Field(description="that it is of")
    caption: str = ""


class Content(Model):
    """What the report is told, see scripts/report.py."""

    studies: Annotated[list[dict[str, Any]], Field(min_length=1)]
    tables: list[Shown] = Field([])
    figures: list[Shown] = Field([])
    benchmarks: list[run_times.Benchmark] = Field([])


def make(content: Mapping[str, Any]) -> str:
    """Make the page.

    Args:
        content: settings; their keys are explained in scripts/report.py.

    Raises:
        UserError: a setting is wrong, or a file that it names cannot be read.
    """
    told: Content = parse(Content, content, "settings")
    found = [studies.make(read_study(each)) for each in told.studies]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["margin"] = _margin
    environment.filters["score"] = _score
    environment.filters["count"] = words.count
    return environment.get_template(_TEMPLATE).render(
        title=_TITLE,
        table_style=layout.STYLE,
        studies=found,
        tables={each.name: _of(told.tables, each.name, _table) for each in found},
        figures={each.name: _of(told.figures, each.name, _figure) for each in found},
        statuses=STATUSES,
        compared=HEADINGS,
        departures=reproduction.departures(),
        reproduction=reproduction,
        deviations=(*deviations.CONVEXITY, *deviations.MOTION),
        protocols=_protocols(found),
        times=run_times.read(told.benchmarks),
        times_missing=run_times.count_missing(told.benchmarks),
        versions=versions(),
        published=convexity,
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


def _protocols(found: Sequence[studies.StudyReport]) -> str:
    rows = [f"{study.name}: {dict(study.facts)['Protocol']}" for study in found if study.facts]
    return words.listing(rows)


def _margin(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3g}"


def _score(value: float) -> str:
    return "" if value != value else f"{value:.3f}"


def _of(entries: Sequence[Shown], study: str, read: Any) -> list[dict[str, Any]]:
    return [
        read(Path(each.file)) | {"caption": each.caption} for each in entries if each.study == study
    ]


def _table(path: Path) -> dict[str, Any]:
    try:
        return {"body": layout.html_body(path.read_text(encoding="utf-8"))}
    except OSError:
        raise UserError(f"{path} cannot be read: make the table first.") from None


def _figure(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
        with Image.open(path) as picture:
            width = picture.width
    except OSError:
        raise UserError(f"{path} cannot be read: make the figure first.") from None
    return {
        # Figures are drawn at 160 dots per inch: so text is as large as on the page around.
        "width": round(width * 0.65) if path.suffix == ".png" else width,
        "title": path.stem.replace("_", " ").capitalize(),
        "source": f"data:{_PICTURES[path.suffix]};base64,{base64.b64encode(content).decode()}",
    }
