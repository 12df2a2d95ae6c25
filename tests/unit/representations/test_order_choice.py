import math

import numpy as np
import pytest
import torch

from isr.coordinates import pixel_coordinates
from isr.errors import UserError
from isr.representations.order_choice import choose_order
from isr.representations.rotationally_symmetric import RotationallySymmetric

CENTRE = np.array([0.53, 0.38])
PETAL = 0.4


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
