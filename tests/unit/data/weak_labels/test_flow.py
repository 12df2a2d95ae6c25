import cv2
import numpy as np
import pytest

from isr.data.weak_labels.flow import flow_between, flow_size, one_thread, warp, working_grey


def _texture(seed, height=120, width=160):
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


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
