import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import functional_call, stack_module_state, vmap

from isr.coordinates import pixel_coordinates
from isr.errors import UserError
from isr.networks.layers import initialise_
from isr.representations.periodic import PERSPECTIVE_BOUND, LatticePeriodic

BASIS = [[0.11, 0.02], [-0.015, 0.125]]
TILT = [0.22, -0.1]


def _lattice(
    dim: int, seed: int, *, homography: bool = False, scale: float = 1.0, harmonics: int = 3
) -> LatticePeriodic:
    random = np.random.default_rng(seed)
    basis = 0.25 * (np.eye(dim) + random.uniform(-0.25, 0.25, (dim, dim)))
    made = LatticePeriodic(
        dim,
        harmonics=harmonics if dim == 2 else 2,
        homography=homography,
        basis=basis.tolist(),
        origin=random.uniform(0, 1, dim).tolist(),
    )
    initialise_(made, random)
    with torch.no_grad():
        made.amplitudes.weight.mul_(scale)
        if homography:
            made.perspective.copy_(torch.from_numpy(random.uniform(-0.15, 0.15, 2)))
    return made


def _points(dim: int, seed: int, count: int = 200) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(0, 1, (count, dim)))


@given(
    st.sampled_from([(2, False), (2, True), (3, False)]),
    st.integers(0, 10**6),
    st.sampled_from([0.0, 1e-40, 1.0, 1e3]),
)
def test_levels_are_the_same_up_to_five_lattice_vectors_away(kind, seed, scale):
    dim, homography = kind
    lattice = _lattice(dim, seed, homography=homography, scale=scale)
    points = _points(dim, seed)
    steps = torch.from_numpy(np.random.default_rng(seed).integers(-5, 6, (200, dim)))
    for dtype, tolerance in ((torch.float32, 1e-5), (torch.float64, 1e-12)):
        lattice = lattice.to(dtype)
        x = points.to(dtype)
        moved = lattice.shift(x, steps)
        # Towards the horizon a rounding error of the picture is a large step on the sheet.
        near = (moved - 0.5).abs().amax(-1) < 2.5
        assert near.sum() > 50
        size = max(1.0, float(lattice.amplitudes.weight.detach().abs().sum()))
        difference = (lattice(x) - lattice(moved)).detach().abs()[near]
        assert float(difference.max()) <= tolerance * size


def test_a_fraction_of_a_lattice_vector_changes_levels():
    lattice, points = _lattice(2, 1).double(), _points(2, 1)
    for part in (1 / 2, 1 / 3):
        moved = points + part * lattice.basis()[:, 0]
        assert (lattice(points) - lattice(moved)).abs().max() > 1e-2


def test_levels_are_continuous_where_the_phase_is_wrapped():
    """Whole periods are taken off the phase: only integer multiples leave no jump there."""
    lattice = _lattice(2, 1).double()
    along = torch.linspace(-3, 3, 50, dtype=torch.float64)
    for axis in (0, 1):
        phases = torch.stack([along, along], dim=-1)
        phases[:, axis] = 0.5
        points = lattice.origin() + phases @ lattice.basis().T
        step = 1e-9 * lattice.basis()[:, axis]
        assert torch.allclose(lattice(points - step), lattice(points + step), atol=1e-6)


@given(st.integers(0, 10**6))
def test_unrectify_is_the_inverse_of_rectify(seed):
    lattice, points = _lattice(2, seed, homography=True).double(), _points(2, seed)
    there = lattice.rectify(points)
    assert (there - points).abs().max() > 1e-4
    assert torch.allclose(lattice.unrectify(there), points, atol=1e-12)


def test_points_beyond_the_horizon_are_nowhere():
    lattice = _lattice(2, 0, homography=True)
    with torch.no_grad():
        lattice.perspective.copy_(torch.tensor([0.4, 0.0]))
    assert torch.isnan(lattice.unrectify(torch.tensor([3.5, 0.5]))).all()
    assert torch.isfinite(lattice(torch.tensor([-1e6, 0.0])))


def test_options_say_basis_and_origin():
    lattice = LatticePeriodic(basis=BASIS, origin=[0.3, 0.2])
    assert torch.allclose(lattice.basis(), torch.tensor(BASIS), atol=1e-6)
    assert torch.allclose(lattice.origin(), torch.tensor([0.3, 0.2]), atol=1e-6)
    assert torch.allclose(lattice.phases(lattice.origin()), torch.zeros(2), atol=1e-5)
    moved = lattice.shift(torch.tensor([0.5, 0.5]), [2, -1])
    assert torch.allclose(moved, torch.tensor([0.5 + 0.22 - 0.02, 0.5 - 0.03 - 0.125]), atol=1e-6)


def test_the_projection_keeps_the_picture_before_the_horizon():
    lattice = _lattice(2, 0, homography=True)
    with torch.no_grad():
        lattice.perspective.copy_(torch.tensor([-3.0, 2.0]))
    lattice.project_()
    expected = torch.tensor([-PERSPECTIVE_BOUND, PERSPECTIVE_BOUND])
    assert torch.equal(lattice.perspective.detach(), expected)
    corners = torch.tensor([[-0.5, -0.5], [-0.5, 1.5], [1.5, -0.5], [1.5, 1.5]])
    assert torch.allclose(lattice.unrectify(lattice.rectify(corners)), corners, atol=1e-5)


