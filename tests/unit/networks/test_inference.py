"""What networks see of frames and say of pictures, volumes and videos."""

import cv2
import numpy as np
import pytest
import torch

from isr.data.items import Frame, write_video
from isr.data.problems import Problem
from isr.errors import UserError
from isr.networks.inference import (
    edge_map,
    frame_tensor,
    laid_out,
    network_input,
    picture_levels,
    predict_video,
    working_frame,
)
from isr.networks.layers import initialise_
from isr.networks.predictors import FCN
from isr.networks.unet import UNet

SIZE = (64, 96)


def _features(*grid):
    return np.random.default_rng(1).normal(size=(*grid, 5)).astype(np.float32)


def _fcn():
    network = FCN(5)
    initialise_(network, np.random.default_rng(0))
    return network


def test_levels_of_a_volume_are_those_of_its_slices():
    network, features = _fcn(), _features(3, 6, 7)
    level = picture_levels(network, Problem("v", np.zeros((3, 6, 7, 3)), features=features))
    assert (level.shape, level.dtype) == ((3, 6, 7), np.float32)
    for own, each in zip(level, features, strict=True):
        alone = picture_levels(network, Problem("p", np.zeros((6, 7, 2)), features=each))
        np.testing.assert_array_equal(own, alone)


def test_a_problem_without_features_is_told():
    with pytest.raises(UserError, match="v: a predictor needs features: load them first"):
        picture_levels(_fcn(), Problem("v", np.zeros((6, 7, 2))))


@pytest.fixture
def video(tmp_path):
    drawn = np.random.default_rng(2).integers(0, 256, (3, *SIZE, 3), np.uint8)
    frames = [Frame(image) for image in drawn]
    return write_video(tmp_path / "v", frames, name="v", object=1, source="s", licence="l")


@pytest.fixture
def unet():
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(0))
    return network


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_every_frame_of_a_video_has_unaries_at_working_size(video, unet, scale):
    found = list(predict_video(unet, video, scale))
    size = tuple(round(side * scale) for side in SIZE)
    assert [(each.shape, each.dtype) for each in found] == [(size, np.float32)] * 3
    assert all(0 <= each.min() <= each.max() <= 1 for each in found)
    assert not unet.training
    # Of one frame as of all.
    with torch.no_grad():
        level = unet(frame_tensor(video, 1, scale, torch.device("cpu")))[0]
    np.testing.assert_allclose(found[1], torch.sigmoid(-level).numpy(), atol=1e-6)


def test_a_frame_is_laid_out_as_the_weights_are(video, unet):
    inputs = frame_tensor(video, 0, 1.0, torch.device("cpu"))
    assert inputs.shape == (1, 4, *SIZE)
    assert inputs.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(inputs[0], network_input(video.frame(0), 1.0))
    before = unet.eval()(inputs).detach()
    weight = laid_out(unet).up[0][0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(unet(inputs), before, atol=1e-5, rtol=1e-5)


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
