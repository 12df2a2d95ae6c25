"""Second attempts: which fits are poor, which of two is kept, and that they can be resumed."""

import dataclasses
import math
from itertools import product

import numpy as np
import pytest
import torch

from isr.constraints import build
from isr.coordinates import ThirdAxis, pixel_coordinates, with_third
from isr.data.problems import Problem
from isr.fitting.engine.attempts import Attempts, Judge, Quality, loading, sentence
from isr.fitting.engine.queue import EqualWorks, Work, second_name
from isr.fitting.engine.sources import Points
from isr.fitting.engine.stack import Stack
from isr.fitting.recipe import Recipe
from isr.fitting.tasks import Projection

POOR, PROPER, EMPTY = Quality(0.3, loss=0.2), Quality(0.9, loss=0.1), Quality(0.0, loss=0.05)


def settled(first, second):
    """What becomes of two attempts of these qualities, and what is told."""
    found = {"a": first, second_name("a"): second}
    attempts = Attempts(lambda work, state: found[work.name])
    kept = [
        attempts.settle(Work(name, 1, (), 5), {}, finite=quality.finite)
        for name, quality in found.items()
    ]
    return [each.keep for each in kept], attempts.told["a", 1]


def test_a_proper_fit_is_over():
    attempts = Attempts(lambda work, state: PROPER)
    assert attempts.settle(Work("a", 1, (), 5), {}, finite=True) == (True, True)
    assert attempts.told["a", 1] == {"status": "fitted", "iou": 0.9, "strokes": None}


@pytest.mark.parametrize(
    ("first", "second", "kept", "status"),
    [
        (POOR, PROPER, True, "retried"),
        (EMPTY, PROPER, True, "retried"),
        # With less of its object than the first has, though by its loss it is better.
        (POOR, EMPTY, False, "failed"),
        (EMPTY, POOR, True, "failed"),
        (POOR, dataclasses.replace(POOR, iou=0.4, loss=0.3), False, "failed"),
        # The first obeys what weighs most, which the agreement does not show.
        (POOR, dataclasses.replace(PROPER, loss=0.3), False, "failed"),
        (dataclasses.replace(PROPER, finite=False), dataclasses.replace(PROPER, loss=9), True,
         "retried"),
        (dataclasses.replace(PROPER, finite=False), POOR, False, "failed"),
    ],
)  # fmt: skip
def test_a_second_attempt_never_replaces_a_better_one(first, second, kept, status):
    keeps, told = settled(first, second)
    assert keeps == [True, kept]
    assert told["status"] == status
    assert told["iou"] == (second if kept else first).iou


def test_strokes_are_judged_as_unaries_are():
    assert not Quality(0.9, 0.2).proper
    assert not Quality(None, 0.2).proper
    assert Quality(None, None).proper
    assert not Quality(0.9, 0.9, finite=False).proper


def _bar(name="bar", value=1.0):
    unaries = np.zeros((16, 24), np.float32)
    unaries[7:9, 2:22] = value
    return Problem(name, pixel_coordinates(16, 24).astype(np.float32), unaries=unaries)


def _judged(problem, representation, *, objects=False):
    task = Projection(representation, Points(6, 30), objects=objects)
    judge = Judge(task, lambda name, seed: problem, torch.device("cpu"))
    state = {f"representation.{key}": value for key, value in representation.named_parameters()}
    return judge.agreement(problem, state)


def test_agreement_is_iou_over_all_pixels_of_what_shows_both_classes():
    everywhere = build("convex", width=4)
    with torch.no_grad():
        everywhere.network.output_z.weight.zero_()
        everywhere.network.output_x.weight.zero_()
        everywhere.network.output_z.bias.fill_(-1.0)
    assert _judged(_bar(), everywhere).iou == pytest.approx(40 / (16 * 24))
    assert _judged(_bar(value=0.0), everywhere).iou is None
    scribbles = np.zeros((16, 24), np.uint8)
    scribbles[8, 3:13], scribbles[0, :] = 1, 255
    marked = dataclasses.replace(_bar(value=0.0), scribbles=scribbles)
    assert _judged(marked, everywhere) == Quality(None, pytest.approx(10 / 34))


