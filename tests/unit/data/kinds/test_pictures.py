import numpy as np
import pytest
from PIL import Image

from isr.data.objects import truth_of
from isr.data.scribbles import number_objects, read_coding, read_folder
from isr.errors import UserError

VALUES = {"none": 0, "foreground": 1, "background": 2}
ENTRY = {"kind": "scribbles", "scribble_values": VALUES}
STROKES = np.array([[0, 1, 1, 0], [0, 0, 0, 0], [2, 2, 0, 0]], np.uint8)
TRUTH = np.array([[255, 255, 255, 128], [0, 0, 0, 128], [0, 0, 0, 0]], np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A user's folder with the pictures a (with ground truth) and b (without)."""
    for kind in ("images", "scribbles", "ground_truth"):
        (tmp_path / kind).mkdir()
    image = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    for name in ("a", "b"):
        Image.fromarray(image).save(tmp_path / "images" / f"{name}.png")
        Image.fromarray(STROKES).save(tmp_path / "scribbles" / f"{name}.tif")
    Image.fromarray(TRUTH).save(tmp_path / "ground_truth" / "a.png")
    return tmp_path


def replace(folder, path, array):
    for old in (folder / path).parent.glob((folder / path).stem + ".*"):
        old.unlink()
    Image.fromarray(array).save(folder / path)


def test_reading_a_folder(folder):
    first, second = read_folder(folder, ENTRY)
    assert (first.name, second.name) == ("a", "b")
    np.testing.assert_array_equal(first.scribbles, [[0, 1, 1, 0], [0] * 4, [255, 255, 0, 0]])
    np.testing.assert_array_equal(first.ground_truth, TRUTH)
    assert second.ground_truth is None
    assert first.image.shape == (3, 4, 3)
    assert [picture.name for picture in read_folder(folder, ENTRY, ["b"])] == ["b"]


def test_the_folder_of_ground_truth_is_optional(folder):
    (folder / "ground_truth" / "a.png").unlink()
    (folder / "ground_truth").rmdir()
    assert all(picture.ground_truth is None for picture in read_folder(folder, ENTRY))


def test_other_codings(folder):
    entry = {
        "scribble_values": {"none": 2, "foreground": [1, 0], "background": 1000},
        "ground_truth_values": {"background": 255, "object": 0},
    }
    replace(folder, "scribbles/a.png", np.array([[1, 0, 2, 1000]] * 3, np.uint16))
    replace(folder, "ground_truth/a.png", np.array([[0, 255, 255, 255]] * 3, np.uint8))
    (picture,) = read_folder(folder, entry, ["a"])
    np.testing.assert_array_equal(picture.scribbles, [[1, 2, 0, 255]] * 3)
    np.testing.assert_array_equal(picture.ground_truth, [[255, 0, 0, 0]] * 3)


OBJECTS = {
    "scribble_values": {"none": 0, "foreground": [5, 6, 7], "background": 9},
    "ground_truth_values": {"background": 0, "object": [50, 60, 70], "unknown": 128},
}


@pytest.fixture
def objects(folder):
    """The picture a of that folder with scribbles on the objects 5 and 7 and truth of all three."""
    replace(folder, "scribbles/a.png", np.array([[7, 0, 5, 9]] * 3, np.uint8))
    replace(folder, "ground_truth/a.png", np.array([[70, 60, 50, 128]] * 3, np.uint8))
    return folder


def test_the_ground_truth_tells_objects_apart_as_the_scribbles_number_them(objects, caplog):
    (picture,) = read_folder(objects, OBJECTS, ["a"])
    np.testing.assert_array_equal(picture.scribbles, [[2, 0, 1, 255]] * 3)
    np.testing.assert_array_equal(picture.instances, [[2, 0, 1, 0]] * 3)
    np.testing.assert_array_equal(picture.ground_truth, [[255, 255, 255, 128]] * 3)
    assert "no scribble is on object 2 of the list" in caplog.text
    np.testing.assert_array_equal(truth_of(picture, 2), [[255, 0, 0, 128]] * 3)


def test_a_ground_truth_of_one_value_tells_no_objects_apart(objects):
    replace(objects, "ground_truth/a.png", np.array([[255, 255, 255, 128]] * 3, np.uint8))
    (picture,) = read_folder(objects, OBJECTS | {"ground_truth_values": None}, ["a"])
    assert (picture.objects, picture.instances) == (2, None)
    assert truth_of(picture, 1) is None


def test_merged_objects_are_one_region(objects, caplog):
    caplog.set_level("INFO", "isr")
    (picture,) = read_folder(objects, OBJECTS | {"objects": "merge"}, ["a"])
    np.testing.assert_array_equal(picture.scribbles, [[1, 0, 1, 255]] * 3)
    np.testing.assert_array_equal(picture.ground_truth, [[255, 255, 255, 128]] * 3)
    assert picture.instances is None
    assert "2 objects are taken for one region (objects: merge)" in caplog.text


def test_objects_are_numbered_without_gaps():
    scribbles = np.array([0, 2, 7, 255, 2], np.uint8)
    np.testing.assert_array_equal(number_objects(scribbles), [0, 1, 2, 255, 1])


def test_transparent_pixels_have_no_scribble(folder):
    alpha = np.where(STROKES > 0, 255, 0).astype(np.uint8)
    stored = np.where(STROKES > 0, STROKES, 77).astype(np.uint8)
    replace(folder, "scribbles/a.png", np.dstack([stored, stored, stored, alpha]))
    (picture,) = read_folder(folder, ENTRY, ["a"])
    np.testing.assert_array_equal(picture.scribbles, [[0, 1, 1, 0], [0] * 4, [255, 255, 0, 0]])


@pytest.mark.parametrize("turned_scribbles", [False, True])
def test_exif_turned_pictures(folder, turned_scribbles):
    tags = Image.Exif()
    tags[0x0112] = 6
    image = np.zeros((4, 3, 3), np.uint8)
    image[3, 0] = 255
    Image.fromarray(image).save(folder / "images" / "a.png", exif=tags)
    if turned_scribbles:
        lying = Image.fromarray(np.ascontiguousarray(np.rot90(STROKES)))
        lying.save(folder / "scribbles" / "a.tif", exif=tags)
    (picture,) = read_folder(folder, ENTRY, ["a"])
    assert picture.image.shape == (3, 4, 3)
    assert picture.image[0, 0].min() == 1
    assert picture.scribbles[0].tolist() == [0, 1, 1, 0]


def test_a_scribble_drawn_on_the_lying_picture_is_refused_with_the_reason(folder):
    tags = Image.Exif()
    tags[0x0112] = 6
    Image.fromarray(np.zeros((3, 4, 3), np.uint8)).save(folder / "images" / "a.png", exif=tags)
    with pytest.raises(UserError, match=r"4 x 3 pixels, but a\.png is 3 x 4 after its EXIF"):
        list(read_folder(folder, ENTRY, ["a"]))


@pytest.mark.parametrize(
    ("path", "array", "message"),
    [
        ("scribbles/a.png", np.ones((2, 4), np.uint8), "is 4 x 2 pixels, but a.png is 4 x 3"),
        ("scribbles/a.png", np.zeros((3, 4), np.uint8), "there is no scribble"),
        ("scribbles/a.png", np.ones((3, 4), np.uint8), "the background has no scribble"),
        ("scribbles/a.png", STROKES // 2 * 2, "the object has no scribble"),
        ("scribbles/a.png", STROKES * 3, "holds the values 0, 3, 6, but .* only 0, 1, 2"),
        ("scribbles/a.jpg", STROKES * 80, "JPEG blurs labels"),
        ("scribbles/a.png", np.dstack([STROKES, STROKES, STROKES * 0]), "is coloured"),
        ("ground_truth/a.png", TRUTH[:2], "is 4 x 2 pixels, but a.png is 4 x 3"),
        ("ground_truth/a.png", TRUTH // 2, "holds the values 0, 64, 127, but ground_truth_values"),
        ("ground_truth/a.png", np.full((3, 4), 128, np.uint8), "all of the ground truth is unk"),
    ],
)
def test_bad_pictures_are_named(folder, path, array, message):
    replace(folder, path, array)
    with pytest.raises(UserError, match=message) as caught:
        list(read_folder(folder, ENTRY))
    assert str(caught.value).startswith(str(folder / path))
    assert "\n" not in str(caught.value)


def test_missing_pictures(folder):
    (folder / "scribbles" / "b.tif").unlink()
    with pytest.raises(UserError, match=r"scribbles.b\.\* is missing"):
        list(read_folder(folder, ENTRY))
    with pytest.raises(UserError, match="no picture named 'c'"):
        list(read_folder(folder, ENTRY, ["c"]))
    with pytest.raises(UserError, match="images does not exist"):
        list(read_folder(folder / "scribbles", ENTRY))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "scribble_values is missing"),
        ({"scribble_values": 3}, "scribble_values must map"),
        ({"scribble_values": {"none": 0, "foreground": 1}}, "background is missing"),
        ({"scribble_values": VALUES | {"object": 3}}, "object is unknown"),
        ({"scribble_values": VALUES | {"none": 1}}, "two meanings"),
        ({"scribble_values": VALUES | {"foreground": [1, 1]}}, "two meanings"),
        ({"scribble_values": VALUES | {"foreground": []}}, "1 to 254 values"),
        ({"scribble_values": VALUES | {"none": True}}, "True is not a stored value"),
        ({"scribble_values": VALUES | {"none": "0"}}, "'0' is not a stored value"),
        ({"scribble_values": VALUES, "ground_truth_values": {"object": 1}}, "background is miss"),
        (
            {
                "scribble_values": VALUES | {"foreground": [1, 3, 4]},
                "ground_truth_values": {"background": 0, "object": [1, 3]},
            },
            "object names 2 values, but foreground of scribble_values 3",
        ),
    ],
)
def test_bad_codings(entry, message):
    with pytest.raises(UserError, match=message):
        read_coding(entry)
