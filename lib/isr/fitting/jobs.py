"""Jobs: one prediction or one part of a cell, from pictures on disk to stored parameters.

Pictures of several objects are fitted as binary problems, one for each (`isr.fitting.objects`).
"""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isr.data.dataset import read_index
from isr.data.objects import object_names
from isr.data.problems import Problem, load_problem, quantise_unaries
from isr.errors import UserError
from isr.fitting import cells
from isr.fitting.digests import files_digest
from isr.fitting.objects import objects_plan, separate
from isr.fitting.running import PLAIN_RUN, Run, finish, optimise, store
from isr.fitting.schedule import describe
from isr.fitting.slots import Result
from isr.fitting.store import read_fits, write_fits
from isr.io import atomic_folder, write_png
from isr.levels import probability
from isr.predictors import Predictor
from isr.predictors.tv import segment
from isr.untrained import UNTRAINED

_log = logging.getLogger(__name__)

_FITTED = ("images", "scribbles")
"""Folders of a data set that fits read; the ground truth is for scoring alone."""


class PictureFolder:
    """The pictures of a data set as problems of one cell.

    Args:
        dataset: folder of the data set.
        settings: of the cell or prediction.
        semantic: folder of the semantic features, if the features use them.
        predictions: folder of the stored predictions, if the cell projects them.
    """

    def __init__(
        self,
        dataset: Path,
        settings: dict[str, Any],
        *,
        semantic: Path | None = None,
        predictions: Path | None = None,
    ) -> None:
        self.dataset, self.settings = dataset, settings
        self.semantic, self.predictions = semantic, predictions
        index = read_index(dataset)
        self.names: list[str] = list(index.index)
        self.objects = {name: int(count) for name, count in index["objects"].items()}

    def problems(self, names: Sequence[str]) -> list[str]:
        """Names of the binary problems of some pictures, one for each object."""
        return [each for name in names for each in object_names(name, self.objects[name])]

    def by_objects(self, names: Sequence[str]) -> dict[int, list[str]]:
        """Some pictures by their number of objects."""
        counts = sorted({self.objects[name] for name in names})
        return {count: [each for each in names if self.objects[each] == count] for count in counts}

    def digest(self, names: Sequence[str]) -> str:
        """A hash of all files that some pictures are read from."""
        files = [self.dataset / kind / f"{name}.png" for name in names for kind in _FITTED]
        if self.semantic is not None:
            files += [self.semantic / f"{name}.npy" for name in names]
        if self.predictions is not None:
            problems = self.problems(names)
            files += [self.predictions / "unaries" / f"{name}.png" for name in problems]
        return files_digest(files)

    def load(self, name: str) -> Problem:
        """Read one picture, or one of its binary problems."""
        return load_problem(
            self.dataset,
            name,
            features=None if self.predictions else self.settings["features"],
            semantic=self.semantic,
            predictions=self.predictions,
            scale=self.settings["predictor_options"].get("scale", 1.0),
            convention=self.settings["convention"],
        )


def predict_levels(predictor: Predictor, problem: Problem) -> NDArray[np.float32]:
    """Levels (h, w) that a trained predictor gives a problem with features."""
    if problem.features is None:
        raise UserError(f"{problem.name}: a predictor needs features: load them first.")
    features = torch.from_numpy(problem.features)
    with torch.no_grad():
        return np.asarray(predictor.picture_levels(features).numpy(), dtype=np.float32)


def predict(pictures: PictureFolder, output: Path, *, run: Run = PLAIN_RUN) -> None:
    """Train a predictor on every picture, or compute what is not trained, and write its unaries.

    Writes `predictor.safetensors` and `unaries/NAME.png` (16 bit) into `output`, as a whole. A
    picture of n objects has n predictors, with unaries `NAME/1.png` ... `NAME/n.png`.

    Args:
        pictures: the pictures of the prediction.
        output: folder to make.
        run: where to compute, and the checkpoint of an interrupted training.
    """
    settings, problems = pictures.settings, pictures.problems(pictures.names)
    if settings["predictor_options"]["kind"] in UNTRAINED:
        compute(pictures, output)
        return
    plan = cells.prediction_plan(settings)
    what = f"predict {settings['dataset']} {settings['predictor']} {settings['features']}"
    result = optimise(
        plan,
        settings,
        problems,
        pictures.load,
        inputs=pictures.digest(pictures.names),
        caller=__file__,
        run=run,
        what=f"{what} seed {settings['seed']}",
    )
    with atomic_folder(output) as folder:
        store(folder / "predictor.safetensors", plan, problems, result)
        fits = read_fits(folder / "predictor.safetensors")
        for name in problems:
            level = predict_levels(fits.predictor(name), pictures.load(name))
            unaries = quantise_unaries(probability(level), name)
            write_png(folder / "unaries" / f"{name}.png", unaries)
    run.end()


def compute(pictures: PictureFolder, output: Path) -> None:
    """Write the unaries of a predictor that is not trained (`tv`), in the same files.

    `predictor.safetensors` holds of each picture what tells how good its minimiser is: its energy,
    the gap to the least one, and the number of iterations.
    """
    settings = pictures.settings
    states: dict[str, dict[str, Tensor]] = {}
    finite = {}
    with atomic_folder(output) as folder:
        for name in pictures.problems(pictures.names):
            problem = pictures.load(name)
            assert problem.features is not None
            assert problem.scribbles is not None
            found = segment(
                problem.features,
                problem.scribbles,
                settings["features"],
                alpha=settings["predictor_options"]["alpha"],
                name=name,
            )
            write_png(folder / "unaries" / f"{name}.png", quantise_unaries(found.u, name))
            numbers = {"energy": found.energy, "gap": found.gap, "iterations": found.iterations}
            states[name] = {
                f"segmentation.{key}": torch.tensor(value) for key, value in numbers.items()
            }
            finite[name] = found.converged
            _log.info(
                "predict %s: %s, %s %s, %d iterations, energy %.4f at most %.1e above the least",
                *(settings["dataset"], name, settings["predictor"], settings["features"]),
                *(found.iterations, found.energy, found.gap),
            )
        metadata = {**cells.stored_metadata(settings, ()), "finite": finite}
        write_fits(folder / "predictor.safetensors", states, metadata)


def fit(
    pictures: PictureFolder,
    names: Sequence[str],
    output: Path,
    history: Path,
    *,
    run: Run = PLAIN_RUN,
) -> None:
    """Fit the representations of some pictures of a cell and store their parameters.

    Pictures of equally many objects are one stack. An object is stored as the one object of a
    picture is, under the name PICTURE/k.

    Args:
        pictures: the cell's pictures.
        names: those of this part.
        output: the .safetensors file.
        history: the .parquet file of the loss terms: picture, step, term, value.
        run: where to compute, and the checkpoint of an interrupted fit.
    """
    settings = pictures.settings
    plan, result, others = cells.cell_plan(settings), Result(), list[Run]()
    for count, own in pictures.by_objects(names).items():
        if count == 1:
            chosen, here = plan, run
        else:
            chosen = objects_plan(partial(cells.cell_plan, settings), settings, count)
            here = run.beside(f"{count}-objects")
            others.append(here)
            plan.metadata[f"schedule_of_{count}_objects"] = describe(chosen.schedule)
        found = optimise(
            chosen,
            settings,
            own,
            pictures.load,
            inputs=pictures.digest(own),
            caller=__file__,
            run=here,
            what=f"fit {settings['study']}/{settings['cell']}",
        )
        result.add(found if count == 1 else separate(found, count))
    finish(plan, pictures.problems(names), result, output, history, run)
    for each in others:
        each.end()
