import io
import tarfile

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from isr.errors import UserError
from isr.levels import foreground, probability
from isr.networks.layers import initialise_
from isr.networks.unet import UNet, read_published
from isr.store import build_predictor


def _network(width: int = 2, **options) -> UNet:
    """With random weights, and batch statistics that keep its values alive in evaluation."""
    network = UNet(width=width, **options)
    initialise_(network, np.random.default_rng(0))
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        network(_inputs(40, 48))
    return network


def _inputs(height: int, width: int, count: int = 1) -> torch.Tensor:
    drawn = np.random.default_rng(1).random((count, 4, height, width), dtype=np.float32)
    return torch.from_numpy(drawn)


def test_the_parameters_are_those_of_the_paper():
    network = UNet()
    assert sum(parameter.numel() for parameter in network.parameters()) == 13_395_905
    sizes = [(block[0].in_channels, block[0].out_channels) for block in network.down]
    assert sizes == [(4, 64), (64, 128), (128, 256), (256, 512), (512, 512)]
    sizes = [(block[0].in_channels, block[0].out_channels) for block in network.up]
    assert sizes == [(1024, 256), (512, 128), (256, 64), (128, 64)]
    assert network.last.weight.shape == (1, 64, 1, 1)


def test_width_scales_every_layer():
    wide, narrow = UNet(width=8), UNet(width=4)
    for key, value in wide.state_dict().items():
        other = narrow.state_dict()[key]
        for here, there in zip(value.shape, other.shape, strict=True):
            assert here == 2 * there or here == there in (1, 3, 4)


@pytest.mark.parametrize("size", [(32, 32), (32, 47), (63, 34), (47, 56)])
def test_odd_sizes_give_one_level_per_pixel(size):
    network = _network().eval()
    levels = network(_inputs(*size, count=2))
    assert levels.shape == (2, *size)
    assert torch.isfinite(levels).all()
    picture = _inputs(*size, count=2)[1].permute(1, 2, 0)
    assert torch.allclose(network.picture_levels(picture), levels[1], atol=1e-4)


def test_it_is_the_published_architecture_layer_by_layer():
    """Written out once more, with nothing of the module but its tensors."""
    network = _network().eval()
    state = network.state_dict()

    def block(x, name):
        for conv, norm in ((0, 1), (3, 4)):
            x = functional.conv2d(
                x, state[f"{name}.{conv}.weight"], state[f"{name}.{conv}.bias"], padding=1
            )
            mean, spread, weight, bias = (
                state[f"{name}.{norm}.{kind}"][:, None, None]
                for kind in ("running_mean", "running_var", "weight", "bias")
            )
            x = functional.relu((x - mean) / (spread + 1e-5).sqrt() * weight + bias)
        return x

    x = _inputs(35, 50)
    met = [block(x, "down.0")]
    for stage in range(1, 5):
        met.append(block(functional.max_pool2d(met[-1], 2), f"down.{stage}"))
    y = met.pop()
    for stage in range(4):
        skip = met.pop()
        y = functional.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True)
        bottom, right = skip.shape[2] - y.shape[2], skip.shape[3] - y.shape[3]
        assert bottom in (0, 1)
        y = block(torch.cat([skip, functional.pad(y, [0, right, 0, bottom])], 1), f"up.{stage}")
    expected = functional.conv2d(y, state["last.weight"], state["last.bias"])[:, 0]
    assert torch.allclose(network(x), expected, atol=1e-4)


def test_bgr_networks_see_the_colours_the_other_way_round():
    here, there = _network().eval(), _network(channel_order="bgr").eval()
    there.load_state_dict(here.state_dict())
    inputs = _inputs(32, 36)
    assert torch.equal(there(inputs), here(inputs[:, [2, 1, 0, 3]]))
    assert not torch.allclose(there(inputs), here(inputs))


def test_nothing_beyond_the_halo_is_seen():
    network = _network(1).eval()
    for parameter in network.parameters():
        parameter.data.abs_()  # No ReLU hides a path.
    inputs = _inputs(32, 640).requires_grad_()
    network(inputs)[0, 16, 320].backward()
    seen = inputs.grad.abs().sum((0, 1, 2)).nonzero()
    assert 60 < int((seen - 320).abs().max()) <= 188


def test_foreground_can_be_learnt():
    """Two batches of steps suffice for colour alone; the sign is that of levels."""
    network, inputs = _network(4), _inputs(32, 32)
    inside = inputs[0, 0] > 0.5
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(60):
        loss = functional.binary_cross_entropy_with_logits(-network(inputs)[0], inside.float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (foreground(network(inputs)[0]) == inside).float().mean() > 0.85


def test_what_it_cannot_take_is_a_users_mistake():
    for channels, options, message in (
        (5, {}, "4 channels, not 5"),
        (4, {"width": 0}, "width is 0"),
        (4, {"channel_order": "grb"}, "channel_order is 'grb'"),
        (4, {"depth": 3}, "depth"),
    ):
        with pytest.raises(UserError, match=message):
            build_predictor({"kind": "unet", "channels": channels, "options": options})
    with pytest.raises(UserError, match="frame of 40x31"):
        _network()(_inputs(31, 40))


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
