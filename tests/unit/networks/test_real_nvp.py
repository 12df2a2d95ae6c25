import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from normflows_layers import gathered, image, layers
from torch.func import functional_call, vmap

from isr.errors import UserError
from isr.networks.layers import initialise_
from isr.networks.real_nvp import LOG_SCALE_BOUND, RealNVP, masks


def _flow(dim: int = 2, *, seed: int = 0, factor: float = 1.0, blocks: int = 12) -> RealNVP:
    """A flow in float64 with random weights, its last layers' default ones times `factor`."""
    flow = RealNVP(dim, blocks=blocks).double()
    random = np.random.default_rng(seed)
    initialise_(flow, random)
    bound = factor / flow.last.weight.shape[-1] ** 0.5
    with torch.no_grad():
        for name, parameter in flow.named_parameters():
            if name.startswith("last."):
                drawn = random.uniform(-bound, bound, tuple(parameter.shape))
                parameter.copy_(torch.from_numpy(drawn))
            elif name in ("log_scale", "shift"):
                drawn = random.normal(0.0, 0.1, tuple(parameter.shape))
                parameter.copy_(torch.from_numpy(drawn))
    return flow


def _points(dim: int = 2, count: int = 500) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).uniform(-1.2, 1.2, (count, dim)))


def test_parameter_count_is_that_of_the_paper():
    assert sum(parameter.numel() for parameter in RealNVP().parameters()) == 3_936


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("dim", "blocks"), [(2, 12), (3, 18)])
def test_it_starts_as_the_identity_bit_for_bit(dim, blocks, dtype):
    flow = RealNVP(dim, blocks=blocks).to(dtype)
    initialise_(flow, np.random.default_rng(0))
    points = _points(dim).to(dtype) * torch.logspace(-30, 6, 500, dtype=dtype)[:, None]
    assert torch.equal(flow(points), points)
    assert torch.equal(flow.inverse(points), points)
    assert flow(points).dtype == dtype


@pytest.mark.parametrize(("dim", "blocks"), [(2, 12), (3, 12), (4, 14)])
def test_values_are_those_of_the_normflows_layers_one_by_one(dim, blocks):
    flow, points = _flow(dim, blocks=blocks, factor=2.0), _points(dim)
    assert torch.allclose(flow(points), image(layers(flow), points), rtol=0, atol=1e-12)
    assert not torch.allclose(flow(points), points, atol=0.1)
    reshaped = flow(points.reshape(5, 4, 25, dim))
    assert torch.allclose(reshaped.reshape(-1, dim), flow(points), rtol=0, atol=1e-12)
    backwards = points
    for layer in reversed(layers(flow)):
        backwards, _ = layer.inverse(backwards)
    assert torch.allclose(flow.inverse(points), backwards, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dim", [2, 3])
def test_gradients_are_those_of_the_normflows_layers(dim):
    flow, points = _flow(dim, factor=2.0), _points(dim).requires_grad_()
    weights = torch.from_numpy(np.random.default_rng(2).standard_normal((500, dim)))
    names = [name for name, _ in flow.named_parameters()]
    ours = torch.autograd.grad((flow(points) * weights).sum(), [points, *flow.parameters()])
    made = layers(flow)
    inputs = [points, *(parameter for layer in made for parameter in layer.parameters())]
    found = torch.autograd.grad((image(made, points) * weights).sum(), inputs)
    own = gathered(made, dict(zip(inputs[1:], found[1:], strict=True)))
    for one, other in zip(ours, [found[0], *(own[name] for name in names)], strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-9)
        # What a mask hides gets no gradient at all, not a small one.
        assert torch.equal(one == 0, other == 0)
    assert any((gradient == 0).any() for gradient in ours)


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 3.0), st.sampled_from([2, 3]))
@settings(max_examples=40)
def test_the_inverse_undoes_the_flow(seed, factor, dim):
    flow, points = _flow(dim, seed=seed, factor=factor), _points(dim)
    assert torch.allclose(flow.inverse(flow(points)), points, rtol=0, atol=1e-9)
    assert torch.allclose(flow(flow.inverse(points)), points, rtol=0, atol=1e-9)


