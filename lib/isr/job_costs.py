"""What a job has cost, asked of the operating system once, at the job's end, and told as a table.

Snakemake's `benchmark:` reads the memory maps of every running job twice a second; what is read
here is exact and costs nothing.
"""

import csv
import os
import re
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from isr.errors import UserError

# The file that a job's costs are written to; rules name it in the job's environment.
VARIABLE = "ISR_BENCHMARK"

_START = time.perf_counter()
_MIB = 1024**2
_stepping = {"steps": 0.0, "s": 0.0}
"""Optimisation steps that this process has taken, and the seconds that they took."""

LONGEST = 20
"""Jobs that a table shows at most."""


def count(steps: int, seconds: float) -> None:
    """Count optimisation steps among the costs of this job.

    Args:
        steps: of all problems.
        seconds: that they took.
    """
    _stepping["steps"] += steps
    _stepping["s"] += seconds


def measure() -> dict[str, float]:
    """Cost of this process and of those that it has started and awaited, until now.

    Returns:
        In columns named as Snakemake names them: `s`, seconds since this module was imported, which
        is before anything heavy is; `cpu_time`, seconds of all cores, user and system; `max_rss`,
        largest resident memory of one process in MiB; of jobs on a GPU, `max_gpu`, the largest
        memory allocated there in MiB; and, of jobs that optimise, `steps` that were taken since the
        job's last start, of all problems, and `steps_per_s`.
    """
    own = resource.getrusage(resource.RUSAGE_SELF)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    costs = {
        "s": time.perf_counter() - _START,
        "cpu_time": own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime,
        "max_rss": max(_own_peak(own), _peak(others)),
    }
    # Only a job that has used PyTorch already can have used a GPU.
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        costs["max_gpu"] = torch.cuda.max_memory_allocated() / _MIB
    if _stepping["steps"]:
        costs["steps"] = _stepping["steps"]
        costs["steps_per_s"] = _stepping["steps"] / max(_stepping["s"], 1e-9)
    return costs


def _peak(usage: resource.struct_rusage) -> float:
    """Peak resident memory in MiB; Linux counts KiB, macOS bytes."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / _MIB


def _own_peak(usage: resource.struct_rusage) -> float:
    """Peak resident memory of this process alone in MiB.

    On Linux, `usage` begins with the peak of the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return _peak(usage)
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else _peak(usage)


def write() -> None:
    """Write what this job has cost as TSV to the file that its environment names, if it does."""
    if os.environ.get(VARIABLE):
        costs = measure()
        # Imported late, because it imports NumPy: the clock is to start before that.
        from isr.io import write_text

        lines = ("\t".join(costs), "\t".join(f"{cost:.2f}" for cost in costs.values()))
        write_text(Path(os.environ[VARIABLE]), "\n".join(lines) + "\n")


def read(file: Path) -> dict[str, float] | None:
    """What a job wrote of its costs.

    Args:
        file: of one row, or several, whose columns are then averaged.

    Returns:
        Numbers by column; those that are none ("-" in Snakemake's own files) are left out. None
        where the job wrote nothing: Snakemake makes an empty file then.

    Raises:
        UserError: the file is no such table.
    """
    if not file.exists() or not file.stat().st_size:
        return None
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    found: dict[str, list[float]] = {}
    for row in rows:
        for column, value in row.items():
            try:
                found.setdefault(column, []).append(float(value))
            except (TypeError, ValueError):
                continue
    if not found.get("s"):
        raise UserError(f"{file} is no benchmark file: leave it out.")
    return {column: sum(values) / len(values) for column, values in found.items() if values}


@dataclass(frozen=True)
class JobCosts:
    """What a job has cost.

    Attributes:
        rule: of the workflow.
        name: of the job: the path of its file below the folder of the rule's logs.
        costs: by column, see `measure`.
    """

    rule: str
    name: str
    costs: Mapping[str, float]


def since(start: float, benchmarks: Sequence[Mapping[str, str]]) -> list[JobCosts]:
    """The costs of jobs that have ended since a time.

    Args:
        start: seconds since the epoch.
        benchmarks: {"rule", "file"} of all jobs.
    """
    found = []
    for each in benchmarks:
        file = Path(each["file"])
        costs = read(file) if file.exists() and file.stat().st_mtime >= start else None
        if costs:
            name = file.with_suffix("").as_posix().removeprefix(f"logs/{each['rule']}/")
            found.append(JobCosts(each["rule"], name, costs))
    return found


def write_all(path: Path, jobs: Sequence[JobCosts]) -> None:
    """Write the costs of jobs as TSV: rule, job, and columns as of `measure`."""
    from isr.io import write_text

    columns = ("s", "cpu_time", "max_rss", "max_gpu", "steps", "steps_per_s")
    lines = ["\t".join(("rule", "job", *columns))]
    for job in jobs:
        known = (job.costs.get(column) for column in columns)
        numbers = ("" if value is None else f"{value:.2f}" for value in known)
        lines.append("\t".join((job.rule, job.name, *numbers)))
    write_text(path, "\n".join(lines) + "\n")


def table(jobs: Sequence[JobCosts], longest: int | None = LONGEST) -> str:
    """A table of jobs, the longest first: seconds, peak memory and steps per second.

    Args:
        jobs: that have ended.
        longest: how many are shown; None for all.
    """
    ordered = sorted(jobs, key=lambda job: -job.costs["s"])
    rows: list[tuple[str, ...]] = [
        ("rule", "job", "time", "CPU time", "memory", "GPU memory", "steps", "steps/s")
    ]
    for job in ordered[:longest]:
        costs = job.costs
        rows.append(
            (
                *(job.rule, job.name, duration(costs["s"])),
                duration(costs.get("cpu_time", float("nan"))),
                *(_number(costs.get(key), " MiB") for key in ("max_rss", "max_gpu")),
                *(_number(costs.get(key)) for key in ("steps", "steps_per_s")),
            )
        )
    # A column that says nothing, such as that of GPUs where there is none, goes.
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    lines = [
        "  ".join(f"{word:{width}}" for word, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
    if len(ordered) > len(rows) - 1:
        rest = sum(job.costs["s"] for job in ordered[len(rows) - 1 :])
        lines.append(f"and {len(ordered) - len(rows) + 1} more, {duration(rest)} together")
    return "\n".join(lines)


def _number(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:,.0f}{unit}"


def duration(seconds: float) -> str:
    """Seconds in words; "" where they are not known.

    >>> duration(5.25), duration(40), duration(125), duration(7380)
    ('5.2 s', '40 s', '2 min 5 s', '2 h 3 min')
    """
    if seconds != seconds:
        return ""
    if seconds < 60:
        return f"{seconds} s" if isinstance(seconds, int) else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
