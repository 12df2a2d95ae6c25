"""Stacked parameters, and their optimiser against torch.optim, slot by slot."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from isr.constraints import build
from isr.fitting.engine.optimiser import StackedOptimiser, StackedParameters
from isr.fitting.engine.queue import Phase

CPU = torch.device("cpu")
SIZE = 7
KINDS = {"adam": torch.optim.Adam, "adamax": torch.optim.Adamax}


def _targets(slots: int) -> torch.Tensor:
    return 2 * torch.from_numpy(np.random.default_rng(3).standard_normal((slots, SIZE)))


def _start(slots: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(4).standard_normal((slots, SIZE)))


def _loss(row: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Of strong and of no curvature (a gradient that is exactly zero), and with waves."""
    curvature = torch.tensor([0.0, 1e-6, 0.01, 1.0, 10.0, 300.0, 1.0], dtype=row.dtype)
    return (curvature * (row - target).square()).sum() + torch.cos(3 * row[6])


def _run(optimiser: StackedOptimiser, values, targets, steps: int) -> list[torch.Tensor]:
    path = []
    for _ in range(steps):
        leaf = values.detach().requires_grad_()
        losses = torch.stack([_loss(r, t) for r, t in zip(leaf, targets, strict=True)])
        (gradients,) = torch.autograd.grad(losses.sum(), leaf)
        optimiser.step(values, gradients, losses.detach()[:, None])
        path.append(values.clone())
    return path


def _reference(row, target, steps, kind, rate, decay, *, patience=None, clip=None):
    parameter = torch.nn.Parameter(row.clone())
    optimiser = KINDS[kind]([parameter], lr=rate, weight_decay=decay)
    plateau = (
        None
        if patience is None
        else torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimiser, "min", factor=0.5, patience=patience, threshold=1e-4, eps=0.0
        )
    )
    path = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = _loss(parameter, target)
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([parameter], clip)
        optimiser.step()
        if plateau is not None:
            plateau.step(float(loss.detach()))
        path.append(parameter.detach().clone())
    return path, optimiser.param_groups[0]["lr"]


def _empty(slots: int) -> StackedOptimiser:
    """In float64, where rounding does not hide a wrong formula."""
    optimiser = StackedOptimiser(slots, SIZE, CPU)
    for name, value in optimiser.state().items():
        if value.is_floating_point():
            setattr(optimiser, name, value.double())
    return optimiser


def _configured(settings) -> StackedOptimiser:
    optimiser = _empty(len(settings))
    for slot, (kind, rate, decay, patience, clip) in enumerate(settings):
        optimiser.configure(
            [slot],
            rate=rate,
            decay=decay,
            adamax=kind == "adamax",
            active=True,
            patience=math.inf if patience is None else float(patience),
            clip_norm=math.inf if clip is None else clip,
        )
    return optimiser


@pytest.mark.parametrize(
    "settings",
    [
        [("adam", 0.02, 0.0, None, None)],
        [("adamax", 0.02, 0.0, None, None)],
        [("adam", 0.02, 0.1, None, None), ("adam", 0.3, 0.0, None, None)],
        [("adam", 0.02, 0.01, None, None), ("adamax", 0.1, 0.3, None, None)],
        [("adamax", 0.8, 0.2, 1, 0.5), ("adam", 0.5, 0.0, 2, None), ("adam", 0.1, 0.1, None, 1.0)],
    ],
)
def test_fifty_steps_equal_those_of_torch(settings):
    slots = len(settings)
    values, targets = _start(slots), _targets(slots)
    optimiser = _configured(settings)
    path = _run(optimiser, values, targets, 50)
    for slot, (kind, rate, decay, patience, clip) in enumerate(settings):
        expected, last_rate = _reference(
            _start(slots)[slot], targets[slot], 50, kind, rate, decay, patience=patience, clip=clip
        )
        for step in (0, 1, 9, 49):
            assert torch.allclose(path[step][slot], expected[step], atol=1e-9, rtol=1e-9), step
        assert float(rate * optimiser.factor[slot]) == pytest.approx(last_rate, rel=1e-6)
        if patience is not None:
            assert last_rate < rate


def test_the_plateau_rule_equals_torchs_on_any_losses():
    losses = torch.rand(200, generator=torch.Generator().manual_seed(0)) + 0.5
    losses[50:70] = 0.3 * (1 - 3e-5 * torch.arange(20))  # By less than the threshold a step.
    parameter = torch.nn.Parameter(torch.zeros(1))
    sgd = torch.optim.SGD([parameter], lr=1.0)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(
        sgd, "min", factor=0.5, patience=2, threshold=1e-4, eps=0.0
    )
    optimiser = StackedOptimiser(1, 1, CPU)
    optimiser.configure([0], rate=1.0, active=True, patience=2.0)
    for loss in losses:
        optimiser.step(torch.zeros(1, 1), torch.zeros(1, 1), loss.reshape(1, 1))
        reference.step(float(loss))
        assert float(optimiser.factor) == sgd.param_groups[0]["lr"]
    assert float(optimiser.factor) < 2**-10


