"""What networks say of pictures, volumes and frames of videos."""

import numpy as np
import pytest
import torch

from isr.data.items import Frame, write_video
from isr.data.problems import Problem
from isr.errors import UserError
from isr.networks.inference import (
    channels_innermost,
    frame_tensor,
    network_input,
    picture_levels,
    predict_video,
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
    weight = channels_innermost(unet).up[0][0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(unet(inputs), before, atol=1e-5, rtol=1e-5)
