import unicodedata

import numpy as np
import pytest
import tifffile
from PIL import Image

from isr.data.items import read_item
from isr.data.kinds import Known, read_entry
from isr.data.kinds.pictures import number_objects
from isr.errors import UserError

VALUES = {"none": 0, "foreground": 1, "background": 2}
ENTRY = {"kind": "pictures", "path": "own", "scribble_values": VALUES}
STROKES = np.array([[0, 1, 1, 0], [0, 0, 0, 0], [2, 2, 0, 0]], np.uint8)
TRUTH = np.array([[255, 255, 255, 128], [0, 0, 0, 128], [0, 0, 0, 0]], np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A user's folder `own` with the pictures a (with ground truth) and b (without)."""
    own = tmp_path / "own"
    for kind in ("images", "scribbles", "ground_truth"):
        (own / kind).mkdir(parents=True)
    image = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    for name in ("a", "b"):
        Image.fromarray(image).save(own / "images" / f"{name}.png")
        Image.fromarray(STROKES).save(own / "scribbles" / f"{name}.tif")
    Image.fromarray(TRUTH).save(own / "ground_truth" / "a.png")
    return own


@pytest.fixture
def unpack(folder):
    """Unpacks a picture of the folder as it is by then, and reads it again."""

    def unpack(name, entry=ENTRY):
        output = folder.parent / "out" / name
        read_entry(entry).unpack(name, folder.parent, folder.parent, output)
        return read_item(output).read()

    return unpack


def replace(folder, path, array):
    (folder / path).parent.mkdir(exist_ok=True)
    for old in (folder / path).parent.glob((folder / path).stem + ".*"):
        old.unlink()
    Image.fromarray(array).save(folder / path)


def test_reading_a_folder(folder, unpack):
    entry = read_entry(ENTRY)
    assert entry.names(folder.parent) == ["a", "b"]
    assert entry.known("a", folder.parent) == Known(scribbles=True)
    first, second = unpack("a"), unpack("b")
    assert (first.name, second.name) == ("a", "b")
    np.testing.assert_array_equal(first.scribbles, [[0, 1, 1, 0], [0] * 4, [255, 255, 0, 0]])
    np.testing.assert_array_equal(first.ground_truth, TRUTH)
    assert second.ground_truth is None
    assert first.image.shape == (3, 4, 3)
    assert (first.source, first.licence) == ("folder own", "not stated")
    sources = entry.sources("a", folder.parent)
    assert not sources.downloads
    assert sorted(str(path.relative_to(folder)) for path in sources.files) == [
        "ground_truth/a.png",
        "images/a.png",
        "scribbles/a.tif",
    ]


def test_all_folders_but_the_images_are_optional(folder, unpack):
    for kind in ("ground_truth", "scribbles"):
        for path in (folder / kind).iterdir():
            path.unlink()
        (folder / kind).rmdir()
    picture = unpack("a", {"kind": "pictures", "path": "own"})
    assert picture.ground_truth is picture.scribbles is None
    assert read_entry(ENTRY).known("a", folder.parent) == Known()


def grey(values):
    return np.asarray(values, np.uint8)


def test_unaries_and_depth_come_with_a_picture(folder, unpack):
    (folder / "unaries").mkdir()
    (folder / "depth").mkdir()
    unaries = grey([[0, 51, 102, 255]] * 3)
    Image.fromarray(unaries).save(folder / "unaries" / "a.png")
    depth = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    Image.fromarray(depth).save(folder / "depth" / "a.tif")
    assert read_entry(ENTRY).known("a", folder.parent) == Known(True, True, "depth")
    picture = unpack("a")
    np.testing.assert_allclose(picture.unaries, unaries / 255, atol=5e-4)
    assert picture.third.name == "depth"
    np.testing.assert_allclose(picture.third.values, depth / 55000, atol=1e-7)
    assert unpack("b").unaries is unpack("b").third is None
    with pytest.raises(UserError, match="a: volumes and depths are not shrunk"):
        unpack("a", ENTRY | {"long_side": 16} | {"path": _enlarged(folder)})


def _enlarged(folder):
    """The same folder with every picture repeated 8 times along both axes."""
    for path in folder.glob("*/*"):
        array = np.asarray(Image.open(path))
        target = folder.parent / "large" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array.repeat(8, axis=0).repeat(8, axis=1)).save(target)
    return "large"


