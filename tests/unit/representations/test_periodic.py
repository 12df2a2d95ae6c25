import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isr.coordinates import pixel_coordinates
from isr.errors import UserError
from isr.networks.layers import initialise_
from isr.representations.periodic import PERSPECTIVE_BOUND, LatticePeriodic, Periodic


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


@pytest.mark.parametrize("shape", [Periodic(waves=8), LatticePeriodic(harmonics=1)])
def test_the_regulariser_is_the_mean_absolute_amplitude(shape):
    with torch.no_grad():
        shape.amplitudes.weight.copy_(torch.tensor([[1.0, -1, 2, -2, 3, -3, 4, -4]]))
        shape.amplitudes.bias.fill_(100.0)
    assert float(shape.regulariser().detach()) == 2.5


# On a lattice

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


def test_the_phase_counts_no_whole_periods_in_its_gradient():
    lattice = _lattice(2, 3).double()
    points = _points(2, 3, 20)
    assert torch.autograd.gradcheck(lattice, (points.requires_grad_(),))


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
