"""Parameters of many equal modules in one tensor, and Adam and Adamax over them, slot by slot.

Both act element by element, so a step on the sum of independent problems' losses over stacked
parameters is a step on each of them alone. Parameters of all modules of a slot lie side by side in
one row of a (slots, size) tensor: an update is a handful of operations whatever their number.
"""

import copy
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from isr.fitting.engine.queue import Phase, in_group


class StackedParameters:
    """Parameters of a stack of slots: one row of `values` (slots, size) for each.

    `leaves` are views of `values` with the modules' own shapes behind the slot axis; `gradients`
    (slots, size) are those of the last call of `differentiate`.

    Args:
        template: the modules of one problem; their parameters are not touched.
        slots: how many problems stand side by side.
        device: where the parameters live.
    """

    def __init__(self, template: nn.Module, slots: int, device: torch.device) -> None:
        self.shapes = {name: p.shape for name, p in template.named_parameters()}
        self.size = sum(shape.numel() for shape in self.shapes.values())
        self.frozen: frozenset[str] = frozenset()
        # A copy whose parameters are the leaves: its project_() acts on the whole stack.
        self._carrier = copy.deepcopy(template).to(device)
        self._allocate(torch.zeros(slots, self.size, device=device))

    def _allocate(self, values: Tensor) -> None:
        self.values = values
        self.gradients = torch.zeros_like(values)
        self.leaves: dict[str, Tensor] = {}
        start = 0
        for name, shape in self.shapes.items():
            columns = slice(start, start + shape.numel())
            leaf = values[:, columns].view(len(values), *shape).detach().requires_grad_()
            self.leaves[name] = leaf
            start = columns.stop
        parameters = dict(self._carrier.named_parameters())
        for name, leaf in self.leaves.items():
            parameters[name].data = leaf.detach()

    @property
    def slots(self) -> int:
        """How many problems stand side by side."""
        return len(self.values)

    def columns(self, prefix: str) -> Tensor:
        """Which of the `size` columns belong to parameters of a name or name prefix: boolean."""
        marks = [
            torch.full((shape.numel(),), in_group(name, prefix))
            for name, shape in self.shapes.items()
        ]
        return torch.cat(marks)

    def freeze(self, phases: Sequence[Phase]) -> None:
        """Leave out of `trained_leaves` what all of these phases hold still."""
        self.frozen = frozenset(
            name for name in self.shapes if all(phase.freezes(name) for phase in phases)
        )

    def trained_leaves(self) -> dict[str, Tensor]:
        """The leaves, those that are frozen without a gradient: it need not be computed."""
        return {
            name: leaf.detach() if name in self.frozen else leaf
            for name, leaf in self.leaves.items()
        }

    def flatten(self, state: Mapping[str, Tensor]) -> Tensor:
        """One row (size,) from parameters by name."""
        return torch.cat([state[name].detach().reshape(-1) for name in self.shapes])

    def unflatten(self, row: Tensor) -> dict[str, Tensor]:
        """Parameters by name from one row (size,): copies."""
        pieces = torch.split(row, [shape.numel() for shape in self.shapes.values()])
        return {
            name: piece.reshape(shape).clone()
            for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)
        }

    def differentiate(self, loss: Tensor) -> None:
        """Put the gradients of `loss` (), made of `leaves`, into `gradients`: 0 where unused."""
        found = torch.autograd.grad(
            loss, list(self.leaves.values()), allow_unused=True, materialize_grads=True
        )
        rows = [gradient.reshape(self.slots, -1) for gradient in found]
        torch.cat(rows, dim=1, out=self.gradients)

    @torch.no_grad()
    def project_(self) -> None:
        """Put every slot's parameters back into their constraint sets."""
        for module in self._carrier.children():
            project = getattr(module, "project_", None)
            if project is not None:
                project()

    def select(self, slots: list[int]) -> None:
        """Keep these slots, in this order."""
        self._allocate(self.values[slots].clone())


_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8
_PLATEAU_THRESHOLD, _PLATEAU_FACTOR = 1e-4, 0.5
_FEATURES: dict[str, Callable[[Tensor], bool]] = {
    "adamax": lambda value: bool(value.any()),
    "decay": lambda value: bool((value != 0).any()),
    "patience": lambda value: bool(value.isfinite().any()),
    "clip_norm": lambda value: bool(value.isfinite().any()),
}
"""Whether a value of a setting makes a step do something that others need not."""


