import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isr.coordinates import pixel_coordinates
from isr.errors import UserError
from isr.networks.layers import initialise_
from isr.representations.mirror_symmetric import MirrorSymmetric

SCALES = [0.0, 1e-40, 1e-3, 1.0, 30.0]


def _mirrored(dim: int, seed: int, scale: float = 1.0) -> MirrorSymmetric:
    random = np.random.default_rng(seed)
    angle = random.uniform(-4, 4, () if dim == 2 else 2).tolist()
    made = MirrorSymmetric(dim, width=20, centre=random.uniform(0, 1, dim).tolist(), angle=angle)
    initialise_(made.network, random)
    with torch.no_grad():
        for parameter in made.network.parameters():
            parameter.mul_(scale)
    return made


def _points(dim: int, seed: int, count: int = 200) -> torch.Tensor:
    drawn = np.random.default_rng(seed).uniform(-0.2, 1.2, (count, dim))
    return torch.from_numpy(drawn.astype(np.float32))


@given(st.sampled_from([2, 3]), st.integers(0, 10**6), st.sampled_from(SCALES))
def test_levels_are_bitwise_even_in_the_mirrors_frame(dim, seed, scale):
    mirrored = _mirrored(dim, seed, scale)
    canonical = _points(dim, seed) - 0.5
    flipped = canonical * torch.tensor([-1.0] + [1.0] * (dim - 1))
    assert torch.equal(mirrored.canonical_level(canonical), mirrored.canonical_level(flipped))


@given(st.sampled_from([2, 3]), st.integers(0, 10**6), st.sampled_from(SCALES))
def test_mirror_images_have_the_same_level(dim, seed, scale):
    mirrored, points = _mirrored(dim, seed, scale), _points(dim, seed)
    for dtype, tolerance in ((torch.float32, 1e-6), (torch.float64, 1e-14)):
        mirrored, points = mirrored.to(dtype), points.to(dtype)
        level, image = mirrored(points), mirrored(mirrored.mirror(points))
        size = max(1.0, float(level.detach().abs().max()))
        assert (level - image).abs().max() <= tolerance * size * max(1.0, scale)
        assert torch.allclose(mirrored.mirror(mirrored.mirror(points)), points, atol=10 * tolerance)


def test_a_free_network_of_the_same_coordinates_is_not_symmetric():
    mirrored, points = _mirrored(2, 3), _points(2, 3)
    free = mirrored.network(mirrored.canonical(points))
    image = mirrored.network(mirrored.canonical(mirrored.mirror(points)))
    assert (free - image).abs().max() > 1e-2


def test_the_mirror_is_where_centre_and_angle_say():
    mirrored = MirrorSymmetric(centre=[0.3, 0.4], angle=math.radians(90))
    assert torch.allclose(mirrored.mirror(torch.tensor([0.9, 0.1])), torch.tensor([0.9, 0.7]))
    assert torch.allclose(mirrored.canonical(torch.tensor([0.9, 0.1]))[0], torch.tensor(-0.3))
    solid = MirrorSymmetric(3, centre=[0.3, 0.4, 0.5], angle=[0.0, math.radians(90)])
    there = solid.mirror(torch.tensor([0.1, 0.2, 0.9]))
    assert torch.allclose(there, torch.tensor([0.1, 0.2, 0.1]), atol=1e-6)
    frame = _mirrored(3, 8).frame()
    assert torch.allclose(frame.T @ frame, torch.eye(3), atol=1e-6)


@pytest.mark.parametrize("dim", [2, 3])
def test_gradients_reach_centre_and_angle_and_are_finite_on_the_mirror(dim):
    mirrored = _mirrored(dim, 1)
    mirrored(_points(dim, 2)).square().sum().backward()
    for parameter in (mirrored.centre, mirrored.angle):
        assert parameter.grad is not None
        assert (parameter.grad != 0).all()
    on_it = mirrored.centre.detach().clone().requires_grad_()
    for point in (on_it, on_it + 1e-30):
        gradients = torch.autograd.grad(mirrored(point), [on_it, *mirrored.parameters()])
        assert all(torch.isfinite(gradient).all() for gradient in gradients)


