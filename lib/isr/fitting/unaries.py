"""The shortest way in: fit a shape to the foreground probabilities of one picture."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isr.coordinates import Convention, pixel_coordinates
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.schedule import Schedule, projection_schedule, unaries_schedule
from isr.fitting.slots import Settings
from isr.fitting.sources import Points
from isr.fitting.stack import Stack, run
from isr.fitting.tasks import Projection
from isr.representations import Representation, build


def fit_unaries(
    unaries: NDArray[np.floating],
    constraint: str = "convex",
    *,
    scribbles: NDArray[np.uint8] | None = None,
    steps: int = 3000,
    points: int = 1000,
    object_weight: float | None = None,
    schedule: Schedule | None = None,
    seed: int = 0,
    device: str = "cpu",
    convention: Convention = "isotropic",
    **options: Any,
) -> Representation:
    """Fit a representation to unaries (the paper's eq. 9), with scribbles if given (eq. 15).

    Args:
        unaries: (h, w) foreground probabilities in [0, 1].
        constraint: name of the representation, such as `convex`.
        scribbles: uint8 (h, w): 0 none, 255 background, anything else object.
        steps: optimisation steps.
        points: pixels drawn per step; with scribbles, half of them are scribbled ones.
        object_weight: weight in (0, 1) of the object's mean error against the background's; None
            for the mean over all pixels. A larger one keeps occluded objects whole.
        schedule: phases of the optimisation; None for the usual one.
        seed: determines all random numbers.
        device: where to compute, such as `cuda`.
        convention: of the coordinates.
        **options: of the representation, such as `width`.

    Returns:
        The representation, in float32 on the CPU; its foreground has the shape by construction.

    Raises:
        UserError: unaries are not (h, w) values in [0, 1], or the fit did not stay finite.

    >>> import numpy as np, isr
    >>> rows, columns = np.mgrid[0:40, 0:60]
    >>> disc = ((rows - 20) ** 2 + (columns - 30) ** 2 < 100).astype(np.float32)
    >>> shape = isr.fit_unaries(disc, "convex", steps=50)
    """
    if unaries.ndim != 2 or not unaries.size or not np.isfinite(unaries).all():
        raise UserError(f"unaries must be finite values (h, w), not of shape {unaries.shape}.")
    if unaries.min() < 0 or unaries.max() > 1:
        raise UserError("unaries must lie in [0, 1]: give foreground probabilities.")
    if scribbles is not None and scribbles.shape != unaries.shape:
        raise UserError(f"scribbles have shape {scribbles.shape}, unaries {unaries.shape}: agree.")
    strokes = 0 if scribbles is None else points // 2
    height, width = unaries.shape
    coordinates = pixel_coordinates(height, width, convention).astype(np.float32)
    problem = Problem("unaries", coordinates, scribbles, None, unaries.astype(np.float32))
    task = Projection(
        build(constraint, 2, **options),
        Points(strokes, points - strokes),
        object_weight=object_weight,
    )
    if schedule is None:
        schedule = unaries_schedule() if scribbles is None else projection_schedule()
    settings = Settings(schedule, steps, seed, device=torch.device(device))
    result = run(Stack(task, [problem.name], lambda _: problem, settings))
    if not result.finite[problem.name]:
        raise UserError("the fit did not stay finite: lower the learning rate of the schedule.")
    representation = build(constraint, 2, **options)
    prefix = "representation."
    state = {key.removeprefix(prefix): value for key, value in result.states[problem.name].items()}
    representation.load_state_dict(state)
    return representation.requires_grad_(False)
