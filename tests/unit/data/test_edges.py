import cv2
import numpy as np
import pytest

from isr.networks.inference import edge_map, network_input, working_frame


def _frame(height: int = 24, width: int = 30, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _step(low: int, high: int, axis: int) -> np.ndarray:
    frame = np.full((20, 20, 3), low, np.uint8)
    frame[(slice(None),) * axis + (slice(10, None),)] = high
    return frame


def test_a_flat_frame_has_no_edges():
    assert np.array_equal(edge_map(np.full((9, 12, 3), 77, np.uint8)), np.zeros((9, 12)))


@pytest.mark.parametrize("axis", [0, 1])
def test_a_step_by_hand(axis):
    """Grey 0 to 40: blurred 0, 10, 30, 40; Sobel 4 x differences of two; half of it; 5x5 blur."""
    edges = edge_map(_step(0, 40, axis))
    profile = np.zeros(20)
    profile[8:12] = [0.5 * 4 * 10, 0.5 * 4 * 30, 0.5 * 4 * 30, 0.5 * 4 * 10]
    kernel = cv2.getGaussianKernel(5, 0).ravel()
    expected = np.convolve(profile, kernel, mode="same") / 255
    along = edges[:, 10] if axis == 0 else edges[10]
    assert along == pytest.approx(expected, abs=1e-6)
    assert edges.dtype == np.float32


def test_strong_edges_saturate():
    """Grey 0 to 255: the Sobel derivatives of four rows pass 255; one axis is half of it, 128."""
    profile = np.zeros(20)
    profile[8:12] = 128
    expected = np.convolve(profile, cv2.getGaussianKernel(5, 0).ravel(), mode="same") / 255
    assert edge_map(_step(0, 255, 0))[:, 10] == pytest.approx(expected, abs=1e-6)


def test_edges_are_grey_ones_of_rgb():
    """Red, green and blue weigh 0.299, 0.587 and 0.114."""
    heights = []
    for channel in range(3):
        frame = np.zeros((20, 20, 3), np.uint8)
        frame[:, 10:, channel] = 100
        heights.append(edge_map(frame).max())
    assert heights[1] > heights[0] > heights[2]
    assert heights[0] / heights[1] == pytest.approx(0.299 / 0.587, rel=0.05)


def test_the_input_is_blurred_colours_and_edges_of_the_sharp_frame():
    frame = _frame()
    inputs = network_input(frame)
    assert inputs.shape == (4, 24, 30)
    assert inputs.dtype == np.float32
    assert inputs.min() >= 0
    assert inputs.max() <= 1
    blurred = cv2.GaussianBlur(frame, (5, 5), 0)
    for channel in range(3):
        assert np.array_equal(inputs[channel], blurred[..., channel].astype(np.float32) / 255)
    assert np.array_equal(inputs[3], edge_map(frame))


def test_edges_are_those_of_the_working_size():
    frame = _frame(41, 30)
    inputs = network_input(frame, 0.5)
    assert inputs.shape == (4, 20, 15)
    small = working_frame(frame, 0.5)
    assert small.dtype == np.uint8
    assert np.array_equal(inputs[3], edge_map(small))
    assert working_frame(frame, 1.0) is frame
