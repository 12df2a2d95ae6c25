import json
import shutil
import tarfile
import zipfile

import h5py
import numpy as np
import pytest

from isr.data.items import Frame, write_video
from isr.data.kinds import read_entry
from isr.data.weak_labels import published
from isr.data.weak_labels.kinds import write_kind
from isr.data.weak_labels.store import label_kind, label_table, read_labels
from isr.errors import UserError

SIZE = (70, 90)
ROOT = "labels_with_uncertainty_flownet2_based"


@pytest.fixture
def video(tmp_path):
    frames = [Frame(np.zeros((*SIZE, 3), np.uint8), file=f"cars_{number:02d}") for number in (1, 2)]
    about = {"name": "cars", "object": 1, "source": "s", "licence": "l"}
    return write_video(tmp_path / "video", frames, **about)


def block(*values):
    """Labels: a block of each value, none elsewhere."""
    labels = np.full(SIZE, -1.0)
    for number, value in enumerate(values):
        labels[20:30, 20 + 10 * number : 30 + 10 * number] = value
    return labels


def write(folder, names, labels=None, confidence=None):
    folder.mkdir(parents=True, exist_ok=True)
    labels = block(1, 0) if labels is None else labels
    confidence = np.where(labels >= 0, 1.0, -1.0) if confidence is None else confidence
    for name in names:
        with h5py.File(folder / name, "w") as content:
            content["img"], content["confidence"] = labels.T, confidence.T
    return folder


LABELS = {"url": "http://there", "file": "labelsUncertFbms.tar"}


def label(video, downloads, *, mapping=None, **labels):
    content = {"kind": "videos", "path": "own", "labels": {**LABELS, **labels}, "mapping": mapping}
    entry = read_entry(content)
    return list(published.label(video, entry.labels, entry.mapping, downloads))


NAMES = ["cars_01.ppm.h5", "cars_02.ppm.h5"]


def test_a_folder_put_in_place_by_hand(tmp_path, video):
    write(tmp_path / "labelsUncertFbms" / ROOT / "cars", NAMES)
    write(tmp_path / "labelsUncertFbms" / ROOT / "cars10", NAMES)
    frames = label(video, tmp_path)
    assert [frame.note for frame in frames] == ["", ""]
    labels = frames[0].labels
    assert (labels[20:30, 20:30] == 1).all()
    assert (labels[20:30, 30:40] == 255).all()
    assert (labels == 1).sum() == 100
    assert frames[0].flip is None


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive(tmp_path, video, kind):
    source = tmp_path / "source"
    write(source / ROOT / "cars", NAMES)
    write(source / ROOT / "bear", ["bear_01.ppm.h5"])
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    archive = downloads / f"labels.{kind}"
    if kind == "tar":
        with tarfile.open(archive, "w") as content:
            content.add(source / ROOT, ROOT)
    else:
        with zipfile.ZipFile(archive, "w") as content:
            for path in source.rglob("*.h5"):
                content.write(path, path.relative_to(source))
    frames = label(video, downloads, file=archive.name)
    assert [int((frame.labels == 1).sum()) for frame in frames] == [100, 100]
    assert sorted(p.name for p in downloads.iterdir()) == [
        archive.name,
        f"{archive.name}.sha256.json",
    ]


