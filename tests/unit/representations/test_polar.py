import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.func import functional_call

from isr import constraints
from isr.errors import UserError
from isr.levels import foreground
from isr.networks.layers import initialise_
from isr.representations.polar import RadiallyConnected, StarShaped

SCALES = [0.0, 5e-324, 1e-310, 1e-30, 1e-3, 1.0, 1e3, 1e20]
EPSILON = float(torch.finfo(torch.float64).eps)
scales = st.lists(st.sampled_from(SCALES), min_size=12, max_size=12)
seeds = st.integers(0, 2**32 - 1)


def _star(seed: int, scales: list[float] | None = None, *, dim=2, width=10, projected=True):
    """A star in float64 whose parameter tensors are normal draws times one scale each."""
    star = StarShaped(dim, width=width).double()
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter, scale in zip(star.parameters(), scales or [1.0] * 12, strict=False):
            drawn = random.standard_normal(tuple(parameter.shape))
            drawn[random.random(drawn.shape) < 0.1] = 0.0
            drawn[random.random(drawn.shape) < 0.1] *= 1e-320
            parameter.copy_(torch.from_numpy(drawn * scale))
        star.centre.copy_(torch.from_numpy(random.uniform(-0.5, 1.5, dim)))
    if projected:
        star.project_()
    return star


def _rays(dim: int, rays: int, radii: int, *, far: float = 2.0) -> tuple[Tensor, Tensor]:
    """Unit directions (rays, radii, dim) and distances (rays, radii) from 0 to `far`."""
    drawn = np.random.default_rng(3).standard_normal((rays, dim))
    if dim == 2:
        angles = np.arange(rays) * 2 * np.pi / rays
        drawn = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    directions = torch.from_numpy(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True))
    distances = torch.linspace(0, far, radii, dtype=torch.float64)
    return directions[:, None].expand(-1, radii, -1), distances.expand(rays, -1)


def _rounding(star: StarShaped, directions: Tensor, distances: Tensor) -> Tensor:
    """A bound on the rounding errors of levels: the sums of all terms' sizes."""
    bound = copy.deepcopy(star.network)
    for parameter in bound.parameters():
        parameter.abs_()
    return 32 * EPSILON * bound(directions.abs(), distances.unsqueeze(-1)).clamp(min=1.0)


def _enters_again(level: Tensor, tolerance: Tensor | float = 0.0) -> Tensor:
    """Rays (rays, radii) that are left for certain and then inside again for certain."""
    left = (level > tolerance).cumsum(-1) > 0
    return (left & (level < -tolerance)).any(-1)


def _sign_changes(level: Tensor) -> int:
    """The most sign changes on any of the rays (rays, radii)."""
    inside = foreground(level)
    return int((inside[:, 1:] != inside[:, :-1]).sum(-1).max())


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


def _intervals(level: Tensor) -> Tensor:
    """In how many intervals each of the rays (rays, radii) meets the region."""
    inside = foreground(level)
    return inside[:, 0].int() + (inside[:, 1:] & ~inside[:, :-1]).sum(-1)


@given(seeds, scales, st.sampled_from([2, 3]))
@settings(max_examples=50)
def test_rays_are_left_at_most_once_whatever_the_weights(seed, scales, dim):
    star = _star(seed, scales, dim=dim)
    directions, distances = _rays(dim, 36, 500)
    with torch.no_grad():
        level = star.radial(directions, distances)
        tolerance = _rounding(star, directions, distances)
        assert torch.isfinite(level).all()
        assert not _enters_again(level, tolerance).any()
        gap = (level[:, 2:] + level[:, :-2]) / 2 - level[:, 1:-1]
        assert (gap >= -tolerance[:, 2:]).all()


@pytest.mark.parametrize("dim", [2, 3])
def test_at_most_one_sign_change_on_360_rays_of_2000_radii(dim):
    left = 0
    directions, distances = _rays(dim, 360, 2000)
    for seed in range(3):
        star = _star(seed, dim=dim)
        # A few rays at a time stay in the processor's cache.
        for u, r in zip(directions.split(10), distances.split(10), strict=True):
            with torch.no_grad():
                level = star.radial(u, r)
                by_points = star(star.centre + u * r.unsqueeze(-1))
            assert _sign_changes(level) <= 1
            assert _sign_changes(by_points) <= 1
            left += int((level > 0).any())
    assert left > 0


