import numpy as np
import pytest
import torch
from torch import nn

from isr.errors import UserError
from isr.networks.layers import initialise_
from isr.networks.predictors import Predictor
from isr.predictors import read_entry
from isr.store import build_predictor


def _new(kind: str, channels: int, **options) -> Predictor:
    return build_predictor({"kind": kind, "channels": channels, "options": options})


def _built(kind: str, channels: int = 5) -> Predictor:
    predictor = _new(kind, channels)
    initialise_(predictor, np.random.default_rng(0))
    return predictor


def _features(height: int, width: int, channels: int = 5) -> torch.Tensor:
    drawn = np.random.default_rng(1).standard_normal((height, width, channels))
    return torch.from_numpy(drawn.astype(np.float32))


@pytest.mark.parametrize(
    ("kind", "channels", "parameters"),
    [("fcn", 5, 929), ("fcn", 7, 961), ("cnn", 5, 5_521), ("cnn", 7, 5_809)],
)
def test_parameter_counts_are_those_of_the_papers(kind, channels, parameters):
    predictor = _new(kind, channels)
    assert sum(parameter.numel() for parameter in predictor.parameters()) == parameters


def test_a_teacher_of_two_hidden_layers_of_130():
    entry = read_entry({"kind": "fcn", "width": 130, "hidden_layers": 2})
    teacher = _new("fcn", 2, **entry.options())
    sizes = [tuple(layer.weight.shape) for layer in teacher.network.layers]
    assert sizes == [(130, 2), (130, 130), (1, 130)]


@pytest.mark.parametrize("kind", ["fcn", "cnn"])
@pytest.mark.parametrize("size", [(1, 9), (7, 1), (6, 11)])
def test_a_picture_gives_one_level_per_pixel(kind, size):
    level = _built(kind).picture_levels(_features(*size))
    assert level.shape == size
    assert torch.isfinite(level).all()


@pytest.mark.parametrize(("kind", "reach"), [("fcn", 0), ("cnn", 4)])
def test_how_far_a_level_sees(kind, reach):
    predictor = _built(kind)
    features = _features(15, 17).requires_grad_()
    predictor.picture_levels(features)[7, 8].backward()
    seen = features.grad.abs().sum(-1) > 0
    rows, columns = np.mgrid[0:15, 0:17]
    distance = np.maximum(abs(rows - 7), abs(columns - 8))
    assert int(distance[seen.numpy()].max()) == reach


def test_the_fcn_sees_pixels_one_by_one_also_in_large_pictures():
    predictor = _built("fcn")
    features = _features(150, 200)
    level = predictor.picture_levels(features)
    for row, column in [(0, 0), (81, 183), (82, 5), (149, 199)]:
        assert torch.allclose(level[row, column], predictor(features[row, column]), atol=1e-6)


def test_the_cnn_is_four_convolutions_with_leaky_relu():
    predictor = _built("cnn")
    sequence = nn.Sequential(
        *[layer for convolution in predictor.layers for layer in (convolution, nn.LeakyReLU(0.01))][
            :-1
        ]
    )
    features = _features(9, 8)
    expected = sequence(features.permute(2, 0, 1)[None])[0, 0]
    assert torch.allclose(predictor.picture_levels(features), expected, atol=1e-6)


@pytest.mark.parametrize("pictures", [1, 2])
def test_the_cnns_gradient_is_autograds_and_so_are_its_derivatives(pictures):
    """The backward pass that is written out, and what penalties on it do to the weights."""
    predictor = _built("cnn").double()
    with torch.no_grad():
        for parameter in predictor.parameters():
            parameter *= 2.5
    features = torch.stack([_features(9, 12).double()] * pictures).permute(0, 3, 1, 2)
    features = features + 0.1 * torch.arange(pictures).reshape(-1, 1, 1, 1)
    features.requires_grad_()
    level = predictor(features)
    (expected,) = torch.autograd.grad(torch.sigmoid(-level).sum(), features, create_graph=True)
    found_level, found = predictor.with_gradient(features.detach())
    assert torch.allclose(found_level, level, atol=1e-12)
    assert found.abs().max() > 1e-3
    assert torch.allclose(found, expected, atol=1e-12)
    parameters = list(predictor.parameters())
    for own, reference in zip(
        torch.autograd.grad(found.square().sum() + found_level.sum(), parameters),
        torch.autograd.grad(expected.square().sum() + level.sum(), parameters),
        strict=True,
    ):
        assert torch.allclose(own, reference, atol=1e-10)


def test_what_is_no_network_cannot_be_made():
    for kind in ("unett", "tv", "given"):
        with pytest.raises(UserError, match=f"predictor kind '{kind}' is no network"):
            _new(kind, 5)
    with pytest.raises(UserError, match=r"'cnn' cannot be made.*depth.*correct its options"):
        _new("cnn", 5, depth=3)
