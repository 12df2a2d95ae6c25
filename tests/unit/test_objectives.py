import math

import pytest
import torch

from isr.objectives import (
    absolute_distance,
    cross_entropy,
    gradient_mean_absolute,
    gradient_norm,
    multicut,
    overlap,
    softly_clipped,
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


def test_absolute_distance_by_hand():
    level, unaries = torch.tensor([0.0, 50.0, -50.0]).double(), torch.tensor([1.0, 0.25, 0.0])
    weights = torch.tensor([0.5, 0.25, 0.25]).double()
    expected = 0.5 * 0.5 + 0.25 * 0.25 + 0.25 * 1.0
    assert float(absolute_distance(level, unaries, weights)) == pytest.approx(expected, abs=1e-15)


def test_flipped_labels_leave_the_absolute_distance_where_it_is():
    level = torch.linspace(-4, 4, 9).double()
    found = {}
    for distance in (absolute_distance, squared_distance):
        both = [distance(level[:, None], torch.full((9, 1), y), _even(1)) for y in (0.0, 1.0)]
        found[distance] = sum(both) / 2
    torch.testing.assert_close(found[absolute_distance], torch.full((9,), 0.5).double())
    assert int(found[squared_distance].argmin()) == 4  # a probability of one half


def test_leading_axes_are_kept():
    level = torch.randn(3, 4, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    target = (level > 0.3).double()
    for loss in (cross_entropy, squared_distance, absolute_distance):
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
    for loss in (cross_entropy, squared_distance, absolute_distance):
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


def test_multicut_by_hand():
    """36 background labels and one foreground label, which weighs round(3.6) + 1 = 5."""
    level = torch.zeros(40, dtype=torch.float64)
    level[0], level[1] = math.log(3), -math.log(3)
    target, labelled = torch.zeros(40).double(), torch.ones(40).double()
    target[0] = 1
    labelled[37:] = 0
    # Probabilities 1/4 of the foreground label and 3/4, then 1/2, of the background labels.
    expected = (5 * math.log(4) + math.log(4) + 35 * math.log(2)) / 37
    assert float(multicut(level, target, labelled)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("background", "objects", "weight"), [(4, 1, 1), (6, 1, 2), (14, 1, 2), (30, 3, 2), (1, 9, 1)]
)
def test_multicuts_weight_of_foreground(background, objects, weight):
    target = torch.tensor([1.0] * objects + [0.0] * background)
    found = multicut(torch.zeros(len(target)), target, torch.ones(len(target)))
    expected = math.log(2) * (objects * weight + background) / (objects + background)
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_multicut_of_one_class_or_none_is_finite():
    level = torch.tensor([[1.0, -2.0, 0.5]] * 3, requires_grad=True)
    target = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    labelled = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    losses = multicut(level, target, labelled)
    softplus = torch.nn.functional.softplus
    expected = [softplus(level[0, :2]).mean(), softplus(-level[1]).mean(), torch.zeros(())]
    assert torch.allclose(losses, torch.stack(expected), rtol=1e-6, atol=0)
    losses.sum().backward()
    assert torch.isfinite(level.grad).all()
    assert level.grad[0, 2] == 0
    assert (level.grad[2] == 0).all()


def test_soft_clipping_by_hand():
    """Value at most the limit; the gradient is alpha times that of the term."""
    x = _double(0.5, 3.0, 2.0).requires_grad_()
    limit = _double(1.0, 1.0, 4.0).requires_grad_()
    clipped = softly_clipped(x.square(), limit)
    assert clipped.tolist() == pytest.approx([0.25, 1.0, 4.0])
    clipped.sum().backward()
    assert x.grad.tolist() == pytest.approx([1.0, 6.0 / 9.0, 4.0])
    assert limit.grad is None


def test_soft_clipping_of_zeros_is_finite():
    x = torch.zeros(2, requires_grad=True)
    clipped = softly_clipped(x.square(), torch.tensor([0.0, 1.0]))
    clipped.sum().backward()
    assert clipped.tolist() == x.grad.tolist() == [0.0, 0.0]
    term = torch.tensor([0.3], requires_grad=True)
    softly_clipped(term, torch.zeros(1)).sum().backward()
    assert float(term.grad) == 0


def test_gradcheck_of_equation_17():
    random = torch.Generator().manual_seed(5)
    level = torch.randn(12, generator=random, dtype=torch.float64).requires_grad_()
    target = (torch.rand(12, generator=random) < 0.3).double()
    labelled = (torch.rand(12, generator=random) < 0.7).double()
    assert torch.autograd.gradcheck(lambda g: multicut(g, target, labelled), level)
    term = torch.rand(4, generator=random, dtype=torch.float64).requires_grad_()
    # Below the limit clipping is the identity; above, alpha is a constant by definition.
    assert torch.autograd.gradcheck(lambda t: softly_clipped(t, torch.ones(4).double()), term)