def test_without_the_projection_rays_are_entered_again():
    directions, distances = _rays(2, 90, 500)
    again = 0
    with torch.no_grad():
        for seed in range(10):
            star = _star(seed, projected=False)
            again += int(_enters_again(star.radial(directions, distances)).sum())
    assert again > 0


def _published(convex: Callable[[Tensor, Tensor], Tensor], u: Tensor, r: Tensor) -> Tensor:
    """The formula of the paper's published code: r times a convex function of r, minus 1."""
    return r * convex(u, r) - 1


def test_the_published_formula_enters_rays_again_and_ours_does_not():
    directions, distances = _rays(2, 8, 2000, far=1.2)

    def decreasing(u: Tensor, r: Tensor) -> Tensor:
        return 10 * torch.relu(1 - r)

    level = _published(decreasing, directions, distances)
    assert _enters_again(level).all()
    inside = distances[0][foreground(level[0])]
    gaps = torch.nonzero(inside.diff() > 0.01)[:, 0]
    assert len(gaps) == 1
    last_inside, first_again = inside[gaps[0]], inside[gaps[0] + 1]
    assert last_inside == pytest.approx(0.113, abs=1e-3)
    assert first_again == pytest.approx(0.887, abs=1e-3)

    # The same convex function in ours: its decrease from the value at the centre stays inside.
    star = _star(0, [0.0] * 12, width=1)
    with torch.no_grad():
        star.network.first_u.bias.copy_(torch.tensor([1.0, 1.0, 0.0]))
        star.network.first_y.weight.fill_(-1.0)
        star.network.hidden_z[0].weight.fill_(10.0)
        star.network.hidden_u[0].bias.copy_(torch.tensor([0.0, 0.0, 1.0, 1.0]))
        star.network.output_u.bias.copy_(torch.tensor([0.0, 1.0]))
        star.network.output_z.weight.fill_(1.0)
        star.project_()
        convex = star.network(directions, distances.unsqueeze(-1))
        ours = star.radial(directions, distances)
    assert torch.allclose(convex, decreasing(directions, distances), atol=1e-12)
    assert torch.allclose(ours, convex - 11, atol=1e-12)
    assert foreground(ours).all()

    # Networks of random weights, equal ones in both formulas.
    again = 0
    directions, distances = _rays(2, 36, 500)
    with torch.no_grad():
        for seed in range(30):
            star = _star(seed)

            def network(u: Tensor, r: Tensor, star: StarShaped = star) -> Tensor:
                return star.network(u, r.unsqueeze(-1))

            again += int(_enters_again(_published(network, directions, distances)).sum())
            assert not _enters_again(star.radial(directions, distances), 1e-12).any()
    assert again > 0


@given(seeds, st.lists(st.sampled_from([0.0, 1e-40, 1e-30, 1e-3, 1.0, 1e3]), min_size=12))
def test_the_level_at_the_centre_is_exactly_minus_one(seed, scales):
    for dtype in (torch.float32, torch.float64):
        star = _star(seed, scales, dim=3).to(dtype)
        centre = star.centre.detach()
        random = torch.from_numpy(np.random.default_rng(seed).uniform(-1, 2, (40, 3))).to(dtype)
        points = torch.cat([random, centre[None], random, centre[None]])
        with torch.no_grad():
            assert star(centre).item() == -1.0
            assert star(points)[[40, 81]].tolist() == [-1.0, -1.0]
            directions = torch.nn.functional.normalize(random, dim=-1)
            assert (star.radial(directions, torch.zeros(40, dtype=dtype)) == -1).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e-320, 1e-40, 1e-30, 1e-5, 1e-3, 0.3, 1e6])
def test_directions_are_unit_vectors_at_every_distance(dtype, size):
    star = StarShaped(3, centre=[0.0, 0.0, 0.0]).to(dtype)
    drawn = np.random.default_rng(0).standard_normal((100, 3))
    drawn /= np.linalg.norm(drawn, axis=-1, keepdims=True)
    points = (torch.from_numpy(drawn) * size).to(dtype)
    directions, distances = (part.detach().double() for part in star.polar(points))
    moved = (points != 0).any(-1)
    lengths = torch.linalg.vector_norm(directions, dim=-1)
    exact = 8 * torch.finfo(dtype).eps
    assert ((lengths - 1).abs()[moved] <= exact).all()
    assert (directions[~moved] == 0).all()
    expected = torch.linalg.vector_norm(points.double() / size, dim=-1) * size
    rounding = exact * expected + 2 * torch.finfo(dtype).tiny * torch.finfo(dtype).eps
    assert ((distances - expected).abs() <= rounding).all()
    back = directions * distances[:, None]
    assert ((back - points).abs().amax(-1) <= rounding).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("radius", [0.0, 1e-320, 1e-40, 1e-30, 1e-12, 1e-6, 1e-4, 1e-3])
