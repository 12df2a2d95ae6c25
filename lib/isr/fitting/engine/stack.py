"""The engine: many problems of one kind optimised together.

Adam acts element by element, so optimising the sum of the problems' losses over stacked parameters
is optimising each problem alone. A slot whose problem is finished takes the next one of the queue.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap

from isr.data.problems import Problem
from isr.fitting.engine.optimiser import StackedOptimiser, StackedParameters
from isr.fitting.engine.queue import Key, Queue, Result, Slot
from isr.fitting.engine.sampling import generator
from isr.fitting.engine.task import Batch, Source, Task, Terms, bind
from isr.networks.layers import initialise_

_CPU = torch.device("cpu")
_BLOCK = 50
"""Steps whose batches are made at once; results do not depend on it."""
_RECORDS = 60
"""Entries per problem and term in the history."""


class Stack:
    """Problems in slots, their parameters and the optimiser, advanced block by block.

    Args:
        task: what is optimised.
        queue: the works on problems.
        load: reads a problem by the name and the seed of its work, so that they need not all be in
            memory.
        stack_size: problems side by side.
        shared_initial_weights: start every problem from the same weights.
        device: where the optimisation runs.
    """

    def __init__(
        self,
        task: Task,
        queue: Queue,
        load: Callable[[str, int], Problem],
        *,
        stack_size: int = 1,
        shared_initial_weights: bool = False,
        device: torch.device = _CPU,
    ) -> None:
        self.task, self.load, self.queue, self.device = task, load, queue, device
        self._shared_initial_weights = shared_initial_weights
        self.slots: list[Slot] = []
        while len(self.slots) < stack_size and (work := self.queue.take()) is not None:
            self.slots.append(Slot(work))
        count = len(self.slots)
        self.parameters = StackedParameters(task.modules, count, device)
        self.optimiser = StackedOptimiser(count, self.parameters.size, device)
        self.alive = torch.ones(count, 1, dtype=torch.bool, device=device)
        self.result = Result()
        self._finished_steps = 0
        self._pending: list[tuple[list[tuple[Key, int]], list[str], Tensor]] = []
        self._unstarted = copy.deepcopy(task.modules.state_dict())
        # Buffers of the templates are constants of the stack; parameters are only shapes to it.
        task.modules.to(device)
        self.sources: list[Source] = [self._start(number) for number in range(count)]

    @property
    def finished(self) -> bool:
        """Whether every problem is done."""
        return not self.slots

    @property
    def done(self) -> int:
        """Steps taken so far, of all problems."""
        return self._finished_steps + sum(slot.step for slot in self.slots)

    @property
    def total(self) -> int:
        """Steps of all problems; works that are done again come on top of what was planned."""
        return max(self.queue.total_steps, self.done)

    @property
    def progress(self) -> str:
        """How many fits are done, in words."""
        return f"{len(self.result.states)} of {len(self.queue.keys)} fits"

    def _start(self, number: int) -> Source:
        """Put the weights that a slot starts from into it, and open where its batches come from."""
        work = self.slots[number].work
        problem = self.load(*work.key)
        self.task.modules.load_state_dict(self._unstarted)
        if work.start is None:
            self._initialise(work.key, problem)
            row = self.parameters.flatten(dict(self.task.modules.named_parameters()))
        else:
            row = self.parameters.flatten(work.start)
        self.parameters.values[number] = row.to(self.device)
        self.optimiser.restart(number)
        self.alive[number] = True
        return self._open(problem, work.seed)

    def _initialise(self, key: Key, problem: Problem) -> None:
        """Draw the initial weights of a problem into the task's modules."""
        name, seed = key
        shared = "" if self._shared_initial_weights else name
        for kind, module in self.task.modules.items():
            initialise_(module, generator(seed, shared, f"initial {kind}"))
        self.task.start_(problem)

    def _open(self, problem: Problem, seed: int) -> Source:
        return self.task.source(problem, seed=seed, device=self.device)

    def _configure(self, number: int) -> None:
        """Set the optimiser of one slot to its phase."""
        slot = self.slots[number]
        phase = slot.phase
        columns, size = self.parameters.columns, self.parameters.size
        device = self.device
        rate = torch.full((size,), phase.learning_rate, device=device)
        decay = torch.zeros(size, device=device)
        for prefix, factor in phase.learning_rate_scale.items():
            rate[columns(prefix)] *= factor
        for prefix, value in phase.weight_decay.items():
            decay[columns(prefix)] = value
        if phase.restart and slot.begins_phase:
            self.optimiser.restart(number)
        self.optimiser.configure(
            number,
            rate=rate,
            decay=decay,
            adamax=phase.optimiser == "adamax",
            patience=float("inf") if phase.plateau is None else float(phase.plateau),
            clip_norm=float("inf") if phase.clip_norm is None else phase.clip_norm,
        )

    def advance(self) -> None:
        """Take a block of steps: as many as no slot changes its phase in."""
        if not self.sources:
            works = [slot.work for slot in self.slots]
            self.sources = [self._open(self.load(*work.key), work.seed) for work in works]
        for number in range(len(self.slots)):
            self._configure(number)
        chosen = [slot.phase for slot in self.slots]
        self.parameters.freeze(chosen)
        steps = min(
            _BLOCK,
            *(slot.steps_to_phase_end for slot in self.slots),
        )
        active = sorted({term for phase in chosen for term, w in phase.terms.items() if w})
        weights = torch.tensor(
            [[phase.terms.get(term, 0.0) for term in active] for phase in chosen]
        )
        self._run_block(steps, active, weights.to(self.device))
        for slot in self.slots:
            slot.step += steps
        self._retire()

    def _run_block(self, steps: int, active: list[str], weights: Tensor) -> None:
        blocks = [
            source.block(slot.step, steps)
            for source, slot in zip(self.sources, self.slots, strict=True)
        ]
        constants = [source.constants for source in self.sources]
        batches = _batches(constants, blocks, steps, stack=self.task.stacks)
        for k, batch in enumerate(batches):
            present, values = self._step(batch, active, weights)
            recorded = [_record(slot, slot.step + k) for slot in self.slots]
            if any(step >= 0 for _, step in recorded):
                self._pending.append((recorded, present, values))

    def _step(
        self, batch: Batch | list[Batch], active: list[str], weights: Tensor
    ) -> tuple[list[str], Tensor]:
        """One step of every slot; the active loss terms that the task has, and their values.

        Values are (slots, terms).
        """
        stack = self.parameters
        terms = self._terms(batch, frozenset(active))
        columns = [column for column, term in enumerate(active) if term in terms]
        present = [active[column] for column in columns]
        values = torch.stack([terms[term] for term in present], dim=1)
        losses = (values * weights[:, columns]).sum(1, keepdim=True)
        stack.differentiate(losses.sum())
        with torch.no_grad():
            finite = losses.isfinite() & stack.gradients.isfinite().all(1, keepdim=True)
            self.alive &= finite
            self.optimiser.active.copy_(self.alive)
            self.optimiser.step(stack.values, stack.gradients, losses.detach())
            stack.project_()
        return present, values.detach()

    def _terms(self, batch: Batch | list[Batch], active: frozenset[str]) -> Terms:
        """Loss terms, each (slots,)."""

        def one(parameters: Mapping[str, Tensor], batch: Batch) -> Terms:
            return self.task.terms(bind(self.task.modules, parameters), batch, active)

        leaves = self.parameters.trained_leaves()
        if not isinstance(batch, list):
            return vmap(one)(leaves, batch)
        each = [
            one({key: leaf[slot] for key, leaf in leaves.items()}, own)
            for slot, own in enumerate(batch)
        ]
        return {key: torch.stack([terms[key] for terms in each]) for key in each[0]}

    def _retire(self) -> None:
        """Store finished problems, refill their slots from the queue, drop what stays empty."""
        done = [number for number, slot in enumerate(self.slots) if slot.finished]
        if not done:
            return
        self.collect_history()
        for number in done:
            self._finish(number)
            if (work := self.queue.take()) is not None:
                self.slots[number] = Slot(work)
                self.sources[number] = self._start(number)
        kept = [number for number, slot in enumerate(self.slots) if not slot.finished]
        if len(kept) < len(self.slots):
            self.keep(kept)

    def _finish(self, number: int) -> None:
        """Hand the result of a slot to the queue, and keep it if the queue says so."""
        work = self.slots[number].work
        self._finished_steps += work.steps
        row = self.parameters.values[number].detach().cpu()
        state, finite = self.parameters.unflatten(row), bool(self.alive[number])
        name = self.queue.finish(work, state, finite)
        if name is not None:
            self.result.states[name, work.seed] = state
            self.result.finite[name, work.seed] = finite

    def keep(self, slots: list[int]) -> None:
        """Shrink the stack to these slots."""
        self.slots = [self.slots[n] for n in slots]
        self.sources = [self.sources[n] for n in slots] if self.sources else []
        self.parameters.select(slots)
        self.optimiser.select(slots)
        self.alive = self.alive[slots].clone()

    def state(self) -> dict[str, Any]:
        """Everything that a resumed stack needs, as tensors and plain data."""
        self.collect_history()
        return {
            "slots": [(slot.work.key, slot.step) for slot in self.slots],
            "finished_steps": self._finished_steps,
            "queue": self.queue.state(),
            "values": self.parameters.values,
            "optimiser": self.optimiser.state(),
            "alive": self.alive,
            "states": self.result.states,
            "finite": self.result.finite,
            "history": self.result.history,
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where a stack of the same task, problems and settings was when `state` was made."""
        device = self.device
        self.keep(list(range(len(state["slots"]))))
        self.queue.load_state(state["queue"])
        self.slots = [Slot(self.queue.again(tuple(key)), step) for key, step in state["slots"]]
        self._finished_steps = state["finished_steps"]
        self.parameters.values.copy_(state["values"])
        self.optimiser.load_state(state["optimiser"])
        self.alive = state["alive"].to(device)
        self.result = Result(state["states"], state["finite"], list(state["history"]))
        self.sources = []

    def collect_history(self) -> None:
        """Copy the recorded losses from the device."""
        for recorded, active, values in self._pending:
            for (key, step), row in zip(recorded, values.cpu().tolist(), strict=True):
                if step >= 0:
                    self.result.history += [
                        (*key, step, term, value) for term, value in zip(active, row, strict=True)
                    ]
        self._pending.clear()


def _record(slot: Slot, step: int) -> tuple[Key, int]:
    """Problem and step of an entry of the history; a step of -1 for none."""
    every = max(1, slot.work.steps // _RECORDS)
    if step % every and step != slot.work.steps - 1:
        return slot.work.key, -1
    return slot.work.key, step


def _batches(
    constants: Sequence[Batch], blocks: Sequence[Batch], steps: int, *, stack: bool
) -> Iterator[Batch | list[Batch]]:
    """The batches of each step of a block: stacked, or else side by side in a list."""
    if len(blocks) == 1 or not stack:
        for k in range(steps):
            yield [
                own | {key: value[k] for key, value in block.items()}
                for own, block in zip(constants, blocks, strict=True)
            ]
        return
    together, stacked = _stacked(constants, dim=0), _stacked(blocks, dim=1)
    for k in range(steps):
        yield together | {key: value[k] for key, value in stacked.items()}


def _stacked(batches: Sequence[Batch], *, dim: int) -> Batch:
    return {key: torch.stack([batch[key] for batch in batches], dim=dim) for key in batches[0]}