def test_an_inactive_slot_keeps_its_bits_whatever_its_gradients():
    values = _start(3)
    values[1, 2] = torch.nan
    before = values.clone()
    optimiser = _configured([("adam", 0.1, 0.1, 2, 1.0)] * 3)
    optimiser.active[1] = False
    gradients = torch.ones_like(values)
    gradients[1] = torch.tensor([torch.nan, torch.inf, 0, 1, 2, 3, -torch.inf])
    losses = torch.tensor([[1.0], [torch.nan], [1.0]])
    for _ in range(3):
        optimiser.step(values, gradients.clone(), losses)
    assert torch.equal(values[1].nan_to_num(7.0), before[1].nan_to_num(7.0))
    assert torch.isfinite(values[[0, 2]]).all()
    assert (values[[0, 2]] != before[[0, 2]]).all()


def test_rate_zero_freezes_single_parameters():
    values = _start(2)
    optimiser = _configured([("adam", 0.1, 0.5, None, None)] * 2)
    rate = torch.full((SIZE,), 0.1, dtype=torch.float64)
    rate[2:4] = 0.0
    optimiser.configure([1], rate=rate)
    _run(optimiser, values, _targets(2), 5)
    moved = values != _start(2)
    assert moved[0].all()
    assert moved[1].tolist() == [True, True, False, False, True, True, True]


def test_restart_forgets_one_slot_alone():
    settings = [("adam", 0.05, 0.0, 1, None)] * 2
    values, targets = _start(2), _targets(2)
    optimiser = _configured(settings)
    _run(optimiser, values, targets, 20)
    optimiser.restart([0])
    middle = values.clone()
    path = _run(optimiser, values, targets, 10)
    fresh, _ = _reference(middle[0], targets[0], 10, "adam", 0.05, 0.0, patience=1)
    whole, _ = _reference(_start(2)[1], targets[1], 30, "adam", 0.05, 0.0, patience=1)
    assert torch.allclose(path[-1][0], fresh[-1], atol=1e-9)
    assert torch.allclose(path[-1][1], whole[-1], atol=1e-9)
    assert not torch.allclose(
        path[0][0], _reference(middle[0], targets[0], 1, "adam", 0.05, 0.1)[0][0]
    )


def test_selected_slots_go_on_as_if_they_had_been_alone():
    settings = [
        ("adam", 0.05, 0.0, 3, None),
        ("adamax", 0.1, 0.1, 2, 1.0),
        ("adam", 0.02, 0, None, 2.0),
    ]
    values, targets = _start(3), _targets(3)
    optimiser = _configured(settings)
    _run(optimiser, values, targets, 12)
    optimiser.select([2, 1])
    kept = values[[2, 1]].clone()
    path = _run(optimiser, kept, targets[[2, 1]], 12)
    for row, slot in enumerate([2, 1]):
        kind, rate, decay, patience, clip = settings[slot]
        expected, _ = _reference(
            _start(3)[slot], targets[slot], 24, kind, rate, decay, patience=patience, clip=clip
        )
        assert torch.allclose(path[-1][row], expected[-1], atol=1e-9)


def test_a_loaded_state_goes_on_with_the_same_bits():
    settings = [("adam", 0.05, 0.1, 3, None), ("adamax", 0.1, 0.1, 2, 1.0)]
    targets = _targets(2)
    whole = _start(2)
    _run(_configured(settings), whole, targets, 24)
    first, values = _configured(settings), _start(2)
    _run(first, values, targets, 12)
    state = {name: value.clone() for name, value in first.state().items()}
    second = _empty(2)
    second.load_state(state)
    _run(second, values, targets, 12)
    assert torch.equal(values, whole)


# Parameters


def _stack(slots: int = 3) -> StackedParameters:
    modules = nn.ModuleDict(
        {"predictor": nn.Linear(2, 3), "representation": build("convex", width=4)}
    )
    return StackedParameters(modules, slots, CPU)


