"""Loss terms by hand, and windows against whole pictures."""

import dataclasses

import numpy as np
import pytest
import torch

from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.calls import bind
from isr.fitting.projection import Projection
from isr.fitting.sources import Batch, Points
from isr.fitting.tasks import PredictorTraining, Task, WindowedTraining
from isr.networks.initial import initialise_
from isr.predictors import build as build_predictor
from isr.representations import build

CPU = torch.device("cpu")
TERMS = frozenset(
    {
        "predictor_scribbles",
        "representation_scribbles",
        "colour_gradient",
        "position_gradient",
        "coupling",
    }
)
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


def _windowed(windows: int | None, *, core=4, random=32, absolute=False) -> WindowedTraining:
    """A network large enough that its gradients matter, the same for every `windows`."""
    cnn, convex = build_predictor("cnn", 5), build("convex", width=8)
    for number, module in enumerate((cnn, convex)):
        initialise_(module, np.random.default_rng(number))
    with torch.no_grad():
        for parameter in cnn.parameters():
            parameter *= 2.5
    return WindowedTraining(
        cnn,
        Points(6, random),
        features=FEATURES,
        windows=windows,
        core=core,
        absolute_penalty=absolute,
        representation=convex,
    )


@pytest.fixture(scope="module")
def picture(make_problem) -> Problem:
    return dataclasses.replace(make_problem("picture", 13, 17), unaries=None)


def _whole(picture: Problem, *, absolute=False) -> tuple[dict[str, float], WindowedTraining, Batch]:
    """All terms over the whole picture in float64, every pixel once."""
    task = _windowed(None, random=13 * 17, absolute=absolute)
    task.modules.double()
    batch = _double(_step(task.source(picture, seed=1, device=CPU)))
    return _terms(task, batch), task, batch


def test_whole_picture_terms_are_the_equations(picture):
    """Eq. 13 written out with autograd, over all pixels."""
    terms, task, _ = _whole(picture)
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
    absolute, _, _ = _whole(picture, absolute=True)
    assert absolute["colour_gradient"] == pytest.approx(float(gradient[..., :3].abs().mean()))
    assert absolute["position_gradient"] == pytest.approx(float(gradient[..., 3:].abs().mean()))


def test_an_inactive_coupling_is_not_computed(make_problem):
    convex = build("convex", width=4)
    task = Projection(convex, Points(4, 4))
    batch = _step(task.source(make_problem(), seed=0, device=CPU))
    sizes = []

    def call(name, coordinates):
        sizes.append(len(coordinates))
        return convex(coordinates)

    assert set(task.terms(call, batch, {"representation_scribbles"})) == {
        "representation_scribbles"
    }
    assert set(task.terms(call, batch, TERMS)) == {"representation_scribbles", "coupling"}
    assert sizes == [4, 8]


@pytest.mark.parametrize("coupling", ["both", "binarised"])
def test_binarised_coupling_leaves_the_predictor_alone(make_problem, coupling):
    fcn, convex = build_predictor("fcn", 5), build("convex", width=4)
    for number, module in enumerate((fcn, convex)):
        initialise_(module, np.random.default_rng(number))
    task = PredictorTraining(fcn, Points(4, 40), representation=convex, coupling=coupling)
    problem = dataclasses.replace(make_problem(), unaries=None)
    batch = _step(task.source(problem, seed=0, device=CPU))
    loss = task.terms(_call(task), batch, TERMS)["coupling"]
    loss.backward()
    moved = any(p.grad is not None and (p.grad != 0).any() for p in fcn.parameters())
    assert moved == (coupling == "both")
    assert any((p.grad != 0).any() for p in convex.parameters())
    given = torch.sigmoid(-fcn(batch["features"][4:]))
    if coupling == "binarised":
        given = (given > 0.5).float()
    expected = (torch.sigmoid(-convex(batch["coordinates"][4:])) - given).square().mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_predictor_needs_features_and_scribbles(make_problem):
    for missing in ("features", "scribbles"):
        problem = dataclasses.replace(make_problem(), **{missing: None})
        with pytest.raises(UserError, match="features and scribbles"):
            _windowed(4).source(problem, seed=0, device=CPU)


