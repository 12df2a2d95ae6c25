import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from isr.constraints import build
from isr.coordinates import Scene, ThirdAxis, pixel_coordinates
from isr.errors import UserError
from isr.evaluation import drawing
from isr.evaluation.drawing import draw_level, draw_mask, level_function, masks
from isr.networks.layers import initialise_


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


def _bytes_a_pixel(kind: str, dim: int, size: tuple[int, ...]) -> float:
    """By how much the memory of a process of its own grows for masks of a size."""
    code = f"""
import resource, sys, numpy as np, isr
def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
third = isr.ThirdAxis("t", np.linspace(0, 1, {size[0]})) if {dim} == 3 else None
shape = isr.build("{kind}", {dim})
isr.masks(shape, {(8, 8) if dim == 2 else (size[0], 8, 8)}, third)
before = used()
isr.masks(shape, {size}, third)
print((used() - before) / {math.prod(size)})
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


@pytest.mark.parametrize(("kind", "dim"), [("convex", 2), ("path_connected", 3)])
def test_masks_take_little_more_memory_than_they_hold(kind, dim):
    """Levels of all points at once took 2 to 8 kB for each."""
    size = (500, 600) if dim == 2 else (3, 300, 300)
    assert _bytes_a_pixel(kind, dim, size) < 200


@pytest.mark.parametrize("name", ["t", "z", "depth"])
def test_masks_with_a_third_axis_are_those_of_its_levels(name):
    values = np.linspace(0, 1, 3) if name != "depth" else np.mgrid[:20, :30][1] / 30
    third, shape = ThirdAxis(name, values), build("path_connected", 3)
    scene = Scene(20, 30, third=third)
    initialise_(shape, np.random.default_rng(0))
    with torch.no_grad():  # A level that crosses zero in the scene.
        shape.base.network.output_z.bias -= float(shape(torch.full((3,), 0.4)))
    level = level_function(shape)(scene.coordinates())
    assert 0 < (level <= 0).mean() < 1
    np.testing.assert_array_equal(masks(shape, scene.shape, third), level <= 0)
    np.testing.assert_array_equal(masks(shape, (20, 30), third), level <= 0)


def test_masks_of_parts_have_the_union_for_their_whole():
    union = build("union", count=3, member="path_connected")
    parts = masks(union, (40, 50), parts=True)
    assert parts.shape == (40, 50, 3)
    np.testing.assert_array_equal(parts.any(axis=-1), masks(union, (40, 50)))


@pytest.mark.parametrize("size", [7, (3,), (0, 4), (2.5, 4), (4, 5, 6, 7), "ab", (5, 6, 7)])
def test_masks_of_no_size_are_a_users_mistake(size):
    with pytest.raises(UserError, match="size is"):
        masks(build("convex"), size)


def test_masks_without_the_axis_of_the_fit_are_a_users_mistake():
    time = ThirdAxis("t", np.arange(3.0))
    with pytest.raises(UserError, match="the third axis that it was fitted with"):
        masks(build("convex", 3), (4, 5))
    with pytest.raises(UserError, match="third axis"):
        masks(build("convex", 2), (4, 5), time)
    with pytest.raises(UserError, match="third axis has another"):
        masks(build("convex", 3), (4, 4, 5), time)
    with pytest.raises(UserError, match="third axis has another"):
        masks(build("convex", 3), (4, 5), ThirdAxis("depth", np.zeros((5, 4))))
