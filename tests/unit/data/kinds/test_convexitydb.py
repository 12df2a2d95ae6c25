import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from isr.data.items import read_item
from isr.data.kinds import Known, convexitydb, read_entry
from isr.errors import UserError

MASK = np.array([[0, 128, 255], [0, 128, 255]], np.uint8)
TRUTH = np.array([[0, 0, 255], [0, 0, 255]], np.uint8)


def make(folder, numbers, names=("img", "user scribbles", "groun truth"), truth=True):
    images, scribbles, truths = (folder / name for name in names)
    for path in (images, scribbles, *([truths] if truth else [])):
        path.mkdir(parents=True)
    for number in numbers:
        Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(images / f"img_{number}.png")
        Image.fromarray(MASK).save(scribbles / f"scribbleMask_{number}.png")
        if truth:
            Image.fromarray(TRUTH).save(truths / f"GT_{number}.png")


@pytest.mark.parametrize("top", ["", "ConvexityDB"])
@pytest.mark.parametrize(
    "names",
    [
        ("img", "user scribbles", "groun truth"),
        ("images", "user_scribbles", "ground_truth"),
        ("img", "User Scribbles", "ground truth"),
    ],
)
def test_reading(tmp_path, names, top):
    make(tmp_path / top, [1, 10, 2], names)
    (tmp_path / "__MACOSX").mkdir()
    assert convexitydb.names(tmp_path) == ["img_1", "img_2", "img_10"]
    picture = convexitydb.read(tmp_path, "img_10")
    assert picture.name == "img_10"
    np.testing.assert_array_equal(picture.scribbles, [[0, 255, 1]] * 2)
    np.testing.assert_array_equal(picture.ground_truth, TRUTH)


def test_ground_truth_may_be_missing_as_a_whole(tmp_path):
    make(tmp_path, [2], truth=False)
    assert convexitydb.read(tmp_path, "img_2").ground_truth is None


@pytest.mark.parametrize(
    "file", ["img/img_1.png", "user scribbles/scribbleMask_1.png", "groun truth/GT_1.png"]
)
def test_missing_files_are_named(tmp_path, file):
    make(tmp_path, [1])
    (tmp_path / file).unlink()
    with pytest.raises(UserError, match=f"{file} does not exist"):
        convexitydb.read(tmp_path, "img_1")


def test_unexpected_values(tmp_path):
    make(tmp_path, [1])
    mask = tmp_path / "user scribbles" / "scribbleMask_1.png"
    Image.fromarray(MASK // 128).save(mask)
    with pytest.raises(UserError, match=r"scribbleMask_1\.png holds the values 0, 1, expected exa"):
        convexitydb.read(tmp_path, "img_1")
    Image.fromarray(MASK).save(mask)
    Image.fromarray(TRUTH // 255).save(tmp_path / "groun truth" / "GT_1.png")
    with pytest.raises(UserError, match=r"GT_1\.png holds the values 0, 1, expected 255"):
        convexitydb.read(tmp_path, "img_1")


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="does not hold ConvexityDB"):
        convexitydb.names(tmp_path)


@pytest.fixture
def archive(tmp_path):
    """An archive of three pictures of 32 x 24 pixels, and the folder that it was made from."""
    make(tmp_path / "own" / "ConvexityDB", [1, 2, 3])
    for path in (tmp_path / "own").rglob("*.png"):
        array = np.asarray(Image.open(path))
        Image.fromarray(array.repeat(12, axis=0).repeat(12, axis=1)[:, :32]).save(path)
    path = tmp_path / "downloads" / "ConvexityDB.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as content:
        for file in sorted((tmp_path / "own").rglob("*.png")):
            content.write(file, file.relative_to(tmp_path / "own"))
    return path


def unpack(archive, name="img_3", **keys):
    root = archive.parents[1]
    entry = read_entry({"kind": "convexitydb", **keys})
    entry.unpack(name, root, archive.parent, root / "out" / name)
    return read_item(root / "out" / name)


def test_an_archive_is_verified_and_recorded(archive):
    item = unpack(archive)
    assert (item.name, item.size, item.scribbled, item.annotated) == ("img_3", (24, 32), 1, (0,))
    assert item.ground_truth().max() == 255
    assert "ConvexityDB" in item.source
    record = archive.parent / "ConvexityDB.zip.sha256.json"
    assert json.loads(record.read_text())["file"] == "ConvexityDB.zip"
    assert sorted(path.name for path in archive.parent.iterdir()) == [archive.name, record.name]
    with pytest.raises(UserError, match="the configuration says 000"):
        unpack(archive, sha256="0" * 64)
    with pytest.raises(UserError, match=r"ConvexityDB\.zip holds no picture 'img_4'"):
        unpack(archive, "img_4")
    with pytest.raises(UserError, match=r"other\.zip does not exist"):
        unpack(archive, file="other.zip")
    with pytest.raises(UserError, match=r"file is '/etc/a.zip'; it must be the name of a file"):
        unpack(archive, file="/etc/a.zip")


def test_an_unpacked_folder_is_taken_instead(archive):
    entry = read_entry({"kind": "convexitydb", "path": "own"})
    root = archive.parents[1]
    assert entry.names(root) == ["img_1", "img_2", "img_3"]
    assert entry.known("img_1", root) == Known(scribbles=True)
    names = sorted(path.name for path in entry.sources("img_1", root).files)
    assert names == ["GT_1.png", "img_1.png", "scribbleMask_1.png"]
    archive.unlink()
    assert unpack(archive, path="own", long_side=16).size == (12, 16)


def test_where_things_come_from(tmp_path):
    entry = read_entry({"kind": "convexitydb"})
    (file,) = entry.sources("img_1", tmp_path).downloads
    assert (file.file, file.url[:8]) == ("ConvexityDB.zip", "https://")
    for source, kept in (("auto", "optional"), ("published", "downloads")):
        semantic = {"source": source, "file": "features/Feat.zip"}
        found = read_entry({"kind": "convexitydb", "semantic": semantic}).feature_sources()
        assert [file.file for file in getattr(found, kept)] == ["features/Feat.zip"]
    none = read_entry({"kind": "convexitydb", "semantic": {"source": "efficientnet-lite0"}})
    assert none.feature_sources().downloads == none.feature_sources().optional == ()
