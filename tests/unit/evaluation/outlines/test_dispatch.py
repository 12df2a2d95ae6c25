import numpy as np
import pytest
import shapely
import torch
from shapely import box

from isr.constraints import build
from isr.coordinates import from_pixels
from isr.evaluation.drawing import level_function
from isr.evaluation.outlines import outline

HEIGHT, WIDTH = 48, 64
FINE = 8


def fine_area(representation, height=HEIGHT, width=WIDTH, convention="isotropic") -> float:
    """Area in pixels, from samples in the middle of squares an eighth of a pixel wide."""
    rows, columns = (np.mgrid[: FINE * height, : FINE * width] + 0.5) / FINE
    points = from_pixels(np.stack([columns, rows], axis=-1), height, width, convention)
    return float((level_function(representation)(points) <= 0).sum()) / FINE**2


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
def test_area_is_that_of_a_fine_raster(random_convex, seed, convention):
    representation = random_convex(seed)
    region = outline(representation, HEIGHT, WIDTH, convention)
    expected = fine_area(representation, convention=convention)
    assert 20 < expected < 0.95 * HEIGHT * WIDTH
    assert region.area == pytest.approx(expected, rel=5e-3)
    assert region.is_valid
    assert box(0, 0, WIDTH, HEIGHT).covers(region)


@pytest.mark.parametrize("name", ["convex", "unconstrained"])
def test_a_state_that_is_not_finite_gives_an_empty_outline(name):
    representation = build(name, 2, width=4)
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.fill_(np.nan)
    assert outline(representation, HEIGHT, WIDTH).is_empty


def test_the_outline_of_an_unconstrained_region():
    torch.manual_seed(1)
    representation = build("unconstrained", 2, width=16)
    with torch.no_grad():
        representation.network.layers[0].weight.mul_(20)
        representation.network.layers[-1].weight.mul_(20)
        level = level_function(representation)(np.random.default_rng(0).uniform(size=(500, 2)))
        representation.network.layers[-1].bias -= float(np.median(level))
    region = outline(representation, HEIGHT, WIDTH)
    assert region.area == pytest.approx(fine_area(representation), rel=5e-3)
    assert region.is_valid


def test_the_outline_of_a_union_is_that_of_its_members(random_convex):
    members = [{"name": "convex"}, {"name": "convex"}, {"name": "star_shaped"}]
    union = build("union", 2, members=members)
    for number in range(2):
        union.members[number].load_state_dict(random_convex(number).state_dict())
    with torch.no_grad():
        torch.manual_seed(2)
        for parameter in union.members[2].network.parameters():
            parameter.normal_().mul_(3 / parameter.shape[-1] ** 0.5)
    union.project_()
    region = outline(union, HEIGHT, WIDTH)
    parts = [outline(member, HEIGHT, WIDTH) for member in union.members]
    assert region.symmetric_difference(shapely.union_all(parts)).area < 1e-9
    assert region.area > max(part.area for part in parts)
    assert region.area == pytest.approx(fine_area(union), rel=5e-3)
    assert region.is_valid
