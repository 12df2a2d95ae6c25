"""Pictures of several objects: each is found by networks of its own, and kept from the others."""

import numpy as np
import pytest
import torch
from stacks import files_of, stopped
from whole_jobs import SEED, fit_job, fitted, predicted, write_items

from isr.coordinates import pixel_coordinates
from isr.data.pictures import Picture
from isr.data.problems import Predictions, Problem, ProblemReader, read_unaries
from isr.evaluation.drawing import draw_mask
from isr.evaluation.metrics import foreground_iou
from isr.fitting.engine.long_work import Run
from isr.fitting.engine.queue import EqualWorks, Result
from isr.fitting.engine.stack import Stack
from isr.fitting.engine.task import bind
from isr.fitting.fit import fit
from isr.fitting.jobs import Plan
from isr.fitting.objects import ObjectsTask, separate, split
from isr.fitting.schedules import (
    COUPLING,
    OVERLAP,
    PREDICTOR_SCRIBBLES,
    REPRESENTATION_SCRIBBLES,
)
from isr.representations.union import Union
from isr.store import load_parameters, own_parameters

TOLD = {"steps": 300, "points": {"strokes": 60, "random": 200}}


def _discs(name: str, centres: list[tuple[int, int]], radius: float = 8) -> Picture:
    """Discs at (row, column), each of its own colour, on a ground of 64x40; a scribble in each."""
    rows, columns = np.mgrid[0:40, 0:64]
    instances = np.zeros((40, 64), np.uint8)
    scribbles = np.zeros((40, 64), np.uint8)
    scribbles[1], scribbles[38], scribbles[:, 1], scribbles[:, 62] = 255, 255, 255, 255
    for number, (row, column) in enumerate(centres, start=1):
        away = np.hypot(rows - row, columns - column)
        instances[away < radius] = number
        scribbles[(away < radius - 2) & (np.abs(rows - row) < 2)] = number
        scribbles[np.abs(away - radius - 2.5) < 0.5] = 255
    colours = [[0.1, 0.2, 0.5], [0.9, 0.8, 0.3], [0.8, 0.2, 0.2], [0.3, 0.8, 0.3]]
    image = np.array(colours, np.float32)[instances]
    truth = np.where(instances > 0, 255, 0).astype(np.uint8)
    return Picture(name, image, scribbles, truth, instances)


TWO = [(20, 16), (20, 48)]
THREE = [(12, 14), (26, 32), (12, 50)]


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    """One picture of one disc, one of three small ones."""
    pictures = [_discs("one", [(20, 30)]), _discs("three", THREE, 7)]
    return write_items(tmp_path_factory.mktemp("items"), pictures)


def _fitted(items, folder, *, fit, **changed):
    told = {**TOLD, **changed}
    predictions = [predicted(items, folder / "predictions", **told)] if fit == "sequential" else []
    return fitted(fit_job(items, fit=fit, predictions=predictions, **told), folder / "fits")


def _iou(fits, name, truth):
    mask = draw_mask(fits.representation(name), *truth.shape)
    return foreground_iou(mask, np.where(truth, 255, 0).astype(np.uint8))


@pytest.mark.parametrize(("fit", "steps"), [("sequential", 300), ("joint", 1000)])
def test_each_part_finds_its_disc(tmp_path, fit, steps):
    picture = _discs("two", TWO)
    fits = _fitted(write_items(tmp_path, [picture]), tmp_path, fit=fit, steps=steps)
    assert fits.names == ["two/1", "two/2"]
    for number, name in enumerate(fits.names, start=1):
        assert _iou(fits, name, picture.instances == number) >= 0.9
    union = fits.representation("two")
    assert isinstance(union, Union)
    points = torch.from_numpy(pixel_coordinates(40, 64))
    parts = [fits.representation(name)(points) for name in fits.names]
    torch.testing.assert_close(union.parts(points), torch.stack(parts, -1), rtol=0, atol=0)


def test_pictures_of_one_and_of_three_objects_in_one_job(items, tmp_path):
    fits = _fitted(items, tmp_path, fit="sequential", steps=120)
    assert fits.names == ["one", "three/1", "three/2", "three/3"]
    assert set(fits.metadata["finite"][str(SEED)]) == set(fits.names)
    for number, (row, column) in enumerate(THREE, start=1):
        unaries = read_unaries(tmp_path / f"predictions/unaries/{SEED}/three/{number}.png")
        assert [unaries[centre] > 0.5 for centre in THREE] == [c == (row, column) for c in THREE]
    phases = fits.metadata["schedules"]
    assert [OVERLAP in phases[f"stack {number}"][0]["terms"] for number in (0, 1)] == [False, True]


