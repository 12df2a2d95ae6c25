"""Reading what the cells of a study measured: metrics.csv and certificates.csv."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from isr.data.items import frame_name
from isr.errors import UserError
from isr.evaluation.columns import (
    ALL_OBJECTS,
    CERTIFICATE_COLUMNS,
    COLUMNS,
    FLAGS,
    NUMBERS,
    TEXTS,
)
from isr.io import read_json, read_table
from isr.reporting.study import PlannedCell
from isr.settings import SPATIO_TEMPORAL

NOT_RUN = "not run"
NO_GROUND_TRUTH = "no ground truth"

SAME = ["cell", "place", "object", "output", "against"]
"""What tells the rows of metrics.csv from each other."""


def read_cells(
    cells: Iterable[PlannedCell], study: str, *, each_object: bool = False
) -> pd.DataFrame:
    """The metrics of those of some cells that ran, see `read_metrics`."""
    paths = [cell.folder / "metrics.csv" for cell in cells]
    found = [path for path in paths if path.exists()]
    return read_metrics(found, study, each_object=each_object)


def read_metrics(
    paths: Iterable[Path], study: str | None = None, *, each_object: bool = False
) -> pd.DataFrame:
    """Read and join the metrics.csv of several cells; no file gives an empty table.

    Args:
        paths: the files.
        study: that all of them have to belong to, if it is given.
        each_object: the rows of single objects instead of those of all objects of an item.

    Returns:
        The columns of `isr.evaluation.columns`, and `place`: the item, or ITEM/00007 of a frame.
        Names that have no meaning are "", no noise is 0, and unknown flags are false.

    Raises:
        UserError: a file is missing or empty, lacks a column, belongs to another study, or is given
            twice.
    """
    tables = [_read(path, COLUMNS) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        others = set(table["study"]) - {study}
        if study is not None and others:
            raise UserError(
                f"{path} belongs to study {others.pop()!r}, not {study!r}: leave it out."
            )
    metrics = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*COLUMNS])
    for name in FLAGS:
        metrics[name] = (metrics[name].astype(str) == "True").astype(bool)
    metrics["noise"] = metrics["noise"].astype(float).fillna(0.0)
    metrics["place"] = [
        item if frame != frame else frame_name(item, int(frame))
        for item, frame in zip(metrics["item"], metrics["frame"], strict=True)
    ]
    metrics = metrics[(metrics["object"] != ALL_OBJECTS) == each_object]
    if metrics.duplicated(SAME).any():
        raise UserError("metrics.csv: an item is scored twice: give each cell's file once.")
    return metrics.reset_index(drop=True)


def read_certificates(cells: Iterable[PlannedCell]) -> pd.DataFrame:
    """Read and join the certificates.csv of those of some cells that ran.

    Raises:
        UserError: a file is empty or lacks a column.
    """
    paths = [cell.folder / "certificates.csv" for cell in cells]
    tables = [read_certificate_file(path) for path in paths if path.exists()]
    joined = [table for table in tables if len(table)]
    return (
        pd.concat(joined, ignore_index=True)
        if joined
        else pd.DataFrame(columns=[*CERTIFICATE_COLUMNS])
    )


def read_certificate_file(path: Path) -> pd.DataFrame:
    """Read the certificates.csv of one cell: one row per fit and method of checking.

    Raises:
        UserError: the file is missing, empty or damaged, or lacks a column.
    """
    return _read(path, CERTIFICATE_COLUMNS)


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    advice = "remove it and evaluate the cell again"
    table = read_table(path, TEXTS, missing="evaluate the cell first", advice=advice)
    if len(table) != rows_of(path, len(table)):
        raise UserError(f"{path} is cut off: {advice}.")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise UserError(f"{path} lacks the column {missing[0]!r}: evaluate the cell again.")
    for name in NUMBERS:
        if name in columns and table[name].dtype.kind not in "fi":
            raise UserError(f"{path}: the column {name!r} does not hold numbers: {advice}.")
    if (table["frame"] < 0).any() or np.isinf(table["frame"].astype(float)).any():
        raise UserError(f"{path}: the column 'frame' holds no numbers of frames: {advice}.")
    return table


def rows_of(path: Path, otherwise: int) -> int:
    """How many rows a file of a cell has, as cell.json beside it says; `otherwise` without one."""
    about = path.with_name("cell.json")
    content = read_json(about) if about.exists() else None
    rows = content.get("rows") if isinstance(content, dict) else None
    found = rows.get(path.name) if isinstance(rows, dict) else None
    return found if isinstance(found, int) else otherwise


def count_stopped(metrics: pd.DataFrame) -> int:
    """How many fits stopped before their last step, at their last finite state.

    A fit of a whole video has a row for each of its frames.
    """
    stopped = metrics[(metrics["output"] == "representation") & ~metrics["finite"]]
    names = stopped["place"].where(stopped["fit"] != SPATIO_TEMPORAL, stopped["item"])
    return len(set(zip(stopped["cell"], names, strict=True)))
