"""Levels that a motion of the points leaves unchanged: mirrors, rotations, lattice shifts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from isr.coordinates import Points, Scene
from isr.evaluation.certificates.rounding import CHANCE, EPS, WORST, largest, shrunk
from isr.evaluation.certificates.verdicts import (
    RASTER_WORDS,
    Certificate,
    Finding,
    at_most,
    joined,
    not_finite,
    raster_verdict,
)
from isr.evaluation.drawing import frozen_copy, level_function
from isr.evaluation.paths import point_map
from isr.levels import foreground
from isr.representations import Representation

POINTS = 2000
MAX_PIXELS = 50_000


@dataclass(frozen=True)
class Motion:
    """A motion of points that leaves the level of a representation unchanged.

    Args:
        name: in words.
        move: of a representation and points (..., dim) to where they go; NaN where they cannot.
        determinant: of an isometry, 1 or -1.
        order: after how often it is the identity again.
    """

    name: str
    move: Callable[[Representation, Tensor], Tensor]
    determinant: int = 1
    order: int = 2


@dataclass(frozen=True, eq=False)
class Difference:
    """Differences of levels after motions, and what rounding explains of them."""

    largest: float
    explained: float
    compared: int


def differences(
    representation: Representation, motions: Sequence[Motion], points: Points, magnitude: float
) -> Difference:
    """Compare the levels at points (n, dim) with those at the points that they are moved to.

    Args:
        representation: as it was stored.
        motions: all of them are tried at all points.
        points: in coordinates.
        magnitude: that a level is added up from.
    """
    worst = {}
    compared = 0
    for dtype in torch.float32, torch.float64:
        frozen = frozen_copy(representation).to(dtype)
        level = point_map(frozen, dtype)
        here = level(points)
        found = []
        for motion in motions:
            moved = _moved(motion, frozen, points, dtype)
            there = ~np.isnan(moved).any(axis=-1)
            found.append((level(moved) - here)[there])
        joined_ = np.concatenate(found)
        worst[dtype], compared = largest(joined_), len(joined_)
    explained = shrunk(worst[torch.float32], worst[torch.float64], magnitude, extent=largest(here))
    return Difference(worst[torch.float64], explained, compared)


def _moved(motion: Motion, frozen: Representation, points: Points, dtype: torch.dtype) -> Points:
    return point_map(partial(motion.move, frozen), dtype)(points)


def sampled_invariance(
    representation: Representation,
    motions: Sequence[Motion],
    points: Points,
    magnitude: float,
) -> tuple[float, Finding]:
    """Levels at sampled points are those where the points are moved to, in float64.

    Returns:
        What rounding explains of a difference, and the finding: its margin is minus the largest
        difference.
    """
    found = differences(representation, motions, points, magnitude)
    names = ", ".join(dict.fromkeys(motion.name for motion in motions))
    sentence = (
        f"Levels at {found.compared:,} pairs of points that are {names} differ by {{value}} at "
        "most; rounding explains {limit}."
    )
    if not found.compared:
        return found.explained, Finding(-np.inf, False, "No points could be compared.")
    return found.explained, at_most(found.largest, found.explained, sentence)


def isometry(representation: Representation, motions: Sequence[Motion], centre: Points) -> Finding:
    """Motions are the isometries that they are meant to be, and not the identity.

    Orthogonality, determinant and order are those of the matrix and the shift that are read off
    the images of the axes. The margin is minus the largest error.
    """
    frozen = frozen_copy(representation)
    limit = CHANCE * EPS * (1 + float(np.abs(centre).max())) * len(centre)
    limit = min(limit, WORST) if np.isfinite(limit) else 0.0
    errors = [_isometry_error(frozen, motion, len(centre)) for motion in motions]
    still = [m.name for m, error in zip(motions, errors, strict=True) if error is None]
    if still:
        return Finding(-np.inf, False, f"Points {still[0]} stay where they are.")
    sentence = (
        f"Points {', '.join(motion.name for motion in motions)} are moved by isometries but for "
        "{value}; rounding explains {limit}."
    )
    return at_most(max(error for error in errors if error is not None), limit, sentence)


def _isometry_error(frozen: Representation, motion: Motion, dim: int) -> float | None:
    """How far a motion is from its isometry, relative; None where it does not move points."""
    start = torch.from_numpy(np.concatenate([np.eye(dim), np.zeros((1, dim))]))
    with torch.no_grad():
        moved = motion.move(frozen, start)
        matrix = (moved[:-1] - moved[-1]).T.numpy()
        back = start
        for _ in range(motion.order):
            back = motion.move(frozen, back)
    if np.abs(matrix - np.eye(dim)).max() < WORST:
        return None
    return max(
        largest(matrix @ matrix.T - np.eye(dim)),
        abs(float(np.linalg.det(matrix)) - motion.determinant),
        largest((back - start).numpy()) / motion.order,
    )


def certify_raster_invariance(
    name: str,
    representation: Representation,
    motions: Sequence[Motion],
    scene: Scene,
    level: Points,
    explained: float,
    *,
    seed: int,
) -> Certificate:
    """The level drawn at pixel centres against levels where the centres are moved to.

    Only places in the picture (its box, with a third coordinate) are compared, of at most 50,000
    pixels. The margin is minus the number of pixel centres whose level differs by more than
    rounding explains.
    """
    if not np.isfinite(level).all():
        return joined(name, "raster", [not_finite("pixel centres")])
    verdict = raster_verdict(foreground(level))
    points, drawn = scene.coordinates().reshape(-1, scene.dim), level.ravel()
    if len(points) > MAX_PIXELS:
        chosen = np.random.default_rng(seed).choice(len(points), MAX_PIXELS, replace=False)
        points, drawn = points[chosen], drawn[chosen]
    frozen, levels = frozen_copy(representation), level_function(representation)
    low, high = scene.box()
    wrong = other = compared = 0
    for motion in motions:
        moved = _moved(motion, frozen, points, torch.float64)
        inside = ((low <= moved) & (moved <= high)).all(axis=-1)
        there, here = levels(moved[inside]), drawn[inside]
        wrong += int(np.count_nonzero(~(np.abs(there - here) <= explained)))
        other += int(np.count_nonzero(foreground(there) != foreground(here)))
        compared += int(np.count_nonzero(inside))
    sentence = (
        f"Of {compared:,} images of pixel centres in the picture {wrong} have another level, and "
        f"{other} another side of the outline."
    )
    if verdict is not None:
        sentence = f"{RASTER_WORDS[verdict]} {sentence}"
    return joined(name, "raster", [Finding(float(-wrong), wrong == 0, sentence)], verdict)