def test_gradients_are_finite_and_moderate_close_to_the_centre(dtype, radius):
    star = StarShaped(centre=[0.0, 0.0])
    initialise_(star, np.random.default_rng(1))
    star.project_()
    star.to(dtype)
    points = (torch.tensor([[0.6, -0.8], [1.0, 0.0], [0.0, 1.0]]).double() * radius).to(dtype)
    points.requires_grad_()
    level = star(points)
    gradients = torch.autograd.grad(level.sum(), [points, *star.parameters()])
    assert (level.detach() + 1).abs().max() <= max(radius, 1e-6)
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert all(gradient.abs().max() <= 5 for gradient in gradients)


def test_gradients_agree_with_finite_differences():
    star = _star(2, dim=3)
    parameters = {name: p.detach() for name, p in star.named_parameters()}
    points = torch.from_numpy(np.random.default_rng(0).uniform(0, 1, (5, 3))).requires_grad_()
    centre = star.centre.detach().clone().requires_grad_()

    def level(points: Tensor, centre: Tensor) -> Tensor:
        return functional_call(star, parameters | {"centre": centre}, (points,))

    assert torch.autograd.gradcheck(level, (points, centre), eps=1e-7, atol=1e-4)


def test_levels_do_not_jump_at_the_centre():
    star = _star(4, width=130)
    directions, _ = _rays(2, 90, 1)
    with torch.no_grad():
        for radius in (1e-3, 1e-6, 1e-9, 1e-12):
            level = star(star.centre + directions * radius)
            assert (level + 1).abs().max() <= 1e5 * radius


def test_a_fit_to_a_star_behind_a_bar_finds_it_and_stays_star_shaped():
    rows, columns = (np.mgrid[0:32, 0:32] + 0.5) / 32
    angles = np.arctan2(rows - 0.5, columns - 0.55)
    star_mask = np.hypot(rows - 0.5, columns - 0.55) < 0.28 + 0.1 * np.cos(4 * angles)
    unaries = star_mask.astype(np.float32)
    unaries[15:18, :] = np.nan
    star = StarShaped(width=32)
    initialise_(star, np.random.default_rng(0))
    points = torch.from_numpy(np.stack([columns, rows], axis=-1).astype(np.float32))
    star.start_(points, torch.from_numpy(unaries))
    known = torch.from_numpy(np.isfinite(unaries))
    target = torch.from_numpy(unaries)[known]
    optimiser = torch.optim.Adam(star.parameters(), lr=2e-2)
    for _ in range(200):
        optimiser.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(-star(points[known]), target)
        loss.backward()
        optimiser.step()
        star.project_()
    with torch.no_grad():
        mask = foreground(star(points)).numpy()
        assert (mask & star_mask).sum() / (mask | star_mask).sum() >= 0.9
        stored = star.double()
        directions, distances = _rays(2, 360, 500)
        assert _sign_changes(stored.radial(directions, distances)) <= 1


def test_the_centre_can_be_given_and_has_to_have_dim_coordinates():
    assert StarShaped(2, centre=[0.25, 0.75]).centre.tolist() == [0.25, 0.75]
    assert StarShaped(3).centre.tolist() == [0.5] * 3
    with pytest.raises(UserError, match=r"centre has 3 coordinates: give 2"):
        constraints.build("star_shaped", 2, centre=[0.1, 0.2, 0.3])


@pytest.mark.parametrize("origin", [-1.0, 0.5])
@pytest.mark.parametrize("dim", [2, 3])
def test_rays_meet_the_region_in_one_interval_or_not_at_all(dim, origin):
    counts = set()
    directions, distances = _rays(dim, 60, 500)
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
    directions, distances = _rays(2, 60, 500)
    with torch.no_grad():
        most = [
            _intervals(_region(seed, projected=False).radial(directions, distances)).max()
            for seed in range(20)
        ]
    assert max(most) >= 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_level_at_the_centre_is_the_origin_and_continuous_there(dtype):
    region = _region(1, origin=0.25).to(dtype)
    directions, _ = _rays(2, 60, 1)
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
