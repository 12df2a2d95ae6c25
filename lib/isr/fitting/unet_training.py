"""What every training of a UNet on videos shares: its state, and its batch statistics."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isr.fitting.labelled_video import LabelledVideo, channels_innermost
from isr.networks.unet import UNet


class UNetTraining:
    """A UNet and its Adam optimiser on the labelled frames of one or more videos.

    Attributes:
        done: steps taken.
        history: rows (name, epoch, term, value).

    Args:
        network: with the weights to start from; it is changed.
        videos: frames and labels, all on one device; the frames of all are shuffled together.
        epochs: times that every labelled frame is seen.
        learning_rate: at the beginning.
    """

    def __init__(
        self, network: UNet, *videos: LabelledVideo, epochs: int, learning_rate: float
    ) -> None:
        self.device = videos[0].device
        self.network = network.to(self.device).requires_grad_(True).train()
        channels_innermost(self.network)
        self.videos, self.epochs, self.learning_rate = videos, epochs, learning_rate
        self.optimiser = torch.optim.Adam(self.network.parameters(), learning_rate)
        self.done = 0
        self.history: list[tuple[str, int, str, float]] = []

    @cached_property
    def frames(self) -> list[tuple[LabelledVideo, int]]:
        """All labelled frames, each with its video."""
        return [(video, number) for video in self.videos for number in video.labelled_frames]

    @property
    def total(self) -> int:
        """Number of steps."""
        return self.epochs * len(self.frames)

    def place(self) -> tuple[int, int, LabelledVideo]:
        """Epoch, frame and video of the next step: an epoch sees all frames in a drawn order."""
        epoch, position = divmod(self.done, len(self.frames))
        drawn = np.concatenate([video.places(epoch) for video in self.videos])
        video, number = self.frames[np.argsort(drawn, kind="stable")[position]]
        return epoch, number, video

    def state(self) -> dict[str, Any]:
        """Everything that a resumed training needs, as tensors and plain data."""
        return {
            "done": self.done,
            "history": self.history,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """Go on where a training of the same videos and settings was when `state` was made."""
        self.done, self.history = state["done"], list(state["history"])
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])

    def stored(self) -> dict[str, Tensor]:
        """Parameters and buffers under the names of stored fits."""
        state = self.network.state_dict()
        return {f"predictor.{key}": value.detach().cpu() for key, value in state.items()}


@torch.no_grad()
def settle_statistics(network: UNet, *videos: LabelledVideo) -> None:
    """Take the batch statistics of evaluation from every frame of some videos alike.

    The running averages of a training with batches of one picture follow the last few pictures,
    and the weights as they were: after few steps they fit neither. Here each layer gets the plain
    mean over all frames of what it sees with the final weights.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # The cumulative mean.
    network.train()
    for video in videos:
        for number in range(len(video.video)):
            network(video.inputs(number))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