def test_of_several_objects_the_worst_counts():
    union = build("union", count=2, options={"width": 4})
    with torch.no_grad():
        for member, level in zip(union.members, (-1.0, 1.0), strict=True):
            member.network.output_z.weight.zero_()
            member.network.output_x.weight.zero_()
            member.network.output_z.bias.fill_(level)
    scribbles = np.zeros((16, 24), np.uint8)
    scribbles[2, 2:6], scribbles[12, 2:6], scribbles[0] = 1, 2, 255
    marked = dataclasses.replace(_bar(), unaries=None, scribbles=scribbles)
    assert _judged(marked, union, objects=True).strokes == 0.0


def test_pixels_without_a_depth_are_not_judged():
    depth = np.broadcast_to(np.linspace(0, 1, 24), (16, 24)).copy()
    depth[:7] = np.nan
    third = ThirdAxis("depth", depth)
    coordinates = with_third(pixel_coordinates(16, 24), third).astype(np.float32)
    everywhere = build("convex", 3, width=4)
    with torch.no_grad():
        everywhere.network.output_z.weight.zero_()
        everywhere.network.output_x.weight.zero_()
        everywhere.network.output_z.bias.fill_(-1.0)
    judged = _judged(dataclasses.replace(_bar(), coordinates=coordinates), everywhere)
    assert judged.iou == pytest.approx(40 / (9 * 24))


# A thin bar, which few first attempts of a path-connected region find.


def _stack(seeds=(3,), stack_size=1):
    options = {"blocks": 2, "base_options": {"width": 8}}
    recipe = Recipe("path_connected", options, Points(0, 60))
    schedule = recipe.schedule(unaries=True, scribbles=False)
    task = recipe.projection(recipe.build(2), "bar", unaries=True)

    def load(name, seed):
        return _bar(name)

    attempts = Attempts.at(task, load, torch.device("cpu"))
    queue = EqualWorks([("bar", seed) for seed in seeds], schedule, 24, attempts)
    return Stack(task, queue, loading(load), stack_size=stack_size)


def _finished(stack):
    while not stack.finished:
        stack.advance()
    return stack


def test_a_second_start_finds_what_the_first_loses():
    stack = _finished(_stack())
    told = stack.queue.told["bar", 3]
    assert told["status"] == "retried"
    assert told["iou"] > 0.8
    assert list(stack.result.states) == [("bar", 3)]
    assert stack.done == stack.total == 48
    assert {item for item, *_ in stack.result.history} == {"bar", second_name("bar")}


def test_a_second_attempt_is_the_same_in_any_stack_and_order():
    alone = _finished(_stack()).result.states["bar", 3]
    after = _finished(_stack(seeds=(5, 3, 4))).result.states["bar", 3]
    assert all(torch.equal(value, after[key]) for key, value in alone.items())


def test_a_stack_resumes_before_and_amid_a_second_attempt(tmp_path):
    whole = _finished(_stack()).result
    blocks = 0
    stack = _stack()
    while not stack.finished:
        stack.advance()
        blocks += 1
        torch.save(stack.state(), tmp_path / f"{blocks}.pt")
    assert blocks > 4
    for number in range(1, blocks):
        other = _stack()
        other.load_state(torch.load(tmp_path / f"{number}.pt", weights_only=True))
        _finished(other)
        assert other.queue.told == {("bar", 3): {**stack.queue.told["bar", 3]}}
        for key, value in whole.states["bar", 3].items():
            assert torch.equal(value, other.result.states["bar", 3][key])


def test_what_became_of_a_fit_is_said_in_words():
    for status, iou, strokes in product(("fitted", "retried", "failed"), (None, 0.25), (None, 0.5)):
        words = sentence({"status": status, "iou": iou, "strokes": strokes})
        assert ("0.25 with the unaries" in words) == (iou is not None)
        assert ("0.50 with the strokes" in words) == (strokes is not None)
    assert "nothing was fitted" in sentence({"status": "skipped", "iou": None, "strokes": None})
    assert math.isinf(Quality().loss)
