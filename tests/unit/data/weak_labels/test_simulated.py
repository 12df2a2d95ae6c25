import numpy as np
import pytest
from scipy import ndimage

from isr.data.items import Frame, write_video
from isr.data.weak_labels import simulated
from isr.data.weak_labels.options import Simulated

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
    return simulated.label(video, Simulated(**options))


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


def test_the_sentence_for_tables():
    assert "70% unlabelled, 2% of the labels wrong" in simulated.describe(Simulated())
