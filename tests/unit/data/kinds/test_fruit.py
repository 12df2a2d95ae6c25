import numpy as np
import pytest

from isr.data.kinds import fruit
from isr.data.pictures import OBJECT
from isr.evaluation.baselines import convex_hull
from isr.evaluation.pixels import components

NAMES = ["apple", "mandarins"]


@pytest.fixture(params=NAMES)
def drawn(request):
    return fruit.draw(request.param)


def test_scribbles_are_right_and_of_both_classes(drawn):
    inside = drawn.ground_truth == OBJECT
    assert inside[drawn.scribbles == 1].all()
    assert not inside[drawn.scribbles == 255].any()
    assert np.isin([1, 255], drawn.scribbles).all()


@pytest.mark.parametrize("long_side", [64, 200])
@pytest.mark.parametrize("name", NAMES)
def test_a_small_picture_shows_the_same(name, long_side):
    small, large = fruit.draw(name, long_side), fruit.draw(name, 2 * long_side)
    assert small.grid == (round(0.75 * long_side), long_side)
    each = [(picture.ground_truth == OBJECT).mean() for picture in (small, large)]
    assert each[0] == pytest.approx(each[1], rel=0.05)


def test_neither_is_convex_and_mandarins_lie_apart(drawn):
    inside = drawn.ground_truth == OBJECT
    assert inside.sum() < 0.9 * convex_hull(inside).sum()
    assert components(inside).count == {"apple": 1, "mandarins": 2}[drawn.name]


def test_a_title_says_whose_pictures_they_are():
    entry = fruit.Fruit(kind="fruit")
    assert entry.describe("fruit", NAMES).startswith("2 drawn pictures of fruit, not the student")
    assert fruit.Fruit(kind="fruit", text="Fruit").describe("fruit", NAMES) == "Fruit"
