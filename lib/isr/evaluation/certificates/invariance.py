"""Levels that a motion of the points leaves unchanged: mirrors, rotations, lattice shifts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isr.coordinates import Points, Scene
from isr.evaluation.certificates.rounding import (
    CHANCE,
    EPS,
    WORST,
    largest,
    rounding_scale,
    shrunk,
)
from isr.evaluation.certificates.verdicts import (
    Certificate,
    Finding,
    at_most,
    certify_structure,
    counted,
    joined,
    not_finite,
    sample_points,
    unknown,
)
from isr.evaluation.drawing import frozen_copy, level_function, point_map
from isr.levels import foreground
from isr.representations import Representation
from isr.representations.mirror_symmetric import MirrorSymmetric
from isr.representations.periodic import MIDDLE, PERSPECTIVE_BOUND, LatticePeriodic, Periodic
from isr.representations.rotationally_symmetric import RotationallySymmetric

POINTS = 2000
MAX_PIXELS = 50_000
MAX_TURNS = 12

LATTICE = "lattice-periodic"
LATTICE_POINTS = 1000
SHIFTS = 24
FARTHEST = 5
# Above this condition number lattice vectors are dependent to half of float64's digits.
MAX_CONDITION = 1e8
_SMALLEST_DEPTH = 0.05

Symmetric = MirrorSymmetric | RotationallySymmetric
Box = tuple[Points, Points]


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
    move: Callable[[Any, Tensor], Tensor]
    determinant: int = 1
    order: int = 2


def sampled_invariance(
    representation: Representation,
    motions: Sequence[Motion],
    points: Points,
    magnitude: float,
) -> tuple[float, Finding]:
    """Levels at sampled points are those where the points are moved to, in float64.

    Args:
        representation: as it was stored.
        motions: all of them are tried at all points.
        points: (n, dim) in coordinates.
        magnitude: that a level is added up from.

    Returns:
        What rounding explains of a difference, and the finding: its margin is minus the largest
        difference.
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
        gaps = np.concatenate(found)
        worst[dtype], compared = largest(gaps), len(gaps)
    explained = shrunk(worst[torch.float32], worst[torch.float64], magnitude, extent=largest(here))
    if not compared:
        return explained, Finding(-np.inf, False, "No points could be compared.")
    names = ", ".join(dict.fromkeys(motion.name for motion in motions))
    sentence = (
        f"Levels at {compared:,} pairs of points that are {names} differ by {{value}} at "
        "most; rounding explains {limit}."
    )
    return explained, at_most(worst[torch.float64], explained, sentence)


def _moved(motion: Motion, frozen: Representation, points: Points, dtype: torch.dtype) -> Points:
    return point_map(partial(motion.move, frozen), dtype)(points)


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
    return counted(name, wrong, sentence, foreground(level))


# Mirrors and rotations.


