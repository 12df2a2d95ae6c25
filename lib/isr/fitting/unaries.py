"""The shortest way in: fit a shape to foreground probabilities or to scribbles."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from isr.coordinates import Convention, ThirdAxis, pixel_coordinates, with_third
from isr.data.problems import Problem, with_margin
from isr.errors import UserError
from isr.fitting.arguments import check_arguments
from isr.fitting.engine.batches import Points
from isr.fitting.engine.long_work import choose_device
from isr.fitting.engine.phases import Schedule
from isr.fitting.engine.queue import EqualWorks, Settings
from isr.fitting.engine.stack import Stack
from isr.fitting.recipe import Recipe
from isr.representations import Representation
from isr.settings import Distance, OptimiserKind
from isr.store import load_parameters, own_parameters


def fit_unaries(
    unaries: NDArray[np.floating],
    constraint: str = "convex",
    *,
    scribbles: NDArray[np.uint8] | None = None,
    third: ThirdAxis | None = None,
    steps: int = 3000,
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
    **options: Any,
) -> Representation:
    """Fit a representation to unaries (the paper's eq. 9), with scribbles if given (eq. 15).

    Args:
        unaries: (h, w) foreground probabilities in [0, 1]; (frames, h, w) with a third axis t or z.
        constraint: name of the representation, such as `convex`.
        scribbles: uint8 like the unaries: 0 none, 255 background, k object k. Several objects make
            a union of one `constraint` for each.
        third: the third coordinate of a video, a volume or a picture with depth.
        steps: optimisation steps.
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
        **options: of the representation, such as `width`.

    Returns:
        The representation, in float32 on the CPU; its foreground has the shape by construction.

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
    return _fit(
        recipe,
        "unaries",
        unaries,
        scribbles,
        third,
        points=points,
        margin=margin,
        steps=steps,
        seed=seed,
        device=device,
        convention=convention,
        schedule=schedule,
    )


def fit_scribbles(
    scribbles: NDArray[np.uint8],
    constraint: str = "convex",
    *,
    third: ThirdAxis | None = None,
    steps: int = 3000,
    points: int = 1000,
    learning_rate: float | None = None,
    weight_decay: float = 1e-5,
    overlap_weight: float = 1.0,
    margin: int = 0,
    schedule: Schedule | None = None,
    seed: int = 0,
    device: str = "cpu",
    convention: Convention = "isotropic",
    **options: Any,
) -> Representation:
    """Fit a representation to scribbles alone (the paper's figure 4).

    Scribbles 1..n with n > 1 give n objects: a union with one member of kind `constraint` for each,
    whose levels `parts` gives, kept apart by a penalty on their overlap (section 2.5).

    Args:
        scribbles: uint8 (h, w) or (frames, h, w): 0 none, 255 background, k object k.
        constraint: name of the representation of every object.
        third: the third coordinate of a video, a volume or a picture with depth.
        steps: optimisation steps.
        points: scribbled pixels drawn per step.
        learning_rate: at the beginning; None for the usual one of the constraint.
        weight_decay: on the diffeomorphism of path-connected regions.
        overlap_weight: of the overlap of several objects.
        margin: pixels of background round the picture.
        schedule: phases of the optimisation; None for the usual one.
        seed: determines all random numbers.
        device: where to compute, as for `fit_unaries`.
        convention: of the coordinates.
        **options: of the representation.

    Returns:
        The representation, in float32 on the CPU.

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
    return _fit(
        recipe,
        "scribbles",
        None,
        scribbles,
        third,
        points=points,
        margin=margin,
        steps=steps,
        seed=seed,
        device=device,
        convention=convention,
        schedule=schedule,
    )


def _fit(
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
    schedule: Schedule | None,
) -> Representation:
    check_arguments(
        recipe,
        fitted,
        unaries,
        scribbles,
        third,
        points=points,
        margin=margin,
        steps=steps,
        seed=seed,
        device=device,
        convention=convention,
    )
    given = scribbles if unaries is None else unaries
    assert given is not None
    known = None if unaries is None else unaries.astype(np.float32)
    coordinates = _coordinates(given.shape, third, convention)
    problem = Problem(fitted, coordinates, scribbles, None, known)
    # Generators of random numbers cannot count in NumPy's integers.
    half = int(points) // 2
    return fit_problem(
        with_margin(problem, int(margin)),
        replace(recipe, points=Points(half, int(points) - half)),
        steps=int(steps),
        seed=int(seed),
        device=str(choose_device(device)),
        schedule=schedule,
    )


def fit_problem(
    problem: Problem,
    recipe: Recipe,
    *,
    steps: int,
    seed: int,
    device: str,
    schedule: Schedule | None = None,
) -> Representation:
    """Fit a shape to one problem.

    Raises:
        UserError: the fit did not stay finite, or the problem lacks what the shape needs.
    """
    recipe = recipe.for_problem(problem)
    unaries, scribbles = problem.unaries is not None, problem.scribbles is not None
    phases = schedule or recipe.schedule(unaries=unaries, scribbles=scribbles)
    queue = EqualWorks([(problem.name, seed)], phases, steps)
    settings = Settings(device=torch.device(device))
    stack = Stack(recipe.task(problem), queue, lambda *_: problem, settings)
    while not stack.finished:
        stack.advance()
    ((key, state),) = stack.result.states.items()
    if not stack.result.finite[key]:
        raise UserError("the fit did not stay finite: lower the learning rate of the schedule.")
    representation = recipe.build(problem.coordinates.shape[-1])
    load_parameters(representation, own_parameters(state, "representation"))
    return representation.requires_grad_(False)


def _coordinates(
    grid: tuple[int, ...], third: ThirdAxis | None, convention: Convention
) -> NDArray[np.float32]:
    """Coordinates (*grid, dim) of the pixels of an array of shape `grid`."""
    plane = pixel_coordinates(grid[-2], grid[-1], convention)
    return with_third(plane, third).astype(np.float32)