def test_leaves_are_views_with_the_modules_shapes():
    stack = _stack()
    stack.values.copy_(torch.arange(stack.values.numel()).reshape(stack.values.shape))
    rows = torch.cat([leaf.detach().flatten(1) for leaf in stack.leaves.values()], dim=1)
    assert torch.equal(rows, stack.values)
    assert stack.leaves["predictor.weight"].shape == (3, 3, 2)
    stack.values[1] = 5.0
    assert (stack.leaves["representation.network.output_x.weight"][1] == 5.0).all()


def test_gradients_arrive_in_their_rows():
    stack = _stack()
    for _ in range(2):  # The second call replaces what the first has found.
        stack.differentiate(
            (stack.leaves["predictor.bias"] * torch.tensor([[1.0], [2.0], [3.0]])).sum()
        )
    columns = stack.columns("predictor.bias")
    assert torch.equal(stack.gradients[:, columns], torch.tensor([[1.0] * 3, [2.0] * 3, [3.0] * 3]))
    assert (stack.gradients[:, ~columns] == 0).all()


def test_columns_know_whole_names_only():
    stack = _stack()
    assert int(stack.columns("predictor").sum()) == 9
    assert int(stack.columns("predictor.weight").sum()) == 6
    assert int(stack.columns("predict").sum()) == 0
    assert int(stack.columns("representation").sum()) == stack.size - 9


def test_a_row_comes_back_from_its_state():
    stack = _stack()
    row = torch.randn(stack.size, generator=torch.Generator().manual_seed(0))
    state = stack.unflatten(row)
    assert torch.equal(stack.flatten(state), row)
    state["predictor.weight"].zero_()
    assert (row != 0).all()


def test_projection_reaches_every_slot_and_no_free_weight_also_after_select():
    stack = _stack()
    for kept in ([2, 0], [1]):
        stack.values.fill_(-1.0)
        stack.project_()
        constrained = stack.columns("representation.network.hidden_z.0.weight")
        constrained |= stack.columns("representation.network.output_z.weight")
        assert (stack.values[:, constrained] == 0).all()
        assert (stack.values[:, ~constrained] == -1).all()
        stack.select(kept)
        assert stack.slots == len(kept)


def test_parameters_may_be_single_numbers():
    stack = StackedParameters(
        nn.ModuleDict({"representation": build("radially_connected", width=4)}), 2, CPU
    )
    stack.differentiate((stack.leaves["representation.origin"] * torch.tensor([3.0, 4.0])).sum())
    assert stack.gradients[:, stack.columns("representation.origin")].tolist() == [[3.0], [4.0]]


def test_select_keeps_rows_in_the_order_asked():
    stack = _stack()
    stack.values.copy_(torch.arange(3.0)[:, None].expand_as(stack.values))
    stack.select([2, 0])
    assert stack.leaves["predictor.bias"].tolist() == [[2.0] * 3, [0.0] * 3]


def test_the_template_is_not_touched():
    template = nn.ModuleDict({"representation": build("convex", width=4)})
    before = [parameter.detach().clone() for parameter in template.parameters()]
    stack = StackedParameters(template, 2, CPU)
    stack.values.fill_(-3.0)
    stack.project_()
    for parameter, value in zip(template.parameters(), before, strict=True):
        assert torch.equal(parameter, value)


def test_what_all_phases_hold_still_has_no_gradient():
    stack = _stack()
    still = Phase(1.0, 0.1, {}, learning_rate_scale={"predictor": 0.0})
    moving = Phase(1.0, 0.1, {}, learning_rate_scale={"predictor": 0.5})
    for phases, wanted in (([still, still], False), ([still, moving], True)):
        stack.freeze(phases)
        leaves = stack.trained_leaves()
        assert leaves["predictor.weight"].requires_grad == wanted
        assert leaves["representation.network.output_x.weight"].requires_grad
        stack.differentiate(sum(leaf.sum() for leaf in leaves.values()))
        assert (stack.gradients[:, stack.columns("predictor")] == float(wanted)).all()
        assert (stack.gradients[:, stack.columns("representation")] == 1.0).all()


@pytest.mark.parametrize("adamax", [False, True])
def test_a_step_to_infinity_is_not_taken_and_the_slot_rests(adamax):
    optimiser = StackedOptimiser(2, 3, torch.device("cpu"))
    optimiser.configure([0, 1], rate=1.0, active=True, adamax=adamax)
    optimiser.configure([0], rate=3e38)
    before = torch.tensor([[3e38, 0.0, 1.0], [3e38, 0.0, 1.0]])
    values = before.clone()
    for _ in range(3):
        optimiser.step(values, -torch.ones(2, 3), torch.zeros(2, 1))
    assert torch.equal(values[0], before[0])
    assert values.isfinite().all()
    assert not torch.equal(values[1], before[1])
    assert optimiser.active.tolist() == [[False], [True]]
