import numpy as np
import pytest
import torch

from isr.evaluation.certificates.rounding import (
    EPS,
    WORST,
    largest,
    rounding_scale,
    shrunk,
    tolerance,
)
from isr.networks.input_convex import InputConvexNetwork, PartiallyConvexNetwork
from isr.networks.layers import MLP

NETWORKS = {
    "mlp": (lambda: MLP([2, 30, 30, 1]), lambda network, x: network(x).squeeze(-1)),
    "convex": (lambda: InputConvexNetwork(2, width=30), lambda network, x: network(x)),
    "partial": (
        lambda: PartiallyConvexNetwork(1, 1, width=30, hidden_layers=2),
        lambda network, x: network(x[..., :1], x[..., 1:]),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
def test_the_scale_bounds_values_and_rounding_errors(name, gain):
    make, value = NETWORKS[name]
    torch.manual_seed(0)
    network = make()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(gain)
        x = 2 * torch.rand(500, 2) - 1
        single = value(network, x).double()
        double = value(network.double(), x.double())
    scale = rounding_scale(network, np.ones(2))
    assert double.abs().max() <= scale
    error = float((single - double).abs().max())
    assert 0 < error <= 8 * torch.finfo(torch.float32).eps * scale
    assert error >= 1e-6 * torch.finfo(torch.float32).eps * (scale if scale > 1 else 0)


def test_an_unknown_network_is_refused():
    with pytest.raises(TypeError, match="Conv2d"):
        rounding_scale(torch.nn.Conv2d(1, 1, 1), np.ones(2))


def test_overflow_excuses_nothing():
    assert tolerance(np.inf) == tolerance(np.nan) == 0.0
    assert tolerance(2.0) == 16 * EPS
    assert shrunk(np.nan, 1.0, np.inf, extent=1.0) == 0.0
    assert shrunk(1e-6, 3e-15, 1.0, extent=np.inf) == 0.0


def test_what_does_not_shrink_is_not_rounding():
    # An error of 1e-4 in both precisions is a mistake, one that shrinks with them is not.
    assert shrunk(1e-4, 1e-4, 1.0, extent=1.0) < 1e-4
    assert shrunk(1e-6, 3e-15, 1.0, extent=1.0) > 3e-15
    assert shrunk(0.0, 0.0, 1.0, extent=1.0) == 8 * EPS


def test_rounding_excuses_a_millionth_of_the_extent_at_most():
    # Both errors and their magnitude are beyond any picture, although they shrink as they should.
    assert shrunk(1e19, 1e9, 1e20, extent=1.0) == WORST
    assert shrunk(1e19, 1e9, 1e20, extent=7.0) == 7 * WORST
    assert shrunk(1e-6, 3e-15, 1.0, extent=1.0) == shrunk(1e-6, 3e-15, 1.0, extent=1e9)


def test_largest_magnitude():
    assert largest(np.array([1.0, -3.0])) == 3.0
    assert largest(np.array([1.0, np.nan])) == np.inf
    assert largest(np.zeros(0)) == 0.0
