import hashlib
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

import unpack_video
from isr.data.video_sources import FBMS_SEQUENCES, unpack, video_names
from isr.data.videos import read_video
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


def test_names_without_files(tmp_path):
    assert video_names({"kind": "drawn"}, tmp_path) == ["drive", "cut"]
    assert video_names({"kind": "fbms"}, tmp_path) == list(FBMS_SEQUENCES)
    assert len(set(FBMS_SEQUENCES)) == 18
    chosen = {"kind": "fbms", "videos": ["cars3", "marple2"]}
    assert video_names(chosen, tmp_path) == ["cars3", "marple2"]


def test_names_of_a_folder(tmp_path):
    for name in ("cars10", "bear01"):
        make(tmp_path / "own" / name)
    (tmp_path / "own" / "notes").mkdir()
    entry = {"kind": "fbms", "path": "own"}
    assert video_names(entry, tmp_path) == ["bear01", "cars10"]
    assert video_names({**entry, "videos": ["cars10"]}, tmp_path) == ["cars10"]
    with pytest.raises(UserError, match="no video 'cat' among bear01, cars10"):
        video_names({**entry, "videos": ["cat"]}, tmp_path)


def make_frames(folder, count=3):
    """A sequence without ground truth."""
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(np.full((6, 8, 3), number, np.uint8)).save(folder / f"{number}.png")


def test_a_folder_may_mix_sequences_with_and_without_ground_truth(tmp_path):
    make(tmp_path / "own" / "bear01")
    make_frames(tmp_path / "own" / "clip")
    make_frames(tmp_path / "own" / ".thumbnails")
    entry = {"kind": "fbms", "path": "own", "mapping": {"file": "mapping.json"}}
    assert video_names(entry, tmp_path) == ["bear01", "clip"]
    videos = [
        unpack(entry, name, tmp_path, tmp_path / "downloads", tmp_path / "out" / name)
        for name in ("bear01", "clip")
    ]
    assert [len(video) for video in videos] == [2, 3]
    assert [video.annotated for video in videos] == [(0,), ()]
    assert [video.source.split()[0] for video in videos] == ["FBMS-59", "a"]


def test_a_folder_of_ground_truth_still_demands_what_belongs_to_it(tmp_path):
    make_frames(tmp_path / "own" / "clip")
    (tmp_path / "own" / "clip" / "GroundTruth").mkdir()
    with pytest.raises(UserError, match=r"holds no clipDef\.dat"):
        unpack({"kind": "fbms", "path": "own"}, "clip", tmp_path, tmp_path, tmp_path / "out")


def test_the_archive_still_demands_ground_truth(tmp_path):
    make_frames(tmp_path / "source" / "TrainingSet" / "cars1")
    with zipfile.ZipFile(tmp_path / "FBMS_Trainingset.zip", "w") as content:
        for file in (tmp_path / "source").rglob("*.png"):
            content.write(file, file.relative_to(tmp_path / "source"))
    entry = {"kind": "fbms", "videos": ["cars1"]}
    with pytest.raises(UserError, match="holds 0 sequences named 'cars1'"):
        unpack(entry, "cars1", tmp_path, tmp_path, tmp_path / "out")


def test_a_folder_without_videos_is_told_what_is_expected(tmp_path):
    entry = {"kind": "fbms", "path": "own"}
    (tmp_path / "own" / "clip").mkdir(parents=True)
    (tmp_path / "own" / "clip" / "notes.txt").touch()
    expected = r"own holds no sequences: expected a folder for each video, with its frames \(\.jpg"
    with pytest.raises(UserError, match=expected):
        video_names(entry, tmp_path)
    # The ground truth of a sequence is no sequence.
    make(tmp_path / "cars1")
    with pytest.raises(UserError, match=r"holds the frame cars1_01\.jpg itself, but is to hold a"):
        video_names({**entry, "path": "cars1"}, tmp_path)


