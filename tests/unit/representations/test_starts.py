import numpy as np
import pytest
import torch
from torch import Tensor

from isr.representations.starts import centroid, inside_point, main_part, shares, value_near


def _grid(height: int, width: int) -> tuple[Tensor, np.ndarray, np.ndarray]:
    rows, columns = (np.mgrid[0:height, 0:width] + 0.5) / max(height, width)
    points = np.stack([columns, rows], axis=-1).astype(np.float32)
    return torch.from_numpy(points), columns, rows


def _value(points: Tensor, values: Tensor, point: Tensor) -> float:
    away = (points - point).square().sum(-1)
    return float(values.flatten()[away.flatten().argmin()])


def test_the_centroid_is_weighted_by_probability_and_skips_the_unknown():
    points, columns, _ = _grid(20, 40)
    unaries = torch.from_numpy(np.where(columns > 0.5, 1.0, 0.0).astype(np.float32))
    assert centroid(points, unaries).tolist() == pytest.approx([0.75, 0.25], abs=1e-6)
    unaries[:, 30:] = torch.nan
    middle = centroid(points, unaries)
    assert middle.tolist() == pytest.approx([0.625, 0.25], abs=1e-6)
    assert middle.dtype == torch.float32


def test_value_near_is_that_of_the_known_pixels_around():
    points, columns, _ = _grid(20, 20)
    unaries = torch.from_numpy(np.where(columns > 0.5, 0.8, 0.1).astype(np.float32))
    unaries[10, 15] = torch.nan
    assert value_near(points[10, 15], points, unaries) == pytest.approx(0.8)
    assert value_near(points[10, 2], points, unaries) == pytest.approx(0.1)


def test_the_inside_point_of_a_disc_is_near_its_centre():
    points, columns, rows = _grid(60, 80)
    disc = (np.hypot(columns - 0.3, rows - 0.5) < 0.2).astype(np.float32)
    point = inside_point(points, torch.from_numpy(disc))
    assert torch.linalg.vector_norm(point - torch.tensor([0.3, 0.5])) < 0.02


def test_the_inside_point_of_a_crescent_lies_in_it_and_not_at_its_centroid():
    points, columns, rows = _grid(60, 60)
    ring = np.hypot(columns - 0.5, rows - 0.5)
    crescent = torch.from_numpy(((ring < 0.45) & (ring > 0.3) & (columns < 0.5)).astype(np.float32))
    assert _value(points, crescent, centroid(points, crescent)) == 0
    assert _value(points, crescent, inside_point(points, crescent)) == 1


def test_the_inside_point_sees_both_arms_of_an_l():
    points, columns, rows = _grid(60, 60)
    shape = ((columns < 0.3) | (rows > 0.8)).astype(np.float32)
    x, y = inside_point(points, torch.from_numpy(shape)).tolist()
    assert x < 0.32
    assert y > 0.75


def test_noise_and_unknown_pixels_hardly_move_the_inside_point():
    points, columns, rows = _grid(60, 60)
    random = np.random.default_rng(0)
    unaries = np.where(np.hypot(columns - 0.6, rows - 0.4) < 0.3, 0.7, 0.3)
    unaries += random.normal(0, 0.15, unaries.shape)
    unaries[20:30] = np.nan
    point = inside_point(points, torch.from_numpy(unaries.astype(np.float32)))
    assert torch.linalg.vector_norm(point - torch.tensor([0.6, 0.4])) < 0.12


@pytest.mark.parametrize("value", [np.nan, 0.0, 0.2, 1.0])
def test_pictures_of_one_value_give_a_point_of_the_picture(value):
    points, *_ = _grid(10, 14)
    unaries = torch.full((10, 14), value)
    for function in (centroid, inside_point):
        point = function(points, unaries)
        assert ((point > 0) & (point < 1)).all()
    assert all(part.shape == unaries.shape for part in shares(points, unaries, 3))


def test_one_foreground_pixel_is_the_point():
    points, *_ = _grid(10, 14)
    unaries = torch.zeros(10, 14)
    unaries[7, 3] = 1
    assert torch.equal(inside_point(points, unaries), points[7, 3])
    assert torch.allclose(centroid(points, unaries), points[7, 3])