def test_what_is_fitted_to_one_object_does_not_depend_on_pictures_beside_it(items, tmp_path):
    short = {"fit": "joint", "steps": 20, "stack_size": 1}
    together = _fitted(items, tmp_path, **short)
    alone = _fitted({"one": items["one"]}, tmp_path / "alone", **short)
    for key, value in alone.state("one", "representation").items():
        assert torch.equal(value, together.state("one", "representation")[key])


def test_two_seeds_of_several_objects_are_those_of_two_jobs(items, tmp_path):
    only, short = {"three": items["three"]}, {"fit": "joint", "steps": 12, "stack_size": 1}
    both = _fitted(only, tmp_path / "both", seeds=(1, 2), **short)
    for seed in (1, 2):
        alone = _fitted(only, tmp_path / f"{seed}", seeds=(seed,), **short)
        assert alone.names == both.of_seed(seed).names == ["three/1", "three/2", "three/3"]
        for name in alone.names:
            for module in ("representation", "predictor"):
                other = both.of_seed(seed).state(name, module)
                for key, value in alone.state(name, module).items():
                    assert torch.equal(value, other[key])


def test_problems_of_a_picture_are_those_read_one_by_one(items, tmp_path):
    made = Predictions([predicted(items, tmp_path / "made", **TOLD | {"steps": 3})])
    reader = ProblemReader(items, predictions=made)
    assert reader.problems(["one", "three"]) == ["one", "three/1", "three/2", "three/3"]
    whole = reader.load("three", SEED)
    assert whole.unaries.shape == (40, 64, 3)
    for number, own in enumerate(split(whole, 3), start=1):
        alone = reader.load(f"three/{number}", SEED)
        assert own.name == alone.name
        for key in ("coordinates", "scribbles", "unaries"):
            np.testing.assert_array_equal(getattr(own, key), getattr(alone, key))
        assert (own.scribbles == 1).sum() == (whole.scribbles == number).sum()
        assert ((own.scribbles == 0) == (whole.scribbles == 0)).all()


@pytest.fixture
def plan_of(plans, tmp_path):
    """The plan of a fit to a picture of some objects."""

    def make(count: int, **changed) -> Plan:
        centres = {1: [(20, 30)], 2: TWO, 3: THREE}[count]
        items = write_items(tmp_path / f"{count}", [_discs("some", centres, 7)])
        predictions = []
        if changed.get("fit") != "joint":
            predictions = [predicted(items, tmp_path / f"made {count}", **TOLD | {"steps": 2})]
        ((plan, _),) = plans(fit_job(items, predictions=predictions, **{**TOLD, **changed}))
        return plan

    return make


@pytest.mark.parametrize("kind", ["fcn", "cnn"])
def test_terms_are_means_of_those_of_the_objects(items, plan_of, kind):
    plan = plan_of(3, fit="joint", predictor=kind)
    assert isinstance(plan.task, ObjectsTask)
    problem = ProblemReader(items, features="rgb+xy").load("three", SEED)
    source = plan.task.source(problem, seed=0)
    batch = source.constants | {key: value[0] for key, value in source.block(4, 1).items()}
    active = {PREDICTOR_SCRIBBLES, REPRESENTATION_SCRIBBLES, COUPLING, OVERLAP}
    call = bind(plan.task.modules, dict(plan.task.modules.named_parameters()))
    terms = plan.task.terms(call, batch, active)
    each = []
    for task, own in zip(plan.task.tasks, split(problem, 3), strict=True):
        alone = task.source(own, seed=0)
        seen = alone.constants | {key: value[0] for key, value in alone.block(4, 1).items()}
        own_call = bind(task.modules, dict(task.modules.named_parameters()))
        each.append(task.terms(own_call, seen, active))
    for term in active - {OVERLAP}:
        mean = sum(own[term] for own in each) / 3
        torch.testing.assert_close(terms[term], mean)
    assert OVERLAP not in each[0]


