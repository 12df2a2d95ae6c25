"""The shortest way in: fit a shape to foreground probabilities or to scribbles.

What the fits are asked for is checked before anything is computed.
"""

import logging
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, Literal, cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from isr.coordinates import Convention, ThirdAxis, ThirdName, grid_coordinates, with_third
from isr.data.pictures import BACKGROUND_SCRIBBLE
from isr.data.problems import Problem, with_margin
from isr.errors import MissingDepth, PoorFit, UserError
from isr.fitting.engine.attempts import FAILED, Attempts, loading, sentence
from isr.fitting.engine.long_work import choose_device
from isr.fitting.engine.queue import EqualWorks, Schedule, State
from isr.fitting.engine.sources import Points
from isr.fitting.engine.stack import Stack
from isr.fitting.engine.task import Task
from isr.fitting.objects import ObjectsTask, schedule_of_all
from isr.fitting.recipe import Recipe, count_objects
from isr.representations import Representation
from isr.representations.union import Union
from isr.settings import DISTANCES, Distance, OptimiserKind
from isr.torch_state import in_usual_state

_log = logging.getLogger(__name__)

Grid = tuple[int, ...]
_LONG = 120.0
"""Seconds from which on it is said how long a fit will take."""


@dataclass(frozen=True)
class Progress:
    """How far a fit is.

    Attributes:
        done: steps taken.
        total: steps of the whole fit.
        representation: gives the representation as it is now.
    """

    done: int
    total: int
    representation: Callable[[], Representation]


Watch = Callable[[Progress], None]
"""Called after every block of steps."""


@in_usual_state
def fit_unaries(
    unaries: NDArray[np.floating],
    constraint: str = "convex",
    *,
    scribbles: NDArray[np.uint8] | None = None,
    third: ThirdAxis | None = None,
    steps: int | None = None,
    points: int = 1000,
    object_weight: float | None = None,
    learning_rate: float | None = None,
    optimiser: OptimiserKind = "adam",
    distance: Distance = "squared",
    weight_decay: float = 1e-5,
    regulariser_weight: float = 0.0,
    tv_weight: float = 0.0,
    overlap_weight: float = 1.0,
    margin: int = 0,
    schedule: Schedule | None = None,
    seed: int = 0,
    device: str = "cpu",
    convention: Convention = "isotropic",
    size: tuple[int, int] | None = None,
    watch: Watch | None = None,
    **options: Any,
) -> Representation:
    """Fit a representation to unaries (the paper's eq. 9), with scribbles if given (eq. 15).

    Args:
        unaries: (h, w) foreground probabilities in [0, 1]; (frames, h, w) with a third axis t or z;
            of n objects that have scribbles 1..n, an axis (..., n) more for those of each.
        constraint: name of the representation, such as `convex`.
        scribbles: uint8 like the unaries: 0 none, 255 background, k object k. Several objects make
            a union of one `constraint` for each.
        third: the third coordinate of a video, a volume or a picture with depth.
        steps: optimisation steps; None for 800 of a convex region without scribbles and 3,000
            of all else.
        points: pixels drawn per step; with scribbles, half of them are scribbled ones.
        object_weight: weight in (0, 1) of the object's mean error against the background's; None
            for the mean over all pixels. A larger one keeps occluded objects whole.
        learning_rate: at the beginning; None for the usual one of the constraint.
        optimiser: of the diffeomorphism of a path-connected region; other shapes take Adam.
        distance: from the unaries (the d of eq. 9): `squared`; `absolute`, which noise in some
            of them misleads less, but which may leave nothing of a small object: give it
            `object_weight` then; or the cross `entropy`.
        weight_decay: on the diffeomorphism of a path-connected region.
        regulariser_weight: of what the representation penalises, such as amplitudes of waves.
        tv_weight: of the total variation of the foreground probability, the R of eq. 9: a contour
            of length 1, the picture's longer side, costs so much error over an area of 1. It takes
            specks away, and what is thin or small with them; 0.02 is much.
        overlap_weight: of the overlap of the parts of a union.
        margin: pixels of background round the picture, so that the shape does not close outside;
            0 with a depth.
        schedule: phases of the optimisation; None for the usual one.
        seed: determines all random numbers.
        device: where to compute: `cpu`, `cuda`, or `auto` for an accelerator if there is one.
        convention: of the coordinates.
        size: height and width of the picture that the arrays were shrunk from; None for their own.
        watch: is told of the progress.
        **options: of the representation, such as `width`.

    Returns:
        The representation, in float32 on the CPU; its foreground has the shape by construction. Its
        `outcome` tells how well it agrees with the unaries and scribbles: a fit that has less than
        half in common with them is made once more from another start, and the better one is kept.

    Warns:
        PoorFit: that is so for both.

    Raises:
        UserError: the arrays do not fit together, another argument or option is outside its
            range, the device does not exist here, scribbles lack object or background, or the fit
            did not stay finite.

    >>> import numpy as np, isr
    >>> rows, columns = np.mgrid[0:40, 0:60]
    >>> disc = ((rows - 20) ** 2 + (columns - 30) ** 2 < 100).astype(np.float32)
    >>> shape = isr.fit_unaries(disc, "convex", steps=50)
    """
    recipe = Recipe(
        constraint,
        options,
        object_weight=object_weight,
        learning_rate=learning_rate,
        optimiser=optimiser,
        distance=distance,
        weight_decay=weight_decay,
        regulariser_weight=regulariser_weight,
        tv_weight=tv_weight,
        overlap_weight=overlap_weight,
    )
    return _Fit(
        recipe=recipe,
        fitted="unaries",
        unaries=unaries,
        scribbles=scribbles,
        third=third,
        points=points,
        margin=margin,
        steps=steps,
        seed=seed,
        device=device,
        convention=convention,
        schedule=schedule,
        size=size,
        watch=watch,
    ).run()


