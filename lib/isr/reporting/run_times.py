"""Run times and peak memory of jobs, from the files that Snakemake's `benchmark:` writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from isr.errors import UserError
from isr.reporting import settings


@dataclass(frozen=True)
class RuleTime:
    """All jobs of one rule: their number, seconds together and at most, and peak memory in MB."""

    rule: str
    jobs: int
    total: str
    longest: str
    peak: str


def read(benchmarks: Sequence[Any]) -> list[RuleTime]:
    """Summarise benchmark files by rule; those that do not exist are left out.

    Args:
        benchmarks: paths, or objects {"file", "rule"}; the rule of a bare path is its folder.

    Raises:
        UserError: a file is no benchmark.
    """
    rows = [_row(*entry) for entry in map(_parse, benchmarks) if entry[0].exists()]
    if not rows:
        return []
    table = pd.DataFrame(rows, columns=["rule", "seconds", "peak"])
    return [
        RuleTime(
            str(rule),
            len(jobs),
            duration(jobs["seconds"].sum()),
            duration(jobs["seconds"].max()),
            "" if jobs["peak"].isna().all() else f"{jobs['peak'].max():,.0f} MB",
        )
        for rule, jobs in table.groupby("rule", sort=False)
    ]


def count_missing(benchmarks: Sequence[Any]) -> int:
    """How many of the benchmark files do not exist: those of jobs made before, or elsewhere."""
    return sum(not file.exists() for file, _ in map(_parse, benchmarks))


def _parse(entry: Any) -> tuple[Path, str]:
    if isinstance(entry, str):
        return Path(entry), Path(entry).parent.name
    settings.check_keys(entry, "benchmarks", required=("file", "rule"))
    return Path(entry["file"]), str(entry["rule"])


def _row(file: Path, rule: str) -> tuple[str, float, float]:
    try:
        table = pd.read_csv(file, sep="\t")
        seconds = pd.to_numeric(table["s"])
    except (OSError, KeyError, ValueError):
        raise UserError(f"{file} is no benchmark file of Snakemake: leave it out.") from None
    # Too short a job has "-" in the memory columns.
    peak = pd.to_numeric(table.get("max_rss", pd.Series(dtype=float)), errors="coerce")
    return rule, float(seconds.mean()), float(peak.max())


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(5.25), duration(125), duration(7380)
    ('5.2 s', '2 min 5 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