def test_the_order_of_the_inverse_matters():
    flow, points = _flow(factor=3.0), _points()
    assert not torch.allclose(flow(flow(points)), points, atol=1e-2)
    twisted = RealNVP().double()
    twisted.load_state_dict(flow.state_dict())
    twisted.passing = twisted.passing.flip(0)
    assert not torch.allclose(twisted.inverse(flow(points)), points, atol=1e-2)


@pytest.mark.parametrize("dim", [2, 3])
def test_the_jacobian_determinant_is_positive_everywhere(dim):
    for seed in range(5):
        flow = _flow(dim, seed=seed, factor=3.0)
        points = 3 * _points(dim)
        jacobian = vmap(torch.func.jacrev(lambda point, flow=flow: flow(point)))(points)
        determinant = torch.linalg.det(jacobian)
        assert (determinant > 0).all()
        total = torch.zeros(len(points), dtype=torch.float64)
        z = points
        for layer in layers(flow):
            z, log_determinant = layer(z)
            total = total + log_determinant
        assert torch.allclose(determinant.log(), total, atol=1e-8)


def test_masks_count_in_binary_and_use_every_combination_equally_often():
    assert masks(2, 4) == [[1, 0], [0, 1], [1, 0], [0, 1]]
    cycle = [[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1]]
    assert masks(3, 18) == cycle * 3
    flow = RealNVP(3, blocks=12)
    assert flow.passing.tolist() == cycle * 2


@pytest.mark.parametrize(("dim", "blocks"), [(2, 3), (2, 0), (3, 8), (3, -6)])
def test_other_numbers_of_blocks_are_a_users_mistake(dim, blocks):
    with pytest.raises(UserError, match=rf"blocks is {blocks}.*multiple of {2**dim - 2}"):
        RealNVP(dim, blocks=blocks)


def test_only_parameters_are_stored_and_they_come_back():
    flow = _flow()
    state = flow.state_dict()
    assert set(state) == {name for name, _ in flow.named_parameters()}
    again = RealNVP().double()
    again.load_state_dict(state)
    assert torch.equal(again(_points()), flow(_points()))


def test_a_stack_gives_what_each_gives_alone():
    flows = [_flow(3, seed=seed) for seed in range(3)]
    stacked = {
        name: torch.stack([flow.get_parameter(name) for flow in flows])
        for name, _ in flows[0].named_parameters()
    }
    points = torch.stack([_points(3), -_points(3), 2 * _points(3)])
    images = vmap(lambda own, x: functional_call(flows[0], own, (x,)))(stacked, points)
    for flow, own, found in zip(flows, points, images, strict=True):
        assert torch.allclose(flow(own), found, rtol=0, atol=1e-12)


def test_projection_bounds_the_log_scales_of_actnorm_in_stacks_too():
    flow = _flow()
    kept = {name: value.detach().clone() for name, value in flow.named_parameters()}
    for parameter in flow.parameters():
        parameter.data = torch.stack([parameter.data, parameter.data * 1e30, -parameter.data])
    flow.project_()
    for name, parameter in flow.named_parameters():
        if name == "log_scale":
            assert parameter.abs().max() <= LOG_SCALE_BOUND
            assert torch.equal(parameter[1].abs(), torch.full_like(parameter[1], LOG_SCALE_BOUND))
            assert torch.equal(parameter[0], kept[name])
        else:
            assert torch.equal(parameter[1], kept[name] * 1e30)


def test_projection_does_not_hide_a_nan():
    flow = _flow()
    with torch.no_grad():
        flow.log_scale[3, 1] = torch.nan
    flow.project_()
    assert flow.log_scale[3].isnan().any()


def test_huge_weights_stretch_by_at_most_the_stated_factor():
    flow = _flow(factor=1e6)
    with torch.no_grad():
        flow.log_scale.fill_(1e9)
        flow.shift.zero_()
    flow.project_()
    points = _points()
    jacobian = vmap(torch.func.jacrev(lambda point: flow(point)))(points)
    # 6 couplings move each coordinate by a log-scale of at most 1 each, 12 ActNorms by their bound.
    determinant_bound = float(np.exp(12 + 2 * 12 * LOG_SCALE_BOUND))
    assert torch.linalg.det(jacobian).abs().max() <= determinant_bound * (1 + 1e-6)
