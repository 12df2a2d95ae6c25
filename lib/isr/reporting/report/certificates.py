"""What the certificates of a study say as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from isr.evaluation.certificates.path_connectedness import IN_PICTURE
from isr.reporting import words

MEMBER = "member "
"""How properties of a union's members begin."""
MOST_SHOWN = 300
"""Where there are more representations, those of which nothing is to be said are not listed."""
_EXPECTED = ("holds", IN_PICTURE)


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
    item: str
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
        representations: all of them or, of many, those of which something is to be said.
    """

    certified: int
    holding: int
    special: dict[str, int]
    unpromised: dict[str, int]
    methods: tuple[Method, ...]
    failures: tuple[str, ...]
    representations: tuple[Representation, ...]


def summarise(certificates: pd.DataFrame) -> CertificateSummary:
    """Count what holds; representations that promise nothing are counted apart.

    Those are of property "none", or of a property for which there is no method.

    Args:
        certificates: rows of `isr.reporting.metrics.read_certificates`.
    """
    promised = (certificates["property"] != "none") & (certificates["method"] != "none")
    checks = certificates[promised].copy()
    checks["holds"] = checks["holds"].astype(bool)
    methods = list(dict.fromkeys(checks["method"]))
    representations = tuple(
        _representation(group, methods)
        for _, group in checks.groupby(["cell", "fit_of"], sort=False)
    )
    shown = representations
    if len(shown) > MOST_SHOWN:
        shown = tuple(each for each in shown if not each.holds or each.verdict not in _EXPECTED)
    failing = checks[~checks["holds"]]
    verdicts = [each.verdict for each in representations if each.verdict not in ("holds", "fails")]
    return CertificateSummary(
        certified=len(representations),
        holding=sum(each.holds for each in representations),
        special={verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)},
        unpromised=certificates.loc[~promised, "verdict"].value_counts(sort=False).to_dict(),
        methods=tuple(_method(name, checks[checks["method"] == name]) for name in methods),
        failures=tuple(
            f"{_where(row)}, {row['method']}: {row['sentence']}" for _, row in failing.iterrows()
        ),
        representations=shown,
    )


def _where(row: "pd.Series[Any]") -> str:
    """A representation in words: its cell, and what it is of where the cell does not say so."""
    return ", ".join(dict.fromkeys([words.cell(row["cell"]), str(row["fit_of"])]))


def _method(name: str, checks: pd.DataFrame) -> Method:
    # A union has a check of its own and one of each member.
    held = checks.groupby(["cell", "fit_of"], sort=False)["holds"].all()
    margins = checks["margin"].astype(float)
    if margins.notna().any():
        worst = checks.loc[margins.idxmin()]
        return Method(name, len(held), int(held.sum()), float(margins.min()), _where(worst))
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
        cell=words.cell(first["cell"]),
        item=str(first["fit_of"]),
        holds=holds,
        verdict=verdict,
        margins=tuple(None if value is None or value != value else value for value in values),
    )
