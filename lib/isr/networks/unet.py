"""The UNet of Kardoost & Keuper (2021), the predictor of the paper's section C.2.

Published ones are pickled weights under names of their own, one file for each video.
"""

import logging
import re
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from isr.data.archives import most_unpacked, open_tar
from isr.errors import UserError, told
from isr.networks.predictors import Predictor
from isr.networks.weights import read_weights

_log = logging.getLogger(__name__)

ChannelOrder = Literal["rgb", "bgr"]
CHANNELS = 4
"""Red, green and blue, and the edge map (`isr.networks.inference`)."""
LEAST_SIDE = 32
"""Pixels of the shortest side: four halvings leave two, and statistics need more than one."""
_GROWTH = (1, 2, 4, 8, 8)
"""Channels of the way down, in widths; the way up gives what is needed to meet them again."""

_SUFFIXES = (".pth", ".pt", ".tar", ".pkl", ".ckpt")
_COUNTER = "num_batches_tracked"
_STAGES = {"inc": 0, "down": 1, "up": 2, "out": 3, "last": 3}


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
        channels: of the input, 4: red, green, blue and edges (`isr.networks.inference`).
        width: channels at full resolution; all others are multiples of it.
        channel_order: in which order the network itself takes the colours. Callers always give
            red first; the published networks were trained with blue first.

    Raises:
        UserError: the input has other channels, the width is not positive, or there is no such
            order.
    """

    _blue_first: Tensor

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
        # A tensor where the network is: an index from the host would have to be waited for.
        self.register_buffer("_blue_first", torch.tensor([2, 1, 0, 3]), persistent=False)

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
            inputs = inputs[:, self._blue_first]
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
    if x.is_cuda:
        # There, the derivative of interpolation is summed in any order, that of products is not.
        height, width = (_doubling(side, x.device, x.dtype) for side in x.shape[-2:])
        x = height @ x @ width.T
    else:
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
    rows, columns = size[0] - x.shape[-2], size[1] - x.shape[-1]
    return functional.pad(x, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])


@cache
def _doubling(side: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """What doubles a side by interpolation, as a matrix (2 side, side)."""
    unit = torch.eye(side, device=device, dtype=dtype)[None, None]
    size = (2 * side, side)
    return functional.interpolate(unit, size, mode="bilinear", align_corners=True)[0, 0]


class MissingNetworkError(UserError):
    """There is no published network of this video, or none of this width."""


def read_published(
    path: Path, video: str, *, width: int = 64, channel_order: ChannelOrder = "bgr"
) -> UNet:
    """Read the published UNet of a video.

    Args:
        path: one checkpoint, or a folder or tar archive of checkpoints whose paths name the video.
        video: name of the video.
        width: of the network, 64 for the published ones.
        channel_order: that it was trained with: `bgr`, as the published ones, or `rgb`.

    Raises:
        MissingNetworkError: there is no checkpoint of the video, or it is of another network.
        UserError: it cannot be read.
    """
    name, content = _find(Path(path), video)
    return load_published(content, name, width=width, channel_order=channel_order)


def load_published(
    content: bytes, name: str, *, width: int = 64, channel_order: ChannelOrder = "bgr"
) -> UNet:
    """Build a UNet from the bytes of a checkpoint: a pickled dictionary with a `state_dict`.

    Weights are matched by their place in the network, told by their names or else their order, and
    by shape. The published level is that of this project: its sigmoid is the probability of
    background.

    Raises:
        MissingNetworkError: they are of another network, such as one of another width.
        UserError: the bytes cannot be read without running code, or hold no weights.
    """
    state = read_weights(content, name)
    network = UNet(width=width, channel_order=channel_order)
    network.load_state_dict(_matched(state, network.state_dict(), name))
    return network.requires_grad_(False).eval()


def _matched(
    state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], name: str
) -> dict[str, Tensor]:
    """The tensors of a checkpoint under the names of ours."""
    ours = [key for key in wanted if not key.endswith(_COUNTER)]
    theirs = [key for key in state if not key.endswith(_COUNTER)]
    counters = {key: value for key, value in wanted.items() if key.endswith(_COUNTER)}
    shapes = [wanted[key].shape for key in ours]
    in_place = sorted(theirs, key=_place) if all(map(_stage, theirs)) else theirs
    for order, own in ((theirs, ours), (in_place, sorted(ours, key=_place))):
        if [state[key].shape for key in order] == [wanted[key].shape for key in own]:
            return counters | {key: state[there] for key, there in zip(own, order, strict=True)}
    raise MissingNetworkError(
        f"{name} holds {len(theirs)} tensors that do not fit a UNet of this width "
        f"({len(shapes)} tensors): correct the predictor's width."
    )


def _stage(key: str) -> re.Match[str] | None:
    return re.search(r"(inc|down|up|out|last)[a-z]*\.?(\d*)", key)


def _place(key: str) -> tuple[Any, ...]:
    """Where in the network the tensor of this name belongs: stage, layer, kind.

    >>> _place("module.down2.mpconv.1.conv.0.weight") < _place("module.up1.conv.conv.0.bias")
    True
    """
    match = _stage(key)
    assert match is not None
    stage, number = _STAGES[match[1]], int(match[2] or 0)
    rest = key[match.end() :]
    *_, layer = [0, *map(int, re.findall(r"\.(\d+)(?=\.)", rest))]
    return stage, number, layer, rest.rpartition(".")[2]


def _find(path: Path, video: str) -> tuple[str, bytes]:
    """Name and bytes of the checkpoint of a video."""
    if not path.exists():
        raise MissingNetworkError(f"{path} does not exist: put the published networks there.")
    if path.is_dir():
        files = {str(each.relative_to(path)): each for each in path.rglob("*") if each.is_file()}
        chosen = _choose(list(files), video, path)
        return f"{path}/{chosen}", files[chosen].read_bytes()
    with told(path, "is damaged", "get it again"):
        if not tarfile.is_tarfile(path):
            return str(path), path.read_bytes()
    with open_tar(path, str(path)) as archive:
        members = {each.name: each for each in archive if each.isfile()}
        # What torch itself wrote before 1.6 is a tar archive too.
        if "pickle" in members and "tensors" in members:
            return str(path), path.read_bytes()
        chosen = _choose(list(members), video, path)
        if members[chosen].size > most_unpacked(path.stat().st_size):
            raise UserError(f"{path} is damaged ({chosen} is too large): get it again.")
        stream = archive.extractfile(members[chosen])
        assert stream is not None
        return f"{path}: {chosen}", stream.read()


def _choose(names: list[str], video: str, path: Path) -> str:
    """The checkpoint of a video among files; of several epochs the last."""
    weights = [name for name in names if PurePosixPath(name).suffix in _SUFFIXES]
    # cars1 is not cars10, and `cars3_` and `cars3/` are both cars3.
    own = [
        n for n in weights if re.search(rf"(?<![A-Za-z0-9]){re.escape(video)}(?![A-Za-z0-9])", n)
    ]
    if not own:
        raise MissingNetworkError(
            f"{path} holds no network of {video}: leave the video out or train one."
        )
    chosen = max(own, key=lambda name: [int(digits) for digits in re.findall(r"\d+", name)])
    if len(own) > 1:
        _log.info("%s: %d networks of %s, taking %s", path, len(own), video, chosen)
    return chosen
