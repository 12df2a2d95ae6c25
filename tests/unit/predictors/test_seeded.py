"""Predictors that need no training: libraries that scribbles seed."""

import numpy as np
import pytest

from isr.data.problems import Problem
from isr.errors import UserError
from isr.models import kind_of
from isr.predictors import KINDS, read_entry
from isr.predictors.seeded import BACKGROUND, OBJECT, Seeded, nearest, seeds_of

SEEDED = [kind for kind in KINDS if issubclass(kind, Seeded)]
NAMES = [kind_of(kind) for kind in SEEDED]


def problem(image, scribbles, name="cup"):
    image = np.asarray(image, np.float32)
    coordinates = np.zeros((*image.shape[:2], 2), np.float32)
    return Problem(name, coordinates, scribbles=scribbles, features=image)


def blob(size=(48, 64), noise=0.06):
    """An orange ellipse on blue, with noise, strokes in it and round it; and its mask."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    mask = ((rows - 24) / 14) ** 2 + ((columns - 34) / 18) ** 2 < 1
    image = np.where(mask[..., None], (0.8, 0.5, 0.2), (0.2, 0.3, 0.6))
    image = np.clip(image + np.random.default_rng(0).normal(0, noise, image.shape), 0, 1)
    scribbles = np.zeros(size, np.uint8)
    scribbles[23:26, 26:42] = 1
    scribbles[2:4, 4:60], scribbles[44:46, 4:60] = 255, 255
    scribbles[4:44, 4:6], scribbles[4:44, 58:60] = 255, 255
    return image, scribbles, mask


def iou(unaries, mask):
    found = unaries >= 0.5
    return (found & mask).sum() / (found | mask).sum()


def test_they_are_eight():
    assert sorted(NAMES) == [
        "chan_vese",
        "colour",
        "grabcut",
        "graph_cut",
        "morphological_geodesic",
        "random_walker",
        "threshold",
        "watershed",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_segments_and_keeps_what_was_said(name):
    image, scribbles, mask = blob()
    found = read_entry({"kind": name}).compute(problem(image, scribbles), "rgb")
    assert found.unaries.shape == mask.shape
    assert found.unaries.dtype == np.float32
    assert found.unaries.min() >= 0
    assert found.unaries.max() <= 1
    assert (found.unaries[scribbles == 1] == 1).all()
    assert (found.unaries[scribbles == 255] == 0).all()
    assert iou(found.unaries, mask) > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_the_same_picture_gives_the_same_bits(name):
    image, scribbles, _ = blob(noise=0.25)
    entry = read_entry({"kind": name})
    first = entry.compute(problem(image, scribbles), "rgb").unaries
    np.random.default_rng(1).random(5)
    np.testing.assert_array_equal(first, entry.compute(problem(image, scribbles), "rgb").unaries)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1, 2), (2, 2), (3, 40)])
def test_pictures_of_few_pixels_and_of_one_colour(name, size):
    scribbles = np.zeros(size, np.uint8)
    scribbles[0, 0], scribbles[-1, -1] = 1, 255
    even = problem(np.full((*size, 3), 0.5), scribbles)
    found = read_entry({"kind": name}).compute(even, "rgb").unaries
    assert found.shape == size
    assert np.isfinite(found).all()
    assert (found[0, 0], found[-1, -1]) == (1, 0)


@pytest.mark.parametrize(("kept", "lacking"), [(1, "background"), (255, "object"), (7, "object")])
def test_scribbles_of_one_kind_alone_are_refused(kept, lacking):
    image, scribbles, _ = blob()
    with pytest.raises(UserError, match=f"^cup: there is no {lacking} scribble: draw one"):
        seeds_of(problem(image, np.where(scribbles == kept, scribbles, 0).astype(np.uint8)))


def test_seeds_and_where_to_begin():
    scribbles = np.zeros((1, 7), np.uint8)
    scribbles[0, 0], scribbles[0, 6] = 3, 255
    seeds = seeds_of(problem(np.zeros((1, 7, 3)), scribbles))
    assert (seeds[0, 0], seeds[0, 3], seeds[0, 6]) == (OBJECT, -1, BACKGROUND)
    assert nearest(seeds)[0].tolist() == [True] * 3 + [False] * 4


def test_options():
    image, scribbles, mask = blob()
    dim = read_entry({"kind": "threshold", "value": 0.99})
    assert dim.compute(problem(image, scribbles), "rgb").unaries.sum() == (scribbles == 1).sum()
    placeless = read_entry({"kind": "colour", "position": 0.0, "trees": 10})
    assert iou(placeless.compute(problem(image, scribbles), "rgb").unaries, mask) > 0.9
    for entry in ({"kind": "grabcut", "iterations": 0}, {"kind": "random_walker", "beta": 0.0}):
        with pytest.raises(UserError, match=f"{list(entry)[1]} is 0"):
            read_entry(entry)