def test_pictures_are_shrunk_with_all_that_is_known_of_them(folder, unpack):
    (folder / "unaries").mkdir()
    unaries = grey([[0, 51, 102, 255]] * 3)
    Image.fromarray(unaries).save(folder / "unaries" / "a.png")
    entry = ENTRY | {"path": _enlarged(folder)}
    assert unpack("a", entry).grid == (24, 32)
    picture = unpack("a", entry | {"long_side": 16})
    assert picture.grid == (12, 16)
    np.testing.assert_array_equal(picture.ground_truth, TRUTH.repeat(4, 0).repeat(4, 1))
    np.testing.assert_allclose(
        picture.unaries, (unaries / 255).repeat(4, 0).repeat(4, 1), atol=5e-4
    )


def test_a_scribble_lost_by_shrinking_is_told(folder, unpack):
    mask = np.zeros((24, 32), np.uint8)
    mask[10, 10], mask[10:12, 11], mask[11, 10] = 1, 2, 2
    large = _enlarged(folder)
    Image.fromarray(mask).save(folder.parent / large / "scribbles" / "a.tif")
    assert unpack("a", ENTRY | {"path": large}).objects == 1
    with pytest.raises(UserError, match="a at 16 pixels: the object has no scribble"):
        unpack("a", ENTRY | {"path": large, "long_side": 16})


def test_other_codings(folder, unpack):
    entry = ENTRY | {
        "scribble_values": {"none": 2, "foreground": [1, 0], "background": 1000},
        "ground_truth_values": {"background": 255, "object": 0},
    }
    replace(folder, "scribbles/a.png", np.array([[1, 0, 2, 1000]] * 3, np.uint16))
    replace(folder, "ground_truth/a.png", np.array([[0, 255, 255, 255]] * 3, np.uint8))
    picture = unpack("a", entry)
    np.testing.assert_array_equal(picture.scribbles, [[1, 2, 0, 255]] * 3)
    np.testing.assert_array_equal(picture.ground_truth, [[255, 0, 0, 0]] * 3)


OBJECTS = ENTRY | {
    "scribble_values": {"none": 0, "foreground": [5, 6, 7], "background": 9},
    "ground_truth_values": {"background": 0, "object": [50, 60, 70], "unknown": 128},
}


@pytest.fixture
def objects(folder):
    """The picture a of that folder with scribbles on the objects 5 and 7 and truth of all three."""
    replace(folder, "scribbles/a.png", np.array([[7, 0, 5, 9]] * 3, np.uint8))
    replace(folder, "ground_truth/a.png", np.array([[70, 60, 50, 128]] * 3, np.uint8))
    return folder


def test_the_ground_truth_tells_objects_apart_as_the_scribbles_number_them(objects, unpack, caplog):
    picture = unpack("a", OBJECTS)
    np.testing.assert_array_equal(picture.scribbles, [[2, 0, 1, 255]] * 3)
    np.testing.assert_array_equal(picture.instances, [[2, 0, 1, 0]] * 3)
    np.testing.assert_array_equal(picture.ground_truth, [[255, 255, 255, 128]] * 3)
    assert "no scribble is on object 2 of the list" in caplog.text
    item = read_item(objects.parent / "out" / "a")
    np.testing.assert_array_equal(item.truth_of(0, 2), [[255, 0, 0, 128]] * 3)


def test_a_ground_truth_of_one_value_tells_no_objects_apart(objects, unpack):
    replace(objects, "ground_truth/a.png", np.array([[255, 255, 255, 128]] * 3, np.uint8))
    picture = unpack("a", {key: OBJECTS[key] for key in OBJECTS if key != "ground_truth_values"})
    assert (picture.objects, picture.instances) == (2, None)


def test_merged_objects_are_one_region(objects, unpack, caplog):
    caplog.set_level("INFO", "isr")
    picture = unpack("a", OBJECTS | {"objects": "merge"})
    np.testing.assert_array_equal(picture.scribbles, [[1, 0, 1, 255]] * 3)
    np.testing.assert_array_equal(picture.ground_truth, [[255, 255, 255, 128]] * 3)
    assert picture.instances is None
    assert "2 objects are taken for one region (objects: merge)" in caplog.text


