"""Steps that an accelerator records once and repeats.

To launch a kernel takes the host longer than the kernel itself runs; the graph of a whole step is
one launch. What changes from step to step lies in memory that does not move: the batches of a block
of steps, a counter that says which of them comes next, and the losses that are noted down.
"""

import gc
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from isr.fitting.engine.sources import Batch

Step = Callable[[Batch], Tensor]
"""Takes a step with a batch; returns the values to note down, of one shape in all steps."""

_WARM_UP = 3
"""Steps that run as they are, before one is recorded: libraries then have their workspaces."""


class Replay:
    """A step that is recorded after its first few times and replayed ever after.

    On a processor nothing is recorded: the same operations run one by one.

    Args:
        step: what is done with a batch; all state that it changes is changed in place.
        constants: the part of the batch that all steps of a block share.
        block: the rest, with a leading axis for the step.
        steps: the most steps of a block.
    """

    def __init__(
        self, step: Step, constants: Mapping[str, Tensor], block: Batch, steps: int
    ) -> None:
        self._step = step
        self._constants = {key: value.clone() for key, value in constants.items()}
        self._block = {
            key: value.new_zeros(steps, *value.shape[1:]) for key, value in block.items()
        }
        device = next(iter(block.values())).device
        self._next = torch.zeros(1, dtype=torch.int64, device=device)
        self._values: Tensor | None = None
        self._steps = steps
        self._warm_up = _WARM_UP
        self._graph: torch.cuda.CUDAGraph | None = None
        self._stream: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.load(constants, block)

    def load(self, constants: Mapping[str, Tensor], block: Batch) -> bool:
        """Put the batches of a block where the recorded step finds them.

        Returns:
            Whether they are of the shapes that were recorded; if not, nothing is done.
        """
        both = ((self._constants, constants, 0), (self._block, block, 1))
        for known, given, axes in both:
            if known.keys() != given.keys():
                return False
            if any(known[key].shape[axes:] != given[key].shape[axes:] for key in known):
                return False
        for key, value in constants.items():
            self._constants[key].copy_(value)
        for key, value in block.items():
            self._block[key][: len(value)] = value
        self._next.zero_()
        return True

    def run(self, steps: int) -> Tensor:
        """Take the steps of the block that was loaded; what they noted down, (steps, ...)."""
        if self._stream is None:
            for _ in range(steps):
                self._once()
        else:
            self._replay(self._stream, steps)
        assert self._values is not None
        return self._values[:steps].clone()

    def _replay(self, stream: torch.cuda.Stream, steps: int) -> None:
        first = min(self._warm_up, steps)
        if first:
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(first):
                    self._once()
            torch.cuda.current_stream().wait_stream(stream)
            self._warm_up -= first
        if first == steps:
            return
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            # Tensors of other slots that wait to be collected must not be freed while recording.
            gc.collect()
            with torch.cuda.graph(self._graph, stream=stream):
                self._once()
        for _ in range(steps - first):
            self._graph.replay()

    def _once(self) -> None:
        batch = {
            key: value.index_select(0, self._next).squeeze(0) for key, value in self._block.items()
        }
        noted = self._step(self._constants | batch)
        if self._values is None:
            self._values = noted.new_zeros(self._steps, *noted.shape)
        self._values.index_copy_(0, self._next, noted.unsqueeze(0))
        self._next.add_(1)
