"""Loss terms of projections by hand, and where they start."""

import dataclasses

import numpy as np
import pytest
import torch

from isr.constraints import build
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.engine.task import Batch, Points, Task, bind, first_guess
from isr.fitting.tasks import Projection
from isr.networks.layers import initialise_

CPU = torch.device("cpu")
TERMS = frozenset({"representation_scribbles", "coupling"})
EVERYTHING = TERMS | {"unaries_entropy", "overlap", "regulariser"}


def _terms(task: Task, batch: Batch, active=TERMS) -> dict[str, float]:
    call = bind(task.modules, dict(task.modules.named_parameters()))
    return {name: float(value.detach()) for name, value in task.terms(call, batch, active).items()}


def _step(source, step: int = 0) -> Batch:
    return source.constants | {key: value[0] for key, value in source.block(step, 1).items()}


def test_projection_terms_are_unbiased_for_the_equations(make_problem):
    problem = make_problem()
    convex = build("convex", width=8)
    initialise_(convex, np.random.default_rng(0))
    task = Projection(convex, Points(12, 12))
    source = task.source(problem, seed=1, device=CPU)
    block = source.block(0, 2000)
    batches = [source.constants | {k: v[n] for k, v in block.items()} for n in range(2000)]
    drawn = [_terms(task, batch) for batch in batches]
    level = convex(torch.from_numpy(problem.coordinates)).detach().double()
    labelled = problem.scribbles != 0
    target = torch.from_numpy((labelled & (problem.scribbles != 255)).astype(float))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(
        -level[labelled], target[labelled]
    )
    distance = (torch.sigmoid(-level) - torch.from_numpy(problem.unaries)).square().mean()
    for name, expected in (("representation_scribbles", entropy), ("coupling", distance)):
        values = np.array([terms[name] for terms in drawn])
        error = values.std() / np.sqrt(len(values))
        assert abs(values.mean() - float(expected)) < 4 * error, name
        assert 0 < error < 0.02 * float(expected), name


def _two_objects(make_problem) -> Problem:
    problem = make_problem()
    scribbles = problem.scribbles.copy()
    scribbles[4:6, 18:22] = 2
    return dataclasses.replace(problem, scribbles=scribbles)


def _union() -> Projection:
    task = Projection(build("union", count=2, options={"width": 8}), Points(30, 40), objects=True)
    initialise_(task.modules, np.random.default_rng(0))
    return task


def test_every_object_sees_its_own_scribbles_against_all_others(make_problem):
    problem, task = _two_objects(make_problem), _union()
    batch = _step(task.source(problem, seed=0, device=CPU))
    terms = _terms(task, batch, EVERYTHING)
    union = task.modules["representation"]
    levels = union.parts(batch["coordinates"]).detach()
    strokes = levels[:30].double()
    pixels = (batch["coordinates"][:30] * 26 - 0.5).round().long()
    labels = torch.from_numpy(problem.scribbles.astype(int))[pixels[:, 1], pixels[:, 0]]
    expected = 0.0
    for k in range(2):
        own = labels == k + 1
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(
            -strokes[:, k], own.double(), reduction="none"
        )
        stands_for = torch.tensor([float((problem.scribbles == int(x)).sum()) for x in labels])
        for group in (own, ~own):
            weights = stands_for[group] / stands_for[group].sum()
            expected += float((entropy[group] * weights).sum()) / 4
    assert terms["representation_scribbles"] == pytest.approx(expected, rel=1e-5)
    second = levels[30:].max(-1).values
    overlap = (torch.relu(-second) * batch["point_weights"]).sum()
    assert terms["overlap"] == pytest.approx(float(overlap), rel=1e-5)
    assert terms["regulariser"] == 0.0


def test_objects_start_from_their_own_scribbles_and_others_from_what_is_known(make_problem):
    problem = _two_objects(make_problem)
    options = {"member": "star_shaped", "count": 2, "options": {"width": 4}}
    task = Projection(build("union", **options), Points(8, 8), objects=True)
    task.start_(problem)
    first, second = (member.centre for member in task.modules["representation"].members)
    assert abs(first.detach() * 26 - torch.tensor([13.5, 10.5])).max() < 2.0
    assert abs(second.detach() * 26 - torch.tensor([20.0, 5.0])).max() < 2.0
    alone = Projection(build("star_shaped", width=4), Points(8, 8))
    alone.start_(dataclasses.replace(make_problem(), scribbles=None))
    centre = alone.modules["representation"].centre.detach() * 26
    assert abs(centre - torch.tensor([13.0, 10.0])).max() < 2.0


def test_what_is_known_without_unaries_are_the_scribbles(make_problem):
    problem = make_problem()
    assert first_guess(problem) is problem.unaries
    guess = first_guess(dataclasses.replace(problem, unaries=None))
    assert np.isnan(guess[problem.scribbles == 0]).all()
    assert (guess[problem.scribbles == 255] == 0).all()
    assert (guess[problem.scribbles == 1] == 1).all()
    assert first_guess(Problem("p", problem.coordinates)) is None


def test_several_objects_need_a_union():
    with pytest.raises(UserError, match="union"):
        Projection(build("convex", width=4), Points(4, 4), objects=True)
