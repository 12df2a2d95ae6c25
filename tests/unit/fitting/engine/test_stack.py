import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from plain_convolutions import plain_convolutions
from stacks import assert_same_bits, run

from isr.constraints import build
from isr.fitting.engine import stack as engine
from isr.fitting.engine.queue import Phase, Result
from isr.fitting.engine.stack import Stack
from isr.fitting.schedules import (
    COUPLING,
    REPRESENTATION_SCRIBBLES,
    joint_schedule,
    projection_schedule,
)
from isr.fitting.tasks import PictureTraining
from isr.levels import foreground

EIGHT = [f"p{n}" for n in range(8)]
KINDS = ["projection", "fcn", "cnn"]


def _largest_difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return max(float((one[key] - other[key]).abs().max()) for key in one)


def _mask(state: dict[str, torch.Tensor], problem: Any) -> np.ndarray:
    convex = build("convex", width=16)
    convex.load_state_dict({k.removeprefix("representation."): v for k, v in state.items()})
    with torch.no_grad():
        # Drawn finely: one of the forty pixels of the smallest disc would be more than 2 %.
        x_max, y_max = problem.coordinates.reshape(-1, 2).max(0)
        grid = np.stack(np.meshgrid(np.linspace(0, x_max, 200), np.linspace(0, y_max, 200)), -1)
        return foreground(convex(torch.from_numpy(grid.astype(np.float32)))).numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_alone_and_in_a_stack_of_eight_agree_after_fifty_steps(make_stack, kind):
    schedule = joint_schedule() if kind != "projection" else None
    more = {} if schedule is None else {"schedule": schedule}
    together = run(make_stack(EIGHT, kind=kind, steps=50, stack_size=8, **more))
    for name in EIGHT[:: 1 if kind == "projection" else 4]:
        alone = run(make_stack([name], kind=kind, steps=50, **more))
        assert _largest_difference(alone.states[name], together.states[name]) < 1e-4
    assert _largest_difference(together.states["p0"], together.states["p1"]) > 1e-2


@pytest.mark.parametrize("replays", [False, True])
def test_pictures_of_different_sizes_stacked_and_refilled_find_what_each_finds_alone(
    make_stack, monkeypatch, replays
):
    """As where there are kernels: padded, under `vmap`. From a start that has no ties."""
    monkeypatch.setattr(PictureTraining, "start_", lambda task, problem, again: None)
    more = {"kind": "cnn", "steps": 50, "schedule": joint_schedule()}
    with plain_convolutions():
        stack = make_stack(EIGHT[:4], stack_size=3, replays=replays, **more)
        together = run(stack)
    for name in EIGHT[:4]:
        alone = run(make_stack([name], **more))
        assert _largest_difference(alone.states[name], together.states[name]) < 1e-4


@pytest.fixture(scope="module")
def finished(make_stack) -> tuple[Result, dict[str, Result]]:
    """Fits of 300 steps: eight together, and each alone."""
    long = {"steps": 300, "schedule": projection_schedule()}
    alone = {name: run(make_stack([name], **long)) for name in EIGHT}
    return run(make_stack(EIGHT, stack_size=8, **long)), alone


def test_masks_of_finished_fits_agree(finished, problems):
    together, alone = finished
    for name in EIGHT:
        one = _mask(alone[name].states[name], problems[name])
        other = _mask(together.states[name], problems[name])
        assert (one & other).sum() / (one | other).sum() >= 0.98
        assert 0.01 < one.mean() < 0.5


def test_losses_fall_and_the_history_has_its_rows(finished):
    together, _ = finished
    assert {name for name, *_ in together.history} == set(EIGHT)
    for name in EIGHT:
        steps = [s for n, s, t, _ in together.history if (n, t) == (name, COUPLING)]
        values = [v for n, _, t, v in together.history if (n, t) == (name, COUPLING)]
        assert steps == sorted(set(steps))
        assert steps[0] == 20  # The first phase has no coupling.
        assert steps[-1] == 299
        assert np.mean(values[-5:]) < 0.7 * values[0]
        every = [s for n, s, t, _ in together.history if (n, t) == (name, REPRESENTATION_SCRIBBLES)]
        assert every[0] == 0
        assert 60 <= len(every) <= 62


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_and_stack_size_give_the_same_bits(make_stack, kind):
    one, two = (run(make_stack(EIGHT[:3], kind=kind, steps=12, stack_size=3)) for _ in "ab")
    assert_same_bits(one, two)
    other = run(make_stack(EIGHT[:3], kind=kind, steps=12, stack_size=3, seeds=(8,)))
    assert _largest_difference(one.states["p0"], other.states["p0"]) > 1e-3


