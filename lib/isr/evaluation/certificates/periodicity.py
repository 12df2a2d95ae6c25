"""The certificates of periodic regions."""

import numpy as np
import torch
from torch import Tensor

from isr.coordinates import Points, Scene
from isr.evaluation.certificates.invariance import (
    Motion,
    certify_raster_invariance,
    sampled_invariance,
)
from isr.evaluation.certificates.rounding import CHANCE, EPS, largest
from isr.evaluation.certificates.verdicts import (
    Certificate,
    Finding,
    at_most,
    certify_structure,
    joined,
    not_finite,
)
from isr.evaluation.drawing import frozen_copy
from isr.representations import Representation
from isr.representations.periodic import MIDDLE, PERSPECTIVE_BOUND, LatticePeriodic, Periodic

LATTICE = "lattice-periodic"
POINTS = 1000
SHIFTS = 24
FARTHEST = 5
# Above this condition number lattice vectors are dependent to half of float64's digits.
MAX_CONDITION = 1e8
_SMALLEST_DEPTH = 0.05


def certify_periodic(
    representation: Periodic, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """One certificate, which says that equation 8 has no period."""
    finite = certify_structure("periodic", representation)
    if not finite.holds or not np.isfinite(level).all():
        findings = (
            [not_finite("pixel centres")]
            if finite.holds
            else [Finding(-np.inf, False, finite.sentence)]
        )
        return [joined("periodic", "none", findings)]
    sentence = "A sum of sines with free frequencies is only almost periodic."
    verdict = "none: almost periodic"
    return [Certificate("periodic", "none", np.nan, True, verdict, sentence)]


def certify_lattice(
    representation: LatticePeriodic, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """Three certificates: of the stored lattice, of sampled levels, of the drawn `level`."""
    finite = certify_structure(LATTICE, representation)
    independent = _independent(representation) if finite.holds else None
    if independent is None or not independent.holds:
        structure = finite if independent is None else joined(LATTICE, "structure", [independent])
        sentence = "There is no lattice to be sampled."
        found = (
            [Finding(-np.inf, False, sentence)] if finite.holds else [not_finite("sampled points")]
        )
        return [structure, *(joined(LATTICE, m, found) for m in ("sampled margin", "raster"))]
    generator = np.random.default_rng(seed)
    structure = certify_structure(
        LATTICE, representation, [independent, *_perspective(representation)]
    )
    points = np.concatenate(
        [generator.uniform(*scene.box(size), (POINTS, scene.dim)) for size in (1.0, 2.0)]
    )
    steps = np.concatenate(
        [
            np.eye(scene.dim, dtype=int),
            -np.eye(scene.dim, dtype=int),
            generator.integers(-FARTHEST, FARTHEST + 1, (SHIFTS, scene.dim)),
        ]
    )
    motions = [_shifted(tuple(n.tolist())) for n in steps if n.any()]
    magnitude = _magnitude(representation, scene.box(2.0))
    explained, samples = sampled_invariance(representation, motions, points, magnitude)
    if not _reachable(representation, points, steps):
        sentence = "All lattice vectors lead beyond the horizon: there are no points to compare."
        samples = Finding(0.0, True, sentence)
    near = motions[: 2 * scene.dim]
    return [
        structure,
        joined(LATTICE, "sampled margin", [samples, _whole_phases(representation, points, steps)]),
        certify_raster_invariance(
            LATTICE, representation, near, scene, level, explained, seed=seed
        ),
    ]


def _shifted(steps: tuple[int, ...]) -> Motion:
    def move(representation: Representation, x: Tensor) -> Tensor:
        assert isinstance(representation, LatticePeriodic)
        moved = representation.shift(x, steps)
        return torch.where(
            _seen(representation, x) & _seen(representation, moved), moved, torch.nan
        )

    return Motion("lattice vectors apart", move)


def _seen(representation: LatticePeriodic, x: Tensor) -> Tensor:
    """Whether points (..., dim) lie before the horizon, (..., 1)."""
    if not representation.homography:
        return x.new_ones(1, dtype=torch.bool)
    depth = 1 + ((x - MIDDLE) * representation.perspective).sum(-1, keepdim=True)
    # Well before, where the representation does not bound the depth itself.
    return depth > 2 * _SMALLEST_DEPTH


def _reachable(representation: LatticePeriodic, points: Points, steps: Points) -> bool:
    """Whether any of the points moved by any of the steps lies before the horizon."""
    if not representation.homography:
        return True
    frozen = frozen_copy(representation)
    assert isinstance(frozen, LatticePeriodic)
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


def _phase_magnitude(representation: LatticePeriodic, box: tuple[Points, Points]) -> float:
    """Of what phases in a box, or five periods out of it, are added up from."""
    frozen = frozen_copy(representation)
    assert isinstance(frozen, LatticePeriodic)
    inverse, basis = frozen.inverse_basis.abs(), frozen.basis().abs()
    depth = 2 * _SMALLEST_DEPTH if frozen.homography else 1.0
    away = torch.from_numpy(np.maximum(np.abs(box[0]), np.abs(box[1]))) + MIDDLE
    moved = away / depth + FARTHEST * basis.sum(-1)
    return float((inverse @ moved + frozen.phase.abs()).max()) / depth


def _magnitude(representation: LatticePeriodic, box: tuple[Points, Points]) -> float:
    """Of what levels are added up from, errors of the phases included."""
    frozen = frozen_copy(representation)
    assert isinstance(frozen, LatticePeriodic)
    total = float(frozen.amplitudes.weight.abs().sum())
    slope = 2 * np.pi * float(frozen.multiples.abs().sum(-1).max())
    offset = abs(float(frozen.amplitudes.bias.sum()))
    return offset + total * (1 + slope * _phase_magnitude(representation, box))


def _whole_phases(representation: LatticePeriodic, points: Points, steps: Points) -> Finding:
    """Shifts by n lattice vectors move phases by n."""
    frozen = frozen_copy(representation)
    assert isinstance(frozen, LatticePeriodic)
    x = torch.from_numpy(points)
    worst = 0.0
    with torch.no_grad():
        here = frozen.phases(x)
        for n in steps:
            moved = _shifted(tuple(n.tolist())).move(frozen, x)
            error = (frozen.phases(moved) - here - torch.from_numpy(n)).numpy()
            worst = max(worst, largest(error[~np.isnan(error)]))
    box = points.min(axis=0), points.max(axis=0)
    limit = CHANCE * EPS * _phase_magnitude(representation, box)
    sentence = "Phases move by whole numbers but for {value}; rounding explains {limit}."
    return at_most(worst, min(limit, 1e-3), sentence)