def test_the_overlap_is_that_of_the_whole_picture(plan_of):
    plan = plan_of(2, points={"strokes": 10, "random": 64})
    coordinates = pixel_coordinates(40, 64).astype(np.float32)
    unaries = np.zeros((40, 64, 2), np.float32)
    problem = Problem("two", coordinates, _discs("two", TWO).scribbles, None, unaries)
    with torch.no_grad():
        for member in plan.task.modules["representation"].members:
            for parameter in member.parameters():
                parameter.zero_()
            member.network.output_z.bias[0] = -0.5
    source = plan.task.source(problem, seed=0)
    batch = source.constants | {key: value[0] for key, value in source.block(0, 1).items()}
    call = bind(plan.task.modules, dict(plan.task.modules.named_parameters()))
    terms = plan.task.terms(call, batch, {OVERLAP, REPRESENTATION_SCRIBBLES})
    assert terms[OVERLAP].item() == pytest.approx(0.5)


def test_rates_and_decay_of_one_object_are_those_of_every_object(plan_of):
    one = plan_of(1, constraint="path_connected").schedule
    several = plan_of(2, constraint="path_connected").schedule
    assert len(one) == len(several)
    for phase, own in zip(several, one, strict=True):
        assert phase.terms == {**own.terms, OVERLAP: 1.0}
        assert phase.freezes("representation.members.1.flow.x") == own.freezes(
            "representation.flow.x"
        )
        assert phase.freezes("representation.members.0.base.x") == own.freezes(
            "representation.base.x"
        )
        decay = own.weight_decay.get("representation.flow")
        assert phase.weight_decay.get("representation.members.1.flow") == decay


def test_the_weight_of_objects_is_that_of_every_object(plan_of):
    tasks = plan_of(2, object_weight=0.7).task.tasks
    assert [task.object_weight for task in tasks] == [0.7, 0.7]


def test_an_object_is_stored_as_the_one_object_of_a_picture_is(plan_of):
    plan, one = plan_of(2, fit="joint"), plan_of(1, fit="joint")
    state = {name: value.detach() for name, value in plan.task.modules.named_parameters()}
    found = separate(Result({("two", 5): state}, {("two", 5): True}), 2)
    assert list(found.states) == [("two/1", 5), ("two/2", 5)]
    shapes = {name: value.shape for name, value in one.task.modules.named_parameters()}
    for name in found.states:
        assert {key: value.shape for key, value in found.states[name].items()} == shapes
    assert sum(len(own) for own in found.states.values()) == len(state)
    last = found.states["two/2", 5]["predictor.network.layers.0.weight"]
    assert last is state["predictor.1.network.layers.0.weight"]


def test_a_stopped_job_goes_on_with_each_number_of_objects(items, tmp_path):
    told = {**TOLD, "fit": "joint", "steps": 120}
    fit(fit_job(items, **told), tmp_path / "whole")
    run = Run(checkpoint=tmp_path / "job" / "part-0.pt", every=0.0)
    with stopped(Stack, 6):  # Four blocks for one object, two for three.
        fit(fit_job(items, run=run, **told), tmp_path / "stopped")
    names = {path.name for path in (tmp_path / "job").rglob("*.pt")}
    assert names == {"stack-0.pt", "stack-1.pt"}
    fit(fit_job(items, run=run, **told), tmp_path / "stopped")
    assert list((tmp_path / "job").iterdir()) == []
    assert files_of(tmp_path / "whole") == files_of(tmp_path / "stopped")


def test_the_penalty_takes_overlap_away(plan_of):
    rows, columns = np.mgrid[0:40, 0:64]
    unaries = np.stack([np.hypot(rows - 20, columns - c) < 13 for c in (22, 40)], axis=-1)
    scribbles = np.zeros((40, 64), np.uint8)
    scribbles[1], scribbles[20, 18:22], scribbles[20, 40:44] = 255, 1, 2
    coordinates = pixel_coordinates(40, 64).astype(np.float32)
    likely = np.where(unaries, np.float32(0.9), np.float32(0.1))
    problem = Problem("two", coordinates, scribbles, None, likely)
    overlap = []
    for weight in (0.0, 1.0):
        plan = plan_of(2, overlap_weight=weight)
        works = EqualWorks([("two", 3)], plan.schedule, 250)
        stack = Stack(plan.task, works, lambda *_: problem)
        while not stack.finished:
            stack.advance()
        state = stack.result.states["two", 3]
        union = plan.task.modules["representation"]
        load_parameters(union, own_parameters(state, "representation"))
        masks = [draw_mask(member, 40, 64) for member in union.members]
        assert all(mask.sum() > 300 for mask in masks)
        overlap.append(int((masks[0] & masks[1]).sum()))
    assert overlap[0] > 60
    assert overlap[1] < 0.5 * overlap[0]