def test_gradients_reach_basis_phase_and_perspective():
    lattice = _lattice(2, 3, homography=True)
    lattice(_points(2, 3).float()).square().sum().backward()
    for parameter in (lattice.inverse_basis, lattice.phase, lattice.perspective):
        assert parameter.grad is not None
        assert (parameter.grad != 0).all()


def test_the_phase_counts_no_whole_periods_in_its_gradient():
    lattice = _lattice(2, 3).double()
    points = _points(2, 3, 20)
    assert torch.autograd.gradcheck(lattice, (points.requires_grad_(),))


def test_the_regulariser_is_the_mean_absolute_amplitude():
    lattice = LatticePeriodic(harmonics=1)
    with torch.no_grad():
        lattice.amplitudes.weight.copy_(torch.tensor([[1.0, -1, 2, -2, 3, -3, 4, -4]]))
    assert float(lattice.regulariser().detach()) == 2.5


def test_a_stack_equals_single_ones():
    modules = [_lattice(2, seed, homography=True) for seed in range(3)]
    parameters, _ = stack_module_state(modules)
    points = torch.stack([_points(2, seed).float() for seed in range(3)])
    stacked = vmap(lambda p, x: functional_call(modules[0], p, (x,)))(parameters, points)
    for module, own, level in zip(modules, points, stacked, strict=True):
        assert torch.allclose(module(own), level, atol=1e-5)


def _sheet(
    tilt: list[float], covered: bool = True
) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    """A perforated sheet of known basis and perspective, its unaries, and where holes are."""
    true = LatticePeriodic(homography=True, basis=BASIS, origin=[0.51, 0.48]).double()
    with torch.no_grad():
        true.perspective.copy_(torch.tensor(tilt))
    coordinates = torch.from_numpy(pixel_coordinates(160, 240))
    phase = true.phases(coordinates).detach()
    holes = ((phase - phase.round()).abs() < 0.12).all(-1).numpy()
    unaries = holes.astype(np.float64)
    if covered:
        unaries[60:120, 70:140] = 0.0
        unaries[:, 200:205] = 1.0
    noise = np.random.default_rng(0).uniform(size=unaries.shape) < 0.02
    unaries = np.where(noise, 1 - unaries, unaries)
    return coordinates, torch.from_numpy(unaries), holes


@pytest.mark.parametrize(
    ("tilt", "inverted"), [([0.0, 0.0], False), (TILT, True), ([-0.3, 0.2], False)]
)
def test_the_start_finds_the_lattice_of_a_partly_covered_sheet(tilt, inverted):
    coordinates, unaries, holes = _sheet(tilt)
    lattice = LatticePeriodic(homography=True).double()
    lattice.start_(coordinates, 1 - unaries if inverted else unaries)
    assert np.allclose(lattice.perspective.detach(), tilt, atol=0.03)
    whole = np.linalg.solve(lattice.basis().detach().numpy(), np.array(BASIS))
    assert np.allclose(whole, whole.round(), atol=0.05)
    assert math.isclose(abs(np.linalg.det(whole.round())), 1.0)
    phase = lattice.phases(coordinates).detach()
    found = ((phase - phase.round()).abs() < 0.12).all(-1).numpy()
    assert (found & holes).sum() / (found | holes).sum() > 0.75


def test_the_start_without_homography_finds_a_regular_lattice():
    coordinates, unaries, _ = _sheet([0.0, 0.0])
    lattice = LatticePeriodic().double()
    lattice.start_(coordinates, unaries)
    whole = np.linalg.solve(lattice.basis().detach().numpy(), np.array(BASIS))
    assert np.allclose(whole, whole.round(), atol=0.03)


def test_the_start_finds_a_lattice_in_space():
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 32)] * 3, indexing="ij"), axis=-1)
    basis = np.diag([0.25, 0.3, 0.35])
    phase = grid @ np.linalg.inv(basis).T
    unaries = (((phase - phase.round()) ** 2).sum(-1) < 0.3**2).astype(np.float64)
    lattice = LatticePeriodic(3, harmonics=1)
    lattice.start_(torch.from_numpy(grid), torch.from_numpy(unaries))
    whole = np.linalg.solve(lattice.basis().detach().double().numpy(), basis)
    assert np.allclose(whole, whole.round(), atol=0.08)
    assert math.isclose(abs(np.linalg.det(whole.round())), 1.0)


def test_the_start_leaves_what_does_not_repeat_alone():
    coordinates = torch.from_numpy(pixel_coordinates(30, 40))
    lattice = LatticePeriodic(homography=True)
    before = lattice.inverse_basis.detach().clone()
    for value in (0.0, 1.0, math.nan):
        lattice.start_(coordinates, torch.full((30, 40), value))
        assert torch.equal(lattice.inverse_basis.detach(), before)


def test_wrong_options_are_a_users_mistake():
    with pytest.raises(UserError, match="'homography' needs 2"):
        LatticePeriodic(3, homography=True)
    with pytest.raises(UserError, match="'harmonics' must be at least 1"):
        LatticePeriodic(harmonics=0)
    with pytest.raises(UserError, match="'basis' are dependent"):
        LatticePeriodic(basis=[[1.0, 2.0], [2.0, 4.0]])
    with pytest.raises(UserError, match="'basis' must be 2x2 numbers"):
        LatticePeriodic(basis=[[1.0]])
