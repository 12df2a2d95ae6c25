"""R of eq. 9: its value, what it can be used with, and that it makes noisy unaries better."""

import numpy as np
import pytest
import torch
from stacks import run
from torch.func import vmap

import isr
from isr.constraints import NAMES, build
from isr.data.kinds import embedded
from isr.fitting.engine.queue import EqualWorks, Phase
from isr.fitting.engine.sources import Points
from isr.fitting.engine.stack import Stack
from isr.fitting.schedules import COUPLING, TOTAL_VARIATION
from isr.fitting.tasks import Projection
from isr.objectives import total_variation
from isr.predictors.tv import log_likelihood_ratio


@pytest.mark.parametrize(("dim", "size", "measure"), [(2, 200, 2 * np.pi), (3, 60, 4 * np.pi)])
def test_it_is_the_length_of_the_contour_or_the_area_of_the_surface(dim, size, measure):
    axis = (torch.arange(size) + 0.5) / size
    points = torch.stack(torch.meshgrid(*[axis] * dim, indexing="ij"), -1).reshape(-1, dim)
    weights = torch.full((len(points),), 1 / len(points))
    radii = torch.tensor([0.2, 0.3])

    def one(radius):
        return total_variation(lambda x: 80 * ((x - 0.5).norm(dim=-1) - radius), points, weights)

    expected = torch.tensor([measure * float(radius) ** (dim - 1) for radius in radii])
    assert torch.allclose(vmap(one)(radii), expected, rtol=0.02)


def test_its_weights_are_those_of_all_pixels_whatever_the_object_weighs(make_problem):
    problem = make_problem()
    task = Projection(build("convex", width=4), Points(4, 40), object_weight=0.9)
    source = task.source(problem, seed=0)
    weights = source.constants["pixel_weights"].numpy()
    is_object = source.block(0, 1)["unaries"][0].numpy() >= 0.5
    assert weights.sum() == pytest.approx(1.0)
    assert weights[is_object].sum() == pytest.approx((problem.unaries >= 0.5).mean())


@pytest.mark.parametrize(
    ("name", "dim"),
    [(name, 2) for name in sorted(NAMES)]
    + [(name, 3) for name in sorted(NAMES) if name != "lattice_periodic"],  # Of the plane alone.
)
def test_every_representation_can_be_fitted_with_it_alone_and_in_a_stack(name, dim, make_problem):
    problem = make_problem()
    if dim == 3:
        depth = np.full((*problem.size, 1), 0.5, np.float32)
        coordinates = np.concatenate([problem.coordinates, depth], -1)
        problem = type(problem)("p", coordinates, None, None, problem.unaries)
    schedule = (Phase(1.0, 0.01, {COUPLING: 1.0, TOTAL_VARIATION: 0.1}),)
    losses = []
    for names in (["a"], ["a", "b"]):
        task = Projection(build(name, dim), Points(8, 30))
        works = EqualWorks([(name, 0) for name in names], schedule, 3)
        result = run(Stack(task, works, lambda *_: problem, stack_size=len(names)))
        assert all(result.finite.values())
        losses.append([row[3] for row in result.history if row[0] == "a"])
        assert {row[2] for row in result.history} == {COUPLING, TOTAL_VARIATION}
    assert losses[0] == pytest.approx(losses[1], rel=1e-3, abs=1e-6)


def _score(shape, truth, known):
    points = torch.from_numpy(isr.pixel_coordinates(*truth.shape)).float()
    mask = (shape(points) <= 0).numpy()
    length = isr.outline(shape, *truth.shape).length / max(truth.shape)
    return (mask & truth & known).sum() / ((mask | truth) & known).sum(), length


def test_it_shortens_the_contour_and_comes_nearer_to_the_truth():
    """The likelihood of a photograph's colours alone is full of specks: IoU 0.65."""
    picture = embedded.load("coffee", 120)
    ratio = log_likelihood_ratio(picture.image, picture.scribbles, "rgb")
    unaries = 1 / (1 + np.exp(ratio))
    truth, known = picture.ground_truth == 255, picture.ground_truth != 128
    free, short = (
        _score(isr.fit_unaries(unaries, "unconstrained", steps=500, tv_weight=weight), truth, known)
        for weight in (0.0, 0.02)
    )
    assert short[1] < 0.75 * free[1]
    assert short[0] > free[0] + 0.02
    assert short[0] > 0.8
