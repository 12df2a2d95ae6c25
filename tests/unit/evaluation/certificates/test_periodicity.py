import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isr.constraints import build
from isr.coordinates import ThirdAxis
from isr.evaluation.certificates import all_hold, certify
from isr.evaluation.drawing import draw_level
from isr.representations.periodic import LatticePeriodic

METHODS = ["structure", "sampled margin", "raster"]


def failing(representation, **options) -> list[str]:
    certificates = certify(representation, 24, 32, seed=0, **options)
    return [certificate.method for certificate in certificates if not certificate.holds]


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


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("parameter", ["inverse_basis", "phase", "amplitudes.bias"])
def test_a_lattice_that_is_not_finite_fails_without_raising(parameter, value):
    representation = build("lattice_periodic")
    with torch.no_grad():
        found = representation.get_parameter(parameter)
        found[(0,) * found.ndim] = value
    assert failing(representation) == METHODS


def test_a_torn_level_fails_the_raster():
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
    with torch.no_grad():
        next(representation.parameters()).view(-1)[0] = np.nan
    (certificate,) = certify(representation, 24, 32, seed=0)
    assert (certificate.verdict, certificate.holds) == ("fails", False)
