"""From the settings of a cell to what is optimised and how."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from isr import predictors, representations
from isr.data.features import channel_slices
from isr.errors import UserError
from isr.fitting.projection import Projection
from isr.fitting.schedule import (
    Schedule,
    concurrent_schedule,
    describe,
    joint_schedule,
    predictor_schedule,
)
from isr.fitting.shapes import RATE_FACTORS, Shape
from isr.fitting.slots import Settings
from isr.fitting.sources import Points
from isr.fitting.tasks import (
    CouplingMode,
    PictureTraining,
    PredictorTraining,
    Task,
)
from isr.networks.cnn import CNN
from isr.protocols import uses_predictions

_PREDICTOR_SETTINGS = {"kind", "scale"}
"""Keys of a predictor's entry that are not options of its module."""


@dataclass(frozen=True)
class Plan:
    """What a job optimises and how.

    Attributes:
        task: modules, batches and loss terms.
        schedule: phases.
        metadata: what is stored with the fits.
    """

    task: Task
    schedule: Schedule
    metadata: dict[str, Any]


def choose_device(name: str) -> torch.device:
    """Where to compute: `auto` takes an accelerator if there is one.

    Raises:
        UserError: the device does not exist here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.zeros(1, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"device {name!r} cannot be used ({error}); choose auto or cpu.") from None


def run_settings(settings: Mapping[str, Any], schedule: Schedule, device: torch.device) -> Settings:
    """The engine's settings of a job."""
    return Settings(
        schedule=schedule,
        steps=settings["steps"],
        seed=settings["seed"],
        stack_size=settings["stack_size"],
        shared_initial_weights=settings["protocol"] == "published-code",
        device=device,
    )


def fingerprint(settings: Mapping[str, Any], **more: Any) -> str:
    """Names a job's work, so that a checkpoint of other work is not taken for its own."""
    text = json.dumps({**settings, **more}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _predictor(settings: Mapping[str, Any]) -> tuple[predictors.Predictor, dict[str, Any]]:
    entry = settings["predictor_options"]
    options = {key: value for key, value in entry.items() if key not in _PREDICTOR_SETTINGS}
    channels = list(channel_slices(settings["features"]).values())[-1].stop
    about = {"kind": entry["kind"], "channels": channels, "options": options}
    return predictors.build(entry["kind"], channels, **options), about


def _training(
    settings: Mapping[str, Any],
    representation: representations.Representation | None,
    coupling: CouplingMode = "both",
) -> tuple[Task, dict[str, Any]]:
    predictor, about = _predictor(settings)
    points = Points(**settings["points"])
    if not isinstance(predictor, CNN):
        task: Task = PredictorTraining(
            predictor, points, representation=representation, coupling=coupling
        )
        return task, about
    task = PictureTraining(
        predictor,
        points,
        features=settings["features"],
        absolute_penalty=settings["protocol"] == "published-code",
        representation=representation,
        coupling=coupling,
    )
    return task, about


def stored_metadata(
    settings: Mapping[str, Any], schedule: Schedule, **modules: Any
) -> dict[str, Any]:
    """What is stored with fits: settings, coordinates, schedule, and how to rebuild the modules."""
    return {
        "settings": dict(settings),
        "convention": settings["convention"],
        "schedule": describe(schedule),
        **modules,
    }


def prediction_plan(settings: Mapping[str, Any]) -> Plan:
    """Training of a predictor alone, whose unaries sequential cells share."""
    task, about = _training(settings, None)
    schedule = predictor_schedule()
    return Plan(task, schedule, stored_metadata(settings, schedule, predictor=about))


def cell_plan(
    settings: Mapping[str, Any], representation: representations.Representation | None = None
) -> Plan:
    """The fit of a cell: a projection of stored predictions, or a training of both networks.

    Args:
        settings: of the cell.
        representation: template of the cell's representation, such as a member of a union; None
            for one of its own.
    """
    representation = representation or representations.build(settings["constraint"], 2)
    about = {"name": settings["constraint"], "dim": 2, "options": {}}
    coupling = {key: settings[key] for key in ("alpha", "uncoupled") if key in settings}
    if uses_predictions(settings):
        task: Task = Projection(representation, Points(**settings["points"]))
        shape = Shape(settings["constraint"], **coupling)
        schedule = shape.schedule_from(unaries=True, scribbles=True)
        return Plan(task, schedule, stored_metadata(settings, schedule, representation=about))
    sequential = settings["fit"] == "sequential"
    task, predictor = _training(settings, representation, "binarised" if sequential else "both")
    rate = RATE_FACTORS.get(settings["constraint"], 1.0)
    schedule = (
        concurrent_schedule(**coupling)
        if sequential
        else joint_schedule(settings["protocol"], representation_rate=rate, **coupling)
    )
    metadata = stored_metadata(settings, schedule, representation=about, predictor=predictor)
    return Plan(task, schedule, metadata)
