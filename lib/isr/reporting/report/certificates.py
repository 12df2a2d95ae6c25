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
_PLAIN = ("holds", "fails")


@dataclass(frozen=True)
class Summary:
    """All certificates of one study.

    Attributes:
        certified: representations that promise a property and were checked; those of a property
            without a check promise nothing.
        holding: those of which every check holds.
        special: representations with a verdict of their own (empty, whole picture), by verdict.
        unpromised: representations that promise nothing, by verdict.
        methods: a row for each method of checking: its name, on how many representations, how many
            held, the worst margin and where.
        failures: one sentence for each check that failed.
        representations: a row for each or, of many, for those of which something is to be said:
            cell, of (what), holds, verdict, margins (of each method, NaN for none).
    """

    certified: int
    holding: int
    special: dict[str, int]
    unpromised: dict[str, int]
    methods: list[dict[str, Any]]
    failures: list[str]
    representations: list[dict[str, Any]]


def summarise(certificates: pd.DataFrame) -> Summary:
    """Count what holds; representations that promise nothing are counted apart.

    Those are of property "none", or of a property for which there is no method.

    Args:
        certificates: rows of `isr.reporting.metrics.read_certificates`.
    """
    promised = (certificates["property"] != "none") & (certificates["method"] != "none")
    checks = certificates[promised].astype({"holds": bool, "margin": float})
    methods = list(dict.fromkeys(checks["method"]))
    every = [
        _representation(own, methods) for _, own in checks.groupby(["cell", "fit_of"], sort=False)
    ]
    shown = every
    if len(every) > MOST_SHOWN:
        usual = ("holds", IN_PICTURE)
        shown = [each for each in every if not each["holds"] or each["verdict"] not in usual]
    verdicts = [each["verdict"] for each in every if each["verdict"] not in _PLAIN]
    return Summary(
        certified=len(every),
        holding=sum(each["holds"] for each in every),
        special={verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)},
        unpromised=certificates.loc[~promised, "verdict"].value_counts(sort=False).to_dict(),
        methods=[_method(name, checks[checks["method"] == name]) for name in methods],
        failures=[
            f"{_where(row)}, {row.method}: {row.sentence}"
            for row in checks[~checks["holds"]].itertuples()
        ],
        representations=shown,
    )


def _where(row: Any) -> str:
    """A representation in words: its cell, and what it is of where the cell does not say so."""
    return ", ".join(dict.fromkeys([words.cell(row.cell), str(row.fit_of)]))


def _method(name: str, checks: pd.DataFrame) -> dict[str, Any]:
    # A union has a check of its own and one of each member.
    held = checks.groupby(["cell", "fit_of"], sort=False)["holds"].all()
    known = checks["margin"].notna().any()
    return {
        "name": name,
        "checked": len(held),
        "held": int(held.sum()),
        "margin": float(checks["margin"].min()),
        "where": _where(checks.loc[checks["margin"].idxmin()]) if known else "",
    }


def _representation(checks: pd.DataFrame, methods: Sequence[str]) -> dict[str, Any]:
    holds = bool(checks["holds"].all())
    # What is said of a union's members is not said of the union.
    own = checks[~checks["property"].str.startswith(MEMBER)]
    special = [verdict for verdict in own["verdict"] if verdict not in _PLAIN]
    margins = checks.groupby("method")["margin"].min()
    return {
        "cell": words.cell(checks["cell"].iloc[0]),
        "of": str(checks["fit_of"].iloc[0]),
        "holds": holds,
        "verdict": (special[0] if special else "holds") if holds else "fails",
        "margins": [float(margin) for margin in margins.reindex(methods)],
    }
