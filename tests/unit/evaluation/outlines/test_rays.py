import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isr.constraints import build
from isr.evaluation.outlines.rays import RayRegion, directions, intervals, ray_region

RIM = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def off_centre(distance, radius):
    """A disc round (distance, 0), seen from the origin."""

    def parts(along, at):
        return at - distance * along[:, 0], distance * along[:, 1]

    def level(along, at):
        return np.hypot(*parts(along, at)) - radius

    def linearised(along, at):
        value = level(along, at)
        return value, parts(along, at)[0] / np.maximum(value + radius, 1e-300)

    return RayRegion(np.zeros(2), level, linearised, 10.0)


def test_a_disc_beside_the_centre_is_met_between_its_tangents():
    angles = np.linspace(-0.5, 0.5, 1001)
    inner, outer = intervals(off_centre(5.0, 1.0), angles, np.full(1001, np.nan))
    met = np.abs(np.sin(angles)) <= 0.2
    np.testing.assert_array_equal(np.isfinite(outer), met)
    np.testing.assert_array_equal(np.isfinite(inner), met)
    half = np.sqrt(1 - (5 * np.sin(angles[met])) ** 2)
    middle = 5 * np.cos(angles[met])
    np.testing.assert_allclose(inner[met], middle - half, atol=1e-9)
    np.testing.assert_allclose(outer[met], middle + half, atol=1e-9)


@pytest.mark.parametrize("guess", [5.0, 0.1, 9.9, np.nan])
def test_a_wrong_guess_does_no_harm(guess):
    inner, outer = intervals(off_centre(5.0, 1.0), np.array([0.0, 0.1, 1.0]), np.full(3, guess))
    np.testing.assert_allclose([inner[0], outer[0]], [4, 6], atol=1e-9)
    assert np.isfinite(inner[1])
    assert np.isnan([inner[2], outer[2]]).all()


def test_a_ray_that_is_never_left_ends_at_the_reach():
    region = off_centre(5.0, 100.0)
    inner, outer = intervals(region, np.array([0.3]), np.array([np.nan]))
    assert inner[0] == 0
    assert outer[0] == region.reach


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([-1.0, 0.0, 1e-3, 0.5, 3.0]))
def test_ends_agree_with_samples_of_the_level(seed, origin):
    torch.manual_seed(seed)
    representation = build("radially_connected", 2, width=16, origin=origin)
    with torch.no_grad():
        for parameter in representation.network.parameters():
            parameter.normal_().mul_(3 / parameter.shape[-1] ** 0.5)
    representation.project_()
    region = ray_region(representation, RIM)
    assert region is not None
    angles = np.random.default_rng(seed).uniform(0, 2 * np.pi, 64)
    inner, outer = intervals(region, angles, np.full(64, np.nan))
    at = np.linspace(0, region.reach, 401)
    along = np.repeat(directions(angles), len(at), axis=0)
    levels = region.level(along, np.tile(at, 64)).reshape(64, -1)
    slack = 1e-9 * region.reach
    within = (at >= inner[:, None] - slack) & (at <= outer[:, None] + slack)
    assert not ((levels <= 0) & ~within).any()
    core = (at >= inner[:, None] + slack) & (at <= outer[:, None] - slack)
    assert not ((levels > 1e-12) & core).any()


def test_no_rays_for_what_is_not_one_interval():
    with pytest.raises(TypeError, match="Unconstrained"):
        ray_region(build("unconstrained", 2), RIM)
