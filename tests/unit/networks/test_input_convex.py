import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isr.networks.input_convex import InputConvexNetwork, PartiallyConvexNetwork

SCALES = [0.0, 5e-324, 1e-310, 1e-30, 1e-3, 1.0, 1e3, 1e30]
PARTIAL_SCALES = [*SCALES[:-1], 1e20]
EPSILON = float(torch.finfo(torch.float64).eps)


def _filled(network, seed: int, scales: list[float]):
    """A network in float64 whose parameter tensors are normal draws times one scale each."""
    network = network.double()
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter, scale in zip(network.parameters(), scales, strict=False):
            drawn = random.standard_normal(tuple(parameter.shape))
            # Every parameter tensor mixes in exact zeros and denormal numbers of both signs.
            drawn[random.random(drawn.shape) < 0.1] = 0.0
            drawn[random.random(drawn.shape) < 0.1] *= 1e-320
            parameter.copy_(torch.from_numpy(drawn * scale))
    return network


def _network(seed: int, scales: list[float], *, dim: int = 2, hidden_layers: int = 1, width=12):
    return _filled(InputConvexNetwork(dim, width=width, hidden_layers=hidden_layers), seed, scales)


def _partial(seed: int, scales: list[float], **options):
    network = PartiallyConvexNetwork(**{"context_dim": 2, "width": 10} | options)
    return _filled(network, seed, scales)


def _magnitude(network, *points: torch.Tensor) -> torch.Tensor:
    """A bound on the largest number in the sums that make up each value."""
    bound = copy.deepcopy(network)
    for parameter in bound.parameters():
        parameter.abs_()
    return bound(*(each.abs() for each in points))


def _worst_gap(network: InputConvexNetwork, seed: int, *, dim: int = 2) -> float:
    """Smallest Jensen gap over pairs of points, in units of their rounding error."""
    random = np.random.default_rng(seed)
    # Multiples of 1/1024 have exact midpoints.
    a, b = (torch.from_numpy(random.integers(-1024, 2048, (400, dim)) / 1024) for _ in "ab")
    b[::2] = a[::2] + (b[::2] - a[::2]).sign() / 512
    with torch.no_grad():
        gap = (network(a) + network(b)) / 2 - network((a + b) / 2)
        size = torch.maximum(_magnitude(network, a), _magnitude(network, b)).clamp(min=1.0)
    assert torch.isfinite(gap).all()
    return float((gap / (8 * EPSILON * size)).min())


def _partial_gap(network: PartiallyConvexNetwork, seed: int, convex_dim: int) -> float:
    """Smallest Jensen gap in y over pairs of points, in units of their rounding error."""
    random = np.random.default_rng(seed)
    context = torch.from_numpy(random.standard_normal((400, network.first_u.in_features)))
    # Multiples of 1/1024 have exact midpoints.
    a, b = (torch.from_numpy(random.integers(-2048, 2048, (400, convex_dim)) / 1024) for _ in "ab")
    with torch.no_grad():
        gap = (network(context, a) + network(context, b)) / 2 - network(context, (a + b) / 2)
        size = _magnitude(network, context, torch.maximum(a.abs(), b.abs())).clamp(min=1.0)
    assert torch.isfinite(gap).all()
    return float((gap / (16 * EPSILON * size)).min())


scales = st.lists(st.sampled_from(SCALES), min_size=13, max_size=13)
partial_scales = st.lists(st.sampled_from(PARTIAL_SCALES), min_size=14, max_size=14)
seeds = st.integers(0, 2**32 - 1)


def test_parameter_counts_are_those_of_the_papers():
    def count(hidden_layers: int) -> int:
        network = InputConvexNetwork(2, hidden_layers=hidden_layers)
        return sum(parameter.numel() for parameter in network.parameters())

    assert count(1) == 17_813
    assert count(2) == 35_103


@given(seeds, scales, st.sampled_from([(2, 1), (2, 2), (3, 1)]))
def test_projected_networks_are_convex_whatever_their_weights(seed, scales, form):
    dim, hidden_layers = form
    network = _network(seed, scales, dim=dim, hidden_layers=hidden_layers)
    network.project_()
    assert _worst_gap(network, seed, dim=dim) >= -1.0


