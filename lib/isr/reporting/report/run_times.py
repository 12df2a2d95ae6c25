"""Run times and peak memory of jobs, from what they write at their end (see `isr.job_costs`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from isr.errors import UserError
from isr.models import Model


class Benchmark(Model):
    """What a job wrote of its costs."""

    file: str = Field(description="table of one row; a job that was made before has none")
    rule: str = Field(description="of the job")


@dataclass(frozen=True)
class RuleTime:
    """All jobs of one rule: their number, run times, and peak memory; empty where unknown.

    Attributes:
        rule: its name.
        jobs: their number.
        total: run times of all jobs together.
        cpu: CPU time of all jobs together.
        longest: run time of the longest.
        peak: largest resident memory of a job.
        gpu: largest memory that a job has allocated on a GPU.
    """

    rule: str
    jobs: int
    total: str
    cpu: str
    longest: str
    peak: str
    gpu: str


def read(benchmarks: Sequence[Benchmark]) -> list[RuleTime]:
    """Summarise benchmark files by rule; those that are missing or empty are left out.

    Raises:
        UserError: a file is no benchmark.
    """
    rows = [_row(Path(each.file), each.rule) for each in benchmarks if _is_there(each)]
    if not rows:
        return []
    table = pd.DataFrame(rows)
    return [
        RuleTime(
            rule=str(rule),
            jobs=len(jobs),
            total=duration(jobs["s"].sum()),
            cpu="" if jobs["cpu_time"].isna().any() else duration(jobs["cpu_time"].sum()),
            longest=duration(jobs["s"].max()),
            peak=_memory(jobs["max_rss"]),
            gpu=_memory(jobs["max_gpu"]),
        )
        for rule, jobs in table.groupby("rule", sort=False)
    ]


def count_missing(benchmarks: Sequence[Benchmark]) -> int:
    """How many of the benchmark files do not exist: those of jobs made before, or elsewhere."""
    return sum(not _is_there(each) for each in benchmarks)


def _is_there(benchmark: Benchmark) -> bool:
    # Snakemake makes an empty log of one that a job did not write.
    file = Path(benchmark.file)
    return file.exists() and file.stat().st_size > 0


def _row(file: Path, rule: str) -> dict[str, Any]:
    try:
        table = pd.read_csv(file, sep="\t")
        costs = {"s": pd.to_numeric(table["s"]).mean()}
    except (OSError, KeyError, ValueError):
        raise UserError(f"{file} is no benchmark file: leave it out.") from None
    for column in ("cpu_time", "max_rss", "max_gpu"):
        # Snakemake's own benchmarks of jobs that are too short have "-" or "NA" here.
        known = table.get(column, pd.Series(dtype=float))
        costs[column] = pd.to_numeric(known, errors="coerce").max()
    return {"rule": rule, **costs}


def _memory(peaks: "pd.Series[float]") -> str:
    return "" if peaks.isna().all() else f"{peaks.max():,.0f} MiB"


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
