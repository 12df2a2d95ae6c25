"""What the certificates of a study say as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from isr.errors import UserError
from isr.reporting.words import video_cell

GRID = ("constraint", "predictor", "features", "fit", "seed")
COLUMNS = [
    "study",
    "dataset",
    "picture",
    "property",
    "method",
    "margin",
    "holds",
    "verdict",
    "sentence",
]
_CASE = "case"
# How properties of a union's members begin.
MEMBER = "member "


@dataclass(frozen=True)
class Method:
    """One way of checking: on how many representations, how many held, and the worst margin."""

    name: str
    checked: int
    held: int
    worst_margin: float
    worst_case: str


@dataclass(frozen=True)
class Representation:
    """The outcome for one stored representation."""

    cell: str
    picture: str
    holds: bool
    verdict: str
    margins: tuple[float | None, ...]


@dataclass(frozen=True)
class CertificateSummary:
    """All certificates of one study.

    Attributes:
        certified: representations that promise a property and were checked; those of a property
            without a check promise nothing.
        holding: those of which every check holds.
        special: representations with a verdict of their own (empty, whole picture), by verdict.
        unpromised: representations that promise nothing, by verdict.
        methods: per method of checking.
        failures: one sentence for each check that failed.
        representations: all of them.
    """

    certified: int
    holding: int
    special: dict[str, int]
    unpromised: dict[str, int]
    methods: tuple[Method, ...]
    failures: tuple[str, ...]
    representations: tuple[Representation, ...]


def read_certificates(paths: Sequence[Path], axes: Sequence[str] = GRID) -> pd.DataFrame:
    """Read and join the certificates.csv of several cells.

    Args:
        paths: the files.
        axes: what tells the cells of a study from one another, columns too.

    Raises:
        UserError: a file cannot be read or lacks a column.
    """
    tables = []
    for path in paths:
        try:
            table = pd.read_csv(path, dtype={"picture": str, "sentence": str, _CASE: str})
        except (FileNotFoundError, pd.errors.EmptyDataError):
            raise UserError(f"{path} is missing or empty: evaluate the cell again.") from None
        missing = [column for column in (*COLUMNS, *axes) if column not in table.columns]
        if missing:
            raise UserError(f"{path} lacks the column {missing[0]!r}: evaluate the cell again.")
        tables.append(table)
    if not tables:
        return pd.DataFrame(columns=[*COLUMNS, *axes])
    return pd.concat(tables, ignore_index=True)


def summarise(certificates: pd.DataFrame) -> CertificateSummary:
    """Count what holds; representations that promise nothing are counted apart.

    Those are of property "none", or of a property for which there is no method.
    """
    promised = (certificates["property"] != "none") & (certificates["method"] != "none")
    checks = certificates[promised].copy()
    checks["holds"] = checks["holds"].astype(bool)
    checks["cell"] = [_cell(row) for _, row in checks.iterrows()]
    methods = list(dict.fromkeys(checks["method"]))
    representations = tuple(
        _representation(group, methods)
        for _, group in checks.groupby(["cell", "picture"], sort=False)
    )
    failing = checks[~checks["holds"]]
    verdicts = [each.verdict for each in representations if each.verdict not in ("holds", "fails")]
    return CertificateSummary(
        certified=len(representations),
        holding=sum(each.holds for each in representations),
        special={verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)},
        unpromised=certificates.loc[~promised, "verdict"].value_counts(sort=False).to_dict(),
        methods=tuple(_method(name, checks[checks["method"] == name]) for name in methods),
        failures=tuple(
            f"{_cell(row)}, {row['picture']}, {row['method']}: {row['sentence']}"
            for _, row in failing.iterrows()
        ),
        representations=representations,
    )


def _cell(row: "pd.Series[Any]") -> str:
    """A cell in words: its case and constraint, or its axes."""
    if isinstance(row.get(_CASE), str):
        return f"{row[_CASE]} ({str(row['constraint']).replace('_', '-')})"
    return " ".join(str(row[axis]) for axis in GRID) if "features" in row else video_cell(row)


def _method(name: str, checks: pd.DataFrame) -> Method:
    # A union has a check of its own and one of each member.
    held = checks.groupby(["cell", "picture"], sort=False)["holds"].all()
    margins = checks["margin"].astype(float)
    if margins.notna().any():
        worst = checks.loc[margins.idxmin()]
        case = f"{_cell(worst)}, {worst['picture']}"
        return Method(name, len(held), int(held.sum()), float(margins.min()), case)
    return Method(name, len(held), int(held.sum()), float("nan"), "")


def _representation(group: pd.DataFrame, methods: Sequence[str]) -> Representation:
    first = group.iloc[0]
    margins = group["margin"].astype(float).groupby(group["method"]).min().to_dict()
    holds = bool(group["holds"].all())
    # What is said of a union's members is not said of the union.
    own = group[~group["property"].str.startswith(MEMBER)]
    special = [verdict for verdict in own["verdict"] if verdict not in ("holds", "fails")]
    verdict = (special[0] if special else "holds") if holds else "fails"
    values = (margins.get(method) for method in methods)
    return Representation(
        cell=_cell(first),
        picture=str(first["picture"]),
        holds=holds,
        verdict=verdict,
        margins=tuple(None if value is None or value != value else value for value in values),
    )
