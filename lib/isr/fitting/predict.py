"""Predictions: the unaries of some items, for every cell that projects them.

A folder holds predictor.safetensors (networks, or what is known of a computation),
history.parquet (item, seed, step or epoch, term, value) and unaries/SEED/NAME.png (16 bits, at
working size); see `isr.data.problems.Predictions`.
"""

import logging
from pathlib import Path
from typing import Any

import torch

from isr.data.items import Item
from isr.data.problems import write_unaries
from isr.errors import UserError
from isr.fitting import weak_label_training
from isr.fitting.engine.devices import use_precision
from isr.fitting.engine.long_work import files_digest
from isr.fitting.engine.queue import Key, describe
from isr.fitting.jobs import Plan, PredictJob, write_history
from isr.fitting.schedules import predictor_schedule
from isr.fitting.wholes import about_predictor, training
from isr.io import atomic_folder
from isr.levels import probability
from isr.networks.inference import picture_levels
from isr.predictors import Computation, Computed, Given
from isr.store import HISTORY, PREDICTOR, UNARIES, Group, read_fits, write_fits

__all__ = ["PredictJob", "predict"]

_log = logging.getLogger(__name__)


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
    use_precision(job.precision)
    with atomic_folder(output) as folder:
        if isinstance(predictor, Computed):
            _compute(job, predictor, folder)
        elif predictor.input == "labels":
            weak_label_training.predict(job, folder)
        else:
            _train(job, folder)
    job.run.end()


def _train(job: PredictJob, folder: Path) -> None:
    """Train a network on the scribbles of every item: one for each of its objects."""
    dim, reader = _dim(job), job.reader
    task = training(
        job.predictor, job.features, job.points, dim=dim, absolute_penalty=job.published
    )
    about = {"predictor": about_predictor(job.predictor, job.features, dim)}
    plan = Plan(task, predictor_schedule(), job.settings["steps"], about)
    keys = [(each, seed) for name, seed in job.keys for each in reader.problems([name])]
    names = list(dict.fromkeys(name for name, _ in job.keys))
    inputs = files_digest(reader.files(names, sorted({seed for _, seed in keys})))
    result = job.optimise(plan, keys, reader.load, inputs=inputs)
    finite = [[*key, value] for key, value in result.finite.items()]
    path = folder / PREDICTOR
    metadata = job.metadata(schedule=describe(plan.schedule), finite=finite)
    write_fits(path, [Group(result.states, about)], metadata)
    write_history(folder / HISTORY, result.history)
    stored = read_fits(path)
    for name, seed in keys:
        level = picture_levels(stored.of_seed(seed).predictor(name), reader.load(name, seed))
        write_unaries(folder / UNARIES / str(seed), name, probability(level))


def _dim(job: PredictJob) -> int:
    """Number of coordinates, which all items have to have alike.

    Raises:
        UserError: they have not.
    """
    dims = {2 if job.items[name].third is None else 3 for name, _ in job.keys}
    if len(dims) > 1:
        raise UserError(
            f"{job.settings['dataset']} has items with a third coordinate and others without: name "
            "items of one kind, in a study for each."
        )
    return dims.pop()


def _compute(job: PredictJob, predictor: Computed, folder: Path) -> None:
    """Write the unaries of a predictor that is not trained: once for seeds that see the same."""
    states: dict[Key, dict[str, torch.Tensor]] = {}
    finite: list[list[Any]] = []
    names = list(dict.fromkeys(name for name, _ in job.keys))
    compute = predictor.prepared(job.checkpoints, job.run.device)
    for name in job.reader.problems(names):
        item = job.reader.item(name).name
        computed: dict[tuple[Item, int | None], Computation] = {}
        for seed in (seed for each, seed in job.keys if each == item):
            seen = job.reader.seen(name, seed), seed if predictor.draws else None
            if seen not in computed:
                computed[seen] = compute(job.reader.load(name, seed), job.features)
                _log.info("%s: %s, %s", job.what, name, computed[seen].remark)
            found = computed[seen]
            write_unaries(folder / UNARIES / str(seed), name, found.unaries)
            states[name, seed] = {
                f"computation.{key}": torch.tensor(value) for key, value in found.numbers.items()
            }
            finite.append([name, seed, found.converged])
    write_fits(folder / PREDICTOR, [Group(states, {})], job.metadata(finite=finite))
    write_history(folder / HISTORY, [])