def test_objects_are_numbered_without_gaps():
    scribbles = np.array([0, 2, 7, 255, 2], np.uint8)
    np.testing.assert_array_equal(number_objects(scribbles), [0, 1, 2, 255, 1])


def test_transparent_pixels_have_no_scribble(folder, unpack):
    alpha = np.where(STROKES > 0, 255, 0).astype(np.uint8)
    stored = np.where(STROKES > 0, STROKES, 77).astype(np.uint8)
    replace(folder, "scribbles/a.png", np.dstack([stored, stored, stored, alpha]))
    picture = unpack("a")
    np.testing.assert_array_equal(picture.scribbles, [[0, 1, 1, 0], [0] * 4, [255, 255, 0, 0]])


@pytest.mark.parametrize("turned_scribbles", [False, True])
def test_exif_turned_pictures(folder, unpack, turned_scribbles):
    tags = Image.Exif()
    tags[0x0112] = 6
    image = np.zeros((4, 3, 3), np.uint8)
    image[3, 0] = 255
    Image.fromarray(image).save(folder / "images" / "a.png", exif=tags)
    if turned_scribbles:
        lying = Image.fromarray(np.ascontiguousarray(np.rot90(STROKES)))
        lying.save(folder / "scribbles" / "a.tif", exif=tags)
    picture = unpack("a")
    assert picture.image.shape == (3, 4, 3)
    assert picture.image[0, 0].min() == 1
    assert picture.scribbles[0].tolist() == [0, 1, 1, 0]


def test_a_scribble_drawn_on_the_lying_picture_is_refused_with_the_reason(folder, unpack):
    tags = Image.Exif()
    tags[0x0112] = 6
    Image.fromarray(np.zeros((3, 4, 3), np.uint8)).save(folder / "images" / "a.png", exif=tags)
    with pytest.raises(UserError, match=r"4 x 3 pixels, but a\.png is 3 x 4 after its EXIF"):
        unpack("a")


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
        ("unaries/a.png", STROKES[:2], "is 4 x 2 pixels, but a.png is 4 x 3"),
        ("unaries/a.png", np.dstack([STROKES, STROKES, STROKES * 0]), "is coloured.*in grey"),
        ("depth/a.png", STROKES[:, :2], "is 2 x 3 pixels, but a.png is 4 x 3"),
        ("ground_truth/a.png", TRUTH[:2], "is 4 x 2 pixels, but a.png is 4 x 3"),
        ("ground_truth/a.png", TRUTH // 2, "holds the values 0, 64, 127, but ground_truth_values"),
        ("ground_truth/a.png", np.full((3, 4), 128, np.uint8), "all of the ground truth is unk"),
    ],
)
def test_bad_pictures_are_named(folder, unpack, path, array, message):
    replace(folder, path, array)
    with pytest.raises(UserError, match=message) as caught:
        unpack("a")
    assert str(caught.value).startswith(str(folder / path))
    assert "\n" not in str(caught.value)


def test_missing_pictures(folder, unpack):
    (folder / "scribbles" / "b.tif").unlink()
    assert unpack("b").scribbles is None
    with pytest.raises(UserError, match="images holds no picture named 'c'"):
        unpack("c")
    with pytest.raises(UserError, match="images does not exist"):
        read_entry(ENTRY | {"path": "own/scribbles"}).names(folder.parent)
    for path in (folder / "images").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="images holds no pictures: add some"):
        read_entry(ENTRY).names(folder.parent)


def test_scribbles_without_a_coding_are_refused(unpack):
    with pytest.raises(UserError, match=r"a\.tif: scribble_values is missing: state how"):
        unpack("a", {"kind": "pictures", "path": "own"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scribble_values": 3}, "scribble_values is 3; it must be a mapping"),
        ({"scribble_values": {"none": 0, "foreground": 1}}, "lacks the key 'background'"),
        ({"scribble_values": VALUES | {"object": 3}}, "scribble_values.object is unknown"),
        ({"scribble_values": VALUES | {"none": 1}}, "scribble_values: .*two meanings"),
        ({"scribble_values": VALUES | {"foreground": [1, 1]}}, "two meanings"),
        ({"scribble_values": VALUES | {"foreground": []}}, "foreground is empty"),
        ({"scribble_values": VALUES | {"foreground": list(range(1000, 1255))}}, "more than 254"),
        ({"scribble_values": VALUES | {"none": True}}, "none is True; it must be a whole number"),
        ({"scribble_values": VALUES | {"none": "0"}}, "none is '0'; it must be a whole number"),
        ({"scribble_values": VALUES | {"none": -1}}, "none is -1; it must be at least 0"),
        ({"ground_truth_values": {"object": 1}}, "lacks the key 'background'"),
        (
            {
                "scribble_values": VALUES | {"foreground": [1, 3, 4]},
                "ground_truth_values": {"background": 0, "object": [1, 3]},
            },
            "object names 2 values, but foreground of scribble_values 3",
        ),
    ],
)
def test_bad_codings(change, message):
    with pytest.raises(UserError, match=message):
        read_entry(ENTRY | change).coding()


