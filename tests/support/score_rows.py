"""Studies with planned cells, and rows of their metrics.csv, for tests of what is reported."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from isr.evaluation.columns import COLUMNS
from isr.models import parse
from isr.reporting.metrics import read_cells
from isr.reporting.study import Study, read_study
from isr.reporting.tables import Table as TableEntry
from isr.reporting.tables.layout import Table

ENTRIES: dict[str, dict[str, Any]] = {
    "fbms": {"kind": "fbms", "url": "https://x.org/f.zip", "file": "f.zip"},
    "convexitydb": {"kind": "convexitydb", "url": "https://x.org/c.zip", "file": "c.zip"},
    "embedded": {"kind": "embedded"},
    "drawn": {"kind": "drawn"},
    "gallery": {"kind": "gallery"},
    "fruit": {"kind": "fruit"},
}
PREDICTORS = {
    **{name: {"kind": name} for name in ("cnn", "fcn", "tv", "given", "grabcut")},
    **{"unet": {"kind": "unet", "width": 16}, "small": {"kind": "fcn"}},
    "sam": {"kind": "segment_anything"},
}
_AXES = (
    *("constraint", "predictor", "features", "corruption", "labels", "training", "fit"),
    *("distance", "scribbles", "seed"),
)


def plan(fit: str = "sequential", seed: int = 42, **changes: Any) -> dict[str, Any]:
    """A cell of a study of videos."""
    own = {"labels": "motion", "predictor": "unet", "constraint": "path_connected"}
    return {**own, "fit": fit, "seed": seed, **changes}


def grid_plan(fit: str = "sequential", seed: int = 42, **changes: Any) -> dict[str, Any]:
    """A cell of a study of pictures."""
    own = {"constraint": "convex", "predictor": "fcn", "features": "rgb+xy"}
    return {**own, "fit": fit, "seed": seed, **changes}


def study_of(
    cells: Sequence[Mapping[str, Any]], items: Sequence[str], kind: str, **changes: Any
) -> Study:
    """A study with some cells; those with `items` or `by_hand` of their own have these."""
    planned = []
    for number, cell in enumerate(cells):
        own = dict(cell)
        name = own.pop("cell", f"cell-{number}")
        given = {"items": list(own.pop("items", items)), "by_hand": own.pop("by_hand", {})}
        planned.append({"name": name, "folder": f"results/s/{name}", "settings": own, **given})
    used = {cell["settings"].get("predictor", "given") for cell in planned}
    entry = ENTRIES[kind] | changes.pop("entry", {})
    about = {"name": "s", "text": "", "dataset": "d", "entry": entry, "cells": planned, **changes}
    return read_study(
        {**about, "predictors": {name: each for name, each in PREDICTORS.items() if name in used}}
    )


def make_study(
    videos: Sequence[str] = ("cars3", "cars6"),
    cells: Sequence[Mapping[str, Any]] | None = None,
    kind: str = "fbms",
    **changes: Any,
) -> Study:
    """A study of videos, by default with two fits and two seeds."""
    usual = [plan(fit, seed) for fit in ("sequential", "joint") for seed in (42, 47)]
    return study_of(cells or usual, videos, kind, **changes)


def row(iou: float, item: str = "cars3", frame: int = 0, **changes: Any) -> dict[str, Any]:
    """One row of metrics.csv of a video."""
    fit = changes.get("fit", "sequential")
    steps: dict[str, Any] = {"first_steps": 5000, "next_steps": 400}
    steps |= {"epochs": 15, "rate": 0.0001} if fit == "joint" else {"rate": 0.001}
    values = {
        **{"study": "s", "dataset": "d", "training": "each", "distance": "squared", "noise": None},
        **{"corruption": "clean", **plan()},
        **{"protocol": "paper", "scale": 0.5, "width": 16, "points": 1000, "optimiser": "adamax"},
        **steps,
        **{"labels_kind": "motion", "weights": "trained", "scored_object": 1},
        **{"object_sure": True, "labels_follow": "", "item": item, "frame": frame},
        **{"object": "all", "objects": 1, "output": "representation", "against": "ground truth"},
        **{"iou": iou, "accuracy": iou / 2, "scored_pixels": 100, "overlap": 0},
        **{"status": "fitted", "finite": True, "noisy": False, "annotated": True},
        **{"contradicted": False, "published_rule": True},
    }
    return values | changes


def noise_plan(share: float, seed: int = 42, distance: str = "squared") -> dict[str, Any]:
    """A cell of a study of noise."""
    return plan("spatio-temporal", seed, noise=float(share), distance=distance)


def noise_row(iou: float, frame: int, share: float, seed: int = 42, **changes: Any) -> Any:
    """One row of metrics.csv of a study of noise."""
    about = {"fit": "spatio-temporal", "noise": share, "seed": seed, "against": "unaries"}
    none = {"first_steps": None, "next_steps": None, "steps": 2500}
    return row(iou, **{"frame": frame, **about, **none, **changes})


def score(iou: float, item: str = "a", **changes: Any) -> list[dict[str, Any]]:
    """One row of metrics.csv of a picture, as a list."""
    values = {
        **{"study": "s", "dataset": "d", "distance": "squared", "corruption": "clean"},
        **grid_plan(),
        **{"protocol": "paper", "scale": 1.0, "steps": 400, "points": 1000, "optimiser": "adam"},
        **{"rate": 0.02, "item": item, "object": "all", "objects": 1, "output": "predictor"},
        **{"against": "ground truth", "iou": iou, "accuracy": iou, "scored_pixels": 100},
        **{"overlap": 0, "finite": True, "annotated": True},
    }
    return [values | changes]


def written(rows: Sequence[Mapping[str, Any]], study: Study, root: Path) -> Study:
    """Write rows into the folders of the cells that they are of; cells without any did not run."""
    cells = tuple(replace(cell, folder=root / "results" / cell.name) for cell in study.cells)
    for cell in cells:
        own = [dict(each) | {"cell": cell.name} for each in rows if _is_of(each, cell.settings)]
        if own:
            cell.folder.mkdir(parents=True, exist_ok=True)
            table = pd.DataFrame(own, columns=list(COLUMNS))
            table.to_csv(cell.folder / "metrics.csv", index=False)
    return replace(study, cells=cells)


def _is_of(each: Mapping[str, Any], settings: Any) -> bool:
    if (each.get("noise") or 0.0) != (settings.noise or 0.0):
        return False
    return all(
        each[axis] == getattr(settings, axis) for axis in _AXES if each.get(axis) not in (None, "")
    )


def read(rows: Sequence[Mapping[str, Any]], study: Study, root: Path) -> pd.DataFrame:
    """The rows as they are read back."""
    return read_cells(written(rows, study, root).cells, study.name)


def make_table(
    kind: str, rows: Sequence[Mapping[str, Any]], study: Study, root: Path, **keys: Any
) -> tuple[str, Table]:
    """Make a table of some rows, by its entry of the configuration."""
    own = written(rows, study, root)
    entry = parse(TableEntry, {"kind": kind, **keys})
    shown = entry.shown({cell.name: cell.settings for cell in own.cells}, "tables.t")
    made: tuple[str, Table] = entry.make(own, shown)
    return made


def pick(summary: pd.DataFrame, **wanted: Any) -> Any:
    """The only row with some values."""
    for key, value in wanted.items():
        summary = summary[summary[key] == value]
    assert len(summary) == 1
    return summary.iloc[0]


def entries(table: Table, *names: str) -> list[str]:
    """Texts of the line with these names; the first name may stand in an earlier line."""
    above = ""
    for line in table.lines:
        above = line.names[0] or above
        if (
            line.names == names
            or (above, line.names[-1]) == names
            or ((above, *line.names[1:]) == names)
        ):
            return [" / ".join(span.text for span in entry) for entry in line.entries]
    raise AssertionError(names)
