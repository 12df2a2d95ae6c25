"""Running a plan: what is optimised for some problems and how, and what is stored at its end."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from isr.data.problems import Problem
from isr.fitting.engine.long_work import Run, complete, fingerprint
from isr.fitting.engine.phases import Schedule, describe
from isr.fitting.engine.queue import EqualWorks, History, Key, Queue, Result, Settings
from isr.fitting.engine.stack import Stack
from isr.fitting.engine.task import Task
from isr.io import atomic_path

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What is optimised for some problems of one kind, and how.

    Attributes:
        task: modules, batches and loss terms.
        schedule: phases.
        steps: of problems that a queue says nothing else of.
        modules: how the stored modules are built again: `representation`, `predictor`.
    """

    task: Task
    schedule: Schedule
    steps: int
    modules: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Job:
    """What all plans of a job share.

    Attributes:
        settings: what the job was told, as plain data.
        stack_size: problems side by side.
        shared_initial_weights: start every problem from the same weights.
        run: where to compute, and the checkpoint.
        what: names the work in messages.
    """

    settings: Mapping[str, Any]
    stack_size: int
    shared_initial_weights: bool
    run: Run
    what: str

    def optimise(
        self,
        plan: Plan,
        works: Queue | Sequence[Key],
        load: Callable[[str, int], Problem],
        *,
        inputs: str,
        name: str = "",
    ) -> Result:
        """Optimise a plan for some problems, going on from a checkpoint of the same work.

        Args:
            plan: task and schedule.
            works: the problems and seeds, or a queue of works on them.
            load: reads one.
            inputs: a hash of all files that the problems are read from.
            name: tells the checkpoints of several plans of a job apart.
        """
        run = self.run.beside(name) if name else self.run
        queue = works if isinstance(works, Queue) else EqualWorks(works, plan.schedule, plan.steps)
        settings = Settings(self.stack_size, self.shared_initial_weights, run.device)
        stack = Stack(plan.task, queue, load, settings)
        complete(
            stack,
            run,
            fingerprint=fingerprint(
                self.settings,
                run,
                inputs=inputs,
                keys=list(queue.keys),
                schedule=describe(plan.schedule),
                stack_size=self.stack_size,
            ),
            what=self.what,
        )
        stack.collect_history()
        for (problem, seed), finite in stack.result.finite.items():
            if not finite:
                _log.warning(
                    "%s: %s (seed %d) did not stay finite; its last finite state is kept",
                    *(self.what, problem, seed),
                )
        return stack.result


def write_history(path: Path, history: History) -> None:
    """Write the course of the loss terms: item, seed, step, term, value."""
    rows = pd.DataFrame(history, columns=["item", "seed", "step", "term", "value"])
    with atomic_path(path) as temporary:
        rows.to_parquet(temporary, index=False)