def test_the_length_of_blocks_does_not_change_the_bits(make_stack, monkeypatch):
    one = run(make_stack(EIGHT[:2], stack_size=2))
    monkeypatch.setattr(engine, "_BLOCK", 7)
    assert_same_bits(one, run(make_stack(EIGHT[:2], stack_size=2)))


def test_random_numbers_do_not_depend_on_order_or_place(make_stack):
    one = run(make_stack(["p3", "p1", "p2"], stack_size=3))
    other = run(make_stack(["p2", "p3", "p1"], stack_size=3))
    for name in ("p1", "p2", "p3"):
        assert _largest_difference(one.states[name], other.states[name]) < 1e-4


def test_refilled_slots_give_what_each_gives_alone(make_stack):
    queued = run(make_stack(EIGHT[:5], steps=50, stack_size=2))
    assert list(queued.states) == EIGHT[:5]
    assert all(queued.finite.values())
    for name in EIGHT[:5]:
        alone = run(make_stack([name], steps=50))
        assert _largest_difference(alone.states[name], queued.states[name]) < 1e-4


def test_a_queue_starts_every_problem_afresh_bit_for_bit(make_stack):
    """One after the other in one slot equals each in a stack of its own."""
    queued = run(make_stack(EIGHT[:3], steps=30))
    for name in EIGHT[:3]:
        alone = run(make_stack([name], steps=30))
        assert _largest_difference(alone.states[name], queued.states[name]) == 0.0


def test_progress_counts_every_step(make_stack):
    seen = []
    stack = make_stack(EIGHT[:3], steps=60, stack_size=2)
    run(stack, after_block=lambda stack: seen.append(stack.done))
    # Blocks end with the phase (10), after 50 steps, and with the problems.
    assert seen == [20, 120, 130, 180]
    assert stack.finished


def test_stored_states_are_projected_ones(make_stack):
    for steps in (2, 3, 60):
        state = run(make_stack(["p0"], steps=steps)).states["p0"]
        for key in ("hidden_z.0.weight", "output_z.weight"):
            assert (state[f"representation.network.{key}"] >= 0).all()
        assert (state["representation.network.first.weight"] < 0).any()


def test_without_projection_stored_states_are_not_convex(make_stack, monkeypatch):
    monkeypatch.setattr(
        "isr.fitting.engine.optimiser.StackedParameters.project_", lambda self: None
    )
    state = run(make_stack(["p0"], steps=20)).states["p0"]
    assert (state["representation.network.hidden_z.0.weight"] < 0).any()


def test_shared_initial_weights_start_all_problems_alike(make_stack):
    shared = make_stack(EIGHT[:3], stack_size=2, shared_initial_weights=True)
    assert torch.equal(shared.parameters.values[0], shared.parameters.values[1])
    own = make_stack(EIGHT[:3], stack_size=2)
    assert not torch.equal(own.parameters.values[0], own.parameters.values[1])


def test_phases_set_rates_kinds_and_restarts(make_stack):
    schedule = (
        Phase(1.0, 0.02, {COUPLING: 1.0}, clip_norm=0.5, plateau=3),
        Phase(
            1.0,
            0.01,
            {COUPLING: 1.0},
            optimiser="adamax",
            restart=True,
            learning_rate_scale={"representation.network.first": 0.0},
            weight_decay={"representation": 0.1},
        ),
    )
    schedule += (dataclasses.replace(schedule[1], restart=False),)
    stack = make_stack(["p0"], steps=24, schedule=schedule)
    stack.advance()
    first = {key: leaf.detach().clone() for key, leaf in stack.parameters.leaves.items()}
    optimiser = stack.optimiser
    assert float(optimiser.clip_norm) == 0.5
    assert float(optimiser.patience) == 3.0
    assert not optimiser.adamax.any()
    assert float(optimiser.steps) == 8
    stack.advance()
    assert float(optimiser.steps) == 8
    assert optimiser.adamax.all()
    assert torch.isinf(optimiser.clip_norm).all()
    assert (optimiser.decay == 0.1).all()
    for key, leaf in stack.parameters.leaves.items():
        frozen = key.startswith("representation.network.first.")
        assert torch.equal(leaf.detach(), first[key]) == frozen, key


