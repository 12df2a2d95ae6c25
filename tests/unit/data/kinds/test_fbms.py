import hashlib
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from isr.data.items import read_item
from isr.data.kinds import read_entry
from isr.data.kinds.fbms import SEQUENCES
from isr.errors import UserError

DEFINITION = """Ground truth definition file; do not change!

Total number of regions:
3
Scale of region 0:
0
Scale of region 1:
255
Scale of region 2:
128

Total number of frames in this shot:
2
Total number of labeled frames for this shot:
1
Frame number:
0
File name:
{name}_01.pgm
Input file name:
{name}_01.ppm
"""


def make(folder):
    name = folder.name
    (folder / "GroundTruth").mkdir(parents=True)
    (folder / "GroundTruth" / f"{name}Def.dat").write_text(DEFINITION.format(name=name))
    truth = np.zeros((6, 8), np.uint8)
    truth[:3], truth[5] = 255, 128
    Image.fromarray(truth).save(folder / "GroundTruth" / f"{name}_01.pgm")
    for number in (1, 2):
        image = np.full((6, 8, 3), len(name), np.uint8)
        Image.fromarray(image).save(folder / f"{name}_{number:02d}.jpg")


@pytest.fixture
def archive(tmp_path):
    """An archive of three sequences, of which one name begins like another."""
    source = tmp_path / "source"
    for name in ("cars1", "cars10", "bear01"):
        make(source / "TrainingSet" / name)
    path = tmp_path / "downloads" / "FBMS_Trainingset.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as content:
        for file in sorted(source.rglob("*.*")):
            content.write(file, file.relative_to(source))
    return path


def names(entry, root):
    return read_entry(entry).names(root)


def unpack(entry, name, root, downloads, output):
    read_entry(entry).unpack(name, root, downloads, output)
    return read_item(output)


def test_names_without_files(tmp_path):
    assert names({"kind": "fbms"}, tmp_path) == list(SEQUENCES)
    assert len(set(SEQUENCES)) == 18
    chosen = {"kind": "fbms", "items": ["cars3", "marple2"]}
    assert names(chosen, tmp_path) == ["cars3", "marple2"]


def test_names_of_a_folder(tmp_path):
    for name in ("cars10", "bear01"):
        make(tmp_path / "own" / name)
    (tmp_path / "own" / "notes").mkdir()
    entry = {"kind": "fbms", "path": "own"}
    assert names(entry, tmp_path) == ["bear01", "cars10"]
    assert names({**entry, "items": ["cars10"]}, tmp_path) == ["cars10"]
    with pytest.raises(UserError, match="there is no 'cat' among bear01, cars10"):
        names({**entry, "items": ["cat"]}, tmp_path)


def test_the_archive_still_demands_ground_truth(tmp_path):
    folder = tmp_path / "source" / "TrainingSet" / "cars1"
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(folder / "1.png")
    with zipfile.ZipFile(tmp_path / "FBMS_Trainingset.zip", "w") as content:
        for file in (tmp_path / "source").rglob("*.png"):
            content.write(file, file.relative_to(tmp_path / "source"))
    entry = {"kind": "fbms", "items": ["cars1"]}
    with pytest.raises(UserError, match="holds 0 sequences named 'cars1'"):
        unpack(entry, "cars1", tmp_path, tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "fbms", "path": "none"}, "does not exist or is no folder"),
        ({"kind": "fbms", "path": "."}, "holds no sequences"),
        ({"kind": "fbms", "items": []}, "items is empty"),
        ({"kind": "fbms", "items": ["cars3", "cars3"]}, "'cars3' is named twice"),
        ({"kind": "fbms", "items": ["../cars3"]}, "cannot name a video"),
        ({"kind": "drawn", "items": ["cars3"]}, "there is no 'cars3' among drive, cut"),
    ],
)
def test_wrong_names_are_told(tmp_path, entry, message):
    with pytest.raises(UserError, match=message):
        names(entry, tmp_path)


def test_one_sequence_of_an_archive(tmp_path, archive):
    entry = {"kind": "fbms", "items": ["cars1", "cars10"]}
    video = unpack(entry, "cars1", tmp_path, archive.parent, tmp_path / "out")
    assert (video.name, len(video), video.annotated, video.object) == ("cars1", 2, (0,), 1)
    assert (video.frame(1) == len("cars1")).all()
    # Its hash was recorded, and nothing else was left behind.
    names = sorted(path.name for path in archive.parent.iterdir())
    assert names == ["FBMS_Trainingset.zip", "FBMS_Trainingset.zip.sha256.json"]


def test_the_archive_is_verified(tmp_path, archive):
    entry = {"kind": "fbms", "items": ["cars1"]}
    right = hashlib.sha256(archive.read_bytes()).hexdigest()
    unpack({**entry, "sha256": right}, "cars1", tmp_path, archive.parent, tmp_path / "out")
    with pytest.raises(UserError, match="sha256"):
        unpack({**entry, "sha256": "0" * 64}, "cars1", tmp_path, archive.parent, tmp_path / "out")
    with pytest.raises(UserError, match="does not exist"):
        unpack({**entry, "file": "no.zip"}, "cars1", tmp_path, archive.parent, tmp_path / "out")
    with pytest.raises(UserError, match="holds 0 sequences named 'cars2'"):
        unpack({"kind": "fbms"}, "cars2", tmp_path, archive.parent, tmp_path / "out")


def test_the_mapping_may_be_missing(tmp_path, archive):
    entry = {"kind": "fbms", "items": ["cars1"], "mapping": {"file": "mapping.json"}}
    video = unpack(entry, "cars1", tmp_path, archive.parent, tmp_path / "out")
    assert video.object == 1
    assert any("mapping.json is not there" in note for note in video.notes)
    ids = {"cars1": {"ground_truth_foreground_id": 128}}
    (archive.parent / "mapping.json").write_text(json.dumps({"mappings": {"0": ids}}))
    assert unpack(entry, "cars1", tmp_path, archive.parent, tmp_path / "out").object == 2


def test_where_it_comes_from_and_what_it_is(tmp_path):
    entry = read_entry({"kind": "fbms", "mapping": {"file": "mapping.json"}})
    sources = entry.sources("cars3", tmp_path)
    assert [file.file for file in sources.downloads] == ["FBMS_Trainingset.zip"]
    assert [file.file for file in sources.optional] == ["mapping.json"]
    make(tmp_path / "own" / "cars3")
    own = read_entry({"kind": "fbms", "path": "own"}).sources("cars3", tmp_path)
    assert (own.downloads, len(own.files)) == ((), 4)
    words = entry.describe("FBMS", ["cars3", "marple2"])
    assert words == "FBMS-59 (1 of the paper's 18 sequences and 1 that the paper does not have)"
