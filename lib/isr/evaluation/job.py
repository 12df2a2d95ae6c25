"""What a cell is evaluated from, and what the cell is of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from isr.coordinates import Convention
from isr.data.items import Item
from isr.data.problems import Predictions, ProblemReader
from isr.errors import UserError
from isr.evaluation.columns import Row
from isr.predictors import PredictorKind, Trained, read_entry
from isr.predictors.base import is_framewise, trains_along
from isr.settings import CONVENTIONS, CellSettings, Protocol
from isr.store import PREDICTORS, StoredFits, read_fits


@dataclass(frozen=True)
class EvaluateJob:
    """What a cell is evaluated from.

    Attributes:
        settings: what the job was told: study, cell, dataset, protocol, seed, settings (of the
            cell), predictor (its entry), name (of the predictor), items.
        items: by name.
        parts: the stored fits of the cell's batch, of all seeds.
        networks: the stored networks of joint fits of videos.
        semantic: folder of the semantic features, if a predictor that was trained along sees them.
        semantic_source: where the semantic features come from; "" if none are seen.
        predictions: folders of the stored predictions.
        labels: folders of the weak labels of videos, by their names.
    """

    settings: Mapping[str, Any]
    items: Mapping[str, Item]
    parts: Sequence[StoredFits]
    networks: Sequence[StoredFits] = ()
    semantic: Path | None = None
    semantic_source: str = ""
    predictions: Sequence[Path] = ()
    labels: Mapping[str, Path] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """Of the cell."""
        return int(self.settings["seed"])

    @cached_property
    def cell(self) -> CellSettings:
        """How the items were fitted."""
        return CellSettings.model_validate(self.settings["settings"])

    @property
    def protocol(self) -> Protocol:
        """Whose schedules and coordinates."""
        protocol: Protocol = self.settings["protocol"]
        return protocol

    @cached_property
    def predictor(self) -> PredictorKind:
        """The predictor of the cell."""
        return read_entry(self.settings["predictor"])

    @property
    def trains(self) -> bool:
        """Whether a predictor was trained along, on scribbles."""
        return trains_along(self.predictor, self.cell, self.protocol)

    @cached_property
    def reader(self) -> ProblemReader:
        """Reads the problems as the fits did."""
        return ProblemReader(
            self.items,
            cast(Convention, CONVENTIONS[self.protocol]),
            self.predictor.scale,
            self.cell.features if self.trains else None,
            self.semantic,
            Predictions(self.predictions) if self.predictions else None,
            self.cell.corruption,
        )

    @cached_property
    def fits(self) -> list[StoredFits]:
        """The fits of the cell's own seed."""
        return [part.of_seed(self.seed) for part in self.parts]

    def fits_of(self, item: str) -> StoredFits:
        """The part with the fits of an item.

        Raises:
            UserError: there is none.
        """
        for part in self.fits:
            told = part.metadata["frames"].get(str(self.seed), {})
            names = {*part.names, *told}
            if any(name == item or name.partition("/")[0] == item for name in names):
                return part
        raise UserError(f"--fits holds no fit of {item}: give all parts of the cell.")

    @property
    def axes(self) -> Row:
        """What the cell is of."""
        told, cell, predictor = self.settings, self.cell, self.predictor
        on_labels = predictor.input == "labels"
        return {
            "study": told["study"],
            "cell": told["cell"],
            "dataset": told["dataset"],
            "constraint": cell.constraint,
            "predictor": told["name"],
            "features": cell.features if predictor.input == "features" else None,
            "corruption": cell.corruption,
            "labels": cell.labels if on_labels else None,
            "training": cell.training if on_labels else None,
            "fit": cell.fit,
            "distance": cell.distance,
            "noise": cell.noise,
            "seed": self.seed,
        }

    def recipe(self, item: Item) -> Row:
        """How the numbers of an item of the cell were made."""
        cell, predictor, points = self.cell, self.predictor, self.cell.points
        framewise = is_framewise(cell, item.is_video)
        joint = framewise and cell.fit == "joint"
        return {
            "protocol": self.protocol,
            "schedule": cell.schedule,
            "scale": predictor.scale,
            "width": predictor.options().get("width") if isinstance(predictor, Trained) else None,
            "steps": None if framewise else cell.steps,
            "first_steps": cell.first_steps if framewise else None,
            "next_steps": cell.next_steps if framewise else None,
            "epochs": cell.epochs if joint else None,
            "points": None if points is None else points.strokes + points.random,
            **self._descent(item),
            "semantic": self.semantic_source or None,
        }

    def _descent(self, item: Item) -> Row:
        """The optimiser at the end of a fit, and the learning rate at its beginning."""
        schedules: Mapping[str, Any] = self.fits_of(item.name).metadata["schedules"]
        phases = [
            phase
            for name, each in schedules.items()
            if name.startswith("stack ") != item.is_video
            for phase in each
        ]
        if not phases:
            return {}
        return {"optimiser": phases[-1]["optimiser"], "rate": phases[0]["learning_rate"]}


def told_of(fits: StoredFits, problem: str) -> dict[str, Any]:
    """What the fits tell of an item or a frame: its status and agreement; {} for nothing."""
    told: dict[str, Any] = fits.metadata["frames"].get(str(fits.seed), {}).get(problem, {})
    return told


def outcome(fits: StoredFits, problem: str) -> Row:
    """What became of the fit of an item or a frame, and how well it agrees."""
    told = told_of(fits, problem)
    found = [told[key] for key in ("iou", "strokes") if told.get(key) is not None]
    return {"status": told.get("status", "fitted"), "agreement": min(found, default=None)}


def read_networks(parts: Sequence[Path]) -> list[StoredFits]:
    """The networks that joint fits of videos have tuned, of those parts that have any."""
    return [read_fits(part / PREDICTORS) for part in parts if (part / PREDICTORS).exists()]
