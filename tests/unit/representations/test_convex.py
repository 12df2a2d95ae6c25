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


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_bowl_is_convex_and_about_a_ball(dim, layers):
    shape = Convex(dim, hidden_layers=layers)
    initialise_(shape, np.random.default_rng(0))
    centre = torch.linspace(0.1, 0.3, dim)
    shape.bowl_(centre, 0.25)
    assert all((weight >= 0).all() for weight in shape.constrained_weights().values())
    points = torch.rand(4000, dim, generator=torch.Generator().manual_seed(0)) * 1.4 - 0.5
    with torch.no_grad():
        inside, level = (points - centre).norm(dim=1) < 0.25, shape(points)
        assert shape(centre).item() == pytest.approx(-2, abs=1e-4)
    found = level <= 0
    assert (found & inside).sum() / (found | inside).sum() > 0.5