@pytest.mark.parametrize("values", [2.9, 40.0])
def test_convexity_holds_to_eight_roundings_at_the_size_of_the_values(values):
    """The bound that certificates use, on networks of ordinary weights."""
    network = _network(3, [1.0] * 13, width=130)
    network.project_()
    random = np.random.default_rng(0)
    a, b = (torch.from_numpy(random.integers(0, 1024, (4000, 2)) / 1024) for _ in "ab")
    with torch.no_grad():
        scale = values / network(a).abs().max()
        network.output_z.weight *= scale
        network.output_z.bias *= scale
        network.output_x.weight *= scale
        of_a, of_b, of_middle = network(a), network(b), network((a + b) / 2)
    largest = torch.stack([of_a, of_b, of_middle]).abs().amax()
    gap = (of_a + of_b) / 2 - of_middle
    assert float(gap.min()) >= -8 * EPSILON * max(1.0, float(largest))


@pytest.mark.parametrize("layer", ["hidden_z.0.weight", "output_z.weight"])
@pytest.mark.parametrize("make", [_network, _partial])
def test_one_negative_z_weight_layer_breaks_convexity(layer, make):
    """Without the projection the properties above fail, for each of the constrained layers."""
    broken = 0
    for seed in range(5):
        network = make(seed, [1.0] * 14)
        free = network.get_parameter(layer).detach().clone()
        network.project_()
        with torch.no_grad():
            network.get_parameter(layer).copy_(free)
        gap = _worst_gap(network, seed) if make is _network else _partial_gap(network, seed, 1)
        broken += gap < -1e6
    assert broken


@pytest.mark.parametrize("make", [_network, _partial])
@given(seed=seeds, scales=partial_scales)
def test_projection_is_idempotent_and_leaves_the_free_weights_alone(make, seed, scales):
    network = make(seed, scales, hidden_layers=2)
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    network.project_()
    once = {name: value.detach().clone() for name, value in network.named_parameters()}
    network.project_()
    constrained = {"hidden_z.0.weight", "hidden_z.1.weight", "output_z.weight"}
    assert set(network.constrained_weights()) == constrained
    for name, value in network.named_parameters():
        assert torch.equal(value, once[name])
        expected = before[name].clamp(min=0.0) if name in constrained else before[name]
        assert torch.equal(value, expected)


def test_projection_does_not_hide_a_nan():
    network = _network(0, [1.0] * 13)
    with torch.no_grad():
        network.output_z.weight[0, 3] = torch.nan
    network.project_()
    assert network.output_z.weight.isnan().any()


def test_values_equal_the_formula_by_hand():
    network = InputConvexNetwork(1, width=1).double()
    by_name = {
        "first.weight": 2.0,
        "first.bias": -1.0,
        "hidden_z.0.weight": 3.0,
        "hidden_z.0.bias": 0.5,
        "hidden_x.0.weight": -4.0,
        "output_z.weight": 5.0,
        "output_z.bias": -7.0,
        "output_x.weight": 11.0,
    }
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.fill_(by_name[name])
    points = torch.tensor([[0.0], [1.0], [-1.0]], dtype=torch.float64)
    # x = 0: z1 = 0, z2 = 0.5; x = 1: z1 = 1, z2 = relu(3 + 0.5 - 4) = 0; x = -1: z1 = 0, z2 = 4.5
    assert network(points).tolist() == [5 * 0.5 - 7, -7 + 11, 5 * 4.5 - 7 - 11]


@given(seeds, partial_scales, st.sampled_from([(2, 1, 1), (3, 2, 1), (2, 1, 2), (2, 3, 0)]))
def test_projected_networks_are_convex_in_y_whatever_their_weights(seed, scales, form):
    context_dim, convex_dim, hidden_layers = form
    network = _partial(
        seed,
        scales,
        context_dim=context_dim,
        convex_dim=convex_dim,
        hidden_layers=hidden_layers,
    )
    network.project_()
    assert _partial_gap(network, seed, convex_dim) >= -1.0


def test_it_need_not_be_convex_in_the_context():
    worst = 0.0
    for seed in range(5):
        network = _partial(seed, [1.0] * 14)
        network.project_()
        points = torch.linspace(-2, 2, 101, dtype=torch.float64)[:, None].expand(-1, 2)
        with torch.no_grad():
            value = network(points, points.new_ones(101, 1))
        worst = min(worst, float((value[2:] + value[:-2] - 2 * value[1:-1]).min()))
    assert worst < -1e-3


def test_values_in_part_convex_equal_the_formula_by_hand():
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
    network = _partial(0, [1.0] * 14, offset=False)
    assert network.output_u.out_features == 1 + 10
    with torch.no_grad():
        network.output_z.weight.zero_()
        values = network(torch.ones(3, 2).double(), torch.zeros(3, 1).double())
    assert values.tolist() == [0.0] * 3
