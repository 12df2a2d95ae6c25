"""Published UNets: pickled weights under names of their own, one file for each video."""

import io
import logging
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from isr.errors import UserError
from isr.networks.unet import ChannelOrder, UNet

_log = logging.getLogger(__name__)

_SUFFIXES = (".pth", ".pt", ".tar", ".pkl", ".ckpt")
_COUNTER = "num_batches_tracked"
_STAGES = {"inc": 0, "down": 1, "up": 2, "out": 3, "last": 3}


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
    try:
        stored = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # A damaged or foreign pickle can raise nearly anything.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{name} cannot be read as weights ({reason}): get it again.") from None
    state = stored.get("state_dict", stored) if isinstance(stored, dict) else None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise UserError(f"{name} holds no state_dict of a network: check the file.")
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
    if not tarfile.is_tarfile(path):
        return str(path), path.read_bytes()
    try:
        with tarfile.open(path) as archive:
            members = {each.name: each for each in archive if each.isfile()}
            # What torch itself wrote before 1.6 is a tar archive too.
            if "pickle" in members and "tensors" in members:
                return str(path), path.read_bytes()
            chosen = _choose(list(members), video, path)
            stream = archive.extractfile(members[chosen])
            assert stream is not None
            return f"{path}: {chosen}", stream.read()
    except tarfile.TarError as error:
        raise UserError(f"{path} is damaged ({error}): get it again.") from None


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
