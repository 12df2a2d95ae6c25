"""A new constraint, predictor, data set kind, table and figure: one file and one registry each."""

import pandas as pd
import pytest
from configurations import DEMO_STUDIES
from PIL import Image

CONSTRAINT = '''
"""A disc."""

import numpy as np
import torch
from torch import Tensor, nn

from isr.evaluation.certificates.verdicts import Certificate
from isr.representations import Representation


class Disc(Representation):
    """A disc of any dimension: distance to a centre minus a radius."""

    def __init__(self, dim: int, radius: float = 0.2) -> None:
        super().__init__()
        self.dim = dim
        self.centre = nn.Parameter(torch.zeros(dim))
        self.radius = nn.Parameter(torch.tensor(radius))

    def forward(self, coordinates: Tensor) -> Tensor:
        away = (coordinates - self.centre).square().sum(-1).add(1e-12).sqrt()
        return 20 * (away - self.radius)


def certify_disc(representation, scene, level, *, seed):
    radius = float(representation.radius)
    sentence = f"Its radius is {radius:.3f}."
    return [Certificate("disc", "structure", radius, np.isfinite(radius), "holds", sentence)]
'''
RECORD = """
    Constraint(
        "disc",
        "isr.representations.disc:Disc",
        "disc",
        "isr.representations.disc:certify_disc",
    ),
)

NAMES = """
PREDICTOR = '''
"""How bright a pixel is, between the means of the scribbles."""

from typing import ClassVar, Literal

import numpy as np

from isr.predictors.base import Computation, Computed


class Brightness(Computed):
    """The grey value, rescaled."""

    title: ClassVar[str] = "brightness"
    kind: Literal["brightness"]

    def compute(self, problem, features):
        grey = problem.features[..., :3].mean(-1)
        inside, outside = (grey[mask].mean() for mask in (
            (problem.scribbles > 0) & (problem.scribbles < 255), problem.scribbles == 255))
        return Computation(np.clip((grey - outside) / (inside - outside), 0, 1).astype("f4"))
'''
DATASET = '''
"""Bright discs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from isr.data.items import write_picture
from isr.data.kinds.base import DatasetKind, Known
from isr.data.pictures import Picture


class Discs(DatasetKind):
    """Drawn bright discs."""

    kind: Literal["discs"]

    def all_names(self, root: Path) -> list[str]:
        return ["small", "large"]

    def known(self, name: str, root: Path) -> Known:
        return Known(True, False, None)

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        rows, columns = np.mgrid[:32, :40] + 0.5
        inside = np.hypot(rows - 16, columns - 20) < {"small": 8, "large": 12}[name]
        scribbles = np.zeros((32, 40), np.uint8)
        scribbles[14:18, 16:24], scribbles[:2], scribbles[-2:] = 1, 255, 255
        image = np.repeat(np.where(inside, 0.9, 0.2)[..., None], 3, -1).astype(np.float32)
        truth = np.where(inside, 255, 0).astype(np.uint8)
        write_picture(output, Picture(name, image, scribbles, truth))

    def describe(self, name: str, items: Sequence[str]) -> str:
        return f"{len(items)} discs"
'''
TABLE = '''
"""How many rows each cell has."""

from typing import ClassVar, Literal

from isr.reporting.tables.base import TableKind


class Counts(TableKind):
    """The number of rows of each cell."""

    caption: ClassVar[str] = "The number of rows of each cell."
    kind: Literal["counts"]

    def shown(self, cells, place):
        return list(cells)

    def make(self, study, shown):
        from isr.reporting.metrics import read_cells
        from isr.reporting.tables.layout import Heading, Span, Table, line_of

        counts = read_cells([study.cell(name) for name in shown], study.name)["cell"].value_counts()
        lines = [line_of((name,), [Span(str(counts[name]))]) for name in shown]
        table = Table(study.describe(), ("cell",), ((Heading("rows"),),), tuple(lines))
        return counts.rename_axis("cell").to_csv(), table
'''
FIGURE = '''
"""The masks of a cell, side by side."""

from typing import ClassVar, Literal

import numpy as np

from isr.reporting.figures.base import FigureKind


class Masks(FigureKind):
    """All masks of the first cell."""

    caption: ClassVar[str] = "All masks of the first cell."
    kind: Literal["masks"]

    def shown(self, cells, place):
        return list(cells)[:1]

    def draw(self, study, shown, output):
        from matplotlib.figure import Figure

        from isr.io import read_png
        from isr.reporting.drawing import panels

        masks = sorted((study.cell(shown[0]).folder / "masks").glob("*.png"))
        figure = Figure(figsize=(4, 2))
        figure.subplots().imshow(np.hstack([read_png(path) for path in masks]))
        panels.save(figure, output)
'''
CONFIG = {
    "steps": 150,
    "datasets": {"round": {"kind": "discs"}},
    "predictors": {"grey": {"kind": "brightness"}},
    "studies": {
        **dict.fromkeys(DEMO_STUDIES),
        "new": {
            "dataset": "round",
            "settings": {"features": "rgb"},
            "vary": {"predictor": ["grey"], "constraint": ["disc", "convex"]},
            "cells": {
                "joint": {"predictor": "fcn", "constraint": "disc", "fit": "joint"},
                "two": {
                    "predictor": "grey",
                    "constraint": "union",
                    "options": {"member": "disc", "count": 2},
                },
            },
            "tables": {"rows": {"kind": "counts"}},
            "figures": {"seen": {"kind": "masks"}},
        },
    },
}


