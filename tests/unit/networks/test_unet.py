import numpy as np
import pytest
import torch
from torch.nn import functional

from isr.errors import UserError
from isr.levels import foreground
from isr.networks.layers import initialise_
from isr.networks.unet import UNet
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
