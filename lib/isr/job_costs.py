"""What a job has cost, asked of the operating system once, at the job's end.

Snakemake's `benchmark:` reads the memory maps of every running job twice a second; what is read
here is exact and costs nothing.
"""

import os
import re
import resource
import sys
import time
from pathlib import Path

# The file that a job's costs are written to; rules name it in the job's environment.
VARIABLE = "ISR_BENCHMARK"

_START = time.perf_counter()
_MIB = 1024**2


def measure() -> dict[str, float]:
    """Cost of this process and of those that it has started and awaited, until now.

    Returns:
        In columns named as Snakemake names them: `s`, seconds since this module was imported, which
        is before anything heavy is; `cpu_time`, seconds of all cores, user and system; `max_rss`,
        largest resident memory of one process in MiB; and, of jobs on a GPU, `max_gpu`, the largest
        memory allocated there in MiB.
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
