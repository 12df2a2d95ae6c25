"""The UNet of Kardoost & Keuper (2021), the predictor of the paper's section C.2."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from isr.errors import UserError
from isr.networks.predictor import Predictor

ChannelOrder = Literal["rgb", "bgr"]
CHANNELS = 4
"""Red, green and blue, and the edge map (`isr.data.edges`)."""
LEAST_SIDE = 32
"""Pixels of the shortest side: four halvings leave two, and statistics need more than one."""
_GROWTH = (1, 2, 4, 8, 8)
"""Channels of the way down, in widths; the way up gives what is needed to meet them again."""


def _double_convolution(channels: int, width: int) -> nn.Sequential:
    """Twice a 3x3 convolution, batch normalisation and ReLU."""
    layers: list[nn.Module] = []
    for here in (channels, width):
        layers += [
            nn.Conv2d(here, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(Predictor):
    """Four halvings and four doublings of the resolution, joined at each (Ronneberger 2015).

    Of width 64 it has 13,395,905 parameters. Like every predictor it gives a level: its sigmoid is
    the probability of *background*, which is also what the published networks give, so that their
    weights are taken over as they are.

    Args:
        channels: of the input, 4: red, green, blue and edges (`isr.data.edges`).
        width: channels at full resolution; all others are multiples of it.
        channel_order: in which order the network itself takes the colours. Callers always give
            red first; the published networks were trained with blue first.

    Raises:
        UserError: the input has other channels, the width is not positive, or there is no such
            order.
    """

    def __init__(
        self, channels: int = CHANNELS, *, width: int = 64, channel_order: ChannelOrder = "rgb"
    ) -> None:
        super().__init__()
        if channels != CHANNELS:
            raise UserError(
                f"predictor 'unet' sees colours and edges, {CHANNELS} channels, not {channels}: "
                "choose fcn or cnn for features of single pictures."
            )
        if isinstance(width, bool) or not isinstance(width, int) or width < 1:
            raise UserError(f"predictor 'unet': width is {width!r}; choose an integer from 1.")
        if channel_order not in get_args(ChannelOrder):
            raise UserError(f"predictor 'unet': channel_order is {channel_order!r}: rgb or bgr.")
        self.channels, self.width, self.channel_order = channels, width, channel_order
        sizes = [growth * width for growth in _GROWTH]
        self.down = nn.ModuleList(
            _double_convolution(here, there)
            for here, there in zip([channels, *sizes[:-1]], sizes, strict=True)
        )
        # What comes up from below has the channels of what it is joined with.
        joined = [2 * size for size in reversed(sizes[:-1])]
        outputs = [*reversed(sizes[:-2]), width]
        self.up = nn.ModuleList(map(_double_convolution, joined, outputs))
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Levels (n, h, w) of n pictures (n, 4, h, w), red first.

        Raises:
            UserError: a side of the pictures is shorter than `LEAST_SIDE` pixels.
        """
        if min(inputs.shape[-2:]) < LEAST_SIDE:
            height, width = inputs.shape[-2:]
            raise UserError(
                f"predictor 'unet' cannot take a frame of {width}x{height}: "
                f"choose a scale that leaves {LEAST_SIDE} pixels."
            )
        if self.channel_order == "bgr":
            inputs = inputs[:, [2, 1, 0, 3]]
        x: Tensor = self.down[0](inputs)
        met = [x]
        for layers in self.down[1:]:
            x = layers(functional.max_pool2d(x, 2))
            met.append(x)
        for layers, beside in zip(self.up, reversed(met[:-1]), strict=True):
            x = layers(torch.cat([beside, _doubled(x, beside.shape[-2:])], dim=1))
        level: Tensor = self.last(x)
        return level.squeeze(1)

    def picture_levels(self, features: Tensor) -> Tensor:
        """Levels (h, w) of a whole picture with features (h, w, 4)."""
        return self(features.permute(2, 0, 1).unsqueeze(0)).squeeze(0)  # type: ignore[no-any-return]


def _doubled(x: Tensor, size: torch.Size) -> Tensor:
    """Twice the resolution of `x`, padded with zeros to `size` where a halving dropped a row."""
    x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
    rows, columns = size[0] - x.shape[-2], size[1] - x.shape[-1]
    return functional.pad(x, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
