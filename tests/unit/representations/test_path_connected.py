import numpy as np
import pytest
import torch
from normflows_layers import image, layers
from torch.func import vmap

from isr import constraints
from isr.errors import UserError
from isr.networks import real_nvp
from isr.networks.layers import initialise_
from isr.representations.convex import Convex
from isr.representations.path_connected import LOG_SCALE_BOUND, PathConnected
from isr.representations.polar import StarShaped


def _points(dim: int = 2, count: int = 400) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).uniform(-0.3, 1.3, (count, dim)))


def _region(seed: int, *, dim: int = 2, base: str = "convex", bend: float = 1.0) -> PathConnected:
    """A region in float64 with a random diffeomorphism, about half of the picture foreground."""
    region = PathConnected(dim, base=base, base_options={"width": 12}).double()
    random = np.random.default_rng(seed)
    initialise_(region, random)
    with torch.no_grad():
        for name, parameter in region.named_parameters():
            if name.startswith(("linear.", "flow.")) and not name.startswith("flow.first."):
                scale = 0.3 * bend if name.startswith("flow.last.") else 0.1
                drawn = random.normal(0.0, scale, tuple(parameter.shape))
                parameter.copy_(torch.from_numpy(drawn))
        region.project_()
        points = _points(dim)
        if isinstance(region.base, Convex):
            region.base.network.output_z.bias -= region(points).median()
        else:
            region.base.centre.copy_(region.to_base(torch.full((dim,), 0.5).double()))
            # Levels that rise by about 1.3 for each unit of distance.
            region.base.network.output_u.bias[0] = 1.3
            region.base.network.output_y.weight.fill_(1.0)
    return region


def test_parameter_counts_are_those_of_the_paper():
    region = PathConnected()

    def count(module: torch.nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters())

    assert count(region.flow) == 3_936
    assert count(region.linear) == 4
    assert count(region.base) == 35_103
    assert count(region) == 39_043
    assert count(PathConnected(3).linear) == 6


@pytest.mark.parametrize("dim", [2, 3])
def test_it_starts_as_its_base(dim):
    region = PathConnected(dim)
    initialise_(region, np.random.default_rng(0))
    region.project_()
    points = _points(dim).float()
    assert torch.equal(region.flow(points), points)
    assert torch.equal(region.linear(points), points)
    assert torch.allclose(region.to_base(points), points, rtol=0, atol=2e-7)
    assert torch.allclose(region(points), region.base(points), rtol=0, atol=1e-6)


@pytest.mark.parametrize("base", ["convex", "star_shaped"])
@pytest.mark.parametrize("dim", [2, 3])
def test_from_base_undoes_to_base(dim, base):
    for seed in range(3):
        region, points = _region(seed, dim=dim, base=base, bend=3.0), _points(dim)
        there = region.to_base(points)
        assert torch.allclose(region.from_base(there), points, rtol=0, atol=1e-9)
        assert torch.allclose(region.to_base(region.from_base(points)), points, rtol=0, atol=1e-9)
        assert not torch.allclose(there, points, atol=0.1)
        assert torch.equal(region(points), region.base(there))


def test_to_base_is_the_paper_s_composition_on_normflows_layers():
    region, points = _region(2), _points()
    z = 2 * (points * region.linear.log_scale.exp() + region.linear.shift) - 1
    z = image(layers(region.flow), z)
    assert torch.allclose(region.to_base(points), (z + 1) / 2, rtol=0, atol=1e-12)


def _path(region: PathConnected, v: torch.Tensor, w: torch.Tensor, steps: int) -> torch.Tensor:
    """Proposition 2.3's p(s), (steps, n, dim), through the centre for a star-shaped base."""
    a, b = region.to_base(v), region.to_base(w)
    s = torch.linspace(0, 1, steps, dtype=v.dtype)[:, None, None]
    if isinstance(region.base, StarShaped):
        centre = region.base.centre
        legs = torch.where(s < 0.5, a + 2 * s * (centre - a), centre + (2 * s - 1) * (b - centre))
        return region.from_base(legs)
    return region.from_base((1 - s) * a + s * b)


