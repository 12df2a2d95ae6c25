import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isr.coordinates import ThirdAxis
from isr.data.pictures import Picture, check_picture, resize_picture
from isr.errors import UserError


def make_picture(name="a", height=6, width=9, truth=True, seed=0):
    rng = np.random.default_rng(seed)
    image = (rng.integers(0, 256, (height, width, 3)) / np.float32(255)).astype(np.float32)
    scribbles = np.zeros((height, width), np.uint8)
    scribbles[height // 2, 1:-1] = 1
    scribbles[0] = 255
    ground_truth = np.zeros((height, width), np.uint8)
    ground_truth[height // 2 :] = 255
    ground_truth[height // 2 - 1] = 128
    return Picture(name, image, scribbles, ground_truth if truth else None)


def make_objects():
    """Two objects, the second of them the right half of the ground truth."""
    picture = make_picture(height=8, width=16)
    picture.scribbles[4, 9:-1] = 2
    instances = np.zeros((8, 16), np.uint8)
    instances[4:, :8], instances[4:, 8:] = 1, 2
    return dataclasses.replace(picture, instances=instances)


def test_objects_of_the_ground_truth_are_shrunk_with_it():
    picture = make_objects()
    np.testing.assert_array_equal(resize_picture(picture, 8).instances, picture.instances[::2, ::2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instances": np.full((8, 16), 3, np.uint8)}, "tells 3 objects apart, the scribbles 2"),
        ({"instances": np.ones((8, 15), np.uint8)}, "ground truth is 15 x 8 pixels"),
        ({"ground_truth": None}, "instances need a ground truth"),
    ],
)
def test_objects_of_the_ground_truth_are_those_of_the_scribbles(change, message):
    with pytest.raises(UserError, match=message):
        check_picture(dataclasses.replace(make_objects(), **change), path="a")


def _scribbles(*values):
    scribbles = np.zeros((6, 9), np.uint8)
    scribbles[0, : len(values)] = values
    return scribbles


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../a"}, "cannot name an item"),
        ({"name": ""}, "cannot name an item"),
        ({"image": np.zeros((6, 9), np.float32)}, r"shape \(6, 9\)"),
        ({"image": np.full((6, 9, 3), np.nan, np.float32)}, "NaN or infinite"),
        ({"image": np.full((6, 9, 3), np.inf, np.float32)}, "NaN or infinite"),
        ({"image": np.full((6, 9, 3), 2, np.float32)}, "from 2 to 2"),
        (
            {"scribbles": np.ones((5, 9), np.uint8)},
            "scribbles are 9 x 5 pixels, the image is 9 x 6",
        ),
        ({"scribbles": np.ones((6, 9), np.int64)}, "int64"),
        ({"scribbles": _scribbles()}, "there is no scribble"),
        ({"scribbles": _scribbles(1, 2)}, "background has no scribble"),
        ({"scribbles": _scribbles(255)}, "object has no scribble"),
        ({"scribbles": _scribbles(255, 1, 3)}, r"\[1, 3\].*without gaps"),
        ({"ground_truth": np.zeros((6, 8), np.uint8)}, "ground truth is 8 x 6 pixels"),
        ({"ground_truth": np.full((6, 9), 7, np.uint8)}, "holds the values 7"),
        ({"ground_truth": np.full((6, 9), 128, np.uint8)}, "all of the ground truth is unknown"),
        ({"unaries": np.zeros((9, 6), np.float32)}, "unaries are 6 x 9 pixels, the image is 9 x 6"),
        ({"unaries": np.full((6, 9), np.nan, np.float32)}, "unaries holds NaN"),
        ({"unaries": np.full((6, 9), 1.5, np.float32)}, r"unaries reach from 1\.5 to 1\.5"),
        ({"third": ThirdAxis("t", np.zeros(6))}, "frames need t or z"),
        ({"third": ThirdAxis("depth", np.zeros((9, 6)))}, r"depth has shape \(9, 6\), expected"),
        ({"third": ThirdAxis("depth", np.full((6, 9), np.inf))}, "third coordinate holds NaN or"),
    ],
)
def test_check_picture_names_file_and_mistake(change, message):
    picture = dataclasses.replace(make_picture(), **change)
    with pytest.raises(UserError, match=message) as caught:
        check_picture(picture, path="folder/a.png")
    assert str(caught.value).startswith("folder/a.png: ")
    assert "\n" not in str(caught.value)


def make_volume():
    image = np.zeros((3, 6, 9, 3), np.float32)
    return Picture("a", image, third=ThirdAxis("z", np.arange(3) / 9))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"third": None}, "frames need t or z"),
        ({"third": ThirdAxis("depth", np.zeros((6, 9)))}, "frames need t or z"),
        ({"third": ThirdAxis("z", np.zeros(4))}, r"z has shape \(4,\), expected \(3,\)"),
        ({"scribbles": np.ones((6, 9), np.uint8)}, "9 x 6 pixels, the image is 9 x 6 x 3"),
    ],
)
def test_what_is_known_of_a_volume_is_of_every_slice(change, message):
    check_picture(make_volume(), path="a")
    with pytest.raises(UserError, match=f"^a: .*{message}"):
        check_picture(dataclasses.replace(make_volume(), **change), path="a")