class StackedOptimiser:
    """State and update rule of Adam (Kingma & Ba 2015) and Adamax for a stack of problems.

    The update equals `torch.optim.Adam` and `torch.optim.Adamax` (betas 0.9 and 0.999, epsilon
    1e-8, coupled weight decay) run on every slot alone. All settings are tensors that may differ
    between slots; set them between steps. A step writes all state in place and never waits for the
    device, so that it can be recorded once and replayed.

    Attributes:
        rate: (slots, size) learning rates; 0 freezes a parameter.
        decay: (slots, size) weight decays.
        adamax: (slots, 1) boolean, whether a slot uses Adamax; Adam otherwise.
        active: (slots, 1) boolean; the parameters of an inactive slot keep their values.
        patience: (slots, 1) steps without improvement before the rate is halved; inf for never.
        clip_norm: (slots, 1) largest gradient norm of a slot; inf for no clipping.
    """

    def __init__(self, slots: int, size: int, device: torch.device) -> None:
        def zeros(columns: int) -> Tensor:
            return torch.zeros(slots, columns, device=device)

        self.mean, self.spread = zeros(size), zeros(size)
        self.steps = zeros(1)
        self.best, self.stale, self.factor = zeros(1) + torch.inf, zeros(1), zeros(1) + 1.0
        self.rate, self.decay = zeros(size), zeros(size)
        self.adamax = zeros(1).bool()
        self.active = zeros(1).bool()
        self.patience, self.clip_norm = zeros(1) + torch.inf, zeros(1) + torch.inf
        # Known to the host, which must not ask the device for it.
        self._features = {name: [False] * slots for name in _FEATURES}
        self._plan()

    def _plan(self) -> None:
        """Note which features any slot uses, to skip the rest."""
        used = {name: any(slots) for name, slots in self._features.items()}
        self._uses_decay, self._uses_plateau = used["decay"], used["patience"]
        self._uses_clipping, self._uses_adamax = used["clip_norm"], used["adamax"]
        self._uses_adam = not all(self._features["adamax"])

    @property
    def uses(self) -> tuple[bool, ...]:
        """Which features any slot uses: steps that agree in them are the same operations."""
        return (
            *(self._uses_adam, self._uses_adamax, self._uses_decay),
            *(self._uses_plateau, self._uses_clipping),
        )

    def configure(self, slots: Sequence[int], **settings: Tensor | float | bool) -> None:
        """Set attributes of some slots alike by name, and prepare the next block of steps.

        Args:
            slots: their numbers.
            **settings: numbers, or tensors (size,) on the host.
        """
        device = self.mean.device
        for name, value in settings.items():
            given = torch.as_tensor(value, dtype=torch.float64)
            getattr(self, name)[slots] = given.to(device, getattr(self, name).dtype)
            if name in _FEATURES:
                for slot in slots:
                    self._features[name][slot] = _FEATURES[name](given)
        self._plan()

    def restart(self, slots: Sequence[int]) -> None:
        """Forget the moments, the step counter and the plateau of some slots."""
        for state in (self.mean, self.spread, self.steps, self.stale):
            state[slots] = 0.0
        self.best[slots] = torch.inf
        self.factor[slots] = 1.0

    @torch.no_grad()
    def step(self, parameters: Tensor, gradients: Tensor, losses: Tensor) -> None:
        """Update `parameters` (slots, size) in place; a slot that would not stay finite rests.

        Args:
            parameters: (slots, size).
            gradients: (slots, size) of the sum of the slots' losses; used as scratch.
            losses: (slots, 1), what the plateau rule watches.
        """
        if self._uses_clipping:
            norms = gradients.norm(dim=1, keepdim=True)
            gradients = gradients * (self.clip_norm / (norms + 1e-6)).clamp(max=1.0)
        if self._uses_decay:
            gradients = gradients + self.decay * parameters
        self.steps += self.active
        self.mean.lerp_(gradients, 1.0 - _BETA_1)
        scale = self.rate * self.factor / (1.0 - _BETA_1**self.steps).clamp(min=1e-12)
        update = scale * self.mean / self._denominator(gradients)
        moved = parameters - update.masked_fill_(~self.active, 0.0)
        # A finite gradient may lead to infinity; such a slot keeps what it had, for good.
        self.active.logical_and_(moved.isfinite().all(1, keepdim=True))
        parameters.copy_(torch.where(self.active, moved, parameters))
        if self._uses_plateau:
            self._watch_plateau(losses)

    def _denominator(self, gradients: Tensor) -> Tensor:
        if not self._uses_adam:
            torch.maximum(self.spread * _BETA_2, gradients.abs() + _EPSILON, out=self.spread)
            return self.spread.clamp(min=torch.finfo(self.spread.dtype).tiny)
        if self._uses_adamax:
            largest = torch.maximum(self.spread * _BETA_2, gradients.abs() + _EPSILON)
        self.spread.mul_(_BETA_2).addcmul_(gradients, gradients, value=1.0 - _BETA_2)
        if self._uses_adamax:
            self.spread.copy_(torch.where(self.adamax, largest, self.spread))
        correction = (1.0 - _BETA_2**self.steps).clamp(min=1e-12).sqrt()
        rooted = self.spread.sqrt() / correction + _EPSILON
        return torch.where(self.adamax, self.spread, rooted) if self._uses_adamax else rooted

    def _watch_plateau(self, losses: Tensor) -> None:
        """Halve the rate of slots that have not improved for `patience` steps."""
        improved = losses < self.best * (1.0 - _PLATEAU_THRESHOLD)
        self.best.copy_(torch.where(improved, losses, self.best))
        self.stale.add_(1.0).masked_fill_(improved, 0.0)
        exhausted = self.stale > self.patience
        self.factor.copy_(torch.where(exhausted, self.factor * _PLATEAU_FACTOR, self.factor))
        self.stale.masked_fill_(exhausted, 0.0)

    def state(self) -> dict[str, Tensor]:
        """All tensors by name, for a checkpoint."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the tensors of a checkpoint made by `state`."""
        for name in self.state():
            setattr(self, name, state[name].to(self.mean.device))
            if name in _FEATURES:
                self._features[name] = [_FEATURES[name](row) for row in state[name].cpu()]
        self._plan()

    def select(self, slots: list[int]) -> None:
        """Keep these slots, in this order."""
        for name, value in self.state().items():
            setattr(self, name, value[slots].clone())
        self._features = {
            name: [each[slot] for slot in slots] for name, each in self._features.items()
        }
        self._plan()
