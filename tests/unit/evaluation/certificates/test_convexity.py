"""The certificate of convexity: structure, sampled margin and raster."""

import numpy as np
import pytest
import torch
from certificate_checks import THIRD, failing
from hypothesis import given, settings
from hypothesis import strategies as st

from isr.constraints import build
from isr.coordinates import Scene, ThirdAxis, pixel_coordinates
from isr.evaluation.certificates import all_hold, certify
from isr.evaluation.certificates.convexity import certify_raster
from isr.evaluation.drawing import level_function
from isr.representations import Representation

# The smallest positive float32 is 1.4e-45.
SCALES = [0.0, 1e-45, 1e-38, 1e-20, 1e-6, 1.0, 1e3, 1e10, 1e20, 1e30]


@st.composite
def adversarial(draw, width: int = 9, dim: int = 2):
    """A projected convex representation whose tensors have scales of any magnitude."""
    representation = build("convex", dim, width=width, hidden_layers=draw(st.integers(1, 2)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    with torch.no_grad():
        for parameter in representation.parameters():
            values = generator.normal(size=tuple(parameter.shape))
            kept = generator.uniform(size=values.shape) < draw(st.sampled_from([0.2, 1.0]))
            parameter.copy_(torch.from_numpy(values * kept * draw(st.sampled_from(SCALES))))
    representation.project_()
    return representation


@settings(max_examples=80, deadline=None)
@given(adversarial())
def test_every_projected_network_passes(representation):
    certificates = certify(representation, 24, 32, seed=1)
    assert [c.method for c in certificates] == ["structure", "sampled margin", "raster"]
    assert all_hold(certificates), certificates
    assert all(c.property == "convex" for c in certificates)
    assert certificates[0].margin >= 0
    assert certificates[2].margin == 0


@settings(max_examples=30, deadline=None)
@given(representation=adversarial(dim=3))
@pytest.mark.parametrize("third", THIRD)
def test_every_projected_network_passes_with_a_third_coordinate(representation, third):
    certificates = certify(representation, 24, 32, third=THIRD[third], seed=1)
    assert [c.method for c in certificates] == ["structure", "sampled margin", "raster"]
    assert all_hold(certificates), certificates


@pytest.mark.parametrize("third", THIRD)
def test_without_projection_a_third_coordinate_does_not_help(third):
    torch.manual_seed(0)
    representation = build("convex", 3, width=32)
    with torch.no_grad():
        representation.network.hidden_z[0].weight.mul_(5)
        representation.network.output_z.weight.mul_(5)
    assert failing(representation, third=THIRD[third])[:2] == ["structure", "sampled margin"]


def ball(scene_third: ThirdAxis) -> Representation:
    """An octahedron in the middle of the scene."""
    representation = build("convex", 3, width=8)
    signs = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1).T
    middle = np.array([0.5, 0.4, scene_third.values.mean()])
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.zero_()
        network = representation.network
        network.first.weight.copy_(torch.from_numpy(signs))
        network.first.bias.copy_(torch.from_numpy(-signs @ middle - 0.4))
        network.hidden_z[0].weight[0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-6
    return representation


@pytest.mark.parametrize("third", ["t", "uneven", "depth"])
def test_a_torn_volume_fails_the_raster(third):
    representation = ball(THIRD[third])
    scene = Scene(24, 32, third=THIRD[third])
    level = level_function(representation)(scene.coordinates())
    assert failing(representation, third=scene.third, level=level) == []
    raster = certify(representation, 24, 32, third=scene.third, seed=0, level=level)[2]
    assert raster.verdict == "holds"
    level.flat[np.abs(scene.coordinates() - [0.5, 0.4, 0.5]).sum(axis=-1).argmin()] = 1.0
    assert failing(representation, third=scene.third, level=level) == ["raster"]


def test_every_slice_and_what_lies_between_them_is_convex():
    """Two equal discs in the first and last frame, with nothing between them."""
    level = np.ones((3, 24, 32))
    level[[0, 2], 8:12, 8:12] = -1.0
    scene = Scene(24, 32, third=ThirdAxis("t", np.linspace(0, 1, 3)))
    raster = certify_raster(level, 0.0, scene)
    assert raster.margin == -16
    level[1, 8:12, 8:12] = -1.0
    assert certify_raster(level, 0.0, scene).holds
    level[1, 9, 9] = 1.0
    assert certify_raster(level, 0.0, scene).margin == -1


def fitted(*, project: bool) -> Representation:
    """A short fit of an L-shaped region, with or without the projection."""
    torch.manual_seed(0)
    representation = build("convex", 2, width=32)
    coordinates = pixel_coordinates(32, 32)
    target = (coordinates[..., 0] < 0.4) | (coordinates[..., 1] > 0.6)
    points = torch.from_numpy(coordinates).float()
    signs = torch.from_numpy(np.where(target, 1.0, -1.0))
    optimiser = torch.optim.Adam(representation.parameters(), lr=0.02)
    for _ in range(150):
        optimiser.zero_grad()
        torch.nn.functional.softplus(signs * representation(points)).mean().backward()
        optimiser.step()
        if project:
            representation.project_()
    return representation


def test_a_fit_with_projection_passes():
    certificates = certify(fitted(project=True), 32, 32, seed=0)
    assert all_hold(certificates)
    assert [c.verdict for c in certificates] == ["holds"] * 3


def test_a_fit_without_projection_fails_by_every_method():
    certificates = certify(fitted(project=False), 32, 32, seed=0)
    assert not all_hold(certificates)
    assert [c.verdict for c in certificates] == ["fails"] * 3
    assert all(c.margin < 0 for c in certificates)


@pytest.mark.parametrize("layer", ["hidden_z", "output_z"])
@pytest.mark.parametrize("value", [-1.0, -1e-3, -1e-45])
def test_one_negative_weight_fails_the_structure(layer, value):
    representation = build("convex", 2)
    representation.project_()
    network = representation.network
    weight = network.output_z.weight if layer == "output_z" else network.hidden_z[0].weight
    with torch.no_grad():
        weight[0, 17] = value
    structure = certify(representation, 24, 32, seed=0)[0]
    assert not structure.holds
    assert structure.margin == pytest.approx(value, rel=1e-6)
    assert structure.sentence.startswith("1 of the 17,030 weights on a z-path are negative")


def test_negative_skips_and_biases_are_free():
    representation = build("convex", 2)
    representation.project_()
    network = representation.network
    with torch.no_grad():
        for free in (network.first, network.hidden_x[0], network.output_x):
            free.weight.fill_(-1.0)
        network.output_z.bias.fill_(-1.0)
    assert failing(representation) == []


def test_the_sampled_margin_catches_what_the_structure_does_not_see(random_convex):
    representation = random_convex(0)
    weights = {name: w.detach().clone() for name, w in representation.constrained_weights().items()}
    with torch.no_grad():
        # Convex in no direction, but the stored weights are hidden from the structural check.
        representation.network.output_z.weight[0, :].neg_()
    assert failing(representation)[:2] == ["structure", "sampled margin"]
    representation.constrained_weights = lambda: weights
    assert failing(representation)[:1] == ["sampled margin"]


def test_the_sampled_margin_catches_one_concave_kink_outside_the_picture():
    representation = build("convex", 2, width=3)
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.zero_()
        # -relu(x - 1.3): a straight line in the picture, concave just right of it.
        representation.network.first.weight[0, 0] = 1.0
        representation.network.first.bias[0] = -1.3
        representation.network.hidden_z[0].weight[0, 0] = 1.0
        representation.network.output_z.weight[0, 0] = -1e-3
    representation.constrained_weights = lambda: {"none": torch.zeros(1)}
    structure, sampled, raster = certify(representation, 24, 32, seed=0)
    assert structure.holds
    assert raster.holds
    assert not sampled.holds
    assert sampled.margin < -1e-5


def test_overflow_excuses_nothing():
    representation = build("convex", 2, width=8).double()
    representation.project_()
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.mul_(1e200)
    assert "sampled margin" in failing(representation)


def test_an_overflowing_rounding_scale_allows_nothing():
    representation = build("convex", 2, width=2).double()
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.zero_()
        # Dead units, so that levels stay finite, with weights whose product overflows.
        representation.network.first.bias.fill_(-1e200)
        representation.network.hidden_z[0].weight.fill_(1e200)
    sampled = certify(representation, 24, 32, seed=0)[1]
    assert sampled.holds
    assert sampled.sentence.endswith("rounding explains -0.")


def test_empty_and_whole_picture_are_verdicts_of_their_own(polygon):
    for level, verdict in (1.0, "empty"), (-1.0, "whole picture"):
        representation = polygon([(0.0, 0.0, 0.0)])
        with torch.no_grad():
            representation.network.output_z.bias.fill_(level)
        certificates = certify(representation, 24, 32, seed=0)
        assert certificates[2].verdict == verdict
        assert all_hold(certificates)


def test_raster_counts_the_background_in_the_hull():
    level = np.ones((5, 5))
    level[0, 0] = level[0, 4] = level[4, 0] = -1.0
    raster = certify_raster(level, 1e-12, Scene(5, 5))
    assert not raster.holds
    assert raster.margin == -12
    assert raster.verdict == "fails"
    level[level > 0] = 1e-13
    allowed = certify_raster(level, 1e-12, Scene(5, 5))
    assert allowed.holds
    assert allowed.margin == 0
    assert "12 more by rounding" in allowed.sentence