def test_volumes_and_lists_of_points_work_too():
    random = np.random.default_rng(1)
    points = torch.from_numpy(random.uniform(0, 1, (4000, 3)))
    middle = torch.tensor([0.4, 0.5, 0.6], dtype=torch.float64)
    unaries = (torch.linalg.vector_norm(points - middle, dim=-1) < 0.3).double()
    for grid in ((4000,), (10, 20, 20)):
        point = inside_point(points.reshape(*grid, 3), unaries.reshape(grid))
        assert torch.linalg.vector_norm(point - middle) < 0.1
        assert point.dtype == torch.float64


def test_large_components_are_the_shares_largest_first():
    points, columns, rows = _grid(40, 80)
    left = (np.hypot(columns - 0.2, rows - 0.25) < 0.1).astype(np.float32)
    right = (np.hypot(columns - 0.7, rows - 0.25) < 0.2).astype(np.float32)
    unaries = torch.from_numpy(0.9 * (left + right))
    unaries[5, 50] = torch.nan
    unaries[1, 1] = 1.0
    one, two = shares(points, unaries, 2)
    assert torch.equal(one >= 0.5, torch.from_numpy(right > 0) & ~unaries.isnan())
    expected = torch.from_numpy(left > 0)
    expected[1, 1] = True
    assert torch.equal(two >= 0.5, expected)
    assert one[5, 50].isnan()
    assert torch.equal(one[unaries < 0.5], unaries[unaries < 0.5])


def test_one_component_is_split_into_clusters():
    points, columns, rows = _grid(40, 80)
    dumbbell = np.hypot(columns - 0.2, rows - 0.25) < 0.15
    dumbbell |= np.hypot(columns - 0.8, rows - 0.25) < 0.15
    dumbbell |= (np.abs(rows - 0.25) < 0.03) & (columns > 0.2) & (columns < 0.8)
    unaries = torch.from_numpy(dumbbell.astype(np.float32))
    parts = shares(points, unaries, 2)
    assert torch.equal(sum(parts), unaries)
    middles = sorted(centroid(points, part)[0].item() for part in parts)
    assert middles == pytest.approx([0.22, 0.78], abs=0.03)

    as_list = shares(points.reshape(-1, 2)[::3], unaries.flatten()[::3], 2)
    assert torch.equal(sum(as_list), unaries.flatten()[::3])
    assert all(part.sum() > 100 for part in as_list)


def test_a_disc_in_a_ring_is_a_share_of_its_own():
    points, columns, rows = _grid(50, 50)
    away = np.hypot(columns - 0.5, rows - 0.5)
    ring, disc = (torch.from_numpy(part) for part in ((away > 0.3) & (away < 0.45), away < 0.15))
    one, two = shares(points, (ring | disc).float(), 2)
    assert torch.equal(one > 0, ring)
    assert torch.equal(two > 0, disc)


def test_the_main_part_is_the_largest_without_noise_and_in_one_piece_however_thin():
    points, columns, rows = _grid(300, 400)
    random = np.random.default_rng(0)
    disc = np.hypot(columns - 0.3, rows - 0.4) < 0.2
    other = np.hypot(columns - 0.8, rows - 0.4) < 0.1
    noisy = np.where(random.random(disc.shape) < 0.2, ~(disc | other), disc | other)
    part = main_part(points, torch.from_numpy(noisy.astype(np.float32)))
    assert part is not None
    away = (part.inside - torch.tensor([0.3, 0.4])).norm(dim=1)
    assert away.max() < 0.27
    assert len(part.inside) / len(part.points) == pytest.approx(disc.mean(), rel=0.1)
    line = (np.abs(0.6 * columns - 0.8 * rows + 0.1) < 0.004) & (columns > 0.1) & (columns < 0.7)
    found = main_part(points, torch.from_numpy(line.astype(np.float32)))
    assert found is not None
    assert np.ptp(found.inside[:, 0].numpy()) > 0.57


def test_there_is_no_main_part_without_likely_foreground():
    points, _, _ = _grid(10, 20)
    assert main_part(points, torch.full((10, 20), 0.4)) is None
    assert main_part(points, torch.full((10, 20), torch.nan)) is None
