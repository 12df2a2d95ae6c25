import math

import pytest
import torch

from isr.objectives import (
    cross_entropy,
    gradient_mean_absolute,
    gradient_norm,
    overlap,
    squared_distance,
)


def _double(*values):
    return torch.tensor(values, dtype=torch.float64)


def _even(count: int) -> torch.Tensor:
    return torch.full((count,), 1.0 / count, dtype=torch.float64)


def test_cross_entropy_by_hand():
    level, target = _double(-math.log(3), math.log(3), 0.0), _double(1, 1, 0)
    # Probabilities 3/4, 1/4 and 1/2.
    expected = (-math.log(0.75) - 2 * math.log(0.25) - math.log(0.5)) / 4
    weights = _double(0.25, 0.5, 0.25)
    assert float(cross_entropy(level, target, weights)) == pytest.approx(expected, abs=1e-14)


def test_cross_entropy_pulls_objects_to_negative_levels():
    level = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    cross_entropy(level, _double(1, 0), _even(2)).backward()
    assert level.grad.tolist() == [0.25, -0.25]


def test_cross_entropy_stays_finite_at_extreme_levels():
    level = torch.tensor([1e4, -1e4, 1e30], requires_grad=True)
    loss = cross_entropy(level, torch.tensor([1.0, 0.0, 0.0]), torch.ones(3) / 3)
    loss.backward()
    assert loss.item() == pytest.approx(2e4 / 3, rel=1e-6)
    assert torch.isfinite(level.grad).all()


def test_squared_distance_by_hand():
    level, unaries = _double(math.log(3), -math.log(3), 0.0), _double(0.0, 1.0, 0.75)
    expected = 0.2 * 0.0625 + 0.3 * 0.0625 + 0.5 * 0.0625
    weights = _double(0.2, 0.3, 0.5)
    assert float(squared_distance(level, unaries, weights)) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("count", [1, 6])
def test_squared_distance_to_unaries_of_one_value(value, count):
    level = torch.zeros(count, dtype=torch.float64, requires_grad=True)
    unaries = torch.full((count,), value, dtype=torch.float64)
    loss = squared_distance(level, unaries, _even(count))
    loss.backward()
    assert loss.item() == pytest.approx(0.25, abs=1e-15)
    # d/dg (sigmoid(-g) - u)^2 = -2 (1/2 - u) / 4: down for object, up for background.
    assert level.grad.tolist() == pytest.approx(
        [(0.25 if value == 0 else -0.25) * -1 / count] * count
    )


def test_leading_axes_are_kept():
    level = torch.randn(3, 4, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    target = (level > 0.3).double()
    for loss in (cross_entropy, squared_distance):
        values = loss(level, target, _even(7).expand(3, 4, 7))
        assert values.shape == (3, 4)
        assert torch.allclose(values[1, 2], loss(level[1, 2], target[1, 2], _even(7)))


def test_gradient_penalties_by_hand():
    gradient = _double([3.0, -4.0], [0.0, 0.0], [-5.0, 12.0])
    weights = _double(0.5, 0.25, 0.25)
    assert float(gradient_norm(gradient, weights)) == pytest.approx(0.5 * 5 + 0.25 * 13)
    expected = 0.5 * 3.5 + 0.25 * 8.5
    assert float(gradient_mean_absolute(gradient, weights)) == pytest.approx(expected)


def test_the_norms_gradient_is_zero_where_the_norm_is():
    gradient = torch.tensor([[0.0, 0.0], [0.0, 2.0]], requires_grad=True)
    gradient_norm(gradient, torch.tensor([0.5, 0.5])).backward()
    assert gradient.grad.tolist() == [[0.0, 0.0], [0.0, 0.5]]


def test_gradcheck_of_every_loss():
    random = torch.Generator().manual_seed(1)

    def draw(*shape):
        return torch.randn(*shape, generator=random, dtype=torch.float64).requires_grad_()

    target = torch.rand(5, generator=random, dtype=torch.float64)
    for loss in (cross_entropy, squared_distance):
        assert torch.autograd.gradcheck(lambda g, loss=loss: loss(g, target, _even(5)), draw(5))
        assert torch.autograd.gradgradcheck(lambda g, loss=loss: loss(g, target, _even(5)), draw(5))
    for penalty in (gradient_norm, gradient_mean_absolute):
        assert torch.autograd.gradcheck(lambda g, p=penalty: p(g, _even(5)), draw(5, 3))


@pytest.mark.parametrize("penalty", [gradient_norm, gradient_mean_absolute])
def test_gradcheck_of_the_penaltys_double_backward(penalty):
    """The penalty as it is used: of d(sum of probabilities)/d(inputs), with respect to weights."""
    random = torch.Generator().manual_seed(2)
    inputs = torch.randn(6, 3, generator=random, dtype=torch.float64)
    first = torch.randn(3, 4, generator=random, dtype=torch.float64).requires_grad_()
    second = torch.randn(4, generator=random, dtype=torch.float64).requires_grad_()

    def penalised(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        def summed(x: torch.Tensor) -> torch.Tensor:
            return torch.sigmoid(-torch.tanh(x @ first) @ second).sum()

        return penalty(torch.func.grad(summed)(inputs), _even(6))

    assert torch.autograd.gradcheck(penalised, (first, second))
    by_autograd = torch.autograd.grad(penalised(first, second), [first, second])
    assert all((gradient != 0).all() for gradient in by_autograd)


def test_overlap_by_hand_is_zero_iff_no_point_lies_in_two_parts():
    levels = torch.tensor([[-1.0, 2.0, 3.0], [-1.0, -0.5, -2.0], [1.0, 0.5, 2.0]]).double()
    weights = _double(0.2, 0.3, 0.5)
    assert float(overlap(levels, weights)) == pytest.approx(0.3 * 1.0)
    assert float(overlap(levels[[0, 2]], weights[[0, 2]])) == 0.0
    assert torch.autograd.gradcheck(lambda x: overlap(x, weights), levels.requires_grad_())