def test_volumes_and_depths_are_not_shrunk():
    depth = ThirdAxis("depth", np.zeros((6, 9)))
    for picture in (make_volume(), dataclasses.replace(make_picture(), third=depth)):
        assert resize_picture(picture, 9) is picture
        with pytest.raises(UserError, match="a: volumes and depths are not shrunk"):
            resize_picture(picture, 5)


def test_unaries_are_shrunk_by_averaging_areas():
    unaries = np.zeros((4, 4), np.float32)
    unaries[:2, 0] = 1
    small = resize_picture(Picture("a", np.zeros((4, 4, 3), np.float32), unaries=unaries), 2)
    np.testing.assert_allclose(small.unaries, [[0.5, 0], [0, 0]])


def test_several_objects_are_valid():
    picture = dataclasses.replace(make_picture(), scribbles=_scribbles(255, 2, 1, 3))
    check_picture(picture, path="a")
    assert picture.objects == 3


def test_resize_never_enlarges():
    picture = make_picture()
    assert resize_picture(picture, 9) is picture
    assert resize_picture(picture, 100) is picture


def test_resize_averages_areas():
    image = np.zeros((4, 4, 3), np.float32)
    image[:2, 0] = 1
    scribbles = np.zeros((4, 4), np.uint8)
    scribbles[0, 0] = 1
    scribbles[2, 2], scribbles[3, 2:] = 255, 1
    truth = np.zeros((4, 4), np.uint8)
    truth[:2, :2] = [[255, 255], [255, 0]]
    truth[:2, 2:] = [[255, 255], [0, 0]]
    truth[2:, :2] = [[255, 255], [128, 128]]
    truth[2:, 2:] = [[255, 255], [0, 128]]
    small = resize_picture(Picture("a", image, scribbles, truth), 2)
    np.testing.assert_allclose(small.image[..., 0], [[0.5, 0], [0, 0]])
    np.testing.assert_array_equal(small.scribbles, [[1, 0], [0, 1]])
    # A tie goes to unknown, then to background.
    np.testing.assert_array_equal(small.ground_truth, [[255, 0], [128, 255]])


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    long_side=st.integers(1, 40),
    seed=st.integers(0, 2**16),
)
def test_resize_keeps_every_stroke_and_the_coding(height, width, long_side, seed):
    rng = np.random.default_rng(seed)
    scribbles = np.zeros((height, width), np.uint8)
    row, column = rng.integers(height), rng.integers(width)
    scribbles[row, column] = 1
    truth = rng.choice(np.array([0, 128, 255], np.uint8), (height, width))
    image = rng.random((height, width, 3), np.float32)
    small = resize_picture(Picture("a", image, scribbles, truth), long_side)
    h, w = small.scribbles.shape
    assert max(h, w) == min(long_side, max(height, width))
    assert small.image.shape == (h, w, 3)
    assert small.ground_truth.shape == (h, w)
    assert small.image.dtype == np.float32
    assert 0 <= small.image.min() <= small.image.max() <= 1
    assert set(np.unique(small.ground_truth)) <= {0, 128, 255}
    # One scribbled pixel stays one scribbled pixel, at the same place of the picture.
    assert np.argwhere(small.scribbles == 1).tolist() == [
        [int((row + 0.5) * h // height), int((column + 0.5) * w // width)]
    ]