def test_a_folder_of_masks_alone(tmp_path):
    mask = np.zeros((3, 4), np.uint8)
    mask[1:, 1:3] = 255
    (tmp_path / "own/unaries").mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / "own/unaries/a.png")
    entry = read_entry({"kind": "pictures", "path": "own"})
    assert entry.names(tmp_path) == ["a"]
    assert entry.known("a", tmp_path) == Known(unaries=True)
    entry.unpack("a", tmp_path, tmp_path, tmp_path / "out/a")
    picture = read_item(tmp_path / "out/a").read()
    np.testing.assert_array_equal(picture.unaries, mask / 255)
    np.testing.assert_array_equal(picture.image, np.repeat(mask[..., None] / 255, 3, -1))


def renamed(folder, path, stem):
    old = folder / path
    old.rename(old.with_name(stem + old.suffix))


@pytest.mark.parametrize("kind", ["scribbles", "ground_truth", "images"])
def test_composed_and_decomposed_names_are_one(folder, unpack, kind):
    for path in ("images/a.png", "scribbles/a.tif", "ground_truth/a.png"):
        form = "NFD" if path.startswith(kind) else "NFC"
        renamed(folder, path, unicodedata.normalize(form, "Müller"))
    entry = read_entry({**ENTRY, "items": [unicodedata.normalize("NFD", "Müller")]})
    assert entry.names(folder.parent) == ["Müller"]
    picture = unpack("Müller")
    assert picture.name == "Müller"
    assert picture.ground_truth is not None


def test_a_file_that_is_called_like_no_picture_is_named(folder, caplog):
    renamed(folder, "ground_truth/a.png", "a_mask")
    with pytest.raises(UserError, match=r"a_mask\.png is called like no item, and 'a' has nothing"):
        read_entry(ENTRY).names(folder.parent)
    for name in "ab":
        Image.fromarray(TRUTH).save(folder / "ground_truth" / f"{name}.png")
    assert read_entry(ENTRY).names(folder.parent) == ["a", "b"]
    assert "a_mask.png is called like no item: it is not used" in caplog.text


@pytest.mark.parametrize(
    "junk", ["a.png:Zone.Identifier", "Icon\r", "@eaDir", "._a.png", "Thumbs.db"]
)
def test_what_systems_put_there_is_no_picture(folder, junk):
    (folder / "images" / junk).write_text("x")
    assert read_entry(ENTRY).names(folder.parent) == ["a", "b"]


@pytest.mark.parametrize(
    "name", ["NA", "nan", "None", "null", "True", "Infinity", "007", "a{b}<c>$d"]
)
def test_pictures_may_be_called_anything(folder, unpack, name):
    for path in ("images/a.png", "scribbles/a.tif", "ground_truth/a.png"):
        renamed(folder, path, name)
    assert name in read_entry(ENTRY).names(folder.parent)
    assert unpack(name).name == name


def test_a_name_that_yaml_reads_otherwise_is_found_where_it_is_clear(folder):
    renamed(folder, "images/a.png", "007")
    renamed(folder, "scribbles/a.tif", "007")
    renamed(folder, "ground_truth/a.png", "007")
    assert read_entry({**ENTRY, "items": [7]}).names(folder.parent) == ["007"]
    for value in (None, False, 3.1):
        with pytest.raises(UserError, match="write it in quotes"):
            read_entry({**ENTRY, "items": [value]})


