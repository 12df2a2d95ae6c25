"""Predictors that need no training: libraries that scribbles seed."""

import cv2
import numpy as np
import pytest

from isr.data.problems import Problem
from isr.errors import UserError
from isr.models import kind_of
from isr.predictors import KINDS, read_entry, seeded
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


def enlarged(values, factor):
    return np.repeat(np.repeat(values, factor, axis=0), factor, axis=1)


@pytest.mark.parametrize("kind", SEEDED, ids=NAMES)
def test_a_picture_of_many_pixels_is_segmented_at_fewer(kind, monkeypatch):
    monkeypatch.setattr(kind, "most", None if kind.most is None else 48 * 64)
    image, scribbles, mask = blob()
    scribbles = enlarged(scribbles, 5)
    # A stroke one pixel wide, which an average of 25 pixels would take for none.
    scribbles[205:215, 30], scribbles[205:215, 31:33] = 255, 0
    own = problem(enlarged(image, 5), scribbles)
    seen, segment = [], kind.segment
    monkeypatch.setattr(kind, "segment", lambda *each: seen.append(each[2].size) or segment(*each))
    found = read_entry({"kind": kind_of(kind)}).compute(own, "rgb").unaries
    assert seen == [scribbles.size if kind.most is None else 48 * 64]
    assert found.shape == scribbles.shape
    assert iou(found, enlarged(mask, 5)) > 0.9
    assert (found[scribbles == 1] == 1).all()
    assert (found[scribbles == 255] == 0).all()


def test_scribbles_survive_where_a_picture_is_shrunk():
    seeds = np.full((100, 100), -1, np.int8)
    seeds[7, 3], seeds[50:60], seeds[52, 50] = OBJECT, BACKGROUND, OBJECT
    colours = np.random.default_rng(0).random((100, 100, 3)).astype(np.float32)
    small_colours, small = seeded._shrunk(colours, seeds, 100)
    assert small_colours.shape == (10, 10, 3)
    assert np.argwhere(small == OBJECT).tolist() == [[0, 0]]
    assert (small[5] == BACKGROUND).all()
    assert (small == -1).sum() == 89
    seeds[7, 3] = -1
    _, small = seeded._shrunk(colours, seeds, 100)
    assert np.argwhere(small == OBJECT).tolist() == [[5, 5]]


@pytest.mark.slow
def test_a_picture_of_24_megapixels():
    image, scribbles, mask = blob()
    size = (6000, 4000)
    image, scribbles, mask = (
        cv2.resize(each, size, interpolation=cv2.INTER_NEAREST)
        for each in (image.astype(np.float32), scribbles, mask.astype(np.uint8))
    )
    found = read_entry({"kind": "watershed"}).compute(problem(image, scribbles), "rgb").unaries
    assert found.shape == (4000, 6000)
    assert iou(found, mask > 0) > 0.95


@pytest.mark.parametrize("name", NAMES)
def test_one_pixel_cannot_be_both(name):
    for value, lacking in ((1, "background"), (255, "object")):
        own = problem(np.zeros((1, 1, 3)), np.full((1, 1), value, np.uint8))
        with pytest.raises(UserError, match=f"^cup: there is no {lacking} scribble: draw one"):
            read_entry({"kind": name}).compute(own, "rgb")


@pytest.mark.parametrize("name", NAMES)
def test_without_strokes_nothing_is_guessed(name):
    image, scribbles, _ = blob()
    for none in (np.zeros_like(scribbles), None):
        with pytest.raises(UserError, match=r"^cup: there is no object scribble: draw one\.$"):
            read_entry({"kind": name}).compute(problem(image, none), "rgb")
