import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isr.coordinates import ThirdAxis
from isr.evaluation.certificates import all_hold, certify
from isr.evaluation.drawing import draw_level
from isr.networks.real_nvp import RealNVP
from isr.representations import build
from isr.representations.path_connected import AxisScaling, PathConnected

METHODS = ["structure", "sampled margin", "raster"]
BASE_SCALES = [0.0, 1e-45, 1e-20, 1e-3, 1.0, 1e3]
FLOW_SCALES = [0.0, 1e-45, 1e-3, 0.1, 0.3]


def failing(representation, **options) -> list[str]:
    certificates = certify(representation, 24, 32, seed=0, **options)
    return [certificate.method for certificate in certificates if not certificate.holds]


@settings(max_examples=10, deadline=None)
@given(st.data())
@pytest.mark.parametrize("base", ["convex", "star_shaped"])
def test_every_projected_network_passes(base, scatter_, data):
    dim = data.draw(st.integers(2, 3))
    blocks = 4 if dim == 2 else 6
    options = {"blocks": blocks, "hidden_units": 6, "base_options": {"width": 5}}
    representation = build("path_connected", dim, base=base, **options)
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    scales = {
        "base": data.draw(st.sampled_from(BASE_SCALES)),
        "flow.norms": data.draw(st.sampled_from([0.1, 1e3])),
        "flow": data.draw(st.sampled_from(FLOW_SCALES)),
        "linear": data.draw(st.sampled_from([0.3, 30.0])),
    }
    scatter_(representation, generator, scales)
    third = ThirdAxis("t", np.linspace(0, 1, 3)) if dim == 3 else None
    certificates = certify(representation, 12, 16, third=third, seed=1)
    assert [c.method for c in certificates] == METHODS
    assert all(c.property == "path-connected" for c in certificates)
    assert all_hold(certificates), certificates


def curved(cls=PathConnected, seed: int = 0, base: str = "convex", gain: float = 0.3):
    """A region whose flow bends the plane, of about a third of the picture."""
    torch.manual_seed(seed)
    representation = cls(2, base=base, base_options={"width": 16})
    with torch.no_grad():
        for coupling in representation.flow.couplings:
            for network in (coupling.s, coupling.t):
                network.net[2].weight.normal_(0, gain)
        for norm in representation.flow.norms:
            norm.s.normal_(0, 0.1)
            norm.t.normal_(0, 0.1)
        representation.linear.log_scale.copy_(torch.tensor([0.2, -0.1]))
        representation.linear.shift.copy_(torch.tensor([0.1, -0.2]))
        representation.project_()
        if base == "convex":
            level = draw_level(representation, 24, 32)
            representation.base.network.output_z.bias -= float(np.quantile(level, 0.3))
    return representation


@pytest.mark.parametrize("base", ["convex", "star_shaped"])
@pytest.mark.parametrize("seed", range(3))
def test_curved_regions_pass(seed, base):
    certificates = certify(curved(seed=seed, base=base), 24, 32, seed=0)
    assert all_hold(certificates), certificates


class SwappedInverse(RealNVP):
    """Undoes the blocks in the order in which they were done."""

    def _blocks(self):
        return list(reversed(super()._blocks())) if self.undoing else super()._blocks()

    undoing = False

    def inverse(self, z):
        self.undoing = True
        try:
            return super().inverse(z)
        finally:
            self.undoing = False


class ShiftedBack(AxisScaling):
    """Takes the shift off after the scale, not before."""

    def inverse(self, y):
        return y * (-self.log_scale).exp() - self.shift


class CoarseInverse(PathConnected):
    """An inverse that is right to a millionth only."""

    def from_base(self, base_coordinates):
        return super().from_base(base_coordinates) + 1e-6 * torch.sin(50 * base_coordinates)


class Folded(PathConnected):
    """Not a diffeomorphism: the plane is folded before the flow."""

    def to_base(self, coordinates):
        return super().to_base((coordinates - 0.6).abs() + 0.6)


class BaseMissed(PathConnected):
    """A level that is not the base's."""

    def forward(self, coordinates):
        return super().forward(coordinates) + 0.3 * torch.sin(30 * coordinates[..., 0])


@pytest.mark.parametrize("cls", [CoarseInverse, Folded, BaseMissed])
def test_mutations_of_the_representation_fail(cls):
    assert "sampled margin" in failing(curved(cls))


def test_an_inverse_in_the_wrong_order_fails():
    for seed in range(3):
        representation = curved(seed=seed)
        representation.flow.__class__ = SwappedInverse
        assert "sampled margin" in failing(representation)
        representation = curved(seed=seed)
        representation.linear.__class__ = ShiftedBack
        assert "sampled margin" in failing(representation)


@pytest.mark.parametrize("base", ["convex", "star_shaped"])
def test_without_projection_the_base_fails(base):
    torch.manual_seed(0)
    representation = PathConnected(2, base=base, base_options={"width": 16})
    assert "structure" in failing(representation)
    weights = {n: w.abs() for n, w in representation.constrained_weights().items()}
    with torch.no_grad():
        for weight in representation.constrained_weights().values():
            weight.copy_(-weight.abs())
    # Hidden from the structure, the samples still show it.
    representation.constrained_weights = lambda: weights
    assert failing(representation)[:1] == ["sampled margin"]


@pytest.mark.parametrize(("name", "value"), [("linear.log_scale", 3.5), ("flow.norms.3.s", -0.75)])
def test_log_scales_out_of_bounds_fail_the_structure(name, value):
    representation = curved()
    with torch.no_grad():
        representation.get_parameter(name).view(-1)[0] = value
    structure = certify(representation, 24, 32, seed=0)[0]
    assert not structure.holds
    assert structure.margin == pytest.approx(-abs(value) + (3 if value > 0 else 0.5))
    representation.project_()
    assert certify(representation, 24, 32, seed=0)[0].holds


@pytest.mark.parametrize("value", [2.5, 7.5])
def test_rounding_does_not_excuse_a_flow_that_moves_points_out_of_the_picture(value):
    # There and back the flow misses by 1e-2, or by 1e24; both shrink with the precision.
    representation = build("path_connected", 2, base_options={"width": 8})
    with torch.no_grad():
        for norm in representation.flow.norms:
            norm.s.fill_(value)
        representation.base.project_()
    sampled = certify(representation, 24, 32, seed=0)[1]
    assert not sampled.holds
    assert "The flow there and back moves points by" in sampled.sentence
    assert "rounding explains 1e-06" in sampled.sentence


def test_flows_on_their_bounds_still_pass():
    representation = curved()
    with torch.no_grad():
        for norm in representation.flow.norms:
            norm.s.fill_(0.5)
        representation.linear.log_scale.fill_(3.0)
    assert failing(representation) == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "name", ["linear.shift", "flow.couplings.2.s.net.2.bias", "flow.norms.0.t", "base.centre"]
)
def test_a_state_that_is_not_finite_fails_without_raising(name, value):
    representation = curved(base="star_shaped")
    with torch.no_grad():
        representation.get_parameter(name).view(-1)[0] = value
    certificates = certify(representation, 24, 32, seed=0)
    assert not any(certificate.holds for certificate in certificates)
    assert name in certificates[0].sentence


def test_the_same_seed_gives_the_same_certificate(bent, bar):
    representation = bent(bar(0.5, 0.002, tilt=0.1))
    assert certify(representation, 40, 60, seed=3) == certify(representation, 40, 60, seed=3)
