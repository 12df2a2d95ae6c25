import cv2
import numpy as np
import pytest

from isr.data.kinds import drawn, read_entry
from isr.data.weak_labels import motion
from isr.data.weak_labels.kinds import KINDS, write_kind
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


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "published"])
def test_labels_of_the_drawn_video(tmp_path, kind):
    video = drawn.unpack(tmp_path / "v", "cut", frames=4, long_side=96)
    table = write_kind(kind, video, ENTRY, tmp_path, tmp_path / "out")
    assert len(table) == 4
    about = label_kind(tmp_path / "out")
    assert about["kind"] == kind
    assert about["text"]


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
