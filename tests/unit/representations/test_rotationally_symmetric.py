import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isr.coordinates import pixel_coordinates
from isr.errors import UserError
from isr.networks.layers import initialise_
from isr.representations.rotationally_symmetric import RotationallySymmetric, choose_order

CENTRE = np.array([0.53, 0.38])
PETAL = 0.4
SCALES = [0.0, 1e-40, 1e-3, 1.0, 10.0]
dims, seeds = st.sampled_from([2, 3]), st.integers(0, 10**6)


def _rotational(
    dim: int, seed: int, order: int = 5, *, mirrors: bool = False, scale: float = 1.0
) -> RotationallySymmetric:
    random = np.random.default_rng(seed)
    made = RotationallySymmetric(
        dim,
        order=order,
        mirrors=mirrors,
        width=20,
        centre=random.uniform(0.2, 0.8, dim).tolist(),
        angle=float(random.uniform(-3, 3)),
        tilt=random.uniform(-0.7, 0.7, 2).tolist() if dim == 3 else None,
    )
    initialise_(made.network, random)
    with torch.no_grad():
        for parameter in made.network.parameters():
            parameter.mul_(scale)
    return made


def _flower(order: int, covered: str = "", noise: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    coordinates = pixel_coordinates(120, 150)
    x, y = np.moveaxis(coordinates - CENTRE, -1, 0)
    angle = np.arctan2(y, x)
    petals = 0.22 + 0.09 * np.cos(order * (angle - PETAL))
    unaries = (np.hypot(x, y) < petals).astype(np.float64)
    if covered == "petal":
        unaries[np.abs(angle - 1) < 0.5] = 0
    elif covered == "bar":
        unaries[:, 60:72] = 0
    elif covered == "unknown":
        unaries[50:110, 80:130] = np.nan
    wrong = np.random.default_rng(order).uniform(size=unaries.shape) < noise
    return torch.from_numpy(coordinates), torch.from_numpy(np.where(wrong, 1 - unaries, unaries))


def _points(dim: int, seed: int, count: int = 200) -> torch.Tensor:
    drawn = np.random.default_rng(seed).uniform(0, 1, (count, dim))
    return torch.from_numpy(drawn.astype(np.float32))


@given(dims, seeds, st.integers(2, 9), st.booleans(), st.sampled_from(SCALES))
def test_rotated_points_have_the_same_level(dim, seed, order, mirrors, scale):
    rotational = _rotational(dim, seed, order, mirrors=mirrors, scale=scale)
    points = _points(dim, seed)
    for dtype, tolerance in ((torch.float32, 1e-6), (torch.float64, 1e-14)):
        rotational, points = rotational.to(dtype), points.to(dtype)
        level = rotational(points)
        size = max(1.0, float(level.detach().abs().max())) * max(1.0, scale)
        for turns in (1, order - 1, order + 2):
            turned = rotational(rotational.rotate(points, turns))
            assert (level - turned).abs().max() <= tolerance * size


@given(dims, seeds, st.integers(2, 9))
def test_n_rotations_lead_back_and_one_does_not(dim, seed, order):
    rotational, points = _rotational(dim, seed, order), _points(dim, seed)
    turned = points
    for _ in range(order):
        turned = rotational.rotate(turned)
    assert torch.allclose(turned, points, atol=5e-6)
    assert torch.allclose(rotational.rotate(points, order), points, atol=1e-6)
    assert not torch.allclose(rotational.rotate(points), points, atol=1e-2)


@given(dims, seeds, st.integers(2, 9))
def test_the_dihedral_variant_alone_has_mirrors(dim, seed, order):
    points = _points(dim, seed)
    dihedral = _rotational(dim, seed, order, mirrors=True)
    level = dihedral(points)
    assert (level - dihedral(dihedral.mirror(points))).abs().max() <= 1e-6
    cyclic = _rotational(dim, seed, order)
    assert (cyclic(points) - cyclic(cyclic.mirror(points))).abs().max() > 1e-4


def test_it_has_no_higher_symmetry():
    rotational, points = _rotational(2, 4, order=3), _points(2, 4)
    double = _rotational(2, 4, order=6)
    assert (rotational(points) - rotational(double.rotate(points))).abs().max() > 1e-2


def test_the_axis_is_tilted_and_levels_vary_along_it():
    frame = _rotational(3, 2).frame()
    assert torch.allclose(frame.T @ frame, torch.eye(3), atol=1e-6)
    assert torch.allclose(torch.linalg.det(frame), torch.tensor(1.0))
    upright = RotationallySymmetric(3, order=4)
    turned = upright.rotate(torch.tensor([0.7, 0.5, 0.9]))
    assert torch.allclose(turned, torch.tensor([0.5, 0.7, 0.9]))
    tilted = RotationallySymmetric(3, tilt=[math.pi / 2, 0.0]).frame()[:, 2]
    assert torch.allclose(tilted, torch.tensor([0.0, -1.0, 0.0]), atol=1e-6)
    rotational = _rotational(3, 6)
    along = rotational.centre + torch.tensor([[0.0], [0.3]]) * rotational.frame()[:, 2]
    first, second = rotational(along)
    assert (first - second).abs() > 1e-3


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("mirrors", [False, True])
def test_gradients_reach_all_and_are_finite_near_the_centre(dim, mirrors):
    rotational = _rotational(dim, 1, mirrors=mirrors)
    rotational(_points(dim, 2)).square().sum().backward()
    moved = [rotational.centre, rotational.angle] + ([rotational.tilt] if dim == 3 else [])
    for parameter in moved:
        assert parameter.grad is not None
        assert (parameter.grad != 0).all()
    with torch.no_grad():
        rotational.centre.zero_()
    for away in (0.0, 1e-30, -1e-30, 1e-20, 1e-10):
        point = torch.full((dim,), away, requires_grad=True)
        level = rotational(point)
        gradients = torch.autograd.grad(level, [point, *rotational.parameters()])
        assert torch.isfinite(level)
        assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_levels_are_continuous_at_the_centre():
    rotational = _rotational(2, 3)
    angles = torch.linspace(0, 6, 50)
    ring = 1e-5 * torch.stack([angles.cos(), angles.sin()], dim=-1)
    middle = rotational(rotational.centre)
    assert (rotational(rotational.centre + ring) - middle).abs().max() < 1e-4


def test_wrong_options_are_a_users_mistake():
    for order in (1, 2.5, True):
        with pytest.raises(UserError, match=r"'order' is .*integer"):
            RotationallySymmetric(order=order)
    with pytest.raises(UserError, match="2 or 3 coordinates, not 4"):
        RotationallySymmetric(4)
    with pytest.raises(UserError, match="'tilt' needs 3"):
        RotationallySymmetric(2, tilt=[0.0, 0.0])


def test_the_start_in_a_volume_of_few_voxels_is_on_the_axis():
    z, rows, columns = np.mgrid[0:20, 0:24, 0:28] + 0.5
    ball = (z - 10) ** 2 + (rows - 11) ** 2 + (columns - 15) ** 2 < 8**2
    points = torch.from_numpy(np.stack([columns, rows, z], axis=-1).astype(np.float32) / 28)
    region = RotationallySymmetric(3, order=4, width=8)
    region.start_(points, torch.from_numpy(ball.astype(np.float32)))
    expected = torch.tensor([15.0, 11.0, 10.0]) / 28
    assert torch.allclose(region.centre.detach(), expected, atol=1.5 / 28)


@pytest.mark.parametrize("order", [2, 3, 5, 6, 8])
@pytest.mark.parametrize(
    ("covered", "noise"), [("", 0.0), ("petal", 0.0), ("bar", 0.05), ("unknown", 0.0)]
)
def test_the_largest_order_of_a_partly_covered_flower_is_chosen(order, covered, noise):
    assert choose_order(*_flower(order, covered, noise), orders=(2, 3, 4, 5, 6, 8)) == order


def test_of_orders_that_all_hold_the_largest_is_chosen_from_the_list():
    flower = _flower(6)
    assert choose_order(*flower, orders=(2, 3)) == 3
    assert choose_order(*flower, orders=(5, 2)) == 2


def test_a_volume_is_seen_from_above():
    plane, unaries = _flower(3)
    coordinates = torch.stack(
        [torch.cat([plane, torch.full_like(plane[..., :1], t)], dim=-1) for t in (0.0, 0.5, 1.0)]
    )
    volume = torch.stack([unaries, unaries, torch.zeros_like(unaries)])
    assert choose_order(coordinates, volume, orders=(2, 3, 5)) == 3
    solid = RotationallySymmetric(3, order=3)
    solid.start_(coordinates, volume)
    assert torch.allclose(solid.centre, torch.tensor([*CENTRE, 0.25]).float(), atol=0.01)


@pytest.mark.parametrize("covered", ["", "petal", "unknown"])
def test_the_start_finds_centre_and_mirror_axis(covered):
    rotational = RotationallySymmetric(order=5, mirrors=True)
    rotational.start_(*_flower(5, covered))
    away = np.hypot(*(rotational.centre.detach().numpy() - CENTRE))
    assert away < 0.01
    # Mirror axes go through petals and, half-way, between them.
    turned = math.remainder(float(rotational.angle.detach()) - PETAL, math.pi / 5)
    assert abs(turned) < math.radians(3)


def test_unknown_unaries_leave_the_start_and_are_a_users_mistake_to_choose_from():
    coordinates = torch.from_numpy(pixel_coordinates(8, 9))
    rotational = RotationallySymmetric()
    for value in (0.0, math.nan):
        unaries = torch.full((8, 9), value)
        rotational.start_(coordinates, unaries)
        assert torch.equal(rotational.centre, torch.tensor([0.5, 0.5]))
        with pytest.raises(UserError, match="no foreground"):
            choose_order(coordinates, unaries)
    with pytest.raises(UserError, match="at least one"):
        choose_order(coordinates, torch.ones(8, 9), orders=())