@in_usual_state
def fit_scribbles(
    scribbles: NDArray[np.uint8],
    constraint: str = "convex",
    *,
    third: ThirdAxis | None = None,
    steps: int | None = None,
    points: int = 1000,
    learning_rate: float | None = None,
    weight_decay: float = 1e-5,
    overlap_weight: float = 1.0,
    margin: int = 0,
    schedule: Schedule | None = None,
    seed: int = 0,
    device: str = "cpu",
    convention: Convention = "isotropic",
    size: tuple[int, int] | None = None,
    watch: Watch | None = None,
    **options: Any,
) -> Representation:
    """Fit a representation to scribbles alone (the paper's figure 4).

    Scribbles 1..n with n > 1 give n objects: a union with one member of kind `constraint` for each,
    whose levels `parts` gives, kept apart by a penalty on their overlap (section 2.5).

    Args:
        scribbles: uint8 (h, w) or (frames, h, w): 0 none, 255 background, k object k.
        constraint: name of the representation of every object.
        third: the third coordinate of a video, a volume or a picture with depth.
        steps: optimisation steps; None for 3,000.
        points: scribbled pixels drawn per step.
        learning_rate: at the beginning; None for the usual one of the constraint.
        weight_decay: on the diffeomorphism of path-connected regions.
        overlap_weight: of the overlap of several objects.
        margin: pixels of background round the picture.
        schedule: phases of the optimisation; None for the usual one.
        seed: determines all random numbers.
        device: where to compute, as for `fit_unaries`.
        convention: of the coordinates.
        size: height and width of the picture, as for `fit_unaries`.
        watch: is told of the progress.
        **options: of the representation.

    Returns:
        The representation, in float32 on the CPU, with its `outcome` as of `fit_unaries`.

    Warns:
        PoorFit: it agrees with less than half of the scribbles, after a second start too.

    Raises:
        UserError: an object or the background has no scribble, an array, another argument or an
            option is outside its range, the device does not exist here, or the fit did not stay
            finite.
    """
    recipe = Recipe(
        constraint,
        options,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        overlap_weight=overlap_weight,
    )
    return _Fit(
        recipe=recipe,
        fitted="scribbles",
        unaries=None,
        scribbles=scribbles,
        third=third,
        points=points,
        margin=margin,
        steps=steps,
        seed=seed,
        device=device,
        convention=convention,
        schedule=schedule,
        size=size,
        watch=watch,
    ).run()


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """A fit that is asked for: all that `fit_unaries` and `fit_scribbles` take."""

    recipe: Recipe
    fitted: Literal["unaries", "scribbles"]
    unaries: NDArray[np.floating] | None
    scribbles: NDArray[np.uint8] | None
    third: ThirdAxis | None
    points: int
    margin: int
    steps: int | None
    seed: int
    device: str
    convention: Convention
    schedule: Schedule | None
    size: tuple[int, int] | None
    watch: Watch | None

    def check(self) -> None:
        """See that every argument is of its kind and range, and that they agree."""
        third, grid = self.third, None
        _check_third(third)
        frames = third is not None and third.name != "depth"
        if self.fitted == "unaries":
            grid = self._check_own_grid(frames)
            _check_unaries(self.unaries)
        if self.fitted == "scribbles" or self.scribbles is not None:
            grid = _check_scribbles(self.scribbles, frames, grid)
        if third is not None and grid is not None:
            _check_agreement(third, grid)
        _check_choice(self.convention, "convention", get_args(Convention))
        _check_integer(self.points, "points", 2)
        _check_integer(self.margin, "margin", 0)
        if self.margin and third is not None and third.name == "depth":
            raise UserError("margin: a depth has no value outside its picture; set margin to 0.")
        if self.steps is not None:
            _check_integer(self.steps, "steps", 1)
        if isinstance(self.seed, bool) or not isinstance(self.seed, Integral):
            raise UserError(f"seed is {self.seed!r}: give an integer.")
        if not isinstance(self.device, str | torch.device):
            raise UserError(f"device is {self.device!r}: give the name of one, such as 'cpu'.")
        _check_recipe(self.recipe, 2 if third is None else 3)

    def _check_own_grid(self, frames: bool) -> Grid:
        """The grid of the unaries, of which each object may have its own."""
        if not self._of_each:
            return _check_grid(self.unaries, "unaries", frames)
        assert self.unaries is not None
        objects = self._objects
        if self.unaries.shape[-1] != objects or objects < 2:
            raise UserError(
                f"unaries are of {self.unaries.shape[-1]} objects, scribbles of {objects}: make "
                "them agree, with two or more."
            )
        return _check_grid(self.unaries[..., 0], "unaries", frames)

    @property
    def _of_each(self) -> bool:
        """Whether the unaries have an axis for the objects."""
        both = isinstance(self.unaries, np.ndarray) and isinstance(self.scribbles, np.ndarray)
        return both and self.unaries.ndim == self.scribbles.ndim + 1  # type: ignore[union-attr]

    @property
    def _objects(self) -> int:
        """The largest label of an object; 0 without scribbles."""
        known = self.scribbles
        return 0 if known is None else int(known[known != BACKGROUND_SCRIBBLE].max(initial=0))

    def problem(self) -> Problem:
        """The problem, with its margin."""
        given = self.unaries if self.scribbles is None else self.scribbles
        assert given is not None
        size, own = self.size or given.shape[-2:], given.shape[-2:]
        plane = grid_coordinates(*cast(tuple[int, int], size), own, self.convention)
        coordinates = with_third(plane, self.third).astype(np.float32)
        known = None if self.unaries is None else self.unaries.astype(np.float32)
        problem = Problem(self.fitted, coordinates, self.scribbles, None, known)
        return with_margin(problem, int(self.margin))

    def run(self) -> Representation:
        """The representation that is found."""
        self.check()
        problem, device = self.problem(), choose_device(str(self.device))
        # Generators of random numbers cannot count in NumPy's integers.
        half = int(self.points) // 2
        points = Points(half, int(self.points) - half)
        recipe = replace(self.recipe, points=points).for_problem(problem)
        unaries, scribbles = problem.unaries is not None, problem.scribbles is not None
        schedule = self.schedule or recipe.schedule(unaries=unaries, scribbles=scribbles)
        usual = recipe.usual_steps(unaries=unaries, scribbles=scribbles)
        steps = usual if self.steps is None else int(self.steps)
        representation = recipe.build(problem.coordinates.shape[-1])
        task = self._task(recipe, representation, problem)
        if isinstance(task, ObjectsTask):
            schedule = schedule_of_all(schedule, len(task.tasks), recipe.overlap_weight)

        def load(name: str, seed: int) -> Problem:
            return problem

        attempts = Attempts.at(task, load, device)
        queue = EqualWorks([(problem.name, int(self.seed))], schedule, steps, attempts)
        stack = Stack(task, queue, loading(load), device=device)

        def built(state: State) -> Representation:
            return recipe.built(representation.dim, state).requires_grad_(False)

        started = time.monotonic()
        stack.advance()
        _tell_cost(stack, time.monotonic() - started, representation.part_count)
        while not stack.finished:
            stack.advance()
            if self.watch is not None:
                self.watch(Progress(stack.done, stack.total, lambda: built(current(stack))))
        ((key, state),) = stack.result.states.items()
        if not stack.result.finite[key]:
            raise UserError("the fit did not stay finite: lower the learning rate of the schedule.")
        found = built(state)
        found.outcome = queue.told[key]
        if found.outcome["status"] == FAILED:
            warnings.warn(sentence(found.outcome), PoorFit, stacklevel=4)
        return found

    def _task(self, recipe: Recipe, representation: Representation, problem: Problem) -> Task:
        """The task: one of its own for each object whose unaries are told apart."""
        unaries, scribbles = problem.unaries is not None, problem.scribbles is not None
        if not self._of_each:
            objects = count_objects(problem)
            known = {"unaries": unaries, "scribbles": scribbles, "objects": objects}
            return recipe.projection(representation, problem.name, **known)  # type: ignore[arg-type]
        if not isinstance(representation, Union):
            raise UserError("unaries of several objects need a constraint of each: name another.")
        tasks = [
            recipe.projection(
                cast(Representation, member), problem.name, unaries=unaries, scribbles=scribbles
            )
            for member in representation.members
        ]
        if len(tasks) != self._objects:
            raise UserError(
                f"scribbles name {self._objects} objects, the union has {len(tasks)} members: "
                "give it one for each object."
            )
        return ObjectsTask(tasks, representation, recipe.points.random)


