"""One rule for the foreground of a video, and labels `auto`."""

import h5py
import numpy as np
import pytest

from isr.data.items import Frame, write_video
from isr.data.kinds import read_entry
from isr.data.weak_labels import kinds, motion
from isr.data.weak_labels.kinds import AUTO, write_kind
from isr.data.weak_labels.store import (
    ANOTHER,
    NO_OBJECT,
    WeakLabels,
    choose,
    foreground_of,
    label_kind,
    read_labels,
    scored,
    tallied,
)
from isr.errors import UserError

SIZE = (60, 70)
LARGE, SMALL = 1, 2
ENTRY = {"kind": "videos", "path": "own", "labels": {"file": "labels.tar", "url": "http://there"}}
BARE = {"kind": "videos", "path": "own"}


def objects():
    """A large object on the left, a small one on the right."""
    found = np.zeros(SIZE, np.uint8)
    found[10:50, 5:35], found[20:30, 50:60] = LARGE, SMALL
    return found


def marks(number):
    """Foreground labels on an object, background labels elsewhere."""
    return np.where(objects() == number, 1, 255).astype(np.uint8)


def make(folder, *, named, annotated=(0,), chosen=LARGE):
    image = np.zeros((*SIZE, 3), np.uint8)
    frames = [Frame(image, objects() if n in annotated else None) for n in range(2)]
    about = {"name": "cars", "object": chosen, "source": "s", "licence": "l", "named": named}
    return write_video(folder / "cars", frames, **about)


def follow(video, labels):
    about = {"kind": "motion"}
    frames = [WeakLabels(labels)] * 2
    assert [frame.labels is labels for frame in tallied(video, frames, about)] == [True] * 2
    return about


def test_without_a_mapping_the_labels_choose_the_object(tmp_path):
    video = make(tmp_path, named=False)
    about = follow(video, marks(SMALL))
    found = foreground_of(about)
    assert (found.object, found.objects, found.share, found.follow) == (SMALL, 2, 1.0, "")
    assert not found.is_sure
    truth = scored(video, about).ground_truth(0)
    np.testing.assert_array_equal(truth == 255, objects() == SMALL)
    # The video as it was unpacked is of the largest object.
    np.testing.assert_array_equal(video.ground_truth(0) == 255, objects() == LARGE)


def test_a_named_object_stays_and_labels_of_another_one_are_told(tmp_path):
    video = make(tmp_path, named=True)
    found = foreground_of(follow(video, marks(SMALL)))
    assert (found.object, found.follow, found.is_sure) == (LARGE, ANOTHER, True)
    assert foreground_of(follow(video, marks(LARGE))).follow == ""


@pytest.mark.parametrize(("on", "expected"), [(49, NO_OBJECT), (50, ""), (0, NO_OBJECT)])
def test_at_least_half_of_the_labels_lie_on_the_object(on, expected):
    assert choose(np.array([100 - on, on, 0]), 1, None).follow == expected
    assert choose(np.array([100 - on, on, 0]), 1, 1).follow == expected


def test_labels_of_no_annotated_frame_follow_no_object():
    assert choose(np.zeros(256, np.int64), 2, 2).follow == NO_OBJECT


def test_frames_without_annotation_do_not_count(tmp_path):
    video = make(tmp_path, named=False, annotated=(1,))
    about = {}
    frames = [WeakLabels(marks(LARGE)), WeakLabels(marks(SMALL))]
    assert len(list(tallied(video, frames, about))) == 2
    assert foreground_of(about).object == SMALL


def test_unknown_pixels_stay_unknown_whatever_the_object(tmp_path):
    unknown = np.zeros(SIZE, bool)
    unknown[20:25, 50:60] = True
    frames = [Frame(np.zeros((*SIZE, 3), np.uint8), objects(), unknown)]
    about = {"name": "cars", "object": LARGE, "source": "s", "licence": "l"}
    truth = write_video(tmp_path / "cars", frames, **about).of_object(SMALL).ground_truth(0)
    assert (truth[20:25, 50:60] == 128).all()
    assert (truth[25:30, 50:60] == 255).all()
    assert not truth[10:50, 5:35].any()


def test_a_video_without_ground_truth_has_no_choice(tmp_path):
    video = make(tmp_path, named=True, annotated=())
    about = follow(video, marks(LARGE))
    assert foreground_of(about) is None
    assert scored(video, about) is video


def test_a_damaged_choice_is_told():
    with pytest.raises(
        UserError, match=r"about.json of weak labels is damaged .*: label the video again"
    ):
        foreground_of({"foreground": {"objekt": 1}})


@pytest.fixture
def seen(monkeypatch):
    """Motion that sees the small object, and never the ground truth."""
    monkeypatch.setattr(
        motion, "label", lambda video, options: (WeakLabels(marks(SMALL)) for _ in range(2))
    )


def publish(folder, values):
    """Published labels of both frames: a block for each value."""
    labels = np.full(SIZE, -1.0)
    for number, value in enumerate(values):
        labels[20:28, 8 + 20 * number : 20 + 20 * number] = value
    folder.mkdir(parents=True)
    for number in range(2):
        with h5py.File(folder / f"cars_{number}.h5", "w") as content:
            content["img"], content["confidence"] = labels.T, np.where(labels < 0, -1, 1).T


def about(tmp_path, video, entry=ENTRY):
    write_kind(AUTO, video, read_entry(entry), tmp_path / "downloads", tmp_path / "out")
    return label_kind(tmp_path / "out")


def test_auto_takes_published_labels_put_there_by_hand(tmp_path, seen):
    publish(tmp_path / "downloads/labels/cars", (1, 0))
    found = about(tmp_path, make(tmp_path, named=False))
    assert (found["kind"], found["wanted"]) == ("published", "auto")
    assert "reason" not in found
    assert foreground_of(found).object == LARGE
    assert (read_labels(tmp_path / "out", 0).labels[20:28, 8:20] == 1).all()


@pytest.mark.parametrize(
    ("video", "values", "entry", "reason"),
    [
        (None, None, ENTRY, "downloads/labels.tar does not exist"),
        ("bears", (1, 0), ENTRY, "holds 0 folders cars with .h5 files, expected one"),
        ("cars", (0, 1, 2), ENTRY, "nothing says which of them is the foreground"),
        (None, None, BARE, "the data set names no published labels"),
        (None, None, {"kind": "drawn"}, "the data set names no published labels"),
    ],
)
def test_auto_takes_ours_where_published_labels_cannot_be_had(
    tmp_path, seen, video, values, entry, reason
):
    if video:
        publish(tmp_path / "downloads/labels" / video, values)
    found = about(tmp_path, make(tmp_path, named=False), entry)
    assert (found["kind"], found["wanted"]) == ("motion", "auto")
    assert found["text"].startswith(kinds.MOTION_TEXT)
    assert found["reason"].endswith(reason)
    assert foreground_of(found).object == SMALL


def test_auto_does_not_hide_a_damaged_file(tmp_path, seen):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads/labels.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(UserError, match="no tar file that can be read"):
        about(tmp_path, make(tmp_path, named=False))
    assert not (tmp_path / "out").exists()
