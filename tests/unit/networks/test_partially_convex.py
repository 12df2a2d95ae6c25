import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isr.networks.input_convex import PartiallyConvexNetwork

SCALES = [0.0, 5e-324, 1e-310, 1e-30, 1e-3, 1.0, 1e3, 1e20]
EPSILON = float(torch.finfo(torch.float64).eps)


def _network(seed: int, scales: list[float], **options) -> PartiallyConvexNetwork:
    """A network in float64 whose parameter tensors are normal draws times one scale each."""
    network = PartiallyConvexNetwork(**{"context_dim": 2, "width": 10} | options).double()
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter, scale in zip(network.parameters(), scales, strict=False):
            drawn = random.standard_normal(tuple(parameter.shape))
            drawn[random.random(drawn.shape) < 0.1] = 0.0
            drawn[random.random(drawn.shape) < 0.1] *= 1e-320
            parameter.copy_(torch.from_numpy(drawn * scale))
    return network


def _worst_gap(network: PartiallyConvexNetwork, seed: int, convex_dim: int) -> float:
    """Smallest Jensen gap in y over pairs of points, in units of their rounding error."""
    random = np.random.default_rng(seed)
    context = torch.from_numpy(random.standard_normal((400, network.first_u.in_features)))
    # Multiples of 1/1024 have exact midpoints.
    a, b = (torch.from_numpy(random.integers(-2048, 2048, (400, convex_dim)) / 1024) for _ in "ab")
    bound = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in bound.parameters():
            parameter.abs_()
        gap = (network(context, a) + network(context, b)) / 2 - network(context, (a + b) / 2)
        size = bound(context.abs(), torch.maximum(a.abs(), b.abs())).clamp(min=1.0)
    assert torch.isfinite(gap).all()
    return float((gap / (16 * EPSILON * size)).min())


scales = st.lists(st.sampled_from(SCALES), min_size=14, max_size=14)
seeds = st.integers(0, 2**32 - 1)


@given(seeds, scales, st.sampled_from([(2, 1, 1), (3, 2, 1), (2, 1, 2), (2, 3, 0)]))
def test_projected_networks_are_convex_in_y_whatever_their_weights(seed, scales, form):
    context_dim, convex_dim, hidden_layers = form
    network = _network(
        seed, scales, context_dim=context_dim, convex_dim=convex_dim, hidden_layers=hidden_layers
    )
    network.project_()
    assert _worst_gap(network, seed, convex_dim) >= -1.0


@pytest.mark.parametrize("layer", ["hidden_z.0.weight", "output_z.weight"])
def test_one_negative_z_weight_layer_breaks_convexity(layer):
    broken = 0
    for seed in range(5):
        network = _network(seed, [1.0] * 14)
        free = network.get_parameter(layer).detach().clone()
        network.project_()
        with torch.no_grad():
            network.get_parameter(layer).copy_(free)
        broken += _worst_gap(network, seed, 1) < -1e6
    assert broken


def test_it_need_not_be_convex_in_the_context():
    worst = 0.0
    for seed in range(5):
        network = _network(seed, [1.0] * 14)
        network.project_()
        points = torch.linspace(-2, 2, 101, dtype=torch.float64)[:, None].expand(-1, 2)
        with torch.no_grad():
            value = network(points, points.new_ones(101, 1))
        worst = min(worst, float((value[2:] + value[:-2] - 2 * value[1:-1]).min()))
    assert worst < -1e-3


@given(seeds, scales)
def test_projection_is_idempotent_and_leaves_the_free_weights_alone(seed, scales):
    network = _network(seed, scales)
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    network.project_()
    once = {name: value.detach().clone() for name, value in network.named_parameters()}
    network.project_()
    constrained = {"hidden_z.0.weight", "output_z.weight"}
    assert set(network.constrained_weights()) == constrained
    for name, value in network.named_parameters():
        assert torch.equal(value, once[name])
        expected = before[name].clamp(min=0.0) if name in constrained else before[name]
        assert torch.equal(value, expected)


def test_values_equal_the_formula_by_hand():
    network = PartiallyConvexNetwork(1, 1, width=1).double()
    by_name = {
        # Rows: slope S, shift B, (gate G,) next context A.
        "first_u.weight": [[2.0], [-1.0], [1.0]],
        "first_u.bias": [0.0, 3.0, 1.0],
        "first_y.weight": [[0.5]],
        "hidden_u.0.weight": [[1.0], [0.0], [2.0], [1.0]],
        "hidden_u.0.bias": [1.0, -4.0, -1.0, 0.0],
        "hidden_y.0.weight": [[-1.0]],
        "hidden_z.0.weight": [[3.0]],
        "output_u.weight": [[0.0], [5.0], [1.0]],
        "output_u.bias": [1.0, 2.0, -1.0],
        "output_y.weight": [[7.0]],
        "output_z.weight": [[2.0]],
    }
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(torch.tensor(by_name[name]))
    context, y = torch.tensor([[1.0]]).double(), torch.tensor([[4.0]]).double()
    # u1 = relu(1 + 1) = 2, z1 = relu(0.5 * 4 * 2 + 2) = 6,
    # gate = relu(2 * 2 - 1) = 3, z2 = relu(3 * 6 * 3 - 4 * (2 + 1) - 4) = 38, u2 = 2,
    # output = 2 * 38 * (2 - 1) + 7 * 4 * 1 + (5 * 2 + 2) = 116
    assert network(context, y).tolist() == [116.0]


def test_without_offset_there_is_no_term_of_the_context_alone():
    network = _network(0, [1.0] * 14, offset=False)
    assert network.output_u.out_features == 1 + 10
    with torch.no_grad():
        network.output_z.weight.zero_()
        values = network(torch.ones(3, 2).double(), torch.zeros(3, 1).double())
    assert values.tolist() == [0.0] * 3
