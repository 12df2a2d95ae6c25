"""What trained networks say of items: levels of pictures and volumes, unaries of videos."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isr.data.edges import network_input
from isr.data.items import Item
from isr.data.problems import Problem
from isr.errors import UserError
from isr.levels import probability
from isr.networks.predictor import Predictor


def picture_levels(network: Predictor, problem: Problem) -> NDArray[np.float32]:
    """Levels (*grid) that a network gives a problem with features, slice by slice of a volume.

    Raises:
        UserError: the problem has no features.
    """
    if problem.features is None:
        raise UserError(f"{problem.name}: a predictor needs features: load them first.")
    features = torch.from_numpy(problem.features)
    with torch.no_grad():
        if features.ndim == 3:
            return np.asarray(network.picture_levels(features).numpy(), dtype=np.float32)
        slices = [network.picture_levels(each).numpy() for each in features]
        return np.asarray(np.stack(slices), dtype=np.float32)


def frame_tensor(video: Item, number: int, scale: float, device: torch.device) -> Tensor:
    """What a UNet sees of a frame of a video at its working size: (1, 4, h, w)."""
    inputs = torch.from_numpy(network_input(video.frame(number), scale)).unsqueeze(0)
    return inputs.to(device, memory_format=torch.channels_last)


def channels_innermost(network: Predictor) -> Predictor:
    """The same network, its weights laid out as the inputs of `frame_tensor` are.

    Convolutions on a CPU take two thirds of the time so.
    """
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def predict_video(
    predictor: Predictor, video: Item, scale: float = 1.0
) -> Iterator[NDArray[np.float32]]:
    """The unaries of a video by a trained UNet in evaluation mode.

    Args:
        predictor: such as `StoredFits.predictor` gives.
        video: the frames.
        scale: working size over original size.

    Yields:
        float32 (h, w) foreground probabilities of every frame in order, at working size.
    """
    channels_innermost(predictor).eval()
    device = next(predictor.parameters()).device
    for number in range(len(video)):
        with torch.no_grad():
            level = predictor(frame_tensor(video, number, scale, device))[0]
        yield probability(level).cpu().numpy()
