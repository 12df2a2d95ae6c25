import numpy as np
import pytest
import torch

import isr
from isr.coordinates import pixel_coordinates
from isr.errors import UserError
from isr.fitting.schedule import COUPLING, Phase
from isr.levels import foreground

SIZE = (72, 80)


def _disc() -> np.ndarray:
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]] + 0.5
    return (rows - 36) ** 2 + (columns - 40) ** 2 < 25**2


def _occluded() -> np.ndarray:
    """The disc behind two upright bars that hide nearly half of it."""
    unaries = _disc().astype(np.float32)
    unaries[:, 24:34] = unaries[:, 46:56] = 0.0
    return unaries


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def _mask(representation) -> np.ndarray:
    coordinates = torch.from_numpy(pixel_coordinates(*SIZE))
    with torch.no_grad():
        return foreground(representation.double()(coordinates)).numpy()


def test_a_convex_fit_completes_a_half_occluded_disc():
    assert _iou(_occluded() > 0.5, _disc()) < 0.55
    shape = isr.fit_unaries(_occluded(), "convex", steps=1000, points=500, object_weight=0.6)
    assert _iou(_mask(shape), _disc()) >= 0.95


def test_an_unconstrained_fit_follows_unaries_where_a_convex_one_cannot():
    """Two far-apart bars: the hull of both is mostly background."""
    unaries = np.zeros(SIZE, np.float32)
    unaries[10:60, 8:20] = unaries[10:60, 60:72] = 1.0
    free = _mask(isr.fit_unaries(unaries, "unconstrained", steps=600, points=400))
    convex = _mask(isr.fit_unaries(unaries, "convex", steps=600, points=400))
    assert _iou(free, unaries > 0.5) >= 0.9
    assert _iou(convex, unaries > 0.5) <= 0.6


def test_scribbles_are_obeyed_where_unaries_say_nothing():
    scribbles = np.zeros(SIZE, np.uint8)
    scribbles[30:40, 10:30] = 1
    scribbles[:, 45:50] = 255
    unaries = np.full(SIZE, 0.5, np.float32)
    mask = _mask(isr.fit_unaries(unaries, scribbles=scribbles, steps=200, points=200))
    assert mask[scribbles == 1].mean() > 0.95
    assert mask[scribbles == 255].mean() < 0.05


def test_the_seed_determines_the_bits():
    one, two, other = (isr.fit_unaries(_occluded(), steps=5, seed=s, width=8) for s in (1, 1, 2))
    for key, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[key])
    assert not torch.equal(one.network.first.weight, other.network.first.weight)
    assert all(not parameter.requires_grad for parameter in one.parameters())


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("size", [(6, 5), (1, 40), (40, 1), (1, 1)])
def test_unaries_of_one_value_and_odd_sizes_are_fitted(value, size):
    shape = isr.fit_unaries(np.full(size, value), steps=150, points=50, width=16)
    with torch.no_grad():
        level = shape(torch.from_numpy(pixel_coordinates(*size)).float())
    assert (foreground(level) == bool(value)).all()


def test_other_dtypes_and_conventions_are_taken():
    as_bool = isr.fit_unaries(_disc(), steps=4, width=4)
    as_double = isr.fit_unaries(_disc().astype(float), steps=4, width=4)
    assert torch.equal(as_bool.network.first.weight, as_double.network.first.weight)
    other = isr.fit_unaries(_disc(), steps=4, width=4, convention="linspace")
    assert not torch.equal(other.network.first.weight, as_bool.network.first.weight)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.1])
def test_unaries_out_of_range_are_a_users_mistake(bad):
    unaries = _occluded()
    unaries[3, 4] = bad
    with pytest.raises(UserError, match="unaries must"):
        isr.fit_unaries(unaries)


def test_shapes_that_do_not_fit_are_a_users_mistake():
    with pytest.raises(UserError, match=r"\(72, 80, 1\)"):
        isr.fit_unaries(_occluded()[..., None])
    with pytest.raises(UserError, match=r"\(0, 5\)"):
        isr.fit_unaries(np.zeros((0, 5)))
    with pytest.raises(UserError, match="scribbles have shape"):
        isr.fit_unaries(_occluded(), scribbles=np.ones((80, 72), np.uint8))
    with pytest.raises(UserError, match="lack object or background"):
        isr.fit_unaries(_occluded(), scribbles=np.ones(SIZE, np.uint8))
    with pytest.raises(UserError, match="unknown"):
        isr.fit_unaries(_occluded(), "konvex")


def test_a_fit_that_diverges_is_told():
    wild = (Phase(1.0, 1e30, {COUPLING: 1.0}),)
    with pytest.raises(UserError, match="did not stay finite"):
        isr.fit_unaries(_occluded(), steps=20, schedule=wild)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_small_object_is_not_lost(seed):
    """One hundredth of the picture: all background is nearly right, and an easy way to end."""
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]] + 0.5
    small = (rows - 20) ** 2 + (columns - 60) ** 2 < 4.5**2
    shape = isr.fit_unaries(small.astype(np.float32), "convex", steps=400, points=300, seed=seed)
    assert _iou(_mask(shape), small) >= 0.8
