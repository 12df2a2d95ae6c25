"""The engine: many problems of one kind optimised together.

Adam acts element by element, so optimising the sum of the problems' losses over stacked parameters
is optimising each problem alone. A slot whose problem is finished takes the next one of the queue.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap

from isr.data.problems import Problem
from isr.fitting.engine.optimiser import StackedOptimiser, StackedParameters
from isr.fitting.engine.queue import Key, Phase, Queue, Result, Slot
from isr.fitting.engine.replay import Replay
from isr.fitting.engine.sources import Batch, Joined, Source, stacked
from isr.fitting.engine.starts import Starts
from isr.fitting.engine.task import Task, Terms, bind

_CPU = torch.device("cpu")
_BLOCK, _REPLAYED_BLOCK = 50, 100
"""Steps whose batches are made at once; results do not depend on it."""
_WEIGHTS = "weights of terms"
"""Under which key a step finds the weights (slots, terms) of the active loss terms."""
_RECORDS = 60
"""Entries per problem and term in the history."""


class Stack:
    """Problems in slots, their parameters and the optimiser, advanced block by block.

    A block of steps runs without the host: batches are made before it, losses are read after it.

    Args:
        task: what is optimised.
        queue: the works on problems.
        load: reads a problem by the name and the seed of its work, so that they need not all be in
            memory; beside an accelerator it is called in threads.
        stack_size: problems side by side.
        shared_initial_weights: start every problem from the same weights.
        device: where the optimisation runs.
        replays: whether batches of all slots are drawn at once, and a step is recorded and
            replayed; None for on accelerators. On a processor it gives the same numbers.
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
        replays: bool | None = None,
    ) -> None:
        self.task, self.queue, self.device = task, queue, device
        self._replays = device.type == "cuda" if replays is None else replays
        self._starts = Starts(task, load, device, shared_initial_weights=shared_initial_weights)
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
        # Buffers of the templates are constants of the stack; parameters are only shapes to it.
        task.modules.to(device)
        self.sources: list[Source] = []
        self._active: list[str] = []
        self._present: list[str] = []
        self._weights = torch.zeros(0)
        self._constants: Batch | None = None
        self._joined: Joined | None = None
        self._configured: list[Phase | None] = []
        self._replay: tuple[Any, Replay] | None = None
        self._forget()
        self._start(list(range(count)))

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

    def _start(self, numbers: list[int]) -> None:
        """Put the weights that some slots start from into them, and open their sources."""
        if not numbers:
            return
        works = [self.slots[number].work for number in numbers]
        if not self.sources:
            self.sources = [None] * len(self.slots)  # type: ignore[list-item]
        for number, (state, source) in zip(numbers, self._starts.of(works), strict=True):
            self.parameters.values[number] = self.parameters.flatten(state).to(self.device)
            self.sources[number] = source.to(self.device)
        self.optimiser.restart(numbers)
        self.alive[numbers] = True
        self._constants = None
        self._starts.prepare(self.queue.upcoming(len(self.slots)))

    def _forget(self) -> None:
        """Let everything be made anew that depends on which slots there are."""
        self._constants = self._joined = self._replay = None
        self._configured = [None] * len(self.slots)

    def _configure(self) -> None:
        """Set the optimiser of the slots that come to another phase, and the terms' weights."""
        changed: dict[int, list[int]] = {}
        for number, slot in enumerate(self.slots):
            phase = slot.phase
            if slot.begins_phase or self._configured[number] is not phase:
                changed.setdefault(id(phase), []).append(number)
                self._configured[number] = phase
        if not changed:
            return
        for numbers in changed.values():
            self._set_phase(numbers, self.slots[numbers[0]].phase)
        phases = {id(slot.phase): slot.phase for slot in self.slots}
        self.parameters.freeze(list(phases.values()))
        terms = [phase.terms for phase in phases.values()]
        self._active = sorted({term for each in terms for term, weight in each.items() if weight})
        rows = [[slot.phase.terms.get(term, 0.0) for term in self._active] for slot in self.slots]
        self._weights = torch.tensor(rows).to(self.device)

    def _set_phase(self, numbers: list[int], phase: Phase) -> None:
        """Set the optimiser of some slots to a phase."""
        columns, size = self.parameters.columns, self.parameters.size
        rate, decay = torch.full((size,), phase.learning_rate), torch.zeros(size)
        for prefix, factor in phase.learning_rate_scale.items():
            rate[columns(prefix)] *= factor
        for prefix, value in phase.weight_decay.items():
            decay[columns(prefix)] = value
        if phase.restart:
            self.optimiser.restart([n for n in numbers if self.slots[n].begins_phase])
        self.optimiser.configure(
            numbers,
            rate=rate,
            decay=decay,
            adamax=phase.optimiser == "adamax",
            patience=float("inf") if phase.plateau is None else float(phase.plateau),
            clip_norm=float("inf") if phase.clip_norm is None else phase.clip_norm,
        )

    def advance(self) -> None:
        """Take a block of steps: as many as no slot changes its phase in."""
        if not self.sources:
            opened = self._starts.sources([slot.work for slot in self.slots])
            self.sources = [source.to(self.device) for source in opened]
        self._configure()
        steps = min(self._longest, *(slot.steps_to_phase_end for slot in self.slots))
        values = self._run_block(steps)
        for k in range(steps):
            recorded = [_record(slot, slot.step + k) for slot in self.slots]
            if any(step >= 0 for _, step in recorded):
                self._pending.append((recorded, self._present, values[k]))
        for slot in self.slots:
            slot.step += steps
        self._retire()

    @property
    def _longest(self) -> int:
        """The most steps of a block."""
        return _REPLAYED_BLOCK if self._replays else _BLOCK

    @property
    def _alone(self) -> bool:
        """Whether slots are computed one by one, not by `vmap`."""
        return len(self.slots) == 1 or not self.task.stacks(self.device)

    def _join(self) -> Batch:
        """The constants of the slots there are: stacked, or side by side if slots stay alone."""
        if self._constants is None:
            each = [source.constants for source in self.sources]
            if self._alone:
                self._constants = {
                    _own(n, key): own[key] for n, own in enumerate(each) for key in own
                }
            else:
                self._constants = stacked(each)
            self._joined = self.sources[0].join(self.sources) if self._replays else None
        return self._constants

    def _block(self, steps: int) -> Batch:
        """The batches of some steps, with leading axes for the step and the slot."""
        first = [slot.step for slot in self.slots]
        if self._joined is not None:
            return self._joined.block(first, steps)
        pairs = zip(self.sources, first, strict=True)
        blocks = [source.block(step, steps) for source, step in pairs]
        return {key: torch.stack([own[key] for own in blocks], dim=1) for key in blocks[0]}

    def _run_block(self, steps: int) -> Sequence[Tensor] | Tensor:
        """Take some steps; the values of the loss terms of each, (slots, terms)."""
        constants = {**self._join(), _WEIGHTS: self._weights}
        block = self._block(steps)
        if not self._replays:
            own = [{key: value[k] for key, value in block.items()} for k in range(steps)]
            return [self._step(constants | batch) for batch in own]
        same = (self._active, self.parameters.frozen, self.optimiser.uses)
        if self._replay is not None and self._replay[0] == same:
            replay = self._replay[1]
            if replay.load(constants, block):
                return replay.run(steps)
        self._replay = None  # Its memory is free before more is taken.
        replay = Replay(self._step, constants, block, self._longest)
        self._replay = same, replay
        return replay.run(steps)

    def _step(self, batch: Batch) -> Tensor:
        """One step of every slot; the values (slots, terms) of the active loss terms there are."""
        stack, weights = self.parameters, batch.pop(_WEIGHTS)
        terms = self._terms(batch, frozenset(self._active))
        self._present = [term for term in self._active if term in terms]
        values = torch.stack([terms[term] for term in self._present], dim=1)
        if len(self._present) < len(self._active):
            columns = [self._active.index(term) for term in self._present]
            weights = torch.stack([weights[:, column] for column in columns], dim=1)
        losses = (values * weights).sum(1, keepdim=True)
        stack.differentiate(losses.sum())
        with torch.no_grad():
            finite = losses.isfinite() & stack.gradients.isfinite().all(1, keepdim=True)
            self.alive &= finite
            self.optimiser.active.copy_(self.alive)
            self.optimiser.step(stack.values, stack.gradients, losses.detach())
            self.alive.copy_(self.optimiser.active)
            stack.project_()
        return values.detach()

    def _terms(self, batch: Batch, active: frozenset[str]) -> Terms:
        """Loss terms, each (slots,)."""

        def one(parameters: Mapping[str, Tensor], batch: Batch) -> Terms:
            return self.task.terms(bind(self.task.modules, parameters), batch, active)

        leaves = self.parameters.trained_leaves()
        if not self._alone:
            return vmap(one)(leaves, batch)
        each = [one(own, _of_slot(batch, number)) for number, own in enumerate(_unbound(leaves))]
        return {key: torch.stack([terms[key] for terms in each]) for key in each[0]}

    def _retire(self) -> None:
        """Store finished problems, refill their slots from the queue, drop what stays empty."""
        done = [number for number, slot in enumerate(self.slots) if slot.finished]
        if not done:
            return
        self.collect_history()
        for number in done:
            self._finish(number)
        filled = []
        for number in done:
            if (work := self.queue.take()) is not None:
                self.slots[number] = Slot(work)
                filled.append(number)
        self._start(filled)
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
        self._forget()

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
        self._forget()

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


def _own(number: int, key: str) -> str:
    """Under which key a batch of slots side by side holds what is a slot's own."""
    return f"{number}/{key}"


def _of_slot(batch: Batch, number: int) -> Batch:
    """The batch of one slot of a batch of slots side by side."""
    prefix = _own(number, "")
    return {
        key.removeprefix(prefix): value if "/" in key else value[number]
        for key, value in batch.items()
        if "/" not in key or key.startswith(prefix)
    }


def _unbound(leaves: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """The parameters of each slot, from those of all."""
    for own in zip(*(leaf.unbind() for leaf in leaves.values()), strict=True):
        yield dict(zip(leaves, own, strict=True))
