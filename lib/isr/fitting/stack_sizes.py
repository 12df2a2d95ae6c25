"""How many problems are optimised side by side, where the configuration leaves it to the device.

Results depend on it, if only by rounding: what was measured once is written down, so that the same
job has the same stack again.
"""

import gc
import hashlib
import json
import math
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from isr.data.problems import Problem
from isr.fitting.engine.queue import EqualWorks, Key, Schedule
from isr.fitting.engine.stack import Stack
from isr.fitting.engine.task import Task
from isr.io import read_json, write_json

ON_CPU = 1
"""On a processor: larger stacks gain next to nothing there."""
RESERVE = 0.18
"""Share of the free memory that is left alone: the allocator cannot use all of it."""

_TRIAL = 8
"""Steps of each phase of a trial: enough to record a step and repeat it."""


@dataclass(frozen=True)
class Needs:
    """What was measured of a device's memory, in bytes.

    Attributes:
        one: largest need of a stack of one problem.
        two: of two problems.
        free: what was free before.
    """

    one: int
    two: int
    free: int


def largest_stack(needs: Needs) -> int:
    """How many problems a device takes side by side, at least one.

    >>> largest_stack(Needs(one=100, two=160, free=1000))  # 40, and 60 for each problem, of 820
    13
    """
    # What a second problem adds may vanish in the grain of the allocator.
    each = needs.two - needs.one if needs.two > needs.one else max(1, needs.one)
    shared = max(0, needs.one - each)
    return max(1, int((needs.free * (1 - RESERVE) - shared) // each))


def largest(grids: Mapping[Key, Sequence[int]], *, padded: bool) -> list[Key]:
    """The two problems, or the only one, whose need of memory bounds that of all.

    Args:
        grids: pixels along each axis of each problem.
        padded: whether a stack holds arrays as high and as wide as those of any of its problems.
    """
    ordered = sorted(grids, key=lambda key: math.prod(grids[key]), reverse=True)
    if not padded:
        return ordered[:2]
    outermost = [max(ordered, key=lambda key: grids[key][axis]) for axis in (-2, -1)]
    return list(dict.fromkeys([*outermost, *ordered]))[:2]


def stack_size(works: int, measured: Callable[[], Needs], file: Path | None) -> int:
    """How many problems an accelerator optimises side by side.

    Where not all fit, one turn after the other takes as many as the last.

    Args:
        works: problems that can be optimised at once.
        measured: what they need of its memory; asked only if nothing is known yet.
        file: where that is written down; None for nowhere.
    """
    if works < 2:
        return 1
    if file is None:
        most = largest_stack(measured())
    else:
        if not file.exists():
            _write_once(file, measured())
        most = int(read_json(file)["fits"])
    turns = math.ceil(works / most)
    return math.ceil(works / turns)


def _write_once(file: Path, needs: Needs) -> None:
    """Write down what was measured, unless another job has meanwhile."""
    own = file.with_name(f".{file.stem}.{platform.node()}.{os.getpid()}.json")
    write_json(own, {"fits": largest_stack(needs), **asdict(needs)})
    try:
        os.link(own, file)
    except FileExistsError:
        pass
    finally:
        own.unlink()


def file_of(folder: Path | None, device: torch.device, about: Mapping[str, Any]) -> Path | None:
    """The file that a measurement is written down in.

    Args:
        folder: of all of them; None for nowhere.
        device: that is measured.
        about: what the need of memory depends on.
    """
    if folder is None:
        return None
    text = json.dumps({**about, "device": torch.cuda.get_device_name(device)}, sort_keys=True)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"


def measure(
    task: Task,
    schedule: Schedule,
    keys: Sequence[Key],
    load: Callable[[str, int], Problem],
    device: torch.device,
) -> Needs:
    """Try one problem and two, and see what they need.

    It disturbs no fit: random numbers depend on names, seeds and steps alone, and the task is a
    copy.

    Args:
        task: what is optimised.
        schedule: phases.
        keys: the two problems that `largest` names.
        load: reads one.
        device: an accelerator.
    """
    one, two = (need(task, schedule, keys[:count], load, device) for count in (1, 2))
    _collect()
    return Needs(one, two, torch.cuda.mem_get_info(device)[0])


def need(
    task: Task,
    schedule: Schedule,
    keys: Sequence[Key],
    load: Callable[[str, int], Problem],
    device: torch.device,
) -> int:
    """The most bytes of a device's memory that some steps of every phase take.

    Args:
        task: what is optimised; a copy of it is.
        schedule: phases.
        keys: problems that are side by side.
        load: reads one.
        device: an accelerator.
    """
    _collect()
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    phases = tuple(replace(phase, share=1.0) for phase in schedule)
    works = EqualWorks(keys, phases, _TRIAL * len(phases))
    stack = Stack(deepcopy(task), works, load, stack_size=len(keys), device=device)
    while not stack.finished:
        stack.advance()
    return torch.cuda.max_memory_allocated(device) - before


def _collect() -> None:
    """Give the memory of what is no longer used back to the device."""
    gc.collect()
    torch.cuda.empty_cache()
