"""Floors: scores that a run must reach, so that a bad segmentation is noticed.

A file of floors is a YAML list. Each entry names a study and which rows of its metrics.csv count
(`where`, which says what they are compared `against` too), the mean IoU that they must reach
(`floor`) and why (`reason`). With `beyond`, the floor
is that of the difference to the rows with these values instead, so that it can be negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from isr.errors import UserError, told
from isr.evaluation.columns import ALL_OBJECTS, TEXTS
from isr.io import read_table
from isr.models import parse

_KEYS = {"study", "where", "floor", "reason"}


@dataclass(frozen=True)
class Floor:
    """What some rows must reach.

    Attributes:
        study: folder of the results.
        where: values of columns of metrics.csv.
        floor: least mean IoU, or least difference of mean IoUs.
        reason: why it is this number.
        beyond: values in place of those of `where`, of the rows that the difference is taken to.
    """

    study: str
    where: Mapping[str, Any]
    floor: float
    reason: str
    beyond: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        words = ", ".join(f"{key} {value}" for key, value in self.where.items())
        if self.beyond is None:
            return f"{self.study}: {words}"
        other = ", ".join(f"{key} {value}" for key, value in self.beyond.items())
        return f"{self.study}: {words}, less that of {other}"


@dataclass(frozen=True)
class Outcome:
    """A floor and what was found.

    Attributes:
        floor: the floor.
        value: mean IoU or difference of mean IoUs; NaN where no row counts.
        rows: how many rows count.
    """

    floor: Floor
    value: float
    rows: int

    @property
    def reached(self) -> bool:
        """Whether the floor is reached: not where there are no rows or no scores."""
        return self.value >= self.floor.floor


def read_floors(path: Path) -> list[Floor]:
    """Read a file of floors.

    Raises:
        UserError: the file is missing or no list of complete entries.
    """
    advice = "give a YAML list of floors"
    with told(path, "cannot be read", advice, missing=advice):
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(entries, list) or not entries:
        raise UserError(f"{path} is no list of floors: give one entry or more.")
    floors = []
    for number, entry in enumerate(entries):
        keys = set(entry) if isinstance(entry, dict) else set()
        if not _KEYS <= keys <= _KEYS | {"beyond"}:
            wanted = ", ".join(sorted(_KEYS))
            raise UserError(f"{path}: entry {number} has not the keys {wanted}: correct it.")
        floor: Floor = parse(Floor, entry, f"{path}: entry {number}")
        if "against" not in floor.where:
            raise UserError(
                f"{path}: entry {number} does not say what is compared against: add `against: "
                "ground truth` or another to its `where`."
            )
        floors.append(floor)
    return floors


def check(floors: list[Floor], results: Path) -> list[Outcome]:
    """Compare the metrics of a run with floors.

    Args:
        floors: what is to be reached.
        results: folder with STUDY/CELL/metrics.csv.

    Raises:
        UserError: a study has no metrics, or they lack a column that a floor names.
    """
    metrics = {study: _metrics(results / study) for study in {floor.study for floor in floors}}
    outcomes = []
    for floor in floors:
        rows = metrics[floor.study]
        value, count = _mean(rows, floor.where)
        if floor.beyond is not None:
            value -= _mean(rows, {**floor.where, **floor.beyond})[0]
        outcomes.append(Outcome(floor, value, count))
    return outcomes


def _metrics(study: Path) -> pd.DataFrame:
    files = sorted(study.glob("*/metrics.csv"))
    if not files:
        raise UserError(f"{study} has no CELL/metrics.csv: run the study first.")
    advice = {"missing": "run the study first", "advice": "evaluate the cell again"}
    return pd.concat([read_table(file, TEXTS, **advice) for file in files], ignore_index=True)


def _mean(rows: pd.DataFrame, where: Mapping[str, Any]) -> tuple[float, int]:
    """Mean IoU and number of the rows with these values; NaN if one of them has no score.

    Scores of all objects of an item together count, not those of each, unless `where` says so.
    """
    for column, value in {"object": ALL_OBJECTS, **where}.items():
        if column not in rows:
            raise UserError(f"floors: metrics.csv has no column {column!r}: name one of its own.")
        rows = rows[rows[column] == value]
    return float(rows["iou"].mean(skipna=False)) if len(rows) else float("nan"), len(rows)
