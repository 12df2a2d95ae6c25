"""Checks that every representation of the registry goes through."""

import numpy as np
import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap

from isr import constraints
from isr.errors import UserError
from isr.networks.layers import initialise_
from isr.representations import Representation
from isr.store import Group, read_fits, write_fits

DIMS = [2, 3]
every = pytest.mark.parametrize("name", constraints.NAMES)


VARIANTS = [
    *((name, dim, {}) for name in constraints.NAMES for dim in DIMS),
    ("lattice_periodic", 2, {"homography": True}),
    ("path_connected", 2, {"base": "star_shaped"}),
    ("rotationally_symmetric", 3, {"mirrors": True}),
    ("union", 2, {"members": [{"name": "convex"}, {"name": "path_connected"}]}),
]


def _built(name: str, dim: int = 2, seed: int = 0, **options) -> Representation:
    representation = constraints.build(name, dim, **options)
    generator = np.random.default_rng(seed)
    initialise_(representation, generator)
    with torch.no_grad():
        # Layers that start at zero would hide those before them.
        for layer in representation.modules():
            if getattr(layer, "keep_initial", False):
                for parameter in layer.parameters():
                    drawn = generator.normal(0, 0.1, tuple(parameter.shape))
                    parameter.copy_(torch.from_numpy(drawn))
    representation.project_()
    return representation


def _points(dim: int, count: int = 50) -> torch.Tensor:
    drawn = np.random.default_rng(5).uniform(-0.2, 1.2, (count, dim))
    return torch.from_numpy(drawn.astype(np.float32))


@every
@pytest.mark.parametrize("dim", DIMS)
def test_levels_drop_the_coordinate_axis_and_keep_the_dtype(name, dim):
    representation = _built(name, dim)
    points = _points(dim, 24)
    level = representation(points)
    assert level.shape == (24,)
    assert level.dtype == torch.float32
    assert torch.allclose(representation(points.reshape(2, 3, 4, dim)).flatten(), level, atol=1e-6)
    double = representation.double()(points.double())
    assert double.dtype == torch.float64
    assert torch.allclose(double.float(), level, atol=1e-5)
    assert representation.to("meta")(points.to("meta").double()).device.type == "meta"


@every
@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("value", [0.0, 1e-30, -1e-30, 0.5, 1e6, -1e6])
def test_gradients_are_finite_at_odd_points(name, dim, value):
    representation = _built(name, dim)
    point = torch.full((1, dim), value, requires_grad=True)
    level = representation(point)
    gradients = torch.autograd.grad(level.sum(), [point, *representation.parameters()])
    assert torch.isfinite(level).all()
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize(("name", "dim", "options"), VARIANTS)
def test_parameters_all_receive_a_gradient(name, dim, options):
    representation = _built(name, dim, **options)
    representation.parts(_points(dim)).square().sum().backward()
    for key, parameter in representation.named_parameters():
        assert parameter.grad is not None, key
        assert (parameter.grad != 0).any(), key


@pytest.mark.parametrize(("name", "dim", "options"), VARIANTS)
def test_a_stack_gives_what_each_gives_alone(name, dim, options):
    modules = [_built(name, dim, seed, **options).double() for seed in range(3)]
    parameters, buffers = stack_module_state(modules)
    points = torch.stack([_points(dim).double() + shift for shift in (0.0, 0.3, -0.2)])

    def call(parameters, buffers, x):
        return functional_call(modules[0], (parameters, buffers), (x,))

    stacked = vmap(call)(parameters, buffers, points)
    for module, own, level in zip(modules, points, stacked, strict=True):
        assert torch.allclose(module(own), level, rtol=1e-9, atol=1e-9)
    assert not torch.allclose(stacked[0], stacked[1], atol=1e-3)


@every
def test_stored_parameters_come_back_bit_for_bit(name, tmp_path):
    modules = {f"picture {seed}": _built(name, 3, seed) for seed in range(2)}
    states = {
        (key, 7): {f"representation.{k}": v for k, v in module.state_dict().items()}
        for key, module in modules.items()
    }
    about = {"representation": {"name": name, "dim": 3, "options": {}}}
    write_fits(tmp_path / "fits.safetensors", [Group(states, about)], {})
    stored = read_fits(tmp_path / "fits.safetensors").of_seed(7)
    for key, module in modules.items():
        again = stored.representation(key, torch.float32)
        assert type(again) is type(module)
        for name_, value in module.state_dict().items():
            assert torch.equal(again.state_dict()[name_], value)
        assert torch.equal(again(_points(3)), module(_points(3)))


@every
def test_projection_is_idempotent_and_touches_the_constrained_weights_alone(name):
    representation = constraints.build(name)
    initialise_(representation, np.random.default_rng(9))
    before = {key: value.detach().clone() for key, value in representation.named_parameters()}
    representation.project_()
    once = {key: value.detach().clone() for key, value in representation.named_parameters()}
    representation.project_()
    constrained = representation.constrained_weights()
    assert set(constrained) <= set(before)
    for key, value in representation.named_parameters():
        assert torch.equal(value, once[key])
        if key not in constrained:
            assert torch.equal(value, before[key])


@pytest.mark.parametrize(("name", "dim", "options"), VARIANTS)
def test_projection_serves_stacked_parameters(name, dim, options):
    representation = constraints.build(name, dim, **options)
    initialise_(representation, np.random.default_rng(9))
    own = dict(representation.named_parameters())
    for parameter in own.values():
        parameter.data = torch.stack([parameter.data, -parameter.data])
    representation.project_()
    for key, weight in representation.constrained_weights().items():
        assert weight is own[key]
        assert (weight >= 0).all()
        assert (weight > 0).flatten(1).any(1).all()


@every
def test_unknown_options_are_a_users_mistake(name):
    with pytest.raises(UserError, match=rf"{name}.*no_such_option"):
        constraints.build(name, 2, no_such_option=3)


def test_unknown_names_are_a_users_mistake():
    with pytest.raises(UserError, match=r"'conwex'.*convex"):
        constraints.build("conwex")


def test_options_reach_the_network():
    assert constraints.build("convex", width=7).network.first.out_features == 7
    assert len(constraints.build("convex", hidden_layers=3).network.hidden_z) == 3
    assert constraints.build("unconstrained", width=7).network.layers[0].out_features == 7
