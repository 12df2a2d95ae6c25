import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call, vmap

from isr.levels import foreground
from isr.networks.initial import initialise_
from isr.representations.radially_connected import RadiallyConnected


def _region(seed: int, *, dim: int = 2, origin: float = 1.0, scale: float = 1.0, projected=True):
    region = RadiallyConnected(dim, width=10, origin=origin).double()
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for name, parameter in region.network.named_parameters():
            drawn = random.standard_normal(tuple(parameter.shape)) * scale
            # A slope that falls first: rays meet the region away from the centre.
            parameter.copy_(torch.from_numpy(drawn) - 3.0 * (name == "output_y.weight"))
    if projected:
        region.project_()
    return region


def _rays(dim: int, rays: int = 60, radii: int = 500) -> tuple[Tensor, Tensor]:
    drawn = np.random.default_rng(3).standard_normal((rays, dim))
    directions = torch.from_numpy(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True))
    distances = torch.linspace(0, 2, radii, dtype=torch.float64)
    return directions[:, None].expand(-1, radii, -1), distances.expand(rays, -1)


def _intervals(level: Tensor) -> Tensor:
    """In how many intervals each of the rays (rays, radii) meets the region."""
    inside = foreground(level)
    return inside[:, 0].int() + (inside[:, 1:] & ~inside[:, :-1]).sum(-1)


@pytest.mark.parametrize("origin", [-1.0, 0.5])
@pytest.mark.parametrize("dim", [2, 3])
def test_rays_meet_the_region_in_one_interval_or_not_at_all(dim, origin):
    counts = set()
    directions, distances = _rays(dim)
    for seed in range(20):
        region = _region(seed, dim=dim, origin=origin)
        with torch.no_grad():
            found = _intervals(region.radial(directions, distances))
            by_points = region(region.centre + directions * distances.unsqueeze(-1))
        assert (_intervals(by_points) <= 1).all()
        counts |= set(found.tolist())
    # Away from the centre as well as not at all; through the centre every ray meets it.
    assert counts == ({1} if origin < 0 else {0, 1})


def test_without_the_projection_rays_meet_it_more_than_once():
    directions, distances = _rays(2)
    with torch.no_grad():
        most = [
            _intervals(_region(seed, projected=False).radial(directions, distances)).max()
            for seed in range(20)
        ]
    assert max(most) >= 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_level_at_the_centre_is_the_origin_and_continuous_there(dtype):
    region = _region(1, origin=0.25).to(dtype)
    directions, _ = _rays(2, radii=1)
    with torch.no_grad():
        assert region(region.centre).item() == 0.25
        near = region(region.centre + directions.to(dtype) * 1e-6)
        assert (near - 0.25).abs().max() <= 1e-2
        assert near.dtype == dtype


def test_gradients_reach_centre_and_origin_and_are_finite_at_the_centre():
    region = _region(1).float()
    points = region.centre.detach() + torch.tensor([[0.0, 0.0], [1e-30, 0.0], [0.2, -0.1]])
    region(points).sum().backward()
    assert region.origin.grad.item() == 3.0
    assert (region.centre.grad != 0).any()
    assert all(torch.isfinite(parameter.grad).all() for parameter in region.parameters())


def test_a_stack_gives_what_each_gives_alone():
    regions = [_region(seed, origin=seed / 2) for seed in range(3)]
    stacked = {
        name: torch.stack([region.get_parameter(name) for region in regions])
        for name, _ in regions[0].named_parameters()
    }
    points = torch.from_numpy(np.random.default_rng(1).uniform(0, 1, (3, 50, 2)))
    levels = vmap(lambda own, x: functional_call(regions[0], own, (x,)))(stacked, points)
    for region, own, level in zip(regions, points, levels, strict=True):
        assert torch.allclose(region(own), level, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("hole", "origin"), [(0.15, 5.0), (0.0, -1.0)])
def test_a_fit_starts_in_the_middle_with_the_level_seen_there(hole, origin):
    rows, columns = (np.mgrid[0:40, 0:60] + 0.5) / 60
    away = np.hypot(rows - 0.3, columns - 0.55)
    unaries = torch.from_numpy(((away < 0.25) & (away >= hole)).astype(np.float32))
    region = RadiallyConnected()
    points = torch.from_numpy(np.stack([columns, rows], axis=-1).astype(np.float32))
    region.start_(points, unaries)
    assert region.centre.tolist() == pytest.approx([0.55, 0.3], abs=0.01)
    assert region.origin.item() == origin


def test_a_ring_can_be_fitted():
    rows, columns = (np.mgrid[0:24, 0:24] + 0.5) / 24
    away = np.hypot(rows - 0.5, columns - 0.5)
    ring = torch.from_numpy((away < 0.4) & (away >= 0.2))
    region = RadiallyConnected(width=32)
    initialise_(region, np.random.default_rng(0))
    points = torch.from_numpy(np.stack([columns, rows], axis=-1).astype(np.float32))
    region.start_(points, ring.float())
    # The centre is known well: it moves slowly.
    optimiser = torch.optim.Adam(
        [
            {"params": [region.centre], "lr": 1e-3},
            {"params": [region.origin, *region.network.parameters()], "lr": 1e-2},
        ]
    )
    for _ in range(250):
        optimiser.zero_grad()
        entropy = torch.nn.functional.binary_cross_entropy_with_logits
        entropy(-region(points), ring.float()).backward()
        optimiser.step()
        region.project_()
    mask = foreground(region(points))
    assert (mask & ring).sum() / (mask | ring).sum() >= 0.9
    assert not mask[12, 12]
