"""Dense flow, and what moves against the background."""

import cv2
import numpy as np
import pytest

from isr.data.weak_labels import evidence
from isr.data.weak_labels.evidence import (
    Flow,
    Opinion,
    flow_between,
    flow_size,
    homography,
    judge,
    one_thread,
    plane_vectors,
    textured,
    warp,
    working_grey,
)


def _texture(seed, height=120, width=160):
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


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
    still = Flow(np.zeros((60, 80, 2), np.float32), np.zeros((60, 80), np.float32), blank > 0)
    assert judge(blank, blank, still, textured(blank)) is None


def test_motion_that_one_direction_of_time_alone_shows_counts_little():
    def opinion(moving):
        maps = np.array(moving, np.float32)
        return Opinion(maps, *np.zeros((3, *maps.shape), np.float32), np.ones((*maps.shape, 2)))

    seen = evidence.Evidence(*np.zeros((4, 1, 3), np.float32), np.zeros((1, 3, 2), np.float32))
    evidence._add_motion(seen, opinion([[1, 1, 0]]), opinion([[1, 0, 1]]), 1)
    assert seen.moving[0] == pytest.approx([2, 0.2, 0.2])


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
