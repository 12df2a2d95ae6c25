import numpy as np
import pytest
import torch
from certificate_checks import failing
from hypothesis import given, settings
from hypothesis import strategies as st

from isr.constraints import build
from isr.coordinates import ThirdAxis
from isr.evaluation.certificates import all_hold, certify
from isr.evaluation.drawing import draw_level
from isr.representations.mirror_symmetric import MirrorSymmetric
from isr.representations.periodic import LatticePeriodic
from isr.representations.rotationally_symmetric import RotationallySymmetric

METHODS = ["structure", "sampled margin", "raster"]
PROPERTIES = {
    "mirror_symmetric": "mirror-symmetric",
    "rotationally_symmetric": "rotationally symmetric",
}
SCALES = [0.0, 1e-45, 1e-20, 1e-3, 1.0, 1e3, 1e10]


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", PROPERTIES)
def test_every_network_passes(name, scatter_, data):
    dim = data.draw(st.integers(2, 3))
    options = {}
    if name == "rotationally_symmetric":
        order = data.draw(st.integers(2, 17))
        options = {"order": order, "mirrors": data.draw(st.booleans())}
    representation = build(name, dim, width=7, **options)
    scales = {
        "centre": data.draw(st.sampled_from([0.0, 0.5, 100.0])),
        "angle": data.draw(st.sampled_from([0.0, 1.0, 1e4])),
        "network": data.draw(st.sampled_from(SCALES)),
    }
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    scatter_(representation, generator, scales)
    third = ThirdAxis("z", np.linspace(0, 1, 3)) if dim == 3 else None
    certificates = certify(representation, 12, 16, third=third, seed=1)
    assert [c.method for c in certificates] == METHODS
    assert all(c.property == PROPERTIES[name] for c in certificates)
    assert all_hold(certificates), certificates


def fitted(cls, dim: int = 2, **options):
    """A representation with an outline through the picture."""
    torch.manual_seed(0)
    representation = cls(dim, width=32, **options)
    with torch.no_grad():
        representation.centre.copy_(torch.tensor([0.45, 0.4, 0.5][:dim]))
        representation.angle.fill_(0.3)
        representation.network.layers[0].weight.mul_(3)
        if dim == 2:
            level = draw_level(representation, 24, 32)
            representation.network.layers[-1].bias -= float(np.median(level))
    return representation


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("cls", [MirrorSymmetric, RotationallySymmetric])
def test_a_symmetric_region_passes(cls, dim):
    third = ThirdAxis("t", np.linspace(0, 1, 5)) if dim == 3 else None
    certificates = certify(fitted(cls, dim), 24, 32, third=third, seed=0)
    assert all_hold(certificates), certificates
    if dim == 2:
        assert [c.verdict for c in certificates] == ["holds"] * 3


class NotFolded(MirrorSymmetric):
    def canonical_level(self, canonical):
        return self.network(canonical).squeeze(-1)


class SlightlyOff(MirrorSymmetric):
    def forward(self, coordinates):
        return super().forward(coordinates) + 1e-9 * coordinates[..., 0]


class WrongMirror(MirrorSymmetric):
    def mirror(self, coordinates):
        return super().mirror(coordinates) + 1e-6


class NoMirror(MirrorSymmetric):
    def mirror(self, coordinates):
        return coordinates


class PointReflection(MirrorSymmetric):
    """A turn by half, which is no mirror."""

    def forward(self, coordinates):
        return super().forward(coordinates) + super().forward(self.mirror(coordinates))

    def mirror(self, coordinates):
        return 2 * self.centre - coordinates


@pytest.mark.parametrize(
    ("cls", "methods"),
    [
        (NotFolded, ["sampled margin", "raster"]),
        (SlightlyOff, ["sampled margin", "raster"]),
        (WrongMirror, ["structure", "sampled margin", "raster"]),
        (NoMirror, ["structure"]),
        (PointReflection, ["structure", "sampled margin"]),
    ],
)
def test_mutations_of_the_mirror_fail(cls, methods):
    assert failing(fitted(cls)) == methods


class Shifted(RotationallySymmetric):
    """Sees the angle itself, not its multiple."""

    def invariants(self, canonical):
        radius = canonical.norm(dim=-1)
        return torch.stack([canonical[..., 0], radius, canonical[..., 1]], dim=-1)


class OtherOrder(RotationallySymmetric):
    def rotate(self, coordinates, turns=1):
        other = RotationallySymmetric(2, order=self.order + 1, width=2).to(coordinates)
        other.load_state_dict({**other.state_dict(), "centre": self.centre, "angle": self.angle})
        return other.rotate(coordinates, turns)


class NoTurn(RotationallySymmetric):
    def rotate(self, coordinates, turns=1):
        return coordinates


@pytest.mark.parametrize(
    ("cls", "method"),
    [(Shifted, "sampled margin"), (OtherOrder, "structure"), (NoTurn, "structure")],
)
def test_mutations_of_the_rotation_fail(cls, method):
    assert method in failing(fitted(cls))


