"""Loss terms by hand."""

import dataclasses

import numpy as np
import pytest
import torch

from isr.constraints import build
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.engine.sources import Batch, Points
from isr.fitting.engine.task import Task, bind, first_guess
from isr.fitting.tasks import PictureTraining, PredictorTraining, Projection
from isr.networks.layers import initialise_
from isr.networks.predictors import CNN, FCN

TERMS = frozenset(
    {
        "predictor_scribbles",
        "representation_scribbles",
        "colour_gradient",
        "position_gradient",
        "coupling",
    }
)
PROJECTED = frozenset({"representation_scribbles", "coupling"})
OF_UNION = PROJECTED | {"unaries_entropy", "overlap", "regulariser"}
FEATURES = "rgb+xy"


def _call(task: Task):
    return bind(task.modules, dict(task.modules.named_parameters()))


def _terms(task: Task, batch: Batch, active=TERMS) -> dict[str, float]:
    terms = task.terms(_call(task), batch, active)
    return {name: float(value.detach()) for name, value in terms.items()}


def _step(source, step: int = 0) -> Batch:
    return source.constants | {key: value[0] for key, value in source.block(step, 1).items()}


def _double(batch: Batch) -> Batch:
    return {k: v.double() if v.is_floating_point() else v for k, v in batch.items()}


def _training(*, random=32, absolute=False) -> PictureTraining:
    """A network large enough that its gradients matter."""
    cnn, convex = CNN(5), build("convex", width=8)
    for number, module in enumerate((cnn, convex)):
        initialise_(module, np.random.default_rng(number))
    with torch.no_grad():
        for parameter in cnn.parameters():
            parameter *= 2.5
    return PictureTraining(
        cnn,
        Points(6, random),
        features=FEATURES,
        absolute_penalty=absolute,
        representation=convex,
    )


@pytest.fixture(scope="module")
def picture(make_problem) -> Problem:
    return dataclasses.replace(make_problem("picture", 13, 17), unaries=None)


def _whole(picture: Problem, *, absolute=False) -> tuple[dict[str, float], PictureTraining]:
    """All terms in float64; the representation sees every pixel once."""
    task = _training(random=13 * 17, absolute=absolute)
    task.modules.double()
    batch = _double(_step(task.source(picture, seed=1)))
    return _terms(task, batch), task


def test_whole_picture_terms_are_the_equations(picture):
    """Eq. 13 written out with autograd, over all pixels."""
    terms, task = _whole(picture)
    cnn, convex = task.modules["predictor"], task.modules["representation"]
    features = torch.from_numpy(picture.features).double().requires_grad_()
    level = cnn.picture_levels(features)
    (gradient,) = torch.autograd.grad(torch.sigmoid(-level).sum(), features)
    labelled = torch.from_numpy(picture.scribbles != 0)
    target = torch.from_numpy((picture.scribbles != 0) & (picture.scribbles != 255)).double()
    entropy = torch.nn.functional.binary_cross_entropy
    expected = {
        "predictor_scribbles": entropy(torch.sigmoid(-level)[labelled], target[labelled]),
        "colour_gradient": gradient[..., :3].norm(dim=-1).mean(),
        "position_gradient": gradient[..., 3:].norm(dim=-1).mean(),
    }
    shape = convex(torch.from_numpy(picture.coordinates).double())
    difference = torch.sigmoid(-level) - torch.sigmoid(-shape)
    expected["coupling"] = difference.square().mean()
    for name, value in expected.items():
        assert terms[name] == pytest.approx(float(value.detach()), rel=1e-6), name
    absolute, _ = _whole(picture, absolute=True)
    assert absolute["colour_gradient"] == pytest.approx(float(gradient[..., :3].abs().mean()))
    assert absolute["position_gradient"] == pytest.approx(float(gradient[..., 3:].abs().mean()))


def test_an_inactive_coupling_is_not_computed(make_problem):
    convex = build("convex", width=4)
    task = Projection(convex, Points(4, 4))
    batch = _step(task.source(make_problem(), seed=0))
    sizes = []

    def call(name, coordinates):
        sizes.append(len(coordinates))
        return convex(coordinates)

    assert set(task.terms(call, batch, {"representation_scribbles"})) == {
        "representation_scribbles"
    }
    assert set(task.terms(call, batch, TERMS)) == {"representation_scribbles", "coupling"}
    assert sizes == [4, 8]


@pytest.mark.parametrize("coupling", ["coupling", "binarised_coupling"])
def test_binarised_coupling_leaves_the_predictor_alone(make_problem, coupling):
    fcn, convex = FCN(5), build("convex", width=4)
    for number, module in enumerate((fcn, convex)):
        initialise_(module, np.random.default_rng(number))
    task = PredictorTraining(fcn, Points(4, 40), representation=convex)
    problem = dataclasses.replace(make_problem(), unaries=None)
    batch = _step(task.source(problem, seed=0))
    loss = task.terms(_call(task), batch, {coupling})[coupling]
    loss.backward()
    moved = any(p.grad is not None and (p.grad != 0).any() for p in fcn.parameters())
    assert moved == (coupling == "coupling")
    assert any((p.grad != 0).any() for p in convex.parameters())
    given = torch.sigmoid(-fcn(batch["features"][4:]))
    if coupling == "binarised_coupling":
        given = (given > 0.5).float()
    expected = (torch.sigmoid(-convex(batch["coordinates"][4:])) - given).square().mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_predictor_needs_features_and_scribbles(make_problem):
    for missing in ("features", "scribbles"):
        problem = dataclasses.replace(make_problem(), **{missing: None})
        with pytest.raises(UserError, match="features and scribbles"):
            _training().source(problem, seed=0)


def test_points_belong_to_their_targets_features_and_unaries(make_problem):
    problem = make_problem()
    source = Projection(build("convex", width=4), Points(6, 9)).source(problem, seed=3)
    batch = _step(source, step=5)
    flat = {tuple(c): n for n, c in enumerate(problem.coordinates.reshape(-1, 2).tolist())}
    pixels = [flat[tuple(c)] for c in batch["coordinates"].tolist()]
    labels = problem.scribbles.ravel()[pixels[:6]]
    assert ((labels == 1) == (batch["targets"].numpy() == 1)).all()
    assert (labels != 0).all()
    assert np.array_equal(problem.unaries.ravel()[pixels[6:]], batch["unaries"].numpy())
    features = problem.features.reshape(-1, 5)[pixels]
    assert np.array_equal(features, batch["features"].numpy())


# Projections, and where they start


def test_projection_terms_are_unbiased_for_the_equations(make_problem):
    problem = make_problem()
    convex = build("convex", width=8)
    initialise_(convex, np.random.default_rng(0))
    task = Projection(convex, Points(12, 12))
    source = task.source(problem, seed=1)
    block = source.block(0, 2000)
    batches = [source.constants | {k: v[n] for k, v in block.items()} for n in range(2000)]
    drawn = [_terms(task, batch, PROJECTED) for batch in batches]
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
    batch = _step(task.source(problem, seed=0))
    terms = _terms(task, batch, OF_UNION)
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