def current(stack: Stack) -> State:
    """The parameters of a stack's one fit as they are now."""
    if stack.finished:
        return next(iter(stack.result.states.values()))
    return stack.parameters.unflatten(stack.parameters.values[0].detach().cpu())


def _tell_cost(stack: Stack, seconds: float, parts: int) -> None:
    """Say how long the rest of a long fit will take, after its first steps."""
    left = seconds / max(1, stack.done) * (stack.total - stack.done)
    if left >= _LONG:
        _log.warning(
            "the fit of %d part%s will take about %.0f minutes more%s",
            *(parts, "s" if parts > 1 else "", left / 60),
            ": fewer steps, fewer points or an accelerator take less" if parts > 1 else "",
        )


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
    known = values if third.missing is None else values[~third.missing]
    if not known.size or not np.isfinite(known).all():
        raise UserError(f"the third axis {third.name} holds NaN or infinite values: replace them.")
    if third.length is not None and not 0 < _real(third.length) < np.inf:
        raise UserError(f"the third axis {third.name} has length {third.length!r}: give another.")
    if third.missing is not None:
        warnings.warn(third.words_of_missing, MissingDepth, stacklevel=6)


def _check_agreement(third: ThirdAxis, grid: Grid) -> None:
    wanted = grid if third.name == "depth" else grid[:1]
    if third.values.shape != wanted:
        raise UserError(
            f"the third axis {third.name} has values of shape {third.values.shape}, but arrays "
            f"of shape {grid} need {wanted}: make them agree."
        )
