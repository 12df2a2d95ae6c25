"""One self-contained HTML page on everything that was run."""

import base64
import math
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import jinja2
import pandas as pd
from PIL import Image
from pydantic import Field

from isr import __version__, job_costs
from isr.errors import UserError
from isr.job_costs import duration
from isr.models import Model, parse
from isr.reporting import words
from isr.reporting.published import convexity
from isr.reporting.report import findings, reproduction, studies
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


class Benchmark(Model):
    """What a job wrote of its costs at its end, see `isr.job_costs`."""

    file: str = Field(description="table of one row; a job that was made before has none")
    rule: str = Field(description="of the job")

    @property
    def is_there(self) -> bool:
        """Whether the job wrote it: Snakemake makes an empty log of one that it did not."""
        file = Path(self.file)
        return file.exists() and file.stat().st_size > 0


class Content(Model):
    """What the report is told, see scripts/report.py."""

    studies: Annotated[list[dict[str, Any]], Field(min_length=1)]
    tables: list[Shown] = Field([])
    figures: list[Shown] = Field([])
    benchmarks: list[Benchmark] = Field([])


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
    environment.filters["margin"] = lambda value: "" if value != value else f"{value:.3g}"
    environment.filters["count"] = words.count
    measured = [each for each in told.benchmarks if each.is_there]
    return environment.get_template(_TEMPLATE).render(
        title=_TITLE,
        table_style=layout.STYLE,
        studies=found,
        shown=_shown(told, found),
        planned=sum(each.planned for each in found),
        ran=sum(each.planned - len(each.missing) for each in found),
        certified=sum(each.certificates.certified for each in found),
        holding=sum(each.certificates.holding for each in found),
        tables={each.name: _of(told.tables, each.name, _table) for each in found},
        figures={each.name: _of(told.figures, each.name, _figure) for each in found},
        reproduction=reproduction,
        protocols=words.listing(
            f"{study.name}: {dict(study.facts)['Protocol']}" for study in found if study.facts
        ),
        times=run_times(measured),
        times_missing=len(told.benchmarks) - len(measured),
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


def _shown(told: Content, found: Sequence[studies.StudyReport]) -> dict[str, str]:
    """The first figure of each study that has one, small, by the study's name."""
    firsts = {each.study: Path(each.file) for each in reversed(told.figures)}
    return {each.name: findings.small(firsts[each.name]) for each in found if each.name in firsts}


# Tables and figures


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


# Run times


def run_times(benchmarks: Sequence[Benchmark]) -> list[dict[str, Any]]:
    """Run times and peak memory of the jobs of each rule, by heading; empty where unknown.

    Raises:
        UserError: a file is no benchmark.
    """
    if not benchmarks:
        return []
    costs = pd.DataFrame([_costs(each) for each in benchmarks])
    on_gpu = costs["max_gpu"].notna().any()
    return [
        {
            "Rule": rule,
            "Jobs": len(jobs),
            "Together": duration(jobs["s"].sum()),
            "CPU time": duration(jobs["cpu_time"].sum(skipna=False)),
            "Longest": duration(jobs["s"].max()),
            "Peak memory": _memory(jobs["max_rss"].max()),
            **({"Peak GPU memory": _memory(jobs["max_gpu"].max())} if on_gpu else {}),
        }
        for rule, jobs in costs.groupby("rule", sort=False)
    ]


def _costs(benchmark: Benchmark) -> dict[str, Any]:
    costs = job_costs.read(Path(benchmark.file)) or {}
    columns = ("s", "cpu_time", "max_rss", "max_gpu")
    return {"rule": benchmark.rule, **{key: costs.get(key, math.nan) for key in columns}}


def _memory(peak: float) -> str:
    return "" if peak != peak else f"{peak:,.0f} MiB"