def test_what_is_missing_is_told(tmp_path, video):
    with pytest.raises(UserError, match=r"labelsUncertFbms.tar does not exist: .* from http://th"):
        label(video, tmp_path)
    (tmp_path / "labelsUncertFbms.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(UserError, match="no tar file that can be read"):
        label(video, tmp_path)
    write(tmp_path / "labelsUncertFbms" / "bear", NAMES)
    with pytest.raises(UserError, match="holds 0 folders cars with"):
        label(video, tmp_path)


def test_files_belong_to_frames_by_name_or_by_order(tmp_path, video):
    folder = tmp_path / "labelsUncertFbms" / "cars"
    write(folder, ["cars_02.h5"])
    frames = label(video, tmp_path)
    assert [frame.note for frame in frames] == ["nothing published", ""]
    assert not frames[0].labels.any()
    shutil.rmtree(folder)
    write(folder, ["f10.h5"], block(0))
    write(folder, ["f9.h5"])
    assert [frame.note for frame in label(video, tmp_path)] == ["", "not both classes labelled"]
    write(folder, ["f11.h5"])
    with pytest.raises(UserError, match="3 published files of labels do not fit the 2 frames"):
        label(video, tmp_path)


def test_broken_files_are_told(tmp_path, video):
    folder = tmp_path / "labelsUncertFbms" / "cars"
    write(folder, NAMES, block(1, 0)[:, :-1])
    with pytest.raises(UserError, match=r"has size \(70, 89\)"):
        label(video, tmp_path)
    with h5py.File(folder / NAMES[0], "w") as content:
        content["img"] = block(1, 0).T
    with pytest.raises(UserError, match="holds no dataset 'confidence'"):
        label(video, tmp_path)
    (folder / NAMES[0]).write_bytes(b"nothing")
    with pytest.raises(UserError, match="is no HDF5 file"):
        label(video, tmp_path)


def mapped(tmp_path, value):
    ids = {"trajectory_foreground_id": value, "ground_truth_foreground_id": 255}
    (tmp_path / "mapping.json").write_text(json.dumps({"mappings": {"0": {"cars": ids}}}))
    return {"mapping": {"file": "mapping.json"}}


def test_the_mapping_names_one_of_several_objects(tmp_path, video):
    labels = block(0, 1, 2)
    labels[40:60, 20:80] = 0
    write(tmp_path / "labelsUncertFbms" / "cars", NAMES, labels)
    with pytest.raises(UserError, match="labels 3 objects, and nothing says"):
        label(video, tmp_path)
    # In the authors' masks an object has its number plus one.
    found = label(video, tmp_path, **mapped(tmp_path, 3))[0].labels
    assert (found[20:30, 40:50] == 1).all()
    assert (found[20:30, 30:40] == 0).all()
    assert (found[40:60, 20:80] == 255).all()


def test_the_mapping_may_turn_two_classes_round(tmp_path, video):
    write(tmp_path / "labelsUncertFbms" / "cars", NAMES)
    for value, first in ((255, 255), (1, 1)):
        found = label(video, tmp_path, **mapped(tmp_path, value))[0].labels
        assert (found[20:30, 20:30] == first).all()
        (tmp_path / "mapping.json.sha256.json").unlink()


def test_lonely_foreground_is_dropped():
    labels = np.full((100, 100), -1)
    labels[10, 10], labels[10, 41], labels[90, 90], labels[90, 10] = 1, 1, 1, 0
    found = published.process(labels, np.full((100, 100), -1.0)).labels
    assert found[10, 10] == found[10, 41] == 1
    assert found[90, 90] == 0
    assert found[90, 10] == 255


def doubt(foreground, background, confidence=0.2):
    """Labels in the middle of a large picture, all of one confidence; their flips by class."""
    labels = np.full((300, 300), -1)
    places = [(150 + n // 60, 120 + n % 60) for n in range(foreground + background)]
    for number, place in enumerate(places):
        labels[place] = 1 if number < foreground else 0
    flip = published.process(labels, np.where(labels >= 0, confidence, -1)).flip
    if flip is None:
        return 0, 0
    assert not flip[labels < 0].any()
    return [set(np.unique(flip[labels == value]).tolist()) for value in (1, 0)]


def test_flip_probabilities_are_votes_of_the_neighbourhood():
    # 30 of 100 labels are foreground: it is drawn again (0.3), else background is (0.7).
    foreground, background = doubt(30, 70)
    assert list(foreground) == pytest.approx([0.7 * 0.7])
    assert list(background) == pytest.approx([0.3])


def test_a_class_of_many_labels_votes_little_and_is_not_doubted():
    foreground, background = doubt(100, 1000)
    # Not all of them see the same neighbourhood.
    assert all(0.25 < value < 0.3 for value in foreground)
    assert background == {0}
    votes = 100 / 1100
    assert max(foreground) == pytest.approx((1 - votes) * 0.3, abs=0.01)


def test_sure_labels_and_those_of_one_class_are_not_doubted():
    assert doubt(30, 70, confidence=0.4) == (0, 0)
    assert doubt(30, 0) == (0, 0)


def test_the_neighbourhood_has_128_pixels():
    labels = np.full((300, 300), -1)
    labels[150, 100:103] = 1
    labels[150, 163] = 0
    flip = published.process(labels, np.where(labels >= 0, 0.1, -1)).flip
    # The square reaches from 64 pixels before to 63 behind.
    assert flip[150, 100] == pytest.approx(1 / 4 * 1 / 4)
    assert flip[150, 163] == pytest.approx(3 / 4)
    labels[150, 163], labels[150, 167] = -1, 0
    assert published.process(labels, np.where(labels >= 0, 0.1, -1)).flip is None


def test_an_empty_border_becomes_background_on_every_second_pixel():
    labels = np.full((150, 200), -1)
    labels[5, 100:102] = 1
    found = published.process(labels, np.full(labels.shape, -1.0)).labels
    assert not found[31:115, 31:165].any()
    assert (found[40:100:2, 0:30:2] == 255).all()
    assert (found[::2, ::2][:15, :15] == 255).all()
    assert not found[1::2, :30].any()
    # Squares that hold a label, or what was filled before, stay as they are.
    assert (found[:30:2, 60:90:2] == 255).all()
    assert not (found[:30, 90:105] == 255).any()
    assert (found[:30:2, 105:135:2] == 255).all()
    share = (found[:, :30] == 255).mean()
    assert 0.15 < share <= 0.25


def test_they_are_written_as_scattered_points(tmp_path, video):
    write(tmp_path / "labelsUncertFbms" / "cars", NAMES, confidence=np.full(SIZE, 0.1))
    entry = read_entry({"kind": "videos", "path": "own", "labels": LABELS})
    output = tmp_path / "out"
    write_kind("published", video, entry, tmp_path, output)
    assert label_kind(output)["points"] is True
    assert label_table(output)["kind"].tolist() == ["published"] * 2
    # 64 labels of each class: half the votes each.
    assert read_labels(output, 1).flip.max() == pytest.approx(0.5, abs=0.01)


def test_a_folder_may_be_named_instead(tmp_path, video):
    write(tmp_path / "elsewhere" / "cars", NAMES)
    assert len(label(video, tmp_path, path=str(tmp_path / "elsewhere"))) == 2