def test_points_belong_to_their_targets_features_and_unaries(make_problem):
    problem = make_problem()
    source = Projection(build("convex", width=4), Points(6, 9)).source(problem, seed=3, device=CPU)
    batch = _step(source, step=5)
    flat = {tuple(c): n for n, c in enumerate(problem.coordinates.reshape(-1, 2).tolist())}
    pixels = [flat[tuple(c)] for c in batch["coordinates"].tolist()]
    labels = problem.scribbles.ravel()[pixels[:6]]
    assert ((labels == 1) == (batch["targets"].numpy() == 1)).all()
    assert (labels != 0).all()
    assert np.array_equal(problem.unaries.ravel()[pixels[6:]], batch["unaries"].numpy())
    features = problem.features.reshape(-1, 5)[pixels]
    assert np.array_equal(features, batch["features"].numpy())


def _every_window(picture: Problem, task: WindowedTraining) -> tuple[Batch, np.ndarray, object]:
    """One batch in float64 with a window at every corner, weighted by its expected number."""
    source = task.source(picture, seed=1, device=CPU)
    sampler = source.sampler
    core, height, width = sampler.core, sampler.height, sampler.width
    corners = np.array([(r, c) for r in range(1 - core, height) for c in range(1 - core, width)])
    expected = np.zeros(len(corners))
    number = {tuple(corner): n for n, corner in enumerate(corners.tolist())}
    strokes = sampler.windows // 2
    expected += (sampler.windows - strokes) / len(corners)
    labels = picture.scribbles
    for members, draws in (
        (np.argwhere((labels != 0) & (labels != 255)), strokes - strokes // 2),
        (np.argwhere(labels == 255), strokes // 2),
    ):
        for row, column in members:
            for i, j in np.ndindex(core, core):
                expected[number[row - i, column - j]] += draws / len(members) / core**2
    pixels, inside = sampler.pixels(corners, margin=sampler.halo)
    core_pixels, core_inside = sampler.pixels(corners, margin=0)
    features = torch.from_numpy(picture.features.reshape(-1, 5)[pixels]).double()
    mask = torch.from_numpy(inside).double()
    chances = torch.from_numpy(expected)[:, None, None] * torch.from_numpy(core_inside)
    flat = torch.from_numpy(core_pixels)
    batch = _double(_step(source))
    batch |= {
        "windows": (features * mask[..., None]).movedim(-1, -3),
        "inside": mask,
        "point_positions": torch.arange(flat.numel()),
    }
    for key in ("core_weights", "core_stroke_weights"):
        batch[key] = source._core_tables[key].double()[flat] * chances
    batch["core_targets"] = source._core_tables["core_targets"].double()[flat]
    batch["point_weights"] = batch["core_weights"].flatten()
    strokes_seen = batch["coordinates"][: task.points.strokes]
    everywhere = torch.from_numpy(picture.coordinates.reshape(-1, 2)).double()[flat.flatten()]
    batch["coordinates"] = torch.cat([strokes_seen, everywhere])
    return batch, corners, sampler


@pytest.mark.parametrize("absolute", [False, True])
def test_the_expectation_over_all_windows_equals_the_whole_picture(picture, absolute):
    """Exact enumeration of every corner: each term is unbiased, at the border too."""
    expected, _, _ = _whole(picture, absolute=absolute)
    task = _windowed(6, absolute=absolute)
    task.modules.double()
    batch, _, _ = _every_window(picture, task)
    terms = _terms(task, batch)
    assert terms["coupling"] > 1e-3
    for name in TERMS - {"representation_scribbles"}:
        # The weights of the tables are float32.
        assert terms[name] == pytest.approx(expected[name], rel=2e-6), name
    assert terms["colour_gradient"] > 1e-3


def test_the_mean_over_many_steps_equals_the_whole_picture(make_problem):
    """The batches as they are drawn, on a picture of odd size."""
    steps = 1000
    picture = dataclasses.replace(make_problem("odd", 23, 31), unaries=None)
    whole = _windowed(None, random=23 * 31)
    expected = _terms(whole, _step(whole.source(picture, seed=1, device=CPU)))
    task = _windowed(5, core=8)
    source = task.source(picture, seed=1, device=CPU)
    block = source.block(0, steps)
    drawn = []
    with torch.no_grad():
        for n in range(steps):
            batch = source.constants | {key: value[n] for key, value in block.items()}
            drawn.append(_terms(task, batch))
    for name in TERMS - {"representation_scribbles"}:
        values = np.array([terms[name] for terms in drawn])
        error = values.std() / np.sqrt(steps)
        assert abs(values.mean() - expected[name]) < 4 * error, name
        assert error < 0.03 * expected[name], name


def test_the_weights_of_a_step_are_expected_to_sum_to_one(make_problem):
    """What lies outside the picture weighs nothing, also where its first pixel is scribbled."""
    steps, picture = 2000, make_problem("corner", 9, 11)
    scribbles = picture.scribbles.copy()
    scribbles[0, 0] = 255
    picture = dataclasses.replace(picture, scribbles=scribbles, unaries=None)
    block = _windowed(5, core=6).source(picture, seed=1, device=CPU).block(0, steps)
    for key in ("core_weights", "core_stroke_weights", "point_weights"):
        sums = block[key].flatten(1).sum(1).double().numpy()
        assert abs(sums.mean() - 1) < 4 * sums.std() / np.sqrt(steps), key


def _levels_and_gradients(picture: Problem, halo: int | None, dtype: torch.dtype):
    """Largest deviations of levels and gradients in every window's core from the whole picture."""
    _, task, batch = _whole(picture)
    level, gradient = task._levels(_call(task), batch, with_gradient=True)
    task = _windowed(6)
    task.modules.to(dtype)
    if halo is not None:
        task.halo = halo
    windows, corners, sampler = _every_window(picture, task)
    windows = {k: v.to(dtype) if v.is_floating_point() else v for k, v in windows.items()}
    found = task._levels(_call(task), windows, with_gradient=True)
    pixels, inside = sampler.pixels(corners, margin=0)
    inside = torch.from_numpy(inside)
    deviations = []
    for whole, window in zip((level[0][None], gradient[0]), found, strict=True):
        core = task._core(window).reshape(len(corners), -1, 4, 4)
        reference = whole.detach().flatten(1)[:, torch.from_numpy(pixels)].movedim(0, 1)
        deviations.append(
            float((core.detach() - reference)[inside[:, None].expand_as(core)].abs().max())
        )
    return deviations


def test_levels_and_gradients_in_a_core_are_those_of_the_whole_picture(picture):
    level, gradient = _levels_and_gradients(picture, None, torch.float64)
    assert level < 1e-12
    assert gradient < 1e-12
    level, gradient = _levels_and_gradients(picture, None, torch.float32)
    assert level < 1e-5
    assert gradient < 1e-5


def test_a_halo_of_four_serves_values_but_not_gradients(picture):
    level, gradient = _levels_and_gradients(picture, 4, torch.float64)
    assert level < 1e-12
    assert gradient > 1e-6
    assert _levels_and_gradients(picture, 3, torch.float64)[0] > 1e-6


def test_without_the_mask_the_picture_ends_wrongly(picture):
    """What `inside` is for: a biased layer makes non-zero values of the padding."""
    task = _windowed(6)
    task.modules.double()
    batch, _, _ = _every_window(picture, task)
    expected = _terms(task, batch)
    batch["inside"] = torch.ones_like(batch["inside"])
    assert (
        abs(_terms(task, batch)["predictor_scribbles"] / expected["predictor_scribbles"] - 1) > 1e-3
    )