@pytest.mark.parametrize("base", ["convex", "star_shaped"])
@pytest.mark.parametrize("dim", [2, 3])
def test_paths_between_foreground_points_stay_in_the_foreground(dim, base):
    curved = 0.0
    for seed in range(4):
        region, points = _region(seed, dim=dim, base=base, bend=0.3), _points(dim)
        with torch.no_grad():
            inside = points[region(points) <= -1e-9]
            assert 20 < len(inside) < len(points)
            v, w = inside[: len(inside) // 2], inside[-(len(inside) // 2) :]
            path = _path(region, v, w, 101)
            assert torch.allclose(path[0], v, rtol=0, atol=1e-9)
            assert torch.allclose(path[-1], w, rtol=0, atol=1e-9)
            assert (region(path) <= 1e-9).all()
            longest = path.diff(dim=0).norm(dim=-1).max()
            finer = _path(region, v, w, 401).diff(dim=0).norm(dim=-1).max()
            assert finer <= 0.5 * longest <= 0.3
            straight = path[0] + (path[-1] - path[0]) / 2
            curved = max(curved, float((path[50] - straight).norm(dim=-1).max()))
    assert curved > 0.05


def test_the_jacobian_determinant_is_positive():
    for dim in (2, 3):
        region = _region(1, dim=dim, bend=3.0)
        jacobian = vmap(torch.func.jacrev(region.to_base))(_points(dim))
        assert (torch.linalg.det(jacobian) > 0).all()


def test_projection_bounds_linear_map_and_actnorm_in_stacks_too():
    region = _region(0)
    for parameter in region.parameters():
        parameter.data = torch.stack([parameter.data * 1e30, -parameter.data * 1e30])
    region.project_()
    assert torch.equal(region.linear.log_scale.abs(), torch.full((2, 2), LOG_SCALE_BOUND).double())
    assert (region.flow.log_scale.abs() == real_nvp.LOG_SCALE_BOUND).all()
    weights = region.constrained_weights()
    assert set(weights) == {
        "base.network.hidden_z.0.weight",
        "base.network.hidden_z.1.weight",
        "base.network.output_z.weight",
    }
    assert all((weight >= 0).all() for weight in weights.values())
    assert all(weight.any() for weight in weights.values())


def test_a_star_shaped_base_starts_inside_the_foreground():
    rows, columns = (np.mgrid[0:30, 0:30] + 0.5) / 30
    disc = torch.from_numpy((np.hypot(columns - 0.3, rows - 0.6) < 0.2).astype(np.float32))
    points = torch.from_numpy(np.stack([columns, rows], axis=-1).astype(np.float32))
    region = PathConnected(base="star_shaped")
    region.start_(points, disc)
    with torch.no_grad():
        centre = region.from_base(region.base.centre)
    assert centre.tolist() == pytest.approx([0.3, 0.6], abs=0.03)


def test_a_small_object_is_enlarged_to_the_middle_of_the_flows_range():
    rows, columns = (np.mgrid[0:60, 0:80] + 0.5) / 80
    points = torch.from_numpy(np.stack([columns, rows], axis=-1).astype(np.float32))
    region = PathConnected()
    disc = np.hypot(columns - 0.2, rows - 0.5) < 0.06
    region.start_(points, torch.from_numpy(disc.astype(np.float32)))
    with torch.no_grad():
        corners = region.to_base(torch.tensor([[0.14, 0.44], [0.26, 0.56]]))
    assert corners.flatten().tolist() == pytest.approx([0.2, 0.2, 0.8, 0.8], abs=0.05)
    large = PathConnected()
    large.start_(points, torch.ones(60, 80))
    assert torch.allclose(large.to_base(points), points, atol=1e-6)


def test_bases_that_do_not_make_regions_connected_are_a_users_mistake():
    with pytest.raises(UserError, match=r"base 'unconstrained'.*convex, star_shaped"):
        constraints.build("path_connected", 2, base="unconstrained")
    with pytest.raises(UserError, match=r"blocks is 8.*multiple of 6"):
        constraints.build("path_connected", 3, blocks=8)
    assert isinstance(PathConnected(3, blocks=18).base, Convex)
