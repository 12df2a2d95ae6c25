import numpy as np
import pytest
import torch

from isr.levels import foreground
from isr.networks.layers import initialise_
from isr.representations.convex import Convex


def test_midpoints_of_foreground_points_are_foreground():
    """f(x), f(y) <= -d implies f(mid) <= 0, in 2-D and 3-D; it fails without the projection."""

    def violations(dim: int, *, projected: bool) -> int:
        found = 0
        for seed in range(20):
            convex = Convex(dim, width=16).double()
            initialise_(convex, np.random.default_rng(seed))
            random = np.random.default_rng(100 + seed)
            if projected:
                convex.project_()
            points = torch.from_numpy(random.uniform(-4, 4, (3000, dim)))
            with torch.no_grad():
                level = convex(points)
                convex.network.output_z.bias -= level.median()
                inside = points[convex(points) <= -1e-12]
                shuffled = inside[torch.from_numpy(random.permutation(len(inside)))]
                found += int((~foreground(convex((inside + shuffled) / 2))).sum())
                assert len(inside) > 1000
        return found

    for dim in (2, 3):
        assert violations(dim, projected=True) == 0
        assert violations(dim, projected=False) > 0


def _grid(dim: int, cells: int = 40) -> torch.Tensor:
    axes = [(torch.arange(cells) + 0.5) / cells] * dim
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)


def _started(unaries: torch.Tensor, points: torch.Tensor, **options) -> Convex:
    shape = Convex(points.shape[-1], **options)
    initialise_(shape, np.random.default_rng(0))
    shape.start_(points, unaries)
    return shape


def _iou(shape: Convex, points: torch.Tensor, wanted: torch.Tensor) -> float:
    with torch.no_grad():
        found = shape(points) <= 0
    return float((found & wanted).sum() / (found | wanted).sum())


@pytest.mark.parametrize(("dim", "floors"), [(2, (0.85, 0.75, 0.75)), (3, (0.8, 0.62, 0.58))])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_a_start_is_convex_and_about_the_hull(dim, floors, layers):
    """Of a ball, of a box and of a slanted slab; specks elsewhere are left out."""
    points = _grid(dim)
    middle = torch.linspace(0.4, 0.5, dim)
    ball = (points - middle).norm(dim=-1) < 0.25
    box = ((points - middle).abs() < 0.2).all(-1)
    slab = ((points[..., 0] - points[..., 1]).abs() < 0.1) & ((points - 0.5).abs() < 0.4).all(-1)
    for wanted, least in zip((ball, box, slab), floors, strict=True):
        unaries = wanted * 0.8 + 0.1
        unaries[(2,) * dim] = 1.0
        shape = _started(unaries, points, hidden_layers=layers)
        assert all((weight >= 0).all() for weight in shape.constrained_weights().values())
        assert _iou(shape, points, wanted) > least
        with torch.no_grad():
            assert shape(points[wanted].mean(0)).item() == pytest.approx(-3, abs=1e-3)
            one, other = points.reshape(-1, dim)[torch.randint(0, 40**dim, (2, 500))]
            assert (shape((one + other) / 2) <= (shape(one) + shape(other)) / 2 + 1e-4).all()


def test_of_scribbles_alone_a_start_makes_nothing():
    points = _grid(2, 100)
    scribbles = torch.full((100, 100), torch.nan)
    scribbles[30:70, 30], scribbles[5] = 1.0, 0.0
    shape = Convex()
    before = {name: value.clone() for name, value in shape.state_dict().items()}
    shape.start_(points, scribbles)
    assert all(torch.equal(value, before[name]) for name, value in shape.state_dict().items())


@pytest.mark.parametrize("size", [1, 2])
def test_a_start_round_a_few_pixels_or_a_line_is_small_and_finite(size):
    points, wanted = _grid(2, 100), torch.zeros(100, 100, dtype=torch.bool)
    for area in ((slice(50, 50 + size),) * 2, (slice(20, 80), slice(50, 50 + size))):
        wanted[:] = False
        wanted[area] = True
        shape = _started(wanted.float(), points)
        with torch.no_grad():
            level = shape(points)
        assert level.isfinite().all()
        assert 0 < (level <= 0).sum() < 4 * wanted.sum() + 20


@pytest.mark.parametrize("value", [0.0, 0.4, np.nan])
def test_without_likely_foreground_a_start_leaves_the_weights_alone(value):
    points, shape = _grid(2), Convex(width=8)
    before = {name: weight.clone() for name, weight in shape.state_dict().items()}
    shape.start_(points, torch.full((40, 40), value))
    assert all(torch.equal(shape.state_dict()[name], weight) for name, weight in before.items())


def test_a_start_round_everything_has_all_inside():
    points = _grid(2)
    assert _iou(_started(torch.ones(40, 40), points), points, torch.ones(40, 40).bool()) > 0.95
