import math

import numpy as np
import torch
from torch.func import functional_call, stack_module_state, vmap

from isr.networks.layers import initialise_
from isr.representations.periodic import Periodic


def _periodic(dim: int = 2, seed: int = 0, waves: int = 200) -> Periodic:
    made = Periodic(dim, waves=waves)
    initialise_(made, np.random.default_rng(seed))
    return made.double()


def test_it_is_equation_8():
    periodic = _periodic(waves=3)
    point = torch.tensor([0.2, 0.7], dtype=torch.float64)
    expected = float(periodic.amplitudes.bias.detach())
    for wave in range(3):
        weight = periodic.frequencies.weight[wave].detach()
        turn = float(weight @ point + periodic.frequencies.bias[wave].detach())
        amplitude = float(periodic.amplitudes.weight[0, wave].detach())
        expected += amplitude * math.sin(10 * math.pi * turn)
    assert math.isclose(float(periodic(point).detach()), expected, rel_tol=1e-9)


def test_it_has_the_published_number_of_parameters():
    assert sum(p.numel() for p in Periodic().parameters()) == 200 * 3 + 201


def test_one_wave_is_periodic_but_two_with_incommensurable_periods_are_not():
    """No shift in steps of the first wave's period brings the sum back: almost periodic only."""
    periodic = Periodic(2, waves=2, frequency=2 * math.pi).double()
    with torch.no_grad():
        periodic.frequencies.weight.copy_(torch.tensor([[4.0, 0.0], [4.0 * math.sqrt(2), 0.0]]))
        periodic.amplitudes.weight.copy_(torch.tensor([[1.0, 0.0]]))
    points = torch.rand(100, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    shift = torch.tensor([0.25, 0.0], dtype=torch.float64)
    assert torch.allclose(periodic(points), periodic(points + shift), atol=1e-12)
    with torch.no_grad():
        periodic.amplitudes.weight.fill_(1.0)
    for steps in range(1, 60):
        assert (periodic(points) - periodic(points + steps * shift)).abs().max() > 0.03


def test_free_frequencies_are_not_periodic():
    periodic = _periodic()
    grid = torch.linspace(0, 1, 40, dtype=torch.float64)
    points = torch.cartesian_prod(grid, grid)
    level = periodic(points)
    shifts = torch.cartesian_prod(torch.arange(-1, 1.01, 0.1), torch.arange(-1, 1.01, 0.1)).double()
    shifts = shifts[shifts.norm(dim=-1) > 0.05]
    spread = float(level.detach().std())
    differences = [float((periodic(points + s) - level).detach().abs().max()) for s in shifts]
    assert min(differences) > 0.5 * spread


def test_the_regulariser_is_the_mean_absolute_amplitude():
    periodic = Periodic(waves=2)
    with torch.no_grad():
        periodic.amplitudes.weight.copy_(torch.tensor([[3.0, -1.0]]))
        periodic.amplitudes.bias.fill_(100.0)
    assert float(periodic.regulariser().detach()) == 2.0


def test_the_frequency_option_scales_the_waves():
    low, high = _periodic(), Periodic(frequency=20 * math.pi).double()
    high.load_state_dict(low.state_dict())
    with torch.no_grad():
        high.frequencies.weight /= 2
        high.frequencies.bias /= 2
    points = torch.rand(20, 2, dtype=torch.float64)
    assert torch.allclose(low(points), high(points), atol=1e-10)


def test_a_threshold_becomes_part_of_the_offset():
    periodic, points = _periodic(), torch.rand(200, 2, dtype=torch.float64)
    before = periodic(points).detach()
    periodic.shift_threshold_(0.3)
    assert torch.equal(periodic(points) <= 0, before <= 0.3)
    assert (before <= 0.3).sum() > (before <= 0).sum()


def test_a_stack_equals_single_ones():
    modules = [_periodic(3, seed) for seed in range(3)]
    parameters, _ = stack_module_state(modules)
    points = torch.rand(3, 50, 3, dtype=torch.float64)
    stacked = vmap(lambda p, x: functional_call(modules[0], p, (x,)))(parameters, points)
    for module, own, level in zip(modules, points, stacked, strict=True):
        assert torch.allclose(module(own), level)
