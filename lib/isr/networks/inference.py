"""What networks see of items and say of them: levels of pictures, unaries of videos.

A UNet sees blurred colours of a frame and how strong its edges are.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isr.data.items import Item
from isr.data.problems import Problem, working_size
from isr.errors import UserError
from isr.levels import probability
from isr.networks.predictors import Predictor

Frame = NDArray[np.uint8]
Array = NDArray[np.float32]


def picture_levels(network: Predictor, problem: Problem) -> Array:
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


def working_frame(frame: Frame, scale: float) -> Frame:
    """A frame (H, W, 3), uint8, at its working size: averaged down to (h, w, 3)."""
    height, width, _ = frame.shape
    wanted = working_size(height, width, scale)
    if wanted == (height, width):
        return frame
    resized = cv2.resize(frame, (wanted[1], wanted[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8)


def edge_map(frame: Frame) -> Array:
    """How strong the edges of a frame are, after Kardoost & Keuper (2021).

    The grey values of the frame, blurred by 3x3, are differentiated along both axes (Sobel, 3x3);
    the mean of the absolute derivatives, at most 1, is blurred by 5x5.

    Args:
        frame: uint8 (h, w, 3), RGB.

    Returns:
        float32 (h, w) in [0, 1].
    """
    grey = cv2.cvtColor(cv2.GaussianBlur(frame, (3, 3), 0), cv2.COLOR_RGB2GRAY)
    along_x, along_y = (
        cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, *order, ksize=3))
        for order in ((1, 0), (0, 1))
    )
    strength = cv2.addWeighted(along_x, 0.5, along_y, 0.5, 0.0).astype(np.float32) / 255
    # The kernel sums up to 1 exactly: what is blurred stays in [0, 1].
    return np.asarray(cv2.GaussianBlur(strength, (5, 5), 0), dtype=np.float32)


def network_input(frame: Frame, scale: float = 1.0) -> Array:
    """What a UNet is given of a frame.

    Args:
        frame: uint8 (H, W, 3), RGB, at its original size.
        scale: the frame is shrunk by this factor first.

    Returns:
        float32 (4, h, w): the colours in [0, 1], blurred by 5x5, and the edge map of the frame
        that is not blurred so.
    """
    small = working_frame(frame, scale)
    colours = cv2.GaussianBlur(small, (5, 5), 0).astype(np.float32) / 255
    layers = [*np.moveaxis(colours, -1, 0), edge_map(small)]
    return np.ascontiguousarray(np.stack(layers))


def frame_tensor(video: Item, number: int, scale: float, device: torch.device) -> Tensor:
    """What a UNet sees of a frame of a video at its working size: (1, 4, h, w)."""
    inputs = torch.from_numpy(network_input(video.frame(number), scale)).unsqueeze(0)
    return inputs.to(device, memory_format=layout(device))


def layout(device: torch.device) -> torch.memory_format:
    """How pictures and weights of UNets lie in memory: as convolutions on a device are fastest.

    Channels innermost take two thirds of the time on a CPU, and with TF32 on an accelerator; in
    full float32 they take longer there.
    """
    innermost = device.type == "cpu" or torch.backends.cudnn.allow_tf32
    return torch.channels_last if innermost else torch.contiguous_format


def laid_out(network: Predictor) -> Predictor:
    """The same network, its weights laid out as the inputs of `frame_tensor` are."""
    device = next(network.parameters()).device
    return network.to(memory_format=layout(device))  # type: ignore[call-overload, no-any-return]


def predict_video(predictor: Predictor, video: Item, scale: float = 1.0) -> Iterator[Array]:
    """The unaries of a video by a trained UNet in evaluation mode.

    Args:
        predictor: such as `StoredFits.predictor` gives.
        video: the frames.
        scale: working size over original size.

    Yields:
        float32 (h, w) foreground probabilities of every frame in order, at working size.
    """
    laid_out(predictor).eval()
    device = next(predictor.parameters()).device
    for number in range(len(video)):
        with torch.no_grad():
            level = predictor(frame_tensor(video, number, scale, device))[0]
        yield probability(level).cpu().numpy()
