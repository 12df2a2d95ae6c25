"""Weak labels of small moving textures, and the votes that they come from."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from isr.data.items import Frame, write_video
from isr.data.kinds.videos import Motion
from isr.data.weak_labels import evidence, motion
from isr.data.weak_labels.evidence import Flow
from isr.data.weak_labels.motion import (
    PackedNumbers,
    PackedShares,
    accumulate,
    carry,
    decide,
    label,
    without_borders,
)
from isr.data.weak_labels.store import BACKGROUND, FOREGROUND, NONE

HEIGHT, WIDTH = 96, 160


@pytest.fixture(autouse=True)
def _small_working_side(monkeypatch):
    monkeypatch.setattr(evidence, "WORKING_SIDE", WIDTH)


def _texture(seed, height=HEIGHT + 80, width=WIDTH + 80):
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


class _Scene:
    """Textured boxes at given rows and columns per frame, before a wall that a camera pans over."""

    def __init__(self, *boxes, pan=0):
        self.boxes, self.pan = boxes, pan

    def frame(self, number):
        start = 40 + self.pan * number
        image = _texture(0)[40 : 40 + HEIGHT, start : start + WIDTH].copy()
        for seed, (height, width, places) in enumerate(self.boxes, 1):
            row, column = places[number]
            image[row : row + height, column : column + width] = _texture(seed)[:height, :width]
        return image

    def mask(self, box, number):
        height, width, places = self.boxes[box]
        row, column = places[number]
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[row : row + height, column : column + width] = True
        return mask


def _label(tmp_path, images, **options):
    video = write_video(
        tmp_path / "video", map(Frame, images), name="video", object=1, source="", licence=""
    )
    return list(label(video, Motion(**options)))


def _check(labels, scene, number, recall=0.4, precision=0.9):
    inside, foreground = scene.mask(0, number), labels.labels == FOREGROUND
    assert foreground[inside].mean() > recall
    assert inside[foreground].mean() > precision
    background = labels.labels == BACKGROUND
    assert (~inside)[background].mean() > 0.99
    assert background.mean() > 0.4


def test_an_object_that_moves_before_a_moving_background(tmp_path):
    scene = _Scene((30, 40, [(30, 30 + 3 * k) for k in range(7)]), pan=2)
    labels = _label(tmp_path, [scene.frame(k) for k in range(7)])
    assert len(labels) == 7
    for number in (0, 3, 6):
        assert labels[number].labels.shape == (HEIGHT, WIDTH)
        assert labels[number].note == ""
        _check(labels[number], scene, number)


@pytest.mark.parametrize("backwards", [False, True])
def test_an_object_is_labelled_while_it_rests(tmp_path, backwards):
    # Longer than the longest distance over which motion is looked for.
    places = [(30, 30 + 3 * max(0, k - 18)) for k in range(26)]
    scene = _Scene((30, 40, places[::-1] if backwards else places))
    labels = _label(tmp_path, [scene.frame(k) for k in range(26)])
    for number in (0, 12, 25):
        _check(labels[number], scene, number)


def test_the_largest_object_is_the_foreground_and_the_other_is_background(tmp_path):
    large = (36, 50, [(10, 20 + 3 * k) for k in range(7)])
    small = (24, 30, [(65, 110 - 3 * k) for k in range(7)])
    for order in ((large, small), (small, large)):
        scene = _Scene(*order)
        labels = _label(tmp_path, [scene.frame(k) for k in range(7)])[3].labels
        first = scene.mask(order.index(large), 3)
        second = scene.mask(order.index(small), 3)
        assert (labels[first] == FOREGROUND).mean() > 0.5
        assert (labels[second] == FOREGROUND).mean() == 0
        assert (labels[second] == BACKGROUND).mean() > 0.5


def test_another_object_may_be_left_without_a_label(tmp_path):
    large = (36, 50, [(10, 20 + 3 * k) for k in range(7)])
    small = (24, 30, [(65, 110 - 3 * k) for k in range(7)])
    scene = _Scene(large, small)
    images = [scene.frame(k) for k in range(7)]
    labels = _label(tmp_path, images, others="unlabelled")[3].labels
    assert (labels[scene.mask(1, 3)] == NONE).mean() > 0.8
    assert (labels[scene.mask(1, 3)] == FOREGROUND).mean() == 0
    usual = _label(tmp_path, images)[3].labels
    assert np.array_equal(labels == FOREGROUND, usual == FOREGROUND)
    assert (labels == BACKGROUND).mean() > 0.4


def test_a_tiny_moving_thing_beside_the_object_is_not_labelled(tmp_path):
    large = (40, 60, [(10, 20 + 3 * k) for k in range(7)])
    tiny = (8, 12, [(75, 120 - 3 * k) for k in range(7)])
    scene = _Scene(large, tiny)
    labels = _label(tmp_path, [scene.frame(k) for k in range(7)])[3].labels
    assert (labels[scene.mask(1, 3)] == FOREGROUND).mean() == 0
    assert (labels[scene.mask(1, 3)] == BACKGROUND).mean() < 0.3


def test_only_what_is_small_beside_the_foreground_is_left_open():
    """Tracks 1 and 4 are the foreground, 2 is another object, 3 is small."""
    tracks = SimpleNamespace(
        objects=lambda: np.array([0, 1, 2, 3, 1], np.int32), areas=[0.0, 60.0, 11.0, 9.0, 40.0]
    )
    assert motion._roles(tracks)[1:].tolist() == [1, 2, 3, 1]


@pytest.mark.parametrize("pan", [0, 2])
def test_where_nothing_moves_there_is_no_foreground(tmp_path, pan):
    scene = _Scene(pan=pan)
    noise = np.random.default_rng(3).integers(-3, 4, (5, HEIGHT, WIDTH, 3))
    images = [np.clip(scene.frame(k) + noise[k], 0, 255).astype(np.uint8) for k in range(5)]
    for labels in _label(tmp_path, images):
        assert not (labels.labels == FOREGROUND).any()
        assert (labels.labels == BACKGROUND).mean() > 0.8
        assert "nothing was seen to move" in labels.note


def test_a_single_frame(tmp_path):
    (labels,) = _label(tmp_path, [_Scene().frame(0)])
    assert (labels.labels == NONE).all()
    assert "single frame" in labels.note


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (2, 40)])
def test_tiny_and_blank_pictures(tmp_path, size):
    images = [np.full((*size, 3), 90, np.uint8) for _ in range(3)]
    labels = _label(tmp_path, images)
    assert [frame.labels.shape for frame in labels] == [size] * 3
    assert not any((frame.labels == FOREGROUND).any() for frame in labels)


def test_twice_the_same(tmp_path):
    scene = _Scene((30, 40, [(30, 30 + 3 * k) for k in range(4)]), pan=1)
    images = [scene.frame(k) for k in range(4)]
    for one, other in zip(_label(tmp_path, images), _label(tmp_path, images), strict=True):
        np.testing.assert_array_equal(one.labels, other.labels)


def test_packing():
    values = np.random.default_rng(0).random((6, 7, 3), np.float32) * 60
    unpacked = PackedShares.of(values, largest=50).values()
    assert unpacked.dtype == np.float32
    np.testing.assert_allclose(unpacked, np.minimum(values, 50), atol=0.25)
    numbers = np.arange(12, dtype=np.int32).reshape(3, 4) * 1000
    np.testing.assert_array_equal(PackedNumbers.of(numbers).values(), numbers)


def _grey_texture(seed, height=120, width=160):
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def _still():
    size = (40, 50)
    return Flow(np.zeros((*size, 2), np.float32), np.zeros(size, np.float32), np.ones(size, bool))


def test_votes_fade_with_inconsistency_and_difference():
    votes = np.ones((40, 50, 4), np.float32)
    flow = _still()
    flow.error[:, 10:20] = 0.8
    flow.valid[:, 20:30] = False
    difference = np.zeros((40, 50), np.float32)
    difference[:, 30:40] = 30
    kept = carry(votes, flow, difference)[20, :, 0]
    assert 0.9 < kept[5] < 1
    assert 0.2 < kept[15] < 0.8
    assert kept[25] == 0
    assert kept[35] < 0.01


def test_votes_follow_the_pictures():
    frames = []
    for shift in (0, 3, 6):
        votes = np.zeros((120, 160, 4), np.float32)
        if shift == 0:
            votes[40:60, 40:60, 0] = 1
        frames.append((np.roll(_grey_texture(0), shift, 1), votes))
    *_, last = accumulate(frames)
    assert last[45:55, 51:61, 0].min() > 0.7
    assert last[45:55, 36:44, 0].max() < 0.1


def _votes(**parts):
    votes = np.zeros((50, 50, 4), np.float32)
    for part, (rows, columns, channel) in parts.items():
        votes[rows, columns] = 0
        votes[rows, columns, channel] = float(part.split("_")[1])
    return votes


def test_few_votes_beside_many_are_not_labelled():
    everywhere = slice(None)
    votes = _votes(
        wall_5=(everywhere, everywhere, 2),
        object_20=(slice(10, 30), slice(10, 30), 0),
        rim_2=(slice(10, 30), slice(30, 34), 0),
        other_9=(slice(40, 50), slice(40, 50), 1),
        unclear_9=(slice(40, 50), slice(0, 10), 3),
    )
    labels = decide(votes, (50, 50))
    assert (labels[11:29, 11:29] == FOREGROUND).all()
    assert (labels[10:30, 30:34] == NONE).all()
    assert (labels[40:, 40:] == BACKGROUND).all()
    assert (labels[40:, :10] == NONE).all()
    assert (labels[:8] == BACKGROUND).all()
    assert (decide(votes, (50, 50), border=0)[10:30, 10:30] == FOREGROUND).all()
    assert decide(votes, (100, 150)).shape == (100, 150)


def test_gaps_of_the_object_are_not_background():
    votes = _votes(wall_5=(slice(None), slice(None), 2), object_9=(slice(10, 40), slice(0, 30), 0))
    votes[20:22, 10:12] = (0, 0, 9, 0)
    labels = decide(votes, (50, 50))
    assert (labels[20:22, 10:12] == NONE).all()
    assert (labels[:, 40:] == BACKGROUND).all()


def _labels(*boxes):
    """Labels of 100x60, all of them certain, and the boxes as a mask."""
    mask = np.zeros((60, 100), bool)
    for rows, columns in boxes:
        mask[rows, columns] = True
    return np.where(mask, FOREGROUND, BACKGROUND).astype(np.uint8), mask


def test_a_band_on_both_sides_of_the_border_has_no_labels():
    labels, mask = _labels((slice(20, 40), slice(30, 60)))
    kept = without_borders(labels, mask, band=0.03)
    assert (kept[23:37, 33:57] == FOREGROUND).all()
    assert (kept == FOREGROUND).sum() == 14 * 24
    assert (kept[17:43, 30:60] != BACKGROUND).all()
    assert (kept[20:40, 27:63] != BACKGROUND).all()
    assert (kept[:17] == BACKGROUND).all()
    assert (kept[:, 63:] == BACKGROUND).all()


def test_what_the_picture_cuts_off_has_no_border_there():
    labels, mask = _labels((slice(40, 60), slice(0, 30)))
    kept = without_borders(labels, mask, band=0.03)
    assert (kept[43:, :27] == FOREGROUND).all()


@pytest.mark.parametrize("thickness", [1, 2, 3, 5, 9])
def test_thin_objects_keep_a_core(thickness):
    labels, mask = _labels(
        (slice(20, 20 + thickness), slice(10, 70)), (slice(40, 60), slice(80, 100))
    )
    kept = without_borders(labels, mask, band=0.1)
    thin = kept[20 : 20 + thickness, 10:70] == FOREGROUND
    assert thin[thickness // 2, 5:-5].all()
    assert thin.all() == (thickness < 3)
    assert (kept[50:, 90:] == FOREGROUND).all()


def test_a_gap_inside_the_object_makes_no_border():
    labels, mask = _labels((slice(10, 50), slice(20, 80)))
    labels[28:32, 48:52] = NONE
    kept = without_borders(labels, mask, band=0.02)
    assert (kept[28:32, 48:52] == NONE).all()
    assert (kept[27, 48:52] == FOREGROUND).all()


def test_without_an_object_nothing_changes():
    labels, mask = _labels()
    assert np.array_equal(without_borders(labels, mask), labels)


def test_the_given_labels_are_left_alone():
    labels, mask = _labels((slice(20, 40), slice(30, 60)))
    before = labels.copy()
    without_borders(labels, mask)
    assert np.array_equal(labels, before)