def _shape(coordinates: np.ndarray, centre: np.ndarray, angle: float) -> np.ndarray:
    """Two lobes and a body: one mirror, whose normal has this angle."""
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y = np.moveaxis(coordinates - centre, -1, 0)
    across, along = np.abs(cosine * x + sine * y), -sine * x + cosine * y
    lobes = ((across - 0.16) / 0.12) ** 2 + ((along + 0.05) / 0.08) ** 2 < 1
    return lobes | ((across < 0.05) & (along > -0.1) & (along < 0.25))


@pytest.mark.parametrize("degrees", [-72, -20, 0, 35, 88])
def test_the_start_finds_the_mirror_of_a_noisy_and_partly_covered_shape(degrees):
    coordinates = pixel_coordinates(100, 140)
    centre, angle = np.array([0.48, 0.37]), math.radians(degrees)
    unaries = _shape(coordinates, centre, angle).astype(np.float64)
    unaries[30:44, 80:94] = 0.0
    noise = np.random.default_rng(0).uniform(size=unaries.shape) < 0.08
    unaries = np.where(noise, 1 - unaries, unaries)
    unaries[:, :5] = np.nan
    mirrored = MirrorSymmetric().double()
    mirrored.start_(torch.from_numpy(coordinates), torch.from_numpy(unaries))
    turned = (float(mirrored.angle.detach()) - angle + math.pi / 2) % math.pi - math.pi / 2
    assert abs(turned) < math.radians(2)
    assert abs(float(mirrored.canonical(torch.tensor(centre))[0].detach())) < 0.012


def test_the_start_finds_the_mirror_of_a_shape_that_the_frame_cuts():
    coordinates = pixel_coordinates(90, 120)
    unaries = _shape(coordinates, np.array([0.15, 0.35]), 0.0).astype(np.float64)
    mirrored = MirrorSymmetric().double()
    mirrored.start_(torch.from_numpy(coordinates), torch.from_numpy(unaries))
    distance = mirrored.canonical(torch.tensor([0.15, 0.35]).double())[0].detach()
    assert abs(float(distance)) < 0.01
    assert abs(float(mirrored.angle.detach())) < math.radians(2)


def test_the_start_finds_a_mirror_plane():
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 24)] * 3, indexing="ij"), axis=-1)
    normal = np.array([0.8, 0.0, 0.6])
    away = grid - np.array([0.5, 0.45, 0.55])
    across = np.abs(away @ normal)
    along = away - (away @ normal)[..., None] * normal
    lobes = (across - 0.2) ** 2 + ((along - [0.03, 0.15, -0.04]) ** 2).sum(-1) < 0.15**2
    body = across**2 + ((along - [0.0, -0.12, 0.0]) ** 2).sum(-1) < 0.14**2
    unaries = torch.from_numpy((lobes | body).astype(np.float64))
    mirrored = MirrorSymmetric(3)
    mirrored.start_(torch.from_numpy(grid), unaries)
    found = mirrored.frame()[:, 0].detach().numpy()
    assert abs(found @ normal) > math.cos(math.radians(5))


def test_the_start_leaves_constant_and_unknown_unaries_alone():
    mirrored = MirrorSymmetric().double()
    coordinates = torch.from_numpy(pixel_coordinates(8, 9))
    for value in (0.0, 1.0, math.nan):
        mirrored.start_(coordinates, torch.full((8, 9), value))
        assert torch.equal(mirrored.centre, torch.full((2,), 0.5, dtype=torch.float64))


def test_wrong_options_are_a_users_mistake():
    with pytest.raises(UserError, match="2 or 3 coordinates, not 4"):
        MirrorSymmetric(4)
    with pytest.raises(UserError, match="'angle' must be one number"):
        MirrorSymmetric(angle=[0.0, 1.0])
    with pytest.raises(UserError, match="'centre' must be 2 numbers"):
        MirrorSymmetric(centre=[0.0])
