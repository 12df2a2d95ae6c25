"""The fit of one case of a gallery study: one picture and one constraint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isr.coordinates import Convention, pixel_coordinates, with_third
from isr.data.gallery import GalleryPicture, read_picture
from isr.data.margins import with_margin
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.cells import Plan, stored_metadata
from isr.fitting.digests import files_digest
from isr.fitting.running import PLAIN_RUN, Run, finish, optimise
from isr.fitting.shapes import Shape
from isr.fitting.store import load_parameters, own_parameters
from isr.representations.periodic import Periodic

_SHAPE = (
    "points",
    "object_weight",
    "learning_rate",
    "optimiser",
    "distance",
    "weight_decay",
    "regulariser_weight",
    "tv_weight",
    "overlap_weight",
    "protocol",
)
"""Settings of a case that are attributes of its `Shape`, where they are given."""


def case_problem(picture: GalleryPicture, convention: Convention) -> Problem:
    """A picture of the gallery as a problem."""
    height, width = picture.grid[-2:]
    plane = pixel_coordinates(height, width, convention)
    coordinates = with_third(plane, picture.third).astype(np.float32)
    return Problem(picture.name, coordinates, picture.scribbles, None, picture.unaries)


def case_shape(problem: Problem, settings: Mapping[str, Any]) -> Shape:
    """How the case is fitted; a list of orders is settled by the unaries.

    Args:
        problem: with unaries, if the option `order` is a list.
        settings: of the case: constraint, options, and what `Shape` has.
    """
    given = {key: settings[key] for key in _SHAPE if settings.get(key) is not None}
    shape = Shape(settings["constraint"], dict(settings.get("options") or {}), **given)
    return shape.for_problem(problem)


def _digest(folder: Path) -> str:
    """A hash of all files of a picture."""
    return files_digest(sorted(path for path in folder.rglob("*") if path.is_file()))


def _shifted(
    shape: Shape, dim: int, state: Mapping[str, Tensor], threshold: float
) -> dict[str, Tensor]:
    """The state of a periodic function whose foreground is where `state` has levels <= threshold.

    Raises:
        UserError: the representation has its foreground at levels up to 0 alone.
    """
    representation = shape.build(dim)
    if not isinstance(representation, Periodic):
        raise UserError(f"threshold is for constraint periodic, not {shape.constraint}: drop it.")
    load_parameters(representation, own_parameters(state, "representation"))
    with torch.no_grad():
        representation.shift_threshold_(threshold)
    return {f"representation.{key}": value for key, value in representation.state_dict().items()}


def fit_case(
    folder: Path,
    settings: Mapping[str, Any],
    output: Path,
    history: Path,
    *,
    run: Run = PLAIN_RUN,
) -> None:
    """Fit one case and store its parameters.

    Args:
        folder: of the picture.
        settings: study, case, constraint, options, steps, seed, protocol, convention, margin,
            threshold and what `Shape` has.
        output: the .safetensors file.
        history: the .parquet file of the loss terms: picture, step, term, value.
        run: where to compute, and the checkpoint of an interrupted fit.
    """
    problem = case_problem(read_picture(folder), settings["convention"])
    problem = with_margin(problem, settings.get("margin") or 0)
    shape = case_shape(problem, settings)
    schedule = shape.schedule(problem)
    dim = problem.coordinates.shape[-1]
    about = {"name": shape.constraint, "dim": dim, "options": dict(shape.options)}
    plan = Plan(
        shape.task(problem), schedule, stored_metadata(settings, schedule, representation=about)
    )
    result = optimise(
        plan,
        {"stack_size": 1, **settings},
        [problem.name],
        lambda _: problem,
        inputs=_digest(folder),
        caller=__file__,
        run=run,
        what=f"fit {settings['study']}/{settings['case']}",
    )
    if threshold := settings.get("threshold"):
        name = problem.name
        result.states[name] = _shifted(shape, dim, result.states[name], threshold)
    finish(plan, [problem.name], result, output, history, run)