class ClaimsMirrors(RotationallySymmetric):
    """Sees the sine too, and so has no mirrors."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.mirrors = True

    def invariants(self, canonical):
        self.mirrors = False
        seen = super().invariants(canonical)
        self.mirrors = True
        return seen


def test_mirrors_that_are_not_there_fail():
    assert failing(fitted(RotationallySymmetric, order=3)) == []
    assert failing(fitted(RotationallySymmetric, order=3, mirrors=True)) == []
    assert failing(fitted(ClaimsMirrors, order=3)) == ["sampled margin", "raster"]


def test_a_torn_level_fails_the_raster():
    representation = fitted(MirrorSymmetric)
    level = draw_level(representation, 24, 32)
    level[12, 14] += 1e-3
    raster = certify(representation, 24, 32, seed=0, level=level)[2]
    assert not raster.holds
    assert raster.margin == -1


def test_an_axis_outside_of_the_picture():
    representation = fitted(MirrorSymmetric)
    with torch.no_grad():
        representation.centre.copy_(torch.tensor([5.0, 5.0]))
    certificates = certify(representation, 24, 32, seed=0)
    assert all_hold(certificates)
    assert "Of 0 images" in certificates[2].sentence


def test_empty_and_whole_picture():
    representation = fitted(MirrorSymmetric)
    for bias, verdict in (100.0, "empty"), (-100.0, "whole picture"):
        with torch.no_grad():
            representation.network.layers[-1].bias.fill_(bias)
        raster = certify(representation, 24, 32, seed=0)[2]
        assert (raster.verdict, raster.holds) == (verdict, True)


# Lattices.


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_lattice_passes(scatter_, data):
    dim = data.draw(st.integers(2, 3))
    homography = dim == 2 and data.draw(st.booleans())
    representation = build("lattice_periodic", dim, harmonics=2, homography=homography)
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    scales = {
        "inverse_basis": data.draw(st.sampled_from([1e-3, 1.0, 10.0, 100.0])),
        "phase": data.draw(st.sampled_from([0.0, 1.0, 1e3])),
        "amplitudes": data.draw(st.sampled_from([0.0, 1e-45, 1e-20, 1.0, 1e10, 1e30])),
    }
    scatter_(representation, generator, scales)
    third = ThirdAxis("z", np.linspace(0, 1, 3)) if dim == 3 else None
    certificates = certify(representation, 12, 16, third=third, seed=1)
    assert [c.method for c in certificates] == METHODS
    assert all(c.property == "lattice-periodic" for c in certificates)
    assert all_hold(certificates), certificates


def sheet(cls=LatticePeriodic, **options):
    torch.manual_seed(0)
    representation = cls(2, basis=[[0.2, 0.05], [0.0, 0.15]], homography=True, **options)
    with torch.no_grad():
        representation.perspective.copy_(torch.tensor([0.3, -0.2]))
        representation.amplitudes.bias.zero_()
    return representation


def test_a_sheet_seen_obliquely_passes():
    certificates = certify(sheet(), 24, 32, seed=0)
    assert [c.verdict for c in certificates] == ["holds"] * 3, certificates


class FreeFrequencies(LatticePeriodic):
    """Sums of waves off the lattice."""

    def forward(self, coordinates):
        angles = 2 * torch.pi * (self.phases(coordinates) @ (1.0001 * self.multiples).T)
        return self.amplitudes(torch.cat([angles.cos(), angles.sin()], dim=-1)).squeeze(-1)


class NotRectified(LatticePeriodic):
    def phases(self, coordinates):
        return (coordinates - 0.5) @ self.inverse_basis.T - self.phase


class NoShift(LatticePeriodic):
    def shift(self, coordinates, steps):
        return coordinates


class LostShift(LatticePeriodic):
    def shift(self, coordinates, steps):
        return torch.full_like(coordinates, torch.nan)


class HalfShift(LatticePeriodic):
    def shift(self, coordinates, steps):
        return super().shift(coordinates, torch.as_tensor(steps) / 2)


@pytest.mark.parametrize("cls", [FreeFrequencies, NotRectified, NoShift, LostShift, HalfShift])
def test_mutations_fail(cls):
    assert "sampled margin" in failing(sheet(cls))


def test_perspective_out_of_bounds_fails_the_structure():
    representation = sheet()
    with torch.no_grad():
        representation.perspective[0] = 0.6
    assert "structure" in failing(representation)
    representation.project_()
    assert failing(representation) == []


@pytest.mark.parametrize("value", [0.0, 1e-12])
def test_dependent_lattice_vectors_fail_without_raising(value):
    representation = build("lattice_periodic")
    with torch.no_grad():
        representation.inverse_basis.copy_(torch.tensor([[1.0, 2.0], [2.0, 4.0 + value]]))
    assert failing(representation) == METHODS


def test_a_torn_level_of_a_lattice_fails_the_raster():
    representation = sheet()
    level = draw_level(representation, 24, 32)
    level[12, 14] += 1e-3
    assert failing(representation, level=level) == ["raster"]


def test_a_sum_of_free_sines_is_only_almost_periodic():
    representation = build("periodic", waves=20)
    (certificate,) = certify(representation, 24, 32, seed=0)
    assert (certificate.property, certificate.method) == ("periodic", "none")
    assert certificate.verdict == "none: almost periodic"
    assert certificate.holds
