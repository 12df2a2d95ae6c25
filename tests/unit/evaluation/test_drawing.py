import numpy as np
import pytest
import torch

from isr.constraints import build
from isr.coordinates import pixel_coordinates
from isr.evaluation import drawing
from isr.evaluation.drawing import draw_level, draw_mask, level_function


@pytest.mark.parametrize("name", ["convex", "unconstrained"])
def test_levels_are_those_of_a_float64_copy(name):
    representation = build(name, 2)
    level = draw_level(representation, 5, 9)
    assert level.shape == (5, 9)
    assert level.dtype == np.float64
    points = torch.from_numpy(pixel_coordinates(5, 9))
    with torch.no_grad():
        single = representation(points.float()).double()
        double = build(name, 2).double()
        double.load_state_dict(representation.state_dict())
        np.testing.assert_allclose(level, double(points).numpy(), rtol=0, atol=1e-14)
    assert np.abs(level - single.numpy()).max() > 1e-12


def test_the_representation_is_left_as_it_is():
    representation = build("convex", 2)
    before = {name: value.clone() for name, value in representation.state_dict().items()}
    draw_level(representation, 4, 4)
    assert representation.training
    for name, parameter in representation.named_parameters():
        assert parameter.dtype == torch.float32
        assert parameter.requires_grad
        assert torch.equal(parameter, before[name])


def test_batches_do_not_change_levels(monkeypatch):
    representation = build("convex", 2)
    whole = draw_level(representation, 17, 23)
    monkeypatch.setattr(drawing, "BATCH", 7)
    np.testing.assert_allclose(draw_level(representation, 17, 23), whole, atol=1e-14)


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
def test_foreground_is_where_the_level_is_at_most_zero(polygon, convention):
    # x <= 0.5 is the left half of a picture in both conventions when it is the longer side.
    mask = draw_mask(polygon([(1.0, 0.0, -0.5)]), 4, 6, convention)
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, np.tile([True] * 3 + [False] * 3, (4, 1)))


def test_points_of_any_shape():
    level = level_function(build("convex", 3))
    points = np.random.default_rng(0).uniform(size=(2, 3, 4, 3))
    assert level(points).shape == (2, 3, 4)
    np.testing.assert_allclose(level(points)[1, 2, 3], level(points[1, 2, 3]), atol=1e-14)
    assert level(np.empty((0, 3))).shape == (0,)