def _register(registry, import_line, first, own):
    """Add one import and one entry."""
    text = registry.read_text()
    assert text.count(first) == 1
    text = text.replace(first, f"{first}{own}, ")
    head, mark, rest = text.partition("\n__all__")
    registry.write_text(f"{head}{import_line}\n{mark}{rest}")


@pytest.fixture(scope="module")
def extended(repository):
    """A repository with one more of each."""
    library = repository.folder / "lib/isr"
    (library / "representations/disc.py").write_text(CONSTRAINT)
    constraints = library / "constraints.py"
    text = constraints.read_text()
    assert text.count(")\n\nNAMES = ") == 1
    constraints.write_text(text.replace(")\n\nNAMES = ", RECORD.lstrip("\n")))
    for place, module, content, kind, first in (
        ("predictors", "brightness", PREDICTOR, "Brightness", "type[PredictorKind], ...] = ("),
        ("data/kinds", "discs", DATASET, "Discs", "type[DatasetKind], ...] = ("),
        ("reporting/tables", "counts", TABLE, "Counts", "type[TableKind], ...] = ("),
        ("reporting/figures", "masks", FIGURE, "Masks", "type[FigureKind], ...] = ("),
    ):
        (library / place / f"{module}.py").write_text(content)
        package = f"isr.{place.replace('/', '.')}"
        own = f"from {package}.{module} import {kind}"
        _register(library / place / "__init__.py", own, first, kind)
    return repository


def test_a_study_runs_through_new_kinds_of_everything(extended):
    code, output = extended.snakemake("--cores", "2", config=CONFIG)
    assert code == 0, output
    results = extended.folder / "results"
    cells = {path.parent.name: pd.read_csv(path) for path in results.glob("new/*/metrics.csv")}
    assert set(cells) == {
        "constraint~disc_predictor~grey",
        "constraint~convex_predictor~grey",
        "joint",
        "two",
    }
    for name, metrics in cells.items():
        found = metrics[(metrics["output"] == "representation") & (metrics["object"] == "all")]
        # Two discs that begin in one place push each other away.
        if name != "two":
            floor = 0.4 if name == "joint" else 0.75  # So few steps, and nothing finds its start.
            assert found[found["against"] == "ground truth"]["iou"].min() > floor, name
        certificates = pd.read_csv(results / "new" / name / "certificates.csv")
        assert certificates["holds"].all()
        kind = "convex" if "convex" in name else "disc"
        assert certificates["property"].str.contains(kind).any()
    assert "| disc" not in (results / "tables/rows.csv").read_text()
    assert set(pd.read_csv(results / "tables/rows.csv")["cell"]) == set(cells)
    with Image.open(results / "figures/seen.png") as figure:
        assert min(figure.size) > 100
    page = (results / "report.html").read_text()
    assert "brightness" in page
    assert "2 discs" in page
    assert "The number of rows of each cell." in page


def test_mistakes_in_new_kinds_are_told_as_any_other(extended):
    wrong = {"datasets": {"round": {"kind": "discs", "items": ["huge"]}}}
    code, output = extended.snakemake("--dry-run", config=CONFIG | wrong)
    assert code != 0
    assert "config: datasets.round: items: there is no 'huge' among small, large." in output
