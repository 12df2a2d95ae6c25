import json
import subprocess
import sys
import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from isr.data import embedded, sources
from isr.errors import UserError

MASK = np.zeros((20, 30), np.uint8)
MASK[2], MASK[10, 5:25] = 128, 255


def png(array):
    stream = BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def downloads(tmp_path):
    """A folder with a ConvexityDB of three pictures as an archive."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    with zipfile.ZipFile(folder / "ConvexityDB.zip", "w") as archive:
        for number in (1, 2, 3):
            image = np.full((20, 30, 3), number, np.uint8)
            archive.writestr(f"ConvexityDB/img/img_{number}.png", png(image))
            archive.writestr(f"ConvexityDB/user scribbles/scribbleMask_{number}.png", png(MASK))
            archive.writestr(f"ConvexityDB/groun truth/GT_{number}.png", png(MASK // 128 * 255))
    return folder


@pytest.fixture
def own(tmp_path):
    """A user's folder `own` with the pictures b, a and 7."""
    for kind, array in (("images", np.zeros((20, 30, 3), np.uint8)), ("scribbles", MASK)):
        (tmp_path / "own" / kind).mkdir(parents=True)
        for name in ("b", "a", "7"):
            Image.fromarray(array).save(tmp_path / "own" / kind / f"{name}.png")
    return {
        "kind": "scribbles",
        "path": "own",
        "scribble_values": {"none": 0, "foreground": 255, "background": 128},
    }


def load(entry, root, downloads=None):
    return list(sources.load_pictures(entry, root, downloads or root))


def test_names(tmp_path, own):
    assert sources.picture_names({"kind": "embedded"}, tmp_path) == embedded.names()
    names = sources.picture_names({"kind": "convexitydb"}, tmp_path)
    assert (names[0], names[-1], len(names)) == ("img_1", "img_51", 51)
    assert sources.picture_names(own, tmp_path) == ["7", "a", "b"]
    assert sources.picture_names(own | {"pictures": ["b", 7]}, tmp_path) == ["b", "7"]
    chosen = {"kind": "convexitydb", "pictures": [40, "2", "img_3"]}
    assert sources.picture_names(chosen, tmp_path) == ["img_40", "img_2", "img_3"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "video"}, "kind: 'video' is unknown"),
        ({"kind": "embedded", "pictures": ["unicorn"]}, "no picture 'unicorn' among"),
        ({"pictures": []}, "the list is empty"),
        ({"pictures": ["a", "a"]}, "'a' is named twice"),
        ({"path": None}, "path is missing"),
        ({"path": "nowhere"}, "nowhere.images does not exist"),
    ],
)
def test_bad_entries(tmp_path, own, change, message):
    with pytest.raises(UserError, match=message):
        sources.picture_names(own | change, tmp_path)


def test_no_pictures(tmp_path, own):
    for file in (tmp_path / "own" / "images").iterdir():
        file.unlink()
    with pytest.raises(UserError, match="images holds no pictures"):
        sources.picture_names(own, tmp_path)


def test_own_pictures_are_shrunk(tmp_path, own):
    pictures = load(own | {"long_side": 15, "pictures": ["b", "a"]}, tmp_path)
    assert [picture.name for picture in pictures] == ["b", "a"]
    assert pictures[0].image.shape == (10, 15, 3)
    assert load(own, tmp_path)[0].image.shape == (20, 30, 3)


def test_a_scribble_lost_by_shrinking_is_told(tmp_path, own):
    mask = np.zeros((20, 30), np.uint8)
    mask[10, 10] = 255
    mask[10:14, 11:15] = 128
    Image.fromarray(mask).save(tmp_path / "own" / "scribbles" / "a.png")
    assert len(load(own, tmp_path)) == 3
    with pytest.raises(UserError, match="a at 3 pixels: the object has no scribble"):
        load(own | {"long_side": 3, "pictures": ["a"]}, tmp_path)


def test_embedded_pictures_are_drawn_at_their_size(tmp_path):
    name = embedded.names()[0]
    (picture,) = load({"kind": "embedded", "long_side": 60, "pictures": [name]}, tmp_path)
    np.testing.assert_array_equal(picture.scribbles, embedded.load(name, 60).scribbles)


def test_an_archive_is_verified_and_recorded(tmp_path, downloads):
    entry = {"kind": "convexitydb", "pictures": [3, 1], "long_side": None, "sha256": None}
    pictures = load(entry, tmp_path, downloads)
    assert [picture.name for picture in pictures] == ["img_3", "img_1"]
    assert pictures[0].ground_truth.max() == 255
    record = downloads / "ConvexityDB.zip.sha256.json"
    assert json.loads(record.read_text())["file"] == "ConvexityDB.zip"
    assert sorted(path.name for path in downloads.iterdir()) == ["ConvexityDB.zip", record.name]
    with pytest.raises(UserError, match="the configuration says 000"):
        load(entry | {"sha256": "0" * 64}, tmp_path, downloads)
    with pytest.raises(UserError, match=r"img_4\.png does not exist"):
        load({"kind": "convexitydb"}, tmp_path, downloads)
    with pytest.raises(UserError, match=r"other\.zip does not exist"):
        load(entry | {"file": "other.zip"}, tmp_path, downloads)


def test_an_unpacked_folder(tmp_path, downloads):
    with zipfile.ZipFile(downloads / "ConvexityDB.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    entry = {"kind": "convexitydb", "path": "unpacked"}
    assert sources.picture_names(entry, tmp_path) == ["img_1", "img_2", "img_3"]
    assert len(load(entry, tmp_path)) == 3


def test_descriptions(tmp_path, own):
    source, licence = sources.describe({"kind": "convexitydb"}, ["img_1"])
    assert "ConvexityDB" in source["img_1"]
    assert licence == {"img_1": "not stated"}
    assert sources.describe(own, ["a"]) == ({"a": "folder own"}, {"a": "not stated"})
    names = embedded.names()
    source, licence = sources.describe({"kind": "embedded"}, names)
    assert set(source) == set(licence) == set(names)
    assert all(source.values())
    assert all(licence.values())


def test_naming_does_not_load_torch(tmp_path):
    program = (
        "import sys; from pathlib import Path; from isr.data.sources import picture_names;"
        "[picture_names({'kind': kind}, Path()) for kind in ('embedded', 'convexitydb')];"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": sys.path[0]})
