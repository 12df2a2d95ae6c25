import cv2
import numpy as np
import pytest

from isr.data.weak_labels.background import homography, judge, plane_vectors, textured
from isr.data.weak_labels.flow import Flow, flow_between, flow_size, one_thread, warp, working_grey
from isr.data.weak_labels.packing import PackedNumbers, PackedShares
from isr.data.weak_labels.spread import accumulate, carry


def _texture(seed, height=120, width=160):
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def _still(size=(40, 50)):
    return Flow(np.zeros((*size, 2), np.float32), np.zeros(size, np.float32), np.ones(size, bool))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((480, 640), (360, 480)), ((120, 160), (360, 480)), ((4, 480), (16, 480))],
)
def test_every_video_has_the_same_long_side(size, expected):
    assert flow_size(*size) == expected
    assert working_grey(np.zeros((*size, 3), np.uint8)).shape == expected


def test_one_thread_is_for_a_while_only():
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        with one_thread():
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 2
        with pytest.raises(KeyError), one_thread():
            raise KeyError
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


def test_flow_of_a_shift():
    there, back = flow_between(_texture(0), np.roll(_texture(0), (2, 3), (0, 1)))
    inner = np.s_[15:-15, 15:-15]
    np.testing.assert_allclose(np.median(there.vectors[inner], (0, 1)), (3, 2), atol=0.1)
    np.testing.assert_allclose(np.median(back.vectors[inner], (0, 1)), (-3, -2), atol=0.1)
    assert there.valid[inner].mean() > 0.95
    # What leaves the picture has no way back.
    assert not there.valid[:, -1].any()


def test_warp_draws_from_the_end_of_the_vectors():
    values = np.arange(20, dtype=np.float32).reshape(4, 5)
    vectors = np.zeros((4, 5, 2), np.float32)
    vectors[..., 0] = 1
    drawn = warp(values, vectors, outside=-1)
    np.testing.assert_allclose(drawn[:, :4], values[:, 1:])
    np.testing.assert_allclose(drawn[:, 4], -1)


def test_the_background_is_the_plane_that_most_places_follow():
    matrix = np.array([[1.01, 0.01, 2.0], [-0.01, 1.0, -1.0], [0, 0, 1]])
    vectors = plane_vectors(matrix, 120, 160)
    vectors[30:80, 30:80] += (8, 0)
    flow = Flow(vectors, np.zeros((120, 160), np.float32), np.ones((120, 160), bool))
    found = homography(flow, np.ones((120, 160), bool))
    np.testing.assert_allclose(found, matrix, atol=1e-3)
    assert homography(flow, np.zeros((120, 160), bool)) is None


def test_moving_still_and_refuted():
    first, second = _texture(0), _texture(0)
    second[40:80, 54:94] = _texture(1)[40:80, 50:90]
    first[40:80, 50:90] = _texture(1)[40:80, 50:90]
    flow, _ = flow_between(first, second)
    # Flow that drags a part of the wall along is refuted by the pictures.
    flow.vectors[5:25, 5:45] = (4, 0)
    flow.valid[5:25, 5:45] = True
    opinion = judge(first, second, flow, textured(first))
    assert opinion.moving[48:72, 58:82].mean() > 0.9
    assert opinion.still[90:110, 20:140].mean() > 0.8
    assert opinion.refuted[10:20, 10:40].mean() > 0.9
    assert opinion.moving[10:20, 10:40].max() == 0
    np.testing.assert_allclose(np.median(opinion.residual[48:72, 58:82], (0, 1)), (4, 0), atol=0.2)


def test_a_blank_picture_has_no_background_motion():
    blank = np.full((60, 80), 70, np.uint8)
    assert judge(blank, blank, _still((60, 80)), textured(blank)) is None


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
        frames.append((np.roll(_texture(0), shift, 1), votes))
    *_, last = accumulate(frames)
    assert last[45:55, 51:61, 0].min() > 0.7
    assert last[45:55, 36:44, 0].max() < 0.1


def test_packing():
    values = np.random.default_rng(0).random((6, 7, 3), np.float32) * 60
    unpacked = PackedShares.of(values, largest=50).values()
    assert unpacked.dtype == np.float32
    np.testing.assert_allclose(unpacked, np.minimum(values, 50), atol=0.25)
    numbers = np.arange(12, dtype=np.int32).reshape(3, 4) * 1000
    np.testing.assert_array_equal(PackedNumbers.of(numbers).values(), numbers)
