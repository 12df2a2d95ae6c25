import io
import tarfile

import numpy as np
import pytest
import torch
from torch import nn

from isr.errors import UserError
from isr.levels import probability
from isr.networks.layers import initialise_
from isr.networks.unet import UNet, read_published

WIDTH = 2


def _theirs(key: str) -> str:
    """Our name of a tensor as the published code calls it."""
    stage, number, *rest = key.split(".")
    if stage == "last":
        return f"outc.conv.{number}"
    if stage == "up":
        return ".".join([f"up{int(number) + 1}", "conv", "conv", *rest])
    if number == "0":
        return ".".join(["inc", "conv", "conv", *rest])
    return ".".join([f"down{number}", "mpconv", "1", "conv", *rest])


def _published(*, prefix: str = "", order: str = "network", counters: bool = True) -> tuple:
    network = UNet(width=WIDTH)
    random = np.random.default_rng(5)
    initialise_(network, random)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.copy_(torch.from_numpy(random.random(layer.num_features)))
            layer.running_var.copy_(torch.from_numpy(random.random(layer.num_features)))
    state = {prefix + _theirs(key): value for key, value in network.state_dict().items()}
    if not counters:
        state = {key: value for key, value in state.items() if "tracked" not in key}
    if order == "alphabet":
        state = dict(sorted(state.items()))
    return network.eval(), {"epoch": 7, "state_dict": state, "best": 0.5}


def _bytes(content: object) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def _write(path, content: object):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_bytes(content))
    return path


def _same(found: UNet, network: UNet) -> bool:
    return all(
        torch.equal(value, found.state_dict()[key])
        for key, value in network.state_dict().items()
        if "tracked" not in key
    )


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("order", ["network", "alphabet"])
@pytest.mark.parametrize("counters", [True, False])
def test_weights_find_their_places(tmp_path, prefix, order, counters):
    network, content = _published(prefix=prefix, order=order, counters=counters)
    found = read_published(_write(tmp_path / "x.pth", content), "cars3", width=WIDTH)
    assert _same(found, network)
    assert not found.training


def test_unknown_names_are_taken_in_the_order_of_the_file(tmp_path):
    network, content = _published()
    state = {f"t{n}": value for n, value in enumerate(content["state_dict"].values())}
    state = {key: value for key, value in state.items() if value.ndim}
    found = read_published(_write(tmp_path / "x.pth", state), "cars3", width=WIDTH)
    assert _same(found, network)


def test_the_published_unaries_are_one_minus_the_sigmoid_of_bgr_pictures(tmp_path):
    network, content = _published()
    path = _write(tmp_path / "x.pth", content)
    picture = torch.rand(1, 4, 32, 36, generator=torch.Generator().manual_seed(0))
    blue_first = picture[:, [2, 1, 0, 3]]
    expected = 1 - torch.sigmoid(network(blue_first))
    found = probability(read_published(path, "cars3", width=WIDTH)(picture))
    assert torch.allclose(found, expected, atol=1e-6)
    refit = read_published(path, "cars3", width=WIDTH, channel_order="rgb")
    assert torch.allclose(probability(refit(blue_first)), expected, atol=1e-6)


def _archive(path, files: dict[str, bytes]):
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_the_video_is_found_in_an_archive_and_a_folder(tmp_path):
    network, content = _published()
    other = {"state_dict": {key: value * 0 for key, value in content["state_dict"].items()}}
    files = {
        "models/cars30/CP15.pth": _bytes(other),
        "models/cars3/CP9.pth": _bytes(other),
        "models/cars3/CP15.pth": _bytes(content),
        "models/mycars3/CP99.pth": _bytes(other),
        "models/cars3/CP20.txt": b"notes",
    }
    archive = _archive(tmp_path / "models.tar", files)
    assert _same(read_published(archive, "cars3", width=WIDTH), network)
    for name, each in files.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(each)
    assert _same(read_published(tmp_path / "folder", "cars3", width=WIDTH), network)
    with pytest.raises(UserError, match=r"models\.tar holds no network of cars6"):
        read_published(archive, "cars6", width=WIDTH)


class _Code:
    def __reduce__(self):
        return print, ("run",)


def test_what_does_not_fit_is_a_users_mistake(tmp_path, capsys):
    _, content = _published()
    fitting = _write(tmp_path / "fits.pth", content)
    with pytest.raises(UserError, match="width"):
        read_published(fitting, "cars3", width=4)
    state = dict(list(content["state_dict"].items())[:-1])
    with pytest.raises(UserError, match=r"short\.pth.*do not fit"):
        read_published(_write(tmp_path / "short.pth", state), "cars3", width=WIDTH)
    with pytest.raises(UserError, match="no state_dict"):
        read_published(_write(tmp_path / "list.pth", [1, 2]), "cars3", width=WIDTH)
    with pytest.raises(UserError, match=r"none\.pth does not exist"):
        read_published(tmp_path / "none.pth", "cars3")
    damaged = tmp_path / "half.pth"
    damaged.write_bytes(fitting.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"half\.pth cannot be read"):
        read_published(damaged, "cars3", width=WIDTH)
    with pytest.raises(UserError, match="cannot be read as weights"):
        read_published(_write(tmp_path / "code.pth", _Code()), "cars3", width=WIDTH)
    assert "run" not in capsys.readouterr().out
