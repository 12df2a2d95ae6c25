import cv2
import numpy as np
import pytest
from scipy import ndimage

from isr.data.items import Frame, write_video
from isr.data.kinds import drawn, read_entry
from isr.data.kinds.videos import Simulated
from isr.data.weak_labels import motion
from isr.data.weak_labels.kinds import simulate, write_kind
from isr.data.weak_labels.store import WeakLabels, label_kind
from isr.errors import UserError

ENTRY = read_entry({"kind": "videos", "path": "own"})


def test_an_unknown_kind_is_told(tmp_path):
    video = drawn.unpack(tmp_path / "v", "cut", frames=3, long_side=32)
    with pytest.raises(UserError, match="'other' is unknown: use one of motion, published, simul"):
        write_kind("other", video, ENTRY, tmp_path, tmp_path / "out")


def test_motion_is_computed_in_one_thread_and_the_process_keeps_its_own(tmp_path, monkeypatch):
    video = drawn.unpack(tmp_path / "v", "cut", frames=2, long_side=32)
    seen = []

    def label(video, options):
        seen.append(cv2.getNumThreads())
        return (WeakLabels(np.zeros(video.size, np.uint8)) for _ in range(len(video)))

    monkeypatch.setattr(motion, "label", label)
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        write_kind("motion", video, ENTRY, tmp_path, tmp_path / "out")
        assert (seen, cv2.getNumThreads()) == ([1], 2)
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"simulated": {"wrongg": 0.1}}, "simulated.wrongg is unknown; .*did you mean wrong"),
        ({"simulated": {"unlabelled": 1.5}}, "unlabelled is 1.5; it must be at most 1"),
        ({"motion": {"others": "foreground"}}, "others is 'foreground'; choose one of background"),
        ({"motion": {"border": 0.2}}, r"border is 0\.2; it must be at most 0\.1"),
        ({"labels": {"url": "http://there"}}, "labels lacks the key 'file'"),
    ],
)
def test_options_are_checked_before_anything_is_labelled(change, message):
    with pytest.raises(UserError, match=message):
        read_entry({"kind": "videos", "path": "own", **change})


def test_borders_of_drawn_videos_are_sharp():
    assert read_entry({"kind": "drawn"}).motion.border == 0
    assert ENTRY.motion.border == 0.01


@pytest.mark.parametrize(
    ("kind", "words"),
    [("motion", "from motion alone"), ("simulated", "70% unlabelled, 2% of the labels wrong")],
)
def test_labels_of_the_drawn_video(tmp_path, kind, words):
    video = drawn.unpack(tmp_path / "v", "cut", frames=4, long_side=96)
    write_kind(kind, video, ENTRY, tmp_path, tmp_path / "out")
    assert len(list((tmp_path / "out").glob("*.png"))) == 4
    about = label_kind(tmp_path / "out")
    assert about["kind"] == kind
    assert words in about["text"]


@pytest.mark.parametrize(
    ("options", "words", "left_out"),
    [
        ({}, "the foreground; no label within 1 % of the long side of its border", "other moving"),
        ({"border": 0}, "the largest of them the foreground", "no label"),
        ({"border": 0, "others": "unlabelled"}, "; other moving objects have no label", "border"),
    ],
)
def test_how_motion_labels_were_made_is_told(tmp_path, options, words, left_out):
    video = drawn.unpack(tmp_path / "v", "drive", frames=2, long_side=32)
    entry = read_entry({"kind": "videos", "path": "own", "motion": options})
    write_kind("motion", video, entry, tmp_path, tmp_path / "out")
    about = label_kind(tmp_path / "out")
    assert about["text"].endswith(words)
    assert left_out not in about["text"]
    assert about["options"] == {"others": "background", "border": 0.01, **options}


SIZE = (60, 80)


@pytest.fixture
def video(tmp_path):
    objects = np.zeros(SIZE, np.uint8)
    objects[20:50, 20:60] = 1
    objects[5:10, 5:10] = 2
    unknown = np.zeros(SIZE, bool)
    unknown[:3] = True
    image = np.zeros((*SIZE, 3), np.uint8)
    frames = [Frame(image, objects, unknown), Frame(image), Frame(image, objects)]
    about = {"name": "v", "object": 1, "source": "s", "licence": "l"}
    return write_video(tmp_path / "v", frames, **about)


def _labelled(video, **options):
    return simulate(video, Simulated(**options))


def is_wrong(labels, truth):
    return ((labels == 1) & (truth != 255)) | ((labels == 255) & (truth != 0))


@pytest.mark.parametrize(("unlabelled", "wrong"), [(0.7, 0.02), (0.5, 0.3), (0, 0), (1, 0)])
def test_the_noise_is_as_declared(video, unlabelled, wrong):
    labels = list(_labelled(video, unlabelled=unlabelled, wrong=wrong))[2].labels
    assert (labels == 0).mean() == pytest.approx(unlabelled, abs=1e-3)
    share = is_wrong(labels, video.ground_truth(2))[labels > 0].mean() if unlabelled < 1 else 0
    assert share == pytest.approx(wrong, abs=1e-3)


def test_only_what_is_known_is_labelled(video):
    first, second, third = _labelled(video, unlabelled=0)
    assert not first.labels[:3].any()
    assert first.labels[3:].all()
    assert not second.labels.any()
    assert second.note == "not annotated"
    assert third.note == ""
    assert third.labels.all()


def test_wrong_labels_lie_in_blobs(video):
    labels = list(_labelled(video, unlabelled=0, wrong=0.1))[2].labels
    wrong = is_wrong(labels, video.ground_truth(2))
    _, blobs = ndimage.label(wrong)
    # Salt and pepper of 10 % would make more than 300 components.
    assert 1 <= blobs < 40
    assert wrong[20:50, 20:60].any()


def test_seeds_and_frames_differ_and_repeat(video):
    first, again, other = (
        [frame.labels for frame in _labelled(video, seed=seed)] for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert (first[2] != other[2]).any()
    assert (first[0][3:] != first[2][3:]).any()
