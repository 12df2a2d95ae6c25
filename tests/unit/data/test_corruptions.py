"""Corruptions at severity 5: the same bits for the same seed and item, and what they do."""

from typing import get_args

import numpy as np
import pytest

from isr.data.corruptions import CLEAN, DRAWN, FUNCTIONS, Corruption, corrupt, corruption_of
from isr.settings import CorruptionName

GREY = np.full((60, 80, 3), 100, np.uint8)


@pytest.fixture
def edge():
    """Dark on the left, bright on the right."""
    image = np.full((60, 80, 3), 40, np.uint8)
    image[:, 40:] = 200, 120, 60
    return image


def of(image, name, seed=3, item="cup", frame=0):
    return corrupt(image, corruption_of(name, seed), item, frame)


def test_names_are_those_of_the_settings_and_of_the_paper():
    assert (CLEAN, *FUNCTIONS) == get_args(CorruptionName)
    assert len(FUNCTIONS) == 8
    assert corruption_of(CLEAN, 1) is None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_seed_and_an_item_give_the_same_bits_whatever_else_is_drawn(name, edge):
    first = of(edge, name)
    np.random.default_rng(0).random(9)
    np.testing.assert_array_equal(first, of(edge, name))
    assert (first.shape, first.dtype) == (edge.shape, np.uint8)
    assert (first != edge).mean() > 0.05


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_draws_depends_on_seed_item_and_frame_and_nothing_else_does(name, edge):
    others = [of(edge, name, 4), of(edge, name, item="bowl"), of(edge, name, frame=1)]
    differ = [bool((other != of(edge, name)).any()) for other in others]
    assert differ == [name in DRAWN] * 3
    assert (corruption_of(name, 3) == corruption_of(name, 4)) == (name not in DRAWN)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (9, 9)])
def test_pictures_of_few_pixels(name, size):
    assert of(np.full((*size, 3), 90, np.uint8), name).shape == (*size, 3)


def test_contrast_and_brightness_are_exact():
    halves = np.repeat(np.array([0, 200], np.uint8), 30).reshape(1, 60, 1).repeat(3, -1)
    assert np.unique(of(halves, "contrast")).tolist() == [95, 105]
    # Value 100/255 + 0.5, truncated.
    assert np.unique(of(GREY, "brightness")).tolist() == [227]
    assert np.unique(of(np.full_like(GREY, 255), "brightness")).tolist() == [255]


def test_noises_have_their_moments():
    large = np.full((300, 300, 3), 128, np.uint8) / 255
    generator = np.random.default_rng(0)
    gaussian = FUNCTIONS["gaussian_noise"](large, generator) - large
    assert abs(gaussian.mean()) < 0.005
    assert gaussian.std() == pytest.approx(0.38, abs=0.005)
    shot = FUNCTIONS["shot_noise"](large, generator)
    assert shot.mean() == pytest.approx(128 / 255, abs=0.005)
    assert shot.var() == pytest.approx(128 / 255 / 3, abs=0.005)
    impulse = FUNCTIONS["impulse_noise"](large, generator)
    assert (impulse != large).mean() == pytest.approx(0.27, abs=0.005)
    assert (impulse == 1).mean() == pytest.approx(0.135, abs=0.005)


def test_blurs_keep_what_is_even_and_soften_edges(edge):
    for name in ("defocus_blur", "glass_blur"):
        assert abs(of(GREY, name).astype(int) - 100).max() <= 2
        steps = np.abs(np.diff(of(edge, name)[30].astype(int), axis=0)).max()
        assert steps < 60
    # A disc of radius 10 reaches 12 pixels at most, with its soft border.
    blurred = of(edge, "defocus_blur")
    assert (blurred[:, :27] <= 41).all()
    assert (blurred[:, 34] > 45).any(-1).all()


def test_spatter_is_mud_on_some_of_the_picture():
    white = np.full((200, 200, 3), 255, np.uint8)
    found = of(white, "spatter")
    covered = (found != 255).any(-1)
    assert 0.05 < covered.mean() < 0.6
    assert found[covered].mean(0).argmin() == 2


def test_a_corruption_is_told_by_its_name_and_seed():
    assert corruption_of("spatter", 42) == Corruption("spatter", 42)
    assert corruption_of("contrast", 42) == Corruption("contrast")
