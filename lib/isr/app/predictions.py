"""The unaries of one picture in memory, of any predictor that strokes are enough for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.data.features.sets import RGB, XY, assemble
from isr.data.pictures import Picture
from isr.data.problems import Problem, object_names, scribbles_of
from isr.errors import UserError
from isr.fitting.engine.long_work import choose_device
from isr.fitting.engine.queue import EqualWorks
from isr.fitting.engine.sources import Points
from isr.fitting.engine.stack import Stack
from isr.fitting.schedules import predictor_schedule
from isr.fitting.wholes import about_predictor, training
from isr.levels import probability
from isr.models import kind_of
from isr.networks.inference import picture_levels
from isr.predictors import KINDS, Computed, PredictorKind, Trained, read_entry
from isr.store import build_predictor, load_parameters, own_parameters

PLANE, FRAMES = "grabcut", "fcn"
"""What is asked where nobody is named: of pictures, and of volumes and clips."""
_STEPS, _POINTS = 1000, Points(500, 500)
_FEATURES = f"{RGB}+{XY}"

Unaries = NDArray[np.float32]


@dataclass(frozen=True)
class Asked:
    """A predictor, and how it is asked.

    Attributes:
        kind: of the registry.
        weights: a file that it needs, such as the network of a foundation model.
        seed: of what it draws.
        device: where it computes.
    """

    kind: PredictorKind
    weights: Path | None = None
    seed: int = 0
    device: str = "cpu"

    @classmethod
    def named(
        cls, predictor: str | Mapping[str, Any] | None, picture: Picture, **how: Any
    ) -> "Asked":
        """The predictor of a name, or of an entry as in `predictors` of the configuration.

        Raises:
            UserError: there is none, a key is wrong, or strokes are not enough for it.
        """
        entry = predictor or (PLANE if picture.third is None else FRAMES)
        if isinstance(entry, str):
            entry = {"kind": entry.replace("-", "_")}
        asked = cls(read_entry(entry), **how)
        if not isinstance(asked.kind, Computed) and not asked._learns_from_strokes:
            able = [kind_of(each) for each in KINDS if issubclass(each, Computed)]
            raise UserError(
                f"predictor {asked.kind.kind}: strokes do not suffice for it; ask one of "
                f"{', '.join((*able, FRAMES))}."
            )
        if isinstance(asked.kind, Computed) and picture.third is not None:
            raise UserError(
                f"predictor {asked.kind.kind} sees single pictures: ask {FRAMES} of volumes and "
                "clips, or give unaries."
            )
        return asked

    @property
    def _learns_from_strokes(self) -> bool:
        return isinstance(self.kind, Trained) and self.kind.teacher == "scribbles"

    @property
    def title(self) -> str:
        """Its name in print."""
        return self.kind.title

    def unaries(self, picture: Picture, coordinates: NDArray[np.float32]) -> Unaries:
        """Foreground probabilities (*grid), of several objects (*grid, n).

        Args:
            picture: with strokes.
            coordinates: (*grid, dim).

        Raises:
            UserError: the strokes lack object or background, or weights are missing.
        """
        names = object_names(picture.name, picture.objects)
        assert picture.scribbles is not None
        each = []
        for number, name in enumerate(names, start=1):
            own = picture.scribbles
            if len(names) > 1:
                own = scribbles_of(own, number)
            each.append(self._of(Problem(name, coordinates, own, seed=self.seed), picture))
        return each[0] if len(each) == 1 else np.stack(each, axis=-1)

    def _of(self, problem: Problem, picture: Picture) -> Unaries:
        sees = self.kind.sees if isinstance(self.kind, Computed) else None
        sees = sees or _FEATURES
        features = assemble(sees, {RGB: picture.image, XY: problem.coordinates})
        seen = Problem(
            problem.name, problem.coordinates, problem.scribbles, features, seed=problem.seed
        )
        if isinstance(self.kind, Computed):
            compute = self.kind.prepared(self.weights, choose_device(self.device))
            return np.asarray(compute(seen, sees).unaries, np.float32)
        return self._trained(seen)

    def _trained(self, problem: Problem) -> Unaries:
        """Train the network on the strokes of a problem, and ask it."""
        dim = problem.coordinates.shape[-1]
        task = training(self.kind, _FEATURES, _POINTS, dim=dim)
        queue = EqualWorks([(problem.name, self.seed)], predictor_schedule(), _STEPS)
        stack = Stack(task, queue, lambda *_: problem, device=choose_device(self.device))
        while not stack.finished:
            stack.advance()
        (state,) = stack.result.states.values()
        network = build_predictor(about_predictor(self.kind, _FEATURES, dim))
        load_parameters(network, own_parameters(state, "predictor"))
        return np.asarray(probability(picture_levels(network.eval(), problem)), np.float32)
