import numpy as np
import pytest
import torch
from certificate_checks import failing
from hypothesis import given, settings
from hypothesis import strategies as st

from isr.constraints import build
from isr.coordinates import ThirdAxis
from isr.evaluation.certificates import all_hold, certify
from isr.evaluation.certificates.path_connectedness import (
    IN_PICTURE,
    OUTSIDE,
    THIN,
)
from isr.evaluation.drawing import draw_level
from isr.evaluation.pixels import components
from isr.networks.real_nvp import RealNVP
from isr.representations.path_connected import AxisScaling, PathConnected

METHODS = ["structure", "sampled margin", "raster"]
BASE_SCALES = [0.0, 1e-45, 1e-20, 1e-3, 1.0, 1e3]
ACTNORM = ("flow.log_scale", "flow.shift")
FLOW_SCALES = [0.0, 1e-45, 1e-3, 0.1, 0.3]


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
        **dict.fromkeys(ACTNORM, data.draw(st.sampled_from([0.1, 1e3]))),
        "flow": data.draw(st.sampled_from(FLOW_SCALES)),
        "linear": data.draw(st.sampled_from([0.3, 30.0])),
    }
    scatter_(representation, generator, scales)
    third = ThirdAxis("t", np.linspace(0, 1, 3)) if dim == 3 else None
    certificates = certify(representation, 12, 16, third=third, seed=1)
    assert [c.method for c in certificates] == METHODS
    assert all(c.property == "path-connected" for c in certificates)
    assert all_hold(certificates), certificates


@pytest.mark.parametrize(("flow", "linear"), [(0.0, 0.3), (0.1, 0.3), (0.3, 0.3), (0.3, 30.0)])
@pytest.mark.parametrize("dim", [2, 3])
def test_rounding_explains_what_a_far_centre_takes_from_paths(scatter_, dim, flow, linear):
    """Points near the picture lose digits where they are told from a centre at a thousand."""
    options = {"blocks": 4 if dim == 2 else 6, "hidden_units": 6, "base_options": {"width": 5}}
    representation = build("path_connected", dim, base="star_shaped", **options)
    scales = {"base": 1000.0, **dict.fromkeys(ACTNORM, 0.1), "flow": flow, "linear": linear}
    scatter_(representation, np.random.default_rng(2), scales)
    third = ThirdAxis("t", np.linspace(0, 1, 3)) if dim == 3 else None
    certificates = certify(representation, 12, 16, third=third, seed=1)
    assert all_hold(certificates), certificates


def curved(cls=PathConnected, seed: int = 0, base: str = "convex", gain: float = 0.3):
    """A region whose flow bends the plane, of about a third of the picture."""
    torch.manual_seed(seed)
    representation = cls(2, base=base, base_options={"width": 16})
    with torch.no_grad():
        representation.flow.last.weight.normal_(0, gain)
        representation.flow.log_scale.normal_(0, 0.1)
        representation.flow.shift.normal_(0, 0.1)
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


@pytest.mark.parametrize(("name", "value"), [("linear.log_scale", 3.5), ("flow.log_scale", -0.75)])
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
        representation.flow.log_scale.fill_(value)
        representation.base.project_()
    sampled = certify(representation, 24, 32, seed=0)[1]
    assert not sampled.holds
    assert "The flow there and back moves points by" in sampled.sentence
    assert "rounding explains 1e-06" in sampled.sentence


def test_flows_on_their_bounds_still_pass():
    representation = curved()
    with torch.no_grad():
        representation.flow.log_scale.fill_(0.5)
        representation.linear.log_scale.fill_(3.0)
    assert failing(representation) == []


# With 60 columns a line of tilt 0.1 meets a pixel centre every ten columns.
THROUGH_CENTRES = (24.5 - 1.05) / 60


def raster(representation, height=40, width=60, **options):
    return certify(representation, height, width, seed=0, **options)[2]


def test_one_component(bent, bar):
    found = raster(bent(bar(0.4, 0.1), slope=-1.0, offset=0.3))
    assert (found.verdict, found.holds, found.margin) == (IN_PICTURE, True, 1.0)


def test_an_arch_is_connected_in_the_picture(bent, bar):
    arch = bar(0.45, 0.1, left=0.2, right=0.8)
    assert raster(bent(arch, slope=-6.0, offset=1.5)).verdict == IN_PICTURE


