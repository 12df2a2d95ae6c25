"""Predictions: the unaries of some items, for every cell that projects them.

A folder holds predictor.safetensors (networks, or what is known of a computation),
history.parquet (item, seed, step or epoch, term, value) and unaries/SEED/NAME.png (16 bits, at
working size); see `isr.data.problems.Predictions`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from isr.data.items import Item
from isr.data.problems import ProblemReader, write_unaries
from isr.errors import UserError
from isr.fitting.engine.batches import Points
from isr.fitting.engine.long_work import PLAIN_RUN, Run, files_digest, versions
from isr.fitting.engine.phases import describe
from isr.fitting.engine.queue import Key
from isr.fitting.optimise import Job, Plan, write_history
from isr.fitting.schedules import predictor_schedule
from isr.fitting.wholes import about_predictor, training
from isr.io import atomic_folder
from isr.levels import probability
from isr.networks.inference import picture_levels
from isr.predictors import Computed, Given, PredictorKind, read_entry
from isr.settings import CONVENTIONS
from isr.store import Group, read_fits, write_fits

_log = logging.getLogger(__name__)

PREDICTOR, HISTORY, UNARIES = "predictor.safetensors", "history.parquet", "unaries"


@dataclass(frozen=True)
class PredictJob:
    """What predictions are made from.

    Attributes:
        settings: what the job was told: dataset, name (of the predictor), predictor (its entry),
            features, labels, training, protocol, works [[item, seed], ...], and of trained ones
            steps, points and stack_size.
        items: by name.
        semantic: folder of the semantic features, if they are seen.
        labels: folders of the weak labels of videos, by their names.
        checkpoints: published networks, if there are any.
        run: where to compute, and the checkpoint of an interrupted training.
    """

    settings: Mapping[str, Any]
    items: Mapping[str, Item]
    semantic: Path | None = None
    labels: Mapping[str, Path] = field(default_factory=dict)
    checkpoints: Path | None = None
    run: Run = PLAIN_RUN

    @property
    def predictor(self) -> PredictorKind:
        """The predictor."""
        return read_entry(self.settings["predictor"])

    @property
    def keys(self) -> list[Key]:
        """Items and seeds."""
        return [(str(item), int(seed)) for item, seed in self.settings["works"]]

    @property
    def what(self) -> str:
        """Names the work in messages."""
        told = self.settings
        seen = told.get("features") or told.get("labels") or ""
        return f"predict {told['dataset']} {told['name']} {seen}"

    @property
    def reader(self) -> ProblemReader:
        """Reads the problems with their features."""
        convention: Any = CONVENTIONS[self.settings["protocol"]]
        return ProblemReader(
            self.items,
            convention,
            self.predictor.scale,
            self.settings.get("features"),
            self.semantic,
        )

    def metadata(self, **more: Any) -> dict[str, Any]:
        """What is stored with predictions."""
        about = {"settings": dict(self.settings), "versions": versions()}
        return {**about, "convention": CONVENTIONS[self.settings["protocol"]], **more}


def predict(job: PredictJob, output: Path) -> None:
    """Train or compute a predictor for some items and seeds, and write its unaries, as a whole.

    Args:
        job: what they are made from.
        output: folder to make.

    Raises:
        UserError: a file is missing or does not fit, or the training failed.
    """
    predictor = job.predictor
    if isinstance(predictor, Given):
        raise UserError("predictor given: its unaries come with the items; nothing is to be made.")
    with atomic_folder(output) as folder:
        if isinstance(predictor, Computed):
            _compute(job, predictor, folder)
        elif predictor.input == "labels":
            from isr.fitting import weak_label_training

            weak_label_training.predict(job, folder)
        else:
            _train(job, folder)
    job.run.end()


def _train(job: PredictJob, folder: Path) -> None:
    """Train a network on the scribbles of every item: one for each of its objects."""
    told, reader = job.settings, job.reader
    dims = {2 if item.third is None else 3 for item in job.items.values()}
    if len(dims) > 1:
        raise UserError(
            f"{told['dataset']} has items with a third coordinate and others without: name items "
            "of one kind, in a study for each."
        )
    dim = dims.pop()
    task = training(
        job.predictor,
        told["features"],
        Points(**told["points"]),
        dim=dim,
        absolute_penalty=told["protocol"] == "published-code",
    )
    about = {"predictor": about_predictor(job.predictor, told["features"], dim)}
    plan = Plan(task, predictor_schedule(), told["steps"], about)
    keys = [(each, seed) for name, seed in job.keys for each in reader.problems([name])]
    names = list(dict.fromkeys(name for name, _ in job.keys))
    work = Job(told, told["stack_size"], told["protocol"] == "published-code", job.run, job.what)
    result = work.optimise(plan, keys, reader.load, inputs=files_digest(reader.files(names, [])))
    finite = [[*key, value] for key, value in result.finite.items()]
    path = folder / PREDICTOR
    metadata = job.metadata(schedule=describe(plan.schedule), finite=finite)
    write_fits(path, [Group(result.states, about)], metadata)
    write_history(folder / HISTORY, result.history)
    stored = read_fits(path)
    for name, seed in keys:
        level = picture_levels(stored.of_seed(seed).predictor(name), reader.load(name, seed))
        write_unaries(folder / UNARIES / str(seed), name, probability(level))


def _compute(job: PredictJob, predictor: Computed, folder: Path) -> None:
    """Write the unaries of a predictor that is not trained: the same for all seeds."""
    states: dict[Key, dict[str, torch.Tensor]] = {}
    finite: list[list[Any]] = []
    names = list(dict.fromkeys(name for name, _ in job.keys))
    for name in job.reader.problems(names):
        problem = job.reader.load(name, 0)
        found = predictor.compute(problem, job.settings.get("features"))
        _log.info("%s: %s, %s", job.what, name, found.remark)
        item = job.reader.item(name).name
        for seed in (seed for each, seed in job.keys if each == item):
            write_unaries(folder / UNARIES / str(seed), name, found.unaries)
            states[name, seed] = {
                f"computation.{key}": torch.tensor(value) for key, value in found.numbers.items()
            }
            finite.append([name, seed, found.converged])
    write_fits(folder / PREDICTOR, [Group(states, {})], job.metadata(finite=finite))
    write_history(folder / HISTORY, [])
