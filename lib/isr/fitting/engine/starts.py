"""What slots begin with: problems are read, their sources opened and their fits' starts searched.

All of it is the host's work. Beside an accelerator it is done in threads, for many slots at once,
and the problems that come next are read while the present ones are fitted.
"""

import copy
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from isr.data.problems import Problem
from isr.fitting.engine.queue import Key, State, Work, is_again
from isr.fitting.engine.random_numbers import generator
from isr.fitting.engine.sources import Source
from isr.fitting.engine.task import Task
from isr.networks.layers import initialise_

_MOST_THREADS = 16

_T = TypeVar("_T")
Opened = tuple[Problem, Source]


class Starts:
    """Makes what slots start from, for one slot as for many.

    Args:
        task: what is optimised, on the host; it is copied.
        load: reads a problem by the name and the seed of its work.
        device: where the optimisation runs: beside a processor there are no threads.
        shared_initial_weights: start every problem from the same weights, as they are drawn.
    """

    def __init__(
        self,
        task: Task,
        load: Callable[[str, int], Problem],
        device: torch.device,
        *,
        shared_initial_weights: bool,
    ) -> None:
        self._task, self._load = copy.deepcopy(task), load
        self._unstarted = copy.deepcopy(task.modules.state_dict())
        self._shared_initial_weights = shared_initial_weights
        self._own = threading.local()
        threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)))
        self._pool = None if device.type == "cpu" else ThreadPoolExecutor(threads)
        self._coming: dict[Key, Future[Opened]] = {}

    def of(self, works: Sequence[Work]) -> list[tuple[State, Source]]:
        """Parameters that works start from, and the sources of their batches."""
        return self._each(self._start, works)

    def sources(self, works: Sequence[Work]) -> list[Source]:
        """Sources of works that are under way."""
        return [source for _, source in self._each(lambda work: self._opened(work.key), works)]

    def prepare(self, keys: Sequence[Key]) -> None:
        """Read problems ahead, in the background if there are threads; forget all others."""
        if self._pool is not None:
            self._coming = {
                key: self._coming.get(key) or self._pool.submit(self._read, key) for key in keys
            }

    def _each(self, make: Callable[[Work], _T], works: Sequence[Work]) -> list[_T]:
        if self._pool is None:
            return [make(work) for work in works]
        return list(self._pool.map(make, works))

    def _start(self, work: Work) -> tuple[State, Source]:
        problem, source = self._opened(work.key)
        if work.start is not None:
            return dict(work.start), source
        task = self._own_task()
        task.modules.load_state_dict(self._unstarted)
        again = is_again(work.name)
        alike = self._shared_initial_weights and not again
        shared = "" if alike else work.name
        for kind, module in task.modules.items():
            initialise_(module, generator(work.seed, shared, f"initial {kind}"))
        if not alike:
            task.start_(problem.filled(), again=again)
        named = task.modules.named_parameters()
        return {name: value.detach().clone() for name, value in named}, source

    def _opened(self, key: Key) -> Opened:
        coming = self._coming.get(key)
        return self._read(key) if coming is None else coming.result()

    def _read(self, key: Key) -> Opened:
        problem = self._load(*key)
        return problem, self._own_task().source(problem, seed=key[1])

    def _own_task(self) -> Task:
        """A copy of the task for each thread: starting puts values into its modules."""
        if not hasattr(self._own, "task"):
            self._own.task = copy.deepcopy(self._task)
        task: Task = self._own.task
        return task