@pytest.mark.parametrize(("half", "samples"), [(0.004, 2), (0.002, 4), (0.001, 8), (0.0006, 16)])
def test_a_bar_thinner_than_a_pixel(bent, bar, half, samples):
    found = raster(bent(bar(THROUGH_CENTRES, half, tilt=0.1)))
    assert found.verdict == THIN
    assert found.holds
    # 60 pixels are 1: the bar's height is 120 `half` pixels, and samples are at most so far apart.
    assert 1 / samples <= found.margin <= 240 * half
    assert "stay in it" in found.sentence


def test_a_bar_that_no_sampling_shows(bent, bar):
    found = raster(bent(bar(THROUGH_CENTRES, 1e-4, tilt=0.1)))
    assert found.verdict == THIN
    assert found.margin == 0
    assert "not found up to 16x sampling" in found.sentence


def test_legs_that_the_frame_cuts(bent, bar):
    """Two legs of an arch whose top lies over the upper edge."""
    representation = bent(bar(-0.1, 0.15, left=0.2, right=0.8), slope=-6.0, offset=1.5)
    found = raster(representation)
    assert found.verdict == OUTSIDE
    assert found.holds
    assert found.margin == 1.0
    assert "leaves it with" in found.sentence
    with torch.no_grad():
        representation.linear.shift[1] = -0.65
    assert raster(representation, 60, 60).verdict == IN_PICTURE


def test_two_regions_are_not_connected(bent, bar):
    """The mask of another region, with two components, does not pass as that of a bar."""
    representation = bent(bar(0.5, 0.002, tilt=0.1))
    level = draw_level(representation, 40, 60)
    level[2:6, 2:6] = -1.0
    found = raster(representation, level=level)
    assert not found.holds
    assert found.verdict == "fails"
    assert found.margin == -1


def test_a_hole_that_sampling_makes_is_opened():
    """A wild flow whose mask has holes, though the region has none."""
    torch.manual_seed(9)
    representation = build(
        "path_connected", blocks=6, base_options={"width": 4, "hidden_layers": 1}
    )
    with torch.no_grad():
        representation.flow.first.weight.mul_(4)
        representation.flow.last.weight.normal_(0, 0.4)
    network = representation.base.network
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.first.weight.copy_(torch.tensor([[1, 0], [-1, 0], [0, 1], [0, -1]]))
        network.first.bias.copy_(torch.tensor([-0.75, 0.25, -0.75, 0.25]))
        network.hidden_z[0].weight[0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-6
    for height in range(16, 60, 4):
        level = draw_level(representation, height, height)
        found = components(level <= 0)
        if found.euler < found.count:
            break
    assert found.euler < found.count
    certificate = raster(representation, height, height)
    assert certificate.holds, certificate
    assert "Background that runs out of" in certificate.sentence


def tilted_3d():
    """A thin bar through (x, y, t) that jumps by more than its width from frame to frame."""
    representation = build(
        "path_connected", 3, blocks=6, base_options={"width": 6, "hidden_layers": 1}
    )
    network = representation.base.network
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        rows = [(1, 0, -1), (-1, 0, 1), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
        network.first.weight.copy_(torch.tensor(rows))
        network.first.bias.copy_(torch.tensor([-0.1, -0.1, -0.6, 0.4, -1.0, 0.0]))
        network.hidden_z[0].weight[0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-6
    return representation


@pytest.mark.parametrize("values", [np.linspace(0, 1, 4), np.array([0.0, 0.3, 1.0])])
def test_an_object_that_moves_faster_than_its_size(values):
    found = raster(tilted_3d(), third=ThirdAxis("t", values))
    assert found.verdict == THIN
    assert found.margin >= 0.25
    assert raster(tilted_3d(), third=ThirdAxis("t", np.linspace(0, 1, 12))).verdict == IN_PICTURE


def test_a_surface_through_a_region():
    depth = np.where(np.arange(60) % 20 < 10, 0.5, 5.0) * np.ones((40, 1))
    found = raster(tilted_3d(), third=ThirdAxis("depth", depth))
    assert found.holds
    assert found.verdict in (OUTSIDE, IN_PICTURE)