def test_ids_of_objects_are_one_foreground_and_it_is_said(folder, unpack, caplog):
    ids = np.array([[1, 1, 300, 0], [0, 7, 7, 0], [0, 0, 0, 0]], np.uint16)
    replace(folder, "ground_truth/a.png", ids)
    for value in (1, [1, 7, 300]):
        entry = {**ENTRY, "ground_truth_values": {"background": 0, "object": value}}
        np.testing.assert_array_equal(unpack("a", entry).ground_truth > 0, ids > 0)
    assert "the ids 7, 300 count as object" in caplog.text
    strict = {**ENTRY, "ground_truth_values": {"background": 0, "object": [1]}}
    with pytest.raises(UserError, match="state what 7 means"):
        unpack("a", strict)


def test_soft_edges_are_explained(folder, unpack):
    soft = np.array([[255, 200, 90, 0], [210, 120, 30, 0], [0, 0, 0, 0]], np.uint8)
    replace(folder, "ground_truth/a.png", soft)
    with pytest.raises(UserError, match=r"states only 0, 128, 255.*soft edges.*threshold it"):
        unpack("a")


RAMP = np.arange(12).reshape(3, 4)


def test_few_bits_in_16_keep_their_contrast_and_a_range_may_be_stated(folder, unpack, caplog):
    stored = (1000 + 200 * RAMP).astype(np.uint16)
    replace(folder, "images/a.tif", stored)
    own = unpack("a").image[..., 0]
    np.testing.assert_allclose(own, RAMP / 11, atol=1e-4)
    assert "images/a.tif: brightness is taken from 1000 to 3200" in caplog.text
    stated = unpack("a", ENTRY | {"value_range": [0, 4095]}).image[..., 0]
    np.testing.assert_allclose(stated, stored / 4095, atol=1e-4)


@pytest.mark.parametrize("stored", [np.uint8(RAMP > 5), 4095 * (RAMP > 5).astype(np.uint16)])
def test_unaries_of_two_values_are_masks(folder, unpack, stored):
    replace(folder, "unaries/a.tif", stored)
    np.testing.assert_array_equal(unpack("a").unaries, RAMP > 5)


def test_what_unaries_hold_is_stated_where_it_is_not_clear(folder, unpack):
    replace(folder, "unaries/a.tif", RAMP.astype(np.int32))
    with pytest.raises(UserError, match=r"unaries/a\.tif holds the whole numbers .* may be ids"):
        unpack("a")
    np.testing.assert_array_equal(unpack("a", ENTRY | {"unaries_hold": "mask"}).unaries, RAMP > 0)
    stated = unpack("a", ENTRY | {"unaries_range": [0, 11], "unaries_hold": "probabilities"})
    np.testing.assert_allclose(stated.unaries, RAMP / 11, atol=1e-3)


def test_one_of_several_pages_is_selected(folder, unpack):
    pages = np.random.default_rng(0).integers(0, 256, (2, 3, 4), np.uint8)
    for old in (folder / "images").glob("a.*"):
        old.unlink()
    tifffile.imwrite(
        folder / "images/a.tif", pages, photometric="minisblack", metadata={"axes": "CYX"}
    )
    with pytest.raises(UserError, match=r"images/a\.tif holds 2 channels"):
        unpack("a")
    chosen = unpack("a", ENTRY | {"select": {"channel": 1}})
    np.testing.assert_allclose(chosen.image[..., 0], pages[1] / 255, atol=1e-6)
    # What has one page has nothing to select.
    np.testing.assert_array_equal(chosen.ground_truth, TRUTH)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"value_range": [0]}, "value_range.*name two numbers"),
        ({"value_range": [9, 9]}, "value_range.*name two numbers, the smaller one first"),
        ({"value_range": [0, float("inf")]}, "value_range"),
        ({"unaries_range": [float("nan"), 1]}, "unaries_range"),
        ({"select": {"chanel": 1}}, "did you mean channel"),
        ({"select": {"channel": -1}}, "select.channel.*at least 0"),
        ({"axes": "ZY"}, "axes.*name X, Y"),
        ({"axes": "ZZYX"}, "axes.*name X, Y"),
        ({"unaries_hold": "labels"}, "unaries_hold.*choose one of probabilities, mask"),
    ],
)
def test_keys_of_what_files_hold_are_checked(keys, message):
    with pytest.raises(UserError, match=message):
        read_entry(ENTRY | keys)
