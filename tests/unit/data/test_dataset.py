import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isr.data import dataset
from isr.data.dataset import Picture, check_picture, read_index, read_picture, resize_picture
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


def write(folder, pictures):
    dataset.write_dataset(folder, pictures, source="somewhere", licence="not stated")


def test_round_trip(tmp_path):
    first, second = make_picture("007"), make_picture("NA", 4, 5, truth=False)
    write(tmp_path / "set", iter([first, second]))
    index = read_index(tmp_path / "set")
    assert list(index.index) == ["007", "NA"]
    assert index.loc["007"].to_dict() == {
        "width": 9,
        "height": 6,
        "objects": 1,
        "has_ground_truth": True,
        "source": "somewhere",
        "licence": "not stated",
    }
    for picture in (first, second):
        back = read_picture(tmp_path / "set", picture.name)
        assert back.image.dtype == np.float32
        np.testing.assert_allclose(back.image, picture.image, atol=1e-7)
        np.testing.assert_array_equal(back.scribbles, picture.scribbles)
    np.testing.assert_array_equal(
        read_picture(tmp_path / "set", "007").ground_truth, first.ground_truth
    )
    assert read_picture(tmp_path / "set", "NA").ground_truth is None


def make_objects():
    """Two objects, the second of them the right half of the ground truth."""
    picture = make_picture(height=8, width=16)
    picture.scribbles[4, 9:-1] = 2
    instances = np.zeros((8, 16), np.uint8)
    instances[4:, :8], instances[4:, 8:] = 1, 2
    return dataclasses.replace(picture, instances=instances)


def test_objects_of_the_ground_truth_are_kept_and_shrunk_with_it(tmp_path):
    picture = make_objects()
    write(tmp_path / "set", [picture, make_picture("b")])
    assert [file.name for file in (tmp_path / "set" / "instances").iterdir()] == ["a.png"]
    back = read_picture(tmp_path / "set", "a")
    np.testing.assert_array_equal(back.instances, picture.instances)
    assert read_picture(tmp_path / "set", "b").instances is None
    np.testing.assert_array_equal(resize_picture(back, 8).instances, picture.instances[::2, ::2])


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


def test_licences_by_picture(tmp_path):
    dataset.write_dataset(
        tmp_path / "set",
        [make_picture("a"), make_picture("b")],
        source={"a": "here", "b": "there"},
        licence={"a": "CC0", "b": "MIT"},
    )
    assert list(read_index(tmp_path / "set")["licence"]) == ["CC0", "MIT"]


def test_writing_replaces_all_or_nothing(tmp_path):
    write(tmp_path / "set", [make_picture("a")])
    broken = dataclasses.replace(make_picture("c"), scribbles=np.zeros((6, 9), np.uint8))
    with pytest.raises(UserError, match="c: there is no scribble"):
        write(tmp_path / "set", [make_picture("b"), broken])
    assert list(read_index(tmp_path / "set").index) == ["a"]
    write(tmp_path / "set", [make_picture("b")])
    assert [file.name for file in (tmp_path / "set" / "images").iterdir()] == ["b.png"]
    assert [file.name for file in tmp_path.iterdir()] == ["set"]


def test_names_must_differ_and_there_must_be_a_picture(tmp_path):
    with pytest.raises(UserError, match="two pictures are named 'a'"):
        write(tmp_path / "set", [make_picture("a"), make_picture("a")])
    with pytest.raises(UserError, match="no pictures"):
        write(tmp_path / "set", [])
    assert not list(tmp_path.iterdir())


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(UserError, match=r"index\.csv does not exist"):
        read_index(tmp_path)
    (tmp_path / "index.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=r"index\.csv is damaged"):
        read_index(tmp_path)
    write(tmp_path / "set", [make_picture("a")])
    with pytest.raises(UserError, match=r"b\.png does not exist"):
        read_picture(tmp_path / "set", "b")
    (tmp_path / "set" / "scribbles" / "a.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"scribbles.a\.png cannot be read"):
        read_picture(tmp_path / "set", "a")


def _scribbles(*values):
    scribbles = np.zeros((6, 9), np.uint8)
    scribbles[0, : len(values)] = values
    return scribbles


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../a"}, "cannot name a picture"),
        ({"name": ""}, "cannot name a picture"),
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
    ],
)
def test_check_picture_names_file_and_mistake(change, message):
    picture = dataclasses.replace(make_picture(), **change)
    with pytest.raises(UserError, match=message) as caught:
        check_picture(picture, path="folder/a.png")
    assert str(caught.value).startswith("folder/a.png: ")
    assert "\n" not in str(caught.value)


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