def certify_mirror(
    representation: MirrorSymmetric, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """Three certificates: of the stored mirror, of sampled levels, of the drawn `level`."""
    return _certify("mirror-symmetric", representation, [_MIRRORED], scene, level, seed)


def certify_rotation(
    representation: RotationallySymmetric, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """Three certificates: of the stored rotation, of sampled levels, of the drawn `level`."""
    order = representation.order
    turns = sorted({round(k) for k in np.linspace(1, order - 1, min(order - 1, MAX_TURNS))})
    motions = [_turned(k, order) for k in turns]
    if representation.mirrors:
        motions.append(_MIRRORED)
    return _certify("rotationally symmetric", representation, motions, scene, level, seed)


_MIRRORED = Motion("mirrored", lambda symmetric, x: symmetric.mirror(x), determinant=-1)


def _turned(turns: int, order: int) -> Motion:
    name, own = f"turned by {turns}/{order}", order // math.gcd(turns, order)
    return Motion(name, lambda symmetric, x: symmetric.rotate(x, turns), order=own)


def _certify(
    name: str,
    representation: Symmetric,
    motions: Sequence[Motion],
    scene: Scene,
    level: Points,
    seed: int,
) -> list[Certificate]:
    finite = certify_structure(name, representation)
    if not finite.holds:
        return unknown(name, finite)
    centre = representation.centre.detach().double().cpu().numpy()
    structure = certify_structure(name, representation, [isometry(representation, motions, centre)])
    boxes = [scene.box(1.0), scene.box(3.0)]
    points = sample_points(np.random.default_rng(seed), boxes, POINTS)
    magnitude = _symmetric_magnitude(representation, boxes[-1])
    explained, samples = sampled_invariance(representation, motions, points, magnitude)
    findings = [samples]
    if isinstance(representation, MirrorSymmetric):
        findings.append(_canonical(representation, points))
    raster = certify_raster_invariance(
        name, representation, motions, scene, level, explained, seed=seed
    )
    return [structure, joined(name, "sampled margin", findings), raster]


def _symmetric_magnitude(representation: Symmetric, box: Box) -> float:
    """Of what levels in a box, or moved out of it, are added up from."""
    centre = np.abs(representation.centre.detach().double().cpu().numpy())
    reach = float(np.linalg.norm(np.maximum(np.abs(box[0]), np.abs(box[1])) + centre))
    # An error of the angle grows with the order.
    if isinstance(representation, RotationallySymmetric):
        reach *= representation.order
    network = frozen_copy(representation).network
    assert isinstance(network, torch.nn.Module)
    first = next(iter(network.parameters()))
    return rounding_scale(network, np.full(first.shape[1], reach))


def _canonical(representation: MirrorSymmetric, points: Points) -> Finding:
    """In the mirror's own frame levels are bitwise equal, in the stored precision."""
    dtype = next(representation.parameters()).dtype
    frozen = frozen_copy(representation).to(dtype)
    with torch.no_grad():
        x = torch.from_numpy(points).to(dtype)
        frame = frozen.canonical(x)
        flipped = torch.cat([-frame[:, :1], frame[:, 1:]], dim=-1)
        levels = [frozen.canonical_level(each) for each in (frame, flipped)]
        form = frozen(x) - levels[0]
    error = largest((levels[1] - levels[0]).double().numpy())
    error = max(error, largest(form.double().numpy()))
    return at_most(error, 0.0, "In the mirror's frame levels differ by {value}.")


# Lattices.


def certify_periodic(
    representation: Periodic, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """One certificate, which says that equation 8 has no period."""
    finite = certify_structure("periodic", representation)
    if not finite.holds:
        return [joined("periodic", "none", [Finding(-np.inf, False, finite.sentence)])]
    if not np.isfinite(level).all():
        return [joined("periodic", "none", [not_finite("pixel centres")])]
    sentence = "A sum of sines with free frequencies is only almost periodic."
    verdict = "none: almost periodic"
    return [Certificate("periodic", "none", np.nan, True, verdict, sentence)]


def certify_lattice(
    representation: LatticePeriodic, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """Three certificates: of the stored lattice, of sampled levels, of the drawn `level`."""
    finite = certify_structure(LATTICE, representation)
    if not finite.holds:
        return unknown(LATTICE, finite)
    independent = _independent(representation)
    if not independent.holds:
        nothing = Finding(-np.inf, False, "There is no lattice to be sampled.")
        found = {"structure": independent, "sampled margin": nothing, "raster": nothing}
        return [joined(LATTICE, method, [each]) for method, each in found.items()]
    frozen, generator = frozen_copy(representation), np.random.default_rng(seed)
    stored = [independent, *_perspective(representation)]
    points = sample_points(generator, [scene.box(1.0), scene.box(2.0)], LATTICE_POINTS)
    steps = np.concatenate(
        [
            np.eye(scene.dim, dtype=int),
            -np.eye(scene.dim, dtype=int),
            generator.integers(-FARTHEST, FARTHEST + 1, (SHIFTS, scene.dim)),
        ]
    )
    motions = [_shifted(tuple(n.tolist())) for n in steps if n.any()]
    magnitude = _lattice_magnitude(frozen, scene.box(2.0))
    explained, samples = sampled_invariance(representation, motions, points, magnitude)
    if not _reachable(frozen, points, steps):
        sentence = "All lattice vectors lead beyond the horizon: there are no points to compare."
        samples = Finding(0.0, True, sentence)
    near = motions[: 2 * scene.dim]
    return [
        certify_structure(LATTICE, representation, stored),
        joined(LATTICE, "sampled margin", [samples, _whole_phases(frozen, points, steps)]),
        certify_raster_invariance(
            LATTICE, representation, near, scene, level, explained, seed=seed
        ),
    ]


def _shifted(steps: tuple[int, ...]) -> Motion:
    def move(lattice: LatticePeriodic, x: Tensor) -> Tensor:
        moved = lattice.shift(x, steps)
        return torch.where(_seen(lattice, x) & _seen(lattice, moved), moved, torch.nan)

    return Motion("lattice vectors apart", move)


def _seen(representation: LatticePeriodic, x: Tensor) -> Tensor:
    """Whether points (..., dim) lie before the horizon, (..., 1)."""
    if not representation.homography:
        return x.new_ones(1, dtype=torch.bool)
    depth = 1 + ((x - MIDDLE) * representation.perspective).sum(-1, keepdim=True)
    # Well before, where the representation does not bound the depth itself.
    return depth > 2 * _SMALLEST_DEPTH


def _reachable(frozen: LatticePeriodic, points: Points, steps: Points) -> bool:
    """Whether any of the points moved by any of the steps lies before the horizon."""
    if not frozen.homography:
        return True
    x, n = torch.from_numpy(points), torch.from_numpy(steps).double()
    moved = frozen.rectify(x)[:, None] + n @ frozen.basis().T
    inverse_depth = 1 - ((moved - MIDDLE) * frozen.perspective).sum(-1)
    limit = 1 / (2 * _SMALLEST_DEPTH)
    near = (inverse_depth > 0) & (inverse_depth < limit) & _seen(frozen, x)
    return bool(near.any())


def _independent(representation: LatticePeriodic) -> Finding:
    """The lattice vectors are independent."""
    matrix = representation.inverse_basis.detach().double().cpu().numpy()
    condition = float(np.linalg.cond(matrix))
    sentence = f"The condition number of the lattice is {condition:.3g}."
    if not condition <= MAX_CONDITION:
        return Finding(-np.inf, False, f"The lattice vectors are dependent. {sentence}")
    return Finding(1 / condition, True, sentence)


def _perspective(representation: LatticePeriodic) -> list[Finding]:
    if not representation.homography:
        return []
    worst = float(representation.perspective.detach().abs().max())
    sentence = f"The largest perspective entry is {worst:.3g}, its bound {PERSPECTIVE_BOUND:g}."
    # The bound is clamped to in single precision.
    holds = worst <= float(np.float32(PERSPECTIVE_BOUND))
    return [Finding(PERSPECTIVE_BOUND - worst if not holds else 0.0, holds, sentence)]


def _phase_magnitude(frozen: LatticePeriodic, box: Box) -> float:
    """Of what phases in a box, or five periods out of it, are added up from."""
    inverse, basis = frozen.inverse_basis.abs(), frozen.basis().abs()
    depth = 2 * _SMALLEST_DEPTH if frozen.homography else 1.0
    away = torch.from_numpy(np.maximum(np.abs(box[0]), np.abs(box[1]))) + MIDDLE
    moved = away / depth + FARTHEST * basis.sum(-1)
    return float((inverse @ moved + frozen.phase.abs()).max()) / depth


def _lattice_magnitude(frozen: LatticePeriodic, box: Box) -> float:
    """Of what levels are added up from, errors of the phases included."""
    total = float(frozen.amplitudes.weight.abs().sum())
    slope = 2 * np.pi * float(frozen.multiples.abs().sum(-1).max())
    offset = abs(float(frozen.amplitudes.bias.sum()))
    return offset + total * (1 + slope * _phase_magnitude(frozen, box))


def _whole_phases(frozen: LatticePeriodic, points: Points, steps: Points) -> Finding:
    """Shifts by n lattice vectors move phases by n."""
    x = torch.from_numpy(points)
    worst = 0.0
    with torch.no_grad():
        here = frozen.phases(x)
        for n in steps:
            moved = _shifted(tuple(n.tolist())).move(frozen, x)
            error = (frozen.phases(moved) - here - torch.from_numpy(n)).numpy()
            worst = max(worst, largest(error[~np.isnan(error)]))
    box = points.min(axis=0), points.max(axis=0)
    limit = CHANCE * EPS * _phase_magnitude(frozen, box)
    sentence = "Phases move by whole numbers but for {value}; rounding explains {limit}."
    return at_most(worst, min(limit, 1e-3), sentence)
