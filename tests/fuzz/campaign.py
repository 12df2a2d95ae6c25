"""Reads damaged files with every reader, and counts what is no refusal in one sentence.

    python tests/fuzz/campaign.py --inputs 20000 [--reader NAME] [--seed 0]

Prints for each reader how many inputs were refused and accepted, and every fault: an exception
that is no UserError, a refusal of several lines, more than 10 s or 2 GB, a file that was cut off
and read as if it were whole. An input is made again by its (reader, seed, number).
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parents[1] / "lib"), str(HERE.parents[1] / "tests/support")]

from mutations import CUT, damage  # noqa: E402
from readers import READERS, digest  # noqa: E402

from isr.errors import UserError  # noqa: E402

SECONDS, BYTES = 10.0, 2 << 30
_ADDRESSES = 12 << 30
"""No input may take all of a machine's memory; what asks for more than this is counted."""


@dataclass(frozen=True)
class Outcome:
    """What became of one input: `refused`, `accepted` or a fault in words."""

    reader: str
    number: int
    kind: str
    found: str
    where: str = ""
    seconds: float = 0.0
    bytes: int = 0


def run(reader: str, numbers: Iterable[int], seed: int, folder: Path) -> Iterator[Outcome]:
    """Read the inputs of some numbers, in a folder that is empty."""
    own = READERS[reader]
    (folder / "in").mkdir()
    files = own.make(folder / "in")
    whole = _read(reader, folder)
    for number in numbers:
        file = files[number % len(files)]
        data = file.read_bytes()
        kind, damaged = damage(data, (seed, list(READERS).index(reader), number))
        file.write_bytes(damaged)
        _reset_peak()
        started, before = time.perf_counter(), _memory("VmRSS")
        found, where = _outcome(reader, folder, whole if kind == CUT and own.cut else None)
        seconds, more = time.perf_counter() - started, _memory("VmHWM") - before
        file.write_bytes(data)
        if seconds > SECONDS:
            found = f"took {seconds:.0f} s"
        if more > BYTES:
            found = f"took {more / 2**30:.1f} GB"
        yield Outcome(reader, number, kind, found, where, seconds, more)


def _read(reader: str, folder: Path) -> str:
    with tempfile.TemporaryDirectory(dir=folder) as out, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return digest(READERS[reader].read(folder / "in", Path(out)))


def _outcome(reader: str, folder: Path, whole: str | None) -> tuple[str, str]:
    try:
        read = _read(reader, folder)
    except UserError as error:
        text = str(error)
        if "more memory than there is" in text or "Unable to allocate" in text:
            return "asked for too much memory", text
        return ("refused", text) if "\n" not in text else ("several lines", text)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [each for each in frames if "/isr/" in each.filename]
        place = f"{Path(own[-1].filename).name}:{own[-1].name}" if own else "?"
        return f"{type(error).__name__} in {place}", str(error)[:200]
    if whole not in (None, read) and read != digest("anew"):
        return "cut off, but read", ""
    return "accepted", ""


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _memory(key: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{key}:\s+(\d+) kB", status)[1]) << 10  # type: ignore[index]


def _child(reader: str, first: int, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """The outcomes of a process of its own: a library may end the one that it runs in."""
    command = [sys.executable, __file__, "--reader", reader, "--seed", str(seed)]
    command += ["--first", str(first), "--inputs", str(count), "--lines"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        number = first - 1
        for line in process.stdout:
            content = json.loads(line)
            number = content["number"]
            yield content
    if process.returncode:
        about = Outcome(reader, number + 1, "?", f"ended the process ({process.returncode})")
        yield asdict(about)
        if (left := first + count - number - 2) > 0:
            yield from _child(reader, number + 2, left, seed)


def main() -> None:
    """Parse the command line, read, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20000)
    parser.add_argument("--reader", choices=READERS, action="append")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", action="store_true", help="one JSON a line, of one reader")
    options = parser.parse_args()
    if options.lines:
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
        numbers = range(options.first, options.first + options.inputs)
        with tempfile.TemporaryDirectory() as folder:
            for outcome in run(options.reader[0], numbers, options.seed, Path(folder)):
                print(json.dumps(asdict(outcome)), flush=True)
        return
    chosen = options.reader or list(READERS)
    each = -(-options.inputs // len(chosen))
    faults: Counter[tuple[str, str]] = Counter()
    total: Counter[str] = Counter()
    examples: dict[tuple[str, str], dict[str, Any]] = {}
    print(f"{'reader':18} {'inputs':>7} {'refused':>8} {'accepted':>8} {'faults':>7}   s    MB")
    for reader in chosen:
        counts: Counter[str] = Counter()
        longest = largest = 0.0
        for outcome in _child(reader, options.first, each, options.seed):
            found = outcome["found"]
            counts[found if found in ("refused", "accepted") else "faults"] += 1
            if found not in ("refused", "accepted"):
                faults[reader, found] += 1
                examples.setdefault((reader, found), outcome)
            longest = max(longest, outcome["seconds"])
            largest = max(largest, outcome["bytes"])
        total += counts
        print(
            f"{reader:18} {sum(counts.values()):7} {counts['refused']:8} {counts['accepted']:8} "
            f"{counts['faults']:7} {longest:5.1f} {largest / 2**20:5.0f}",
            flush=True,
        )
    print(f"{'all':18} {sum(total.values()):7} {total['refused']:8} {total['accepted']:8} ", end="")
    print(f"{total['faults']:7}")
    for (reader, found), count in faults.most_common():
        first = examples[reader, found]
        print(
            f"{count:5} {reader}: {found} "
            f"(first {first['number']}, {first['kind']}: {first['where']})"
        )
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
