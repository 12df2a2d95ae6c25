import torch
from torch import nn

from isr.constraints import build
from isr.fitting.engine.optimiser import StackedParameters
from isr.fitting.engine.queue import Phase

CPU = torch.device("cpu")


def _stack(slots: int = 3) -> StackedParameters:
    modules = nn.ModuleDict(
        {"predictor": nn.Linear(2, 3), "representation": build("convex", width=4)}
    )
    return StackedParameters(modules, slots, torch.device("cpu"))


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
    stack = StackedParameters(template, 2, torch.device("cpu"))
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
