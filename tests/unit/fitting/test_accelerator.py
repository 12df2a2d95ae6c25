"""Fits on an accelerator find what fits on the processor find, whatever the stack, again and again.

Without one they can be tried on the processor: ISR_TEST_DEVICE=cpu pytest -m gpu.
"""

from collections.abc import Callable

import pytest
import torch
from accelerator import accelerator
from stacks import loader

from isr.fitting.engine.devices import use_precision
from isr.fitting.engine.queue import Key, State
from isr.fitting.engine.stack import Stack
from isr.fitting.schedules import joint_schedule, path_connected_schedule, unaries_schedule
from isr.fitting.stack_sizes import largest, measure, need

pytestmark = pytest.mark.gpu

KINDS = ["projection", "star_shaped", "path_connected", "fcn", "cnn", "union"]
SCHEDULES = {
    "path_connected": path_connected_schedule(),
    "fcn": joint_schedule(),
    "cnn": joint_schedule(),
}
NAMES = [f"p{number}" for number in range(6)]
SEEDS = (7, 8, 9)
STEPS = 50
TOLERANCE = 1e-3
"""Of parameters after 50 steps: what the order of sums in float32 may change."""


@pytest.fixture(scope="module")
def device() -> str:
    return accelerator()


@pytest.fixture(autouse=True)
def _without_tf32():
    use_precision("fp32")


@pytest.fixture(scope="module")
def fitted(make_stack) -> Callable[..., dict[Key, State]]:
    """States of all fits of a stack that was run to its end, all of which stayed finite."""

    def run(kind: str, **options: object) -> dict[Key, State]:
        schedule = SCHEDULES.get(kind, unaries_schedule())
        stack: Stack = make_stack(kind=kind, steps=STEPS, schedule=schedule, **options)
        while not stack.finished:
            stack.advance()
        assert all(stack.result.finite.values())
        return stack.result.states

    return run


def _largest_difference(one: State, other: State) -> float:
    assert one.keys() == other.keys()
    return max(float((one[key] - other[key]).abs().max()) for key in one)


@pytest.mark.parametrize("kind", KINDS)
def test_the_processor_finds_the_same(fitted, device, kind):
    here = fitted(kind, names=NAMES[:3], stack_size=3)
    there = fitted(kind, names=NAMES[:3], stack_size=3, device=device)
    for key, state in here.items():
        assert _largest_difference(there[key], state) < TOLERANCE, key


@pytest.mark.parametrize("kind", KINDS)
def test_stacks_of_1_and_of_17_find_the_same(fitted, device, kind):
    """Of eighteen fits, so that one slot is refilled."""
    together = fitted(kind, names=NAMES, seeds=SEEDS, stack_size=17, device=device)
    assert len(together) == 18
    alone = fitted(kind, names=["p5", "p0"], seeds=SEEDS[-1:], device=device)
    for key, state in alone.items():
        assert _largest_difference(together[key], state) < TOLERANCE, key
    assert _largest_difference(together["p0", 7], together["p0", 8]) > 10 * TOLERANCE


@pytest.mark.parametrize("kind", KINDS)
def test_two_runs_give_the_same_bits(fitted, device, kind):
    one, two = (fitted(kind, names=NAMES[:3], stack_size=2, device=device) for _ in "ab")
    for key, state in one.items():
        assert _largest_difference(two[key], state) == 0.0, key


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_needs_no_more_memory_than_a_trial_foretells(make_stack, problems, device, kind):
    if device == "cpu":
        pytest.skip("a processor's memory is not measured")
    schedule = SCHEDULES.get(kind, unaries_schedule())
    stack: Stack = make_stack(NAMES, kind=kind, seeds=SEEDS, schedule=schedule)
    keys, load, where = stack.queue.keys, loader(problems, kind), torch.device(device)
    grids = {key: problems[key[0]].coordinates.shape[:-1] for key in keys}
    tried = largest(grids, padded=stack.task.padded)
    needs = measure(stack.task, schedule, tried, load, where)
    assert 0 < needs.one <= needs.two < needs.free
    foretold = needs.one + (len(keys) - 1) * (needs.two - needs.one)
    assert need(stack.task, schedule, keys, load, where) <= 1.2 * foretold + 2**22