def test_a_folder_whose_name_a_command_would_split_is_told(tmp_path):
    make_frames(tmp_path / "own" / "clip")
    make_frames(tmp_path / "own" / "my clip")
    entry = {"kind": "fbms", "path": "own"}
    with pytest.raises(UserError, match="'my clip' cannot name a video: use letters"):
        video_names(entry, tmp_path)
    assert video_names({**entry, "videos": ["clip"]}, tmp_path) == ["clip"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "other"}, "'other' is unknown: use one of fbms, drawn"),
        ({"kind": "fbms", "path": "none"}, "does not exist or is no folder"),
        ({"kind": "fbms", "path": "."}, "holds no sequences"),
        ({"kind": "fbms", "videos": []}, "the list is empty"),
        ({"kind": "fbms", "videos": ["cars3", "cars3"]}, "'cars3' is named twice"),
        ({"kind": "fbms", "videos": ["../cars3"]}, "cannot name a video"),
        ({"kind": "drawn", "videos": ["cars3"]}, "no video 'cars3' among drive, cut"),
    ],
)
def test_wrong_names_are_told(tmp_path, entry, message):
    with pytest.raises(UserError, match=message):
        video_names(entry, tmp_path)


def test_one_sequence_of_an_archive(tmp_path, archive):
    entry = {"kind": "fbms", "videos": ["cars1", "cars10"]}
    video = unpack(entry, "cars1", tmp_path, archive.parent, tmp_path / "out")
    assert (video.name, len(video), video.annotated, video.object) == ("cars1", 2, (0,), 1)
    assert (video.frame(1) == len("cars1")).all()
    # Its hash was recorded, and nothing else was left behind.
    names = sorted(path.name for path in archive.parent.iterdir())
    assert names == ["FBMS_Trainingset.zip", "FBMS_Trainingset.zip.sha256.json"]


def test_the_archive_is_verified(tmp_path, archive):
    entry = {"kind": "fbms", "videos": ["cars1"]}
    right = hashlib.sha256(archive.read_bytes()).hexdigest()
    unpack({**entry, "sha256": right}, "cars1", tmp_path, archive.parent, tmp_path / "out")
    with pytest.raises(UserError, match="sha256"):
        unpack({**entry, "sha256": "0" * 64}, "cars1", tmp_path, archive.parent, tmp_path / "out")
    with pytest.raises(UserError, match="does not exist"):
        unpack({**entry, "file": "no.zip"}, "cars1", tmp_path, archive.parent, tmp_path / "out")
    with pytest.raises(UserError, match="holds 0 sequences named 'cars2'"):
        unpack({"kind": "fbms"}, "cars2", tmp_path, archive.parent, tmp_path / "out")
    with pytest.raises(UserError, match="'cars2' is not a video of this data set"):
        unpack(entry, "cars2", tmp_path, archive.parent, tmp_path / "out")


def test_the_mapping_may_be_missing(tmp_path, archive):
    entry = {"kind": "fbms", "videos": ["cars1"], "mapping": {"file": "mapping.json"}}
    video = unpack(entry, "cars1", tmp_path, archive.parent, tmp_path / "out")
    assert video.object == 1
    assert any("mapping.json is not there" in note for note in video.notes)
    ids = {"cars1": {"ground_truth_foreground_id": 128}}
    (archive.parent / "mapping.json").write_text(json.dumps({"mappings": {"0": ids}}))
    assert unpack(entry, "cars1", tmp_path, archive.parent, tmp_path / "out").object == 2


def test_the_command_line(tmp_path):
    make(tmp_path / "own" / "bear01")
    for name, settings, frames in (
        ("bear01", {"kind": "fbms", "path": "own", "videos": None, "mapping": None}, 2),
        ("cut", {"kind": "drawn", "frames": 3, "long_side": 32}, 3),
    ):
        arguments = ["--settings", json.dumps(settings), "--name", name, "--root", str(tmp_path)]
        arguments += ["--downloads", str(tmp_path), "--output", str(tmp_path / name)]
        unpack_video.main(arguments)
        assert len(read_video(tmp_path / name)) == frames
