"""What the fits of arrays are asked for is checked here, before anything is computed."""

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from isr.coordinates import Convention, ThirdAxis, ThirdName
from isr.errors import UserError
from isr.fitting.recipe import Recipe
from isr.settings import DISTANCES, OptimiserKind

Grid = tuple[int, ...]


def check_arguments(
    recipe: Recipe,
    fitted: Literal["unaries", "scribbles"],
    unaries: NDArray[np.floating] | None,
    scribbles: NDArray[np.uint8] | None,
    third: ThirdAxis | None,
    *,
    points: int,
    margin: int,
    steps: int,
    seed: int,
    device: str,
    convention: Convention,
) -> None:
    """Check all that `fit_unaries` and `fit_scribbles` take, apart from a schedule.

    Args:
        recipe: what is fitted, and how.
        fitted: the array that has to be there.
        unaries: foreground probabilities; None for a fit to scribbles alone.
        scribbles: None for none.
        third: the third axis.
        points: drawn per step.
        margin: in pixels.
        steps: of the optimisation.
        seed: of all random numbers.
        device: its name.
        convention: of the coordinates.

    Raises:
        UserError: an argument is of the wrong kind or outside its range, or two do not agree.
    """
    _check_third(third)
    frames = third is not None and third.name != "depth"
    grid = None
    if fitted == "unaries":
        grid = _check_grid(unaries, "unaries", frames)
        _check_unaries(unaries)
    if fitted == "scribbles" or scribbles is not None:
        grid = _check_scribbles(scribbles, frames, grid)
    if third is not None and grid is not None:
        _check_agreement(third, grid)
    _check_choice(convention, "convention", get_args(Convention))
    _check_integer(points, "points", 2)
    _check_integer(margin, "margin", 0)
    if margin and third is not None and third.name == "depth":
        raise UserError("margin: a depth has no value outside its picture; set margin to 0.")
    _check_integer(steps, "steps", 1)
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise UserError(f"seed is {seed!r}: give an integer.")
    if not isinstance(device, str | torch.device):
        raise UserError(f"device is {device!r}: give the name of one, such as 'cpu'.")
    _check_recipe(recipe, 2 if third is None else 3)


def _check_recipe(recipe: Recipe, dim: int) -> None:
    """The numbers of a recipe, and that it can be built."""
    _check_choice(recipe.optimiser, "optimiser", get_args(OptimiserKind))
    _check_choice(recipe.distance, "distance", DISTANCES)
    if recipe.object_weight is not None and not 0 < _real(recipe.object_weight) < 1:
        raise UserError(
            f"object_weight is {recipe.object_weight!r}: give a number between 0 and 1, or None."
        )
    if recipe.learning_rate is not None and not 0 < _real(recipe.learning_rate) < np.inf:
        raise UserError(f"learning_rate is {recipe.learning_rate!r}: give one above 0, or None.")
    for name in ("weight_decay", "regulariser_weight", "tv_weight", "overlap_weight"):
        value = getattr(recipe, name)
        if not 0 <= _real(value) < np.inf:
            raise UserError(f"{name} is {value!r}: give a finite number from 0.")
    for name in ("name", "dim"):
        if name in recipe.options:
            raise UserError(f"{name!r} is no option of a constraint: remove it.")
    for alternative in _alternatives(recipe):
        alternative.build(dim)


def _alternatives(recipe: Recipe) -> list[Recipe]:
    """The recipe with each of the orders among which the fit is to choose."""
    orders = recipe.options.get("order")
    if not isinstance(orders, list):
        return [recipe]
    if not orders:
        raise UserError("order is an empty list: name one order or more.")
    return [replace(recipe, options={**recipe.options, "order": order}) for order in orders]


def _real(value: Any) -> float:
    """A real number as it is; NaN, which lies in no range, for all else."""
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) else np.nan


def _check_integer(value: Any, name: str, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise UserError(f"{name} is {value!r}: give an integer from {least}.")


def _check_choice(value: Any, name: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UserError(f"{name} {value!r} is unknown: choose one of {', '.join(choices)}.")


def _check_grid(array: Any, name: str, frames: bool) -> Grid:
    """The shape of an array, one of pixels or, with frames, of frames of pixels."""
    if not isinstance(array, np.ndarray):
        raise UserError(f"{name} must be a NumPy array, not {type(array).__name__}: convert them.")
    wanted = "(frames, h, w), for the third axis has frames" if frames else "(h, w)"
    if array.ndim != (3 if frames else 2) or not array.size:
        advice = "" if frames else "; frames need a third axis t or z"
        raise UserError(f"{name} must be of shape {wanted}, not {array.shape}{advice}.")
    grid: Grid = array.shape
    return grid


def _check_unaries(unaries: Any) -> None:
    # Written so that NaN fails too.
    if unaries.dtype.kind not in "bfiu" or not (unaries.min() >= 0 and unaries.max() <= 1):
        raise UserError("unaries must be numbers in [0, 1]: give foreground probabilities.")


def _check_scribbles(scribbles: Any, frames: bool, unaries: Grid | None) -> Grid:
    """The shape of scribbles, which is that of the unaries if there are any."""
    if unaries is not None and isinstance(scribbles, np.ndarray) and scribbles.shape != unaries:
        raise UserError(
            f"scribbles have shape {scribbles.shape}, unaries {unaries}: make them agree."
        )
    grid = _check_grid(scribbles, "scribbles", frames)
    if scribbles.dtype != np.uint8:
        raise UserError(f"scribbles must be of uint8, not {scribbles.dtype}: convert them.")
    return grid


def _check_third(third: ThirdAxis | None) -> None:
    """The third axis alone: its name and that it has finite values."""
    if third is None:
        return
    if not isinstance(third, ThirdAxis):
        raise UserError(f"third is a {type(third).__name__}: give an isr.coordinates.ThirdAxis.")
    _check_choice(third.name, "third axis", get_args(ThirdName))
    values: Any = third.values
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
        raise UserError(f"the third axis {third.name} must hold a NumPy array of numbers.")
    if not np.isfinite(values).all():
        raise UserError(f"the third axis {third.name} holds NaN or infinite values: replace them.")


def _check_agreement(third: ThirdAxis, grid: Grid) -> None:
    wanted = grid if third.name == "depth" else grid[:1]
    if third.values.shape != wanted:
        raise UserError(
            f"the third axis {third.name} has values of shape {third.values.shape}, but arrays "
            f"of shape {grid} need {wanted}: make them agree."
        )
