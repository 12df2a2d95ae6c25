"""The certificates of mirror and rotational symmetry."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from isr.coordinates import Points, Scene
from isr.evaluation.certificates.invariance import (
    Motion,
    certify_raster_invariance,
    isometry,
    sampled_invariance,
)
from isr.evaluation.certificates.rounding import largest, rounding_scale
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
from isr.representations.mirror_symmetric import MirrorSymmetric
from isr.representations.rotationally_symmetric import RotationallySymmetric

POINTS = 2000
MAX_TURNS = 12

Symmetric = MirrorSymmetric | RotationallySymmetric


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


def _mirror(representation: Representation, x: Tensor) -> Tensor:
    assert isinstance(representation, MirrorSymmetric | RotationallySymmetric)
    return representation.mirror(x)


_MIRRORED = Motion("mirrored", _mirror, determinant=-1)


def _turned(turns: int, order: int) -> Motion:
    def rotate(representation: Representation, x: Tensor) -> Tensor:
        assert isinstance(representation, RotationallySymmetric)
        return representation.rotate(x, turns)

    return Motion(f"turned by {turns}/{order}", rotate, order=order // math.gcd(turns, order))


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
        unknown = joined(name, "sampled margin", [not_finite("sampled points")])
        return [finite, unknown, joined(name, "raster", [not_finite("pixel centres")])]
    centre = representation.centre.detach().double().cpu().numpy()
    structure = certify_structure(name, representation, [isometry(representation, motions, centre)])
    boxes = [scene.box(1.0), scene.box(3.0)]
    generator = np.random.default_rng(seed)
    points = np.concatenate([generator.uniform(*box, (POINTS, scene.dim)) for box in boxes])
    magnitude = _magnitude(representation, boxes[-1])
    explained, samples = sampled_invariance(representation, motions, points, magnitude)
    findings = [samples]
    if isinstance(representation, MirrorSymmetric):
        findings.append(_canonical(representation, points))
    raster = certify_raster_invariance(
        name, representation, motions, scene, level, explained, seed=seed
    )
    return [structure, joined(name, "sampled margin", findings), raster]


def _magnitude(representation: Symmetric, box: tuple[Points, Points]) -> float:
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
    assert isinstance(frozen, MirrorSymmetric)
    with torch.no_grad():
        x = torch.from_numpy(points).to(dtype)
        frame = frozen.canonical(x)
        flipped = torch.cat([-frame[:, :1], frame[:, 1:]], dim=-1)
        levels = [frozen.canonical_level(each) for each in (frame, flipped)]
        form = frozen(x) - levels[0]
    error = largest((levels[1] - levels[0]).double().numpy())
    error = max(error, largest(form.double().numpy()))
    return at_most(error, 0.0, "In the mirror's frame levels differ by {value}.")
