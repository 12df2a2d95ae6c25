"""How many problems an accelerator takes side by side, of what a pretended one measures."""

import json

import pytest
import torch
from stacks import loader, run
from whole_jobs import bright_disc, fit_job, fitted, write_items

from isr.errors import UserError
from isr.fitting import stack_sizes
from isr.fitting.engine.long_work import Run
from isr.fitting.engine.stack import Stack
from isr.fitting.stack_sizes import RESERVE, Needs, largest, largest_stack, stack_size

NEEDS = Needs(one=30, two=40, free=1000)


@pytest.mark.parametrize(
    ("one", "two", "free", "most"),
    [
        (30, 40, 1000, 80),  # 20 in common, and 10 each of 820
        (30, 40, 20, 1),  # less than one needs: it is tried nevertheless
        (30, 30, 1000, 27),  # the second one is not seen: each is taken for as large as the first
        (30, 70, 1000, 20),  # the second one needs more than the first
        (0, 0, 1000, 820),
    ],
)
def test_the_largest_stack_leaves_a_reserve(one, two, free, most):
    found = largest_stack(Needs(one, two, free))
    assert found == most
    each, common = max(two - one, 1), max(0, one - (two - one))
    assert found == 1 or common + found * each <= free * (1 - RESERVE)


@pytest.mark.parametrize(
    ("works", "size"),
    [(7, 7), (80, 80), (81, 41), (160, 80), (161, 54), (200, 67)],
)
def test_works_are_shared_out_among_as_few_turns_as_there_can_be(works, size):
    """Of 80 at most: 81 are not one of 80 and one alone."""
    assert stack_size(works, lambda: NEEDS, None) == size


@pytest.mark.parametrize(
    ("padded", "grids", "found"),
    [
        (False, {"a": (3, 4), "b": (9, 1), "c": (1, 11), "d": (4, 4)}, ["d", "a"]),
        # Together they would be padded to 9x11.
        (True, {"a": (3, 4), "b": (9, 1), "c": (1, 11), "d": (4, 4)}, ["b", "c"]),
        (True, {"a": (3, 4), "b": (5, 6), "c": (4, 4)}, ["b", "c"]),
        (True, {"a": (5, 6), "b": (6, 5), "c": (6, 4)}, ["b", "a"]),
        (True, {"a": (3, 4)}, ["a"]),
    ],
)
def test_which_problems_are_the_largest(padded, grids, found):
    assert largest(grids, padded=padded) == found


def test_one_work_needs_no_measurement():
    assert stack_size(1, pytest.fail, None) == 1


def test_what_was_measured_is_kept_to(tmp_path):
    file = tmp_path / "sizes" / "a.json"
    assert stack_size(160, lambda: NEEDS, file) == 80
    assert stack_size(160, pytest.fail, file) == 80
    assert stack_size(50, pytest.fail, file) == 50
    assert json.loads(file.read_text()) == {"fits": 80, "one": 30, "two": 40, "free": 1000}
    assert list(file.parent.iterdir()) == [file]


def test_of_two_jobs_that_measure_at_once_the_first_counts(tmp_path):
    file = tmp_path / "a.json"

    def slow():
        stack_size(160, lambda: NEEDS, file)
        return Needs(30, 40, 200)

    assert stack_size(160, slow, file) == 80


@pytest.fixture
def device(monkeypatch):
    """A processor that takes itself for an accelerator."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Abacus 3")
    peaks = iter([100, 160])
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 40)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 40 + next(peaks))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 2000))
    return torch.device("cpu")


@pytest.mark.parametrize("kind", ["projection", "fcn", "star_shaped"])
def test_a_measurement_disturbs_no_fit(make_stack, problems, device, kind):
    untouched = run(make_stack(["p0", "p1"], kind=kind, steps=20))
    stack: Stack = make_stack(["p0", "p1"], kind=kind, steps=20)
    generator = torch.get_rng_state()
    keys, schedule = stack.queue.keys, stack.slots[0].work.schedule
    needs = stack_sizes.measure(stack.task, schedule, keys, loader(problems, kind), device)
    assert needs == Needs(100, 160, 1000)
    assert torch.equal(torch.get_rng_state(), generator)
    found = run(stack)
    for name, state in untouched.states.items():
        assert all(torch.equal(value, found.states[name][key]) for key, value in state.items())


@pytest.fixture
def items(tmp_path):
    sizes = {"small": (16, 20), "large": (24, 30), "middle": (20, 22)}
    return write_items(tmp_path / "items", [bright_disc(name, *hw) for name, hw in sizes.items()])


def test_a_job_on_a_processor_takes_one_problem_after_the_other(items, tmp_path):
    job = fit_job(items, fit="joint", steps=8, stack_size="auto")
    stored = fitted(job, tmp_path / "fits")
    assert stored.metadata["stack_sizes"] == {"stack-0": 1}
    job = fit_job(items, fit="joint", steps=8, stack_size=2)
    assert fitted(job, tmp_path / "fits").metadata["stack_sizes"] == {"stack-0": 2}


@pytest.fixture
def chosen(plans, items, tmp_path, monkeypatch):
    """The stack size that a job chooses on an accelerator, and what it has measured before."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Abacus 3")
    measured = []

    def measure(task, schedule, keys, load, device):
        measured.append(keys)
        return NEEDS

    def choose(at_once=None, **changed):
        monkeypatch.setattr(stack_sizes, "measure", measure)
        run = Run(torch.device("meta"), stack_sizes=tmp_path / "sizes")
        job = fit_job(items, fit="joint", run=run, **{"stack_size": "auto", **changed})
        ((plan, keys),) = plans(job)
        return job.choose_stack_size(plan, keys, job.reader.load, at_once), measured

    return choose


def test_a_job_measures_its_two_largest_problems_once(chosen):
    assert chosen(seeds=range(40)) == (60, [[("large", 0), ("large", 1)]])
    # Neither the same job nor one with other seeds measures them again.
    for seeds in (range(40), [7, 8]):
        size, measured = chosen(seeds=seeds)
        assert size == min(60, 3 * len(seeds))
        assert len(measured) == 1
    assert chosen(stack_size=5)[0] == 5


def test_what_waits_for_others_needs_no_place(chosen):
    assert chosen(seeds=range(40), at_once=4)[0] == 4
    assert chosen(seeds=range(50, 90), at_once=1) == (1, [[("large", 0), ("large", 1)]])


def test_another_need_of_memory_is_measured(chosen):
    for changed in ({}, {"points": {"strokes": 20, "random": 61}}, {"constraint": "star_shaped"}):
        before = len(chosen(works=[["small", 1]])[1])
        assert len(chosen(**changed)[1]) == before + 1
        assert len(chosen(**changed)[1]) == before + 1


def test_too_large_a_stack_is_told_of(items, tmp_path, monkeypatch):
    def full(self):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Stack, "advance", full)
    with pytest.raises(UserError, match="2 problems side by side need more memory"):
        fitted(fit_job(items, fit="joint", steps=8, stack_size=2), tmp_path / "fits")