def _broken(problem, value: float, where: slice) -> Any:
    unaries = problem.unaries.copy()
    unaries.ravel()[where] = value
    return dataclasses.replace(problem, unaries=unaries)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_problem_that_is_not_finite_freezes_without_disturbing_its_neighbours(
    make_stack, problems, value
):
    names = EIGHT[:4]
    changed = {"p1": _broken(problems["p1"], value, slice(None))}
    healthy = run(make_stack(names, stack_size=2))
    ill = run(make_stack(names, stack_size=2, changed=changed))
    assert ill.finite == {"p0": True, "p1": False, "p2": True, "p3": True}
    for name in ("p0", "p2", "p3"):
        assert _largest_difference(healthy.states[name], ill.states[name]) == 0.0, name
    assert all(torch.isfinite(value).all() for value in ill.states["p1"].values())


def test_a_frozen_problem_keeps_its_last_finite_state_and_stays_frozen(make_stack, problems):
    """One bad pixel is met now and then: the state before the first time is what is kept."""
    schedule = (Phase(1.0, 0.02, {COUPLING: 1.0}),)
    changed = {"p0": _broken(problems["p0"], np.nan, slice(0, 1))}
    ill = make_stack(["p0", "p1"], steps=200, stack_size=2, schedule=schedule, changed=changed)
    source = ill.task.source(changed["p0"], seed=7)
    met = torch.flatten(source.block(0, 200)["unaries"].isnan().any(1).nonzero()).tolist()
    # The first time is in a later step than the first, and whole blocks after it do not meet it.
    assert 0 < met[0] < 100
    assert len(met) < 100
    result = run(ill)
    assert result.finite == {"p0": False, "p1": True}
    expected = make_stack(
        ["p0", "p1"], steps=met[0], stack_size=2, schedule=schedule, changed=changed
    )
    assert _largest_difference(run(expected).states["p0"], result.states["p0"]) == 0.0


def test_frozen_features_of_a_predictor(make_stack, problems):
    features = problems["p1"].features.copy()
    features[3, 4, 1] = np.nan
    changed = {"p1": dataclasses.replace(problems["p1"], features=features)}
    result = run(make_stack(EIGHT[:3], kind="cnn", steps=40, stack_size=3, changed=changed))
    assert result.finite == {"p0": True, "p1": False, "p2": True}
    for state in result.states.values():
        assert all(torch.isfinite(value).all() for value in state.values())


def test_a_slot_refilled_after_a_frozen_problem_is_alive(make_stack, problems):
    changed = {"p0": _broken(problems["p0"], np.nan, slice(None))}
    result = run(make_stack(["p0", "p1"], steps=50, changed=changed))
    assert result.finite == {"p0": False, "p1": True}
    alone = run(make_stack(["p1"], steps=50))
    assert _largest_difference(alone.states["p1"], result.states["p1"]) == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_two_seeds_in_one_stack_are_those_of_a_stack_each(make_stack, kind):
    """Bit for bit one after the other, to rounding side by side."""
    names, seeds = EIGHT[:2], (7, 8)
    alone = {}
    for seed in seeds:
        found = run(make_stack(names, kind=kind, steps=20, seeds=(seed,)))
        alone |= {(name, seed): state for name, state in found.states.items()}
    for size, most in ((1, 0.0), (4, 1e-4)):
        stack = make_stack(names, kind=kind, steps=20, seeds=seeds, stack_size=size)
        while not stack.finished:
            stack.advance()
        assert set(stack.result.states) == set(alone)
        stack.collect_history()
        assert {(name, seed) for name, seed, *_ in stack.result.history} == set(alone)
        for key, state in stack.result.states.items():
            assert _largest_difference(state, alone[key]) <= most, key
    assert _largest_difference(alone["p0", 7], alone["p0", 8]) > 1e-3


def test_problems_are_opened_when_their_turn_comes(make_stack):
    stack: Stack = make_stack(EIGHT[:3], steps=20)
    opened = []
    load = stack._starts._load
    stack._starts._load = lambda name, seed: opened.append(name) or load(name, seed)
    stack.advance()
    assert opened == []
    run(stack)
    assert opened == ["p1", "p2"]


def test_a_start_is_that_of_the_problem_and_not_of_the_one_before(make_stack):
    queue = run(make_stack(EIGHT[:3], kind="star_shaped", steps=8))
    for name in EIGHT[:3]:
        alone = run(make_stack([name], kind="star_shaped", steps=8))
        for key, value in alone.states[name].items():
            assert torch.equal(value, queue.states[name][key]), (name, key)
