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
from isr.representations.polar import StarShaped

SCALES = [0.0, 1e-45, 1e-20, 1e-3, 1.0, 30.0, 1e3]
KINDS = {"star_shaped": "star-shaped", "radially_connected": "radially connected"}


def spiky(cls=StarShaped, seed: int = 0, **options):
    """A star with a few spikes, whose radius depends on the direction."""
    torch.manual_seed(seed)
    representation = cls(2, width=16, **options)
    representation.project_()
    with torch.no_grad():
        representation.network.first_u.weight.mul_(6)
        representation.network.output_y.weight.fill_(3.0)
        representation.network.output_u.weight[0].mul_(6)
        representation.network.output_u.bias[0] = 1.5
        representation.network.output_z.weight.mul_(4)
    return representation


@settings(max_examples=15, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", KINDS)
def test_every_projected_network_passes(name, scatter_, data):
    dim = data.draw(st.integers(2, 3))
    representation = build(name, dim, width=7, hidden_layers=data.draw(st.integers(1, 2)))
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    layers = ["network.first", "network.hidden", "network.output"]
    scales = {layer: data.draw(st.sampled_from(SCALES)) for layer in layers}
    scatter_(representation, generator, scales)
    third = ThirdAxis("z", np.linspace(0, 1, 3)) if dim == 3 else None
    certificates = certify(representation, 12, 16, third=third, seed=1)
    assert [c.method for c in certificates] == ["structure", "sampled margin", "raster"]
    assert all(c.property == KINDS[name] for c in certificates)
    assert all_hold(certificates), certificates


@pytest.mark.parametrize("seed", range(3))
def test_a_star_passes_and_is_neither_empty_nor_everything(seed):
    certificates = certify(spiky(seed=seed), 60, 80, seed=0)
    assert [c.verdict for c in certificates] == ["holds"] * 3


class WithoutOriginTerm(StarShaped):
    def radial(self, direction, radius):
        return self.network(direction, radius.unsqueeze(-1)) - 1


class WithoutUnitDirection(StarShaped):
    def polar(self, coordinates):
        offset = coordinates - self.centre
        radius = offset.norm(dim=-1)
        return offset / (0.01 + radius.unsqueeze(-1)), radius


class TimesRadius(StarShaped):
    """The published code's form: r * (convex in r) - 1, with a decreasing factor."""

    def radial(self, direction, radius):
        return radius * 10 * torch.relu(1 - radius) - 1 + 0 * direction.sum(-1)


class ConcaveInRadius(StarShaped):
    def radial(self, direction, radius):
        return -self.rise(direction, radius) - 1


class LevelOfAnother(StarShaped):
    def forward(self, coordinates):
        return super().forward(coordinates) + 0.1 * (coordinates[..., 0] > 0.8)


@pytest.mark.parametrize(
    "mutation",
    [WithoutOriginTerm, WithoutUnitDirection, TimesRadius, ConcaveInRadius, LevelOfAnother],
)
def test_mutations_fail(mutation):
    assert "sampled margin" in failing(spiky(mutation))


@pytest.mark.parametrize("name", KINDS)
def test_without_projection_the_weights_fail(name):
    torch.manual_seed(0)
    representation = build(name, width=16)
    assert "structure" in failing(representation)


def test_a_torn_mask_fails_the_raster():
    representation = spiky()
    level = draw_level(representation, 24, 32)
    assert failing(representation, level=level) == []
    level[level == level.min()] = 1.0
    assert failing(representation, level=level) == ["raster"]


def test_a_mask_with_something_apart_fails_the_raster():
    representation = spiky()
    level = draw_level(representation, 24, 32)
    level[0, 0] = level[0, 31] = level[23, 0] = -1.0
    assert level[1, 1] > 0
    raster = certify(representation, 24, 32, seed=0, level=level)[2]
    assert not raster.holds
    assert raster.margin == -3


def test_a_centre_outside_of_the_picture():
    representation = spiky()
    with torch.no_grad():
        representation.centre.copy_(torch.tensor([-0.02, 0.3]))
    certificates = certify(representation, 40, 60, seed=0)
    assert [c.verdict for c in certificates] == ["holds"] * 3
    assert certificates[2].sentence.endswith("The centre lies outside.")


def ring(width: float = 0.1):
    """A ring of radius 0.2: |r - 0.2| - width."""
    representation = build("radially_connected", width=2)
    with torch.no_grad():
        for parameter in representation.network.parameters():
            parameter.zero_()
        network = representation.network
        network.first_u.bias[0] = 1.0
        network.first_y.weight[0, 0] = 1.0
        network.first_u.bias[1] = -0.2
        network.hidden_z[0].weight[0, 0] = 1.0
        network.hidden_u[0].bias[3] = 1.0
        network.output_z.weight[0, 0] = 2.0
        network.output_u.bias[0] = -1.0
        network.output_u.bias[1] = 1.0
        network.output_y.weight[0, 0] = 1.0
        representation.origin.fill_(0.2 - width)
    return representation


def test_a_ring_is_radially_connected():
    representation = ring()
    level = draw_level(representation, 60, 60)
    assert level[30, 30] > 0 >= level[30, 42]
    certificates = certify(representation, 60, 60, seed=0)
    assert [c.verdict for c in certificates] == ["holds"] * 3, certificates
    assert certificates[0].property == "radially connected"


def test_a_ring_with_something_inside_fails_the_raster():
    representation = ring(0.05)
    level = draw_level(representation, 60, 60)
    level[29:31, 29:31] = -1.0
    assert failing_raster(representation, level)
    # A gap that is drawn where the region has none.
    level = draw_level(representation, 60, 60)
    level[30, 42] = 1.0
    assert failing_raster(representation, level)


def failing_raster(representation, level) -> bool:
    return not certify(representation, 60, 60, seed=0, level=level)[2].holds


def test_a_picture_with_depth():
    representation = build("star_shaped", 3, width=8)
    representation.project_()
    with torch.no_grad():
        representation.network.output_u.bias[0] = 4.0
        representation.network.output_y.weight.fill_(1.0)
    third = ThirdAxis("depth", np.random.default_rng(0).uniform(0.3, 0.7, size=(24, 32)))
    certificates = certify(representation, 24, 32, third=third, seed=0)
    assert [c.verdict for c in certificates] == ["holds"] * 3
