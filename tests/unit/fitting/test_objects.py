"""Pictures of several objects: each is found by networks of its own, and kept from the others."""

import numpy as np
import pytest
import torch
from grid_settings import grid_settings

from isr.coordinates import pixel_coordinates
from isr.data.pictures import Picture, write_dataset
from isr.data.problems import Problem, load_problem, read_unaries
from isr.evaluation.drawing import draw_mask
from isr.evaluation.metrics import foreground_iou
from isr.fitting import cells, checkpoint, jobs
from isr.fitting.engine.long_work import Run
from isr.fitting.engine.queue import Result
from isr.fitting.engine.stack import Stack
from isr.fitting.engine.stack import run as run_stack
from isr.fitting.engine.task import bind
from isr.fitting.jobs import PictureFolder
from isr.fitting.objects import ObjectsTask, objects_plan, separate, split
from isr.fitting.recipe import Shape
from isr.fitting.schedules import COUPLING, OVERLAP, PREDICTOR_SCRIBBLES, REPRESENTATION_SCRIBBLES
from isr.representations.union import Union
from isr.store import load_parameters, own_parameters, read_fits

SETTINGS = grid_settings(steps=300, points={"strokes": 60, "random": 200}, stack_size=2)


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


@pytest.fixture
def dataset(tmp_path):
    """One picture of one disc, one of three small ones."""
    folder = tmp_path / "pictures"
    pictures = [_discs("one", [(20, 30)]), _discs("three", THREE, 7)]
    write_dataset(folder, pictures, source="drawn", licence="none")
    return folder


def _fitted(folder, tmp_path, **changed):
    settings = SETTINGS | changed
    predictions = None
    if settings["fit"] == "sequential":
        predictions = tmp_path / "predictions"
        jobs.predict(PictureFolder(folder, settings), predictions)
    pictures = PictureFolder(folder, settings, predictions=predictions)
    jobs.fit(pictures, pictures.names, tmp_path / "fits.safetensors", tmp_path / "h.parquet")
    return read_fits(tmp_path / "fits.safetensors")


def _iou(fits, name, truth):
    mask = draw_mask(fits.representation(name), *truth.shape)
    return foreground_iou(mask, np.where(truth, 255, 0).astype(np.uint8))


@pytest.mark.parametrize(("fit", "steps"), [("sequential", 300), ("joint", 1000)])
def test_each_part_finds_its_disc(tmp_path, fit, steps):
    picture = _discs("two", TWO)
    write_dataset(tmp_path / "set", [picture], source="drawn", licence="none")
    fits = _fitted(tmp_path / "set", tmp_path, fit=fit, steps=steps)
    assert fits.names == ["two/1", "two/2"]
    for number, name in enumerate(fits.names, start=1):
        assert _iou(fits, name, picture.instances == number) >= 0.9
    union = fits.representation("two")
    assert isinstance(union, Union)
    points = torch.from_numpy(pixel_coordinates(40, 64))
    parts = [fits.representation(name)(points) for name in fits.names]
    torch.testing.assert_close(union.parts(points), torch.stack(parts, -1), rtol=0, atol=0)


def test_pictures_of_one_and_of_three_objects_in_one_cell(dataset, tmp_path):
    fits = _fitted(dataset, tmp_path, steps=120)
    assert fits.names == ["one", "three/1", "three/2", "three/3"]
    assert fits.pictures == ["one", "three"]
    assert set(fits.metadata["finite"]) == set(fits.names)
    for number, (row, column) in enumerate(THREE, start=1):
        unaries = read_unaries(tmp_path / f"predictions/unaries/three/{number}.png")
        assert [unaries[centre] > 0.5 for centre in THREE] == [c == (row, column) for c in THREE]
    terms = {term for phase in fits.metadata["schedule_of_3_objects"] for term in phase["terms"]}
    assert OVERLAP in terms


def test_what_is_fitted_to_one_object_does_not_depend_on_pictures_beside_it(dataset, tmp_path):
    short = {"fit": "joint", "steps": 20, "stack_size": 1}
    together = _fitted(dataset, tmp_path, **short).state("one", "representation")
    pictures = PictureFolder(dataset, SETTINGS | short)
    jobs.fit(pictures, ["one"], tmp_path / "alone.safetensors", tmp_path / "h.parquet")
    alone = read_fits(tmp_path / "alone.safetensors").state("one", "representation")
    for key, value in alone.items():
        assert torch.equal(value, together[key])


def test_problems_of_a_picture_are_those_read_one_by_one(dataset, tmp_path):
    jobs.predict(PictureFolder(dataset, SETTINGS | {"steps": 3}), tmp_path / "predictions")
    read = {"predictions": tmp_path / "predictions", "features": "rgb"}
    whole = load_problem(dataset, "three", **read)
    assert whole.unaries.shape == (40, 64, 3)
    for number, own in enumerate(split(whole, 3), start=1):
        alone = load_problem(dataset, f"three/{number}", **read)
        assert own.name == alone.name
        for key in ("coordinates", "scribbles", "features", "unaries"):
            np.testing.assert_array_equal(getattr(own, key), getattr(alone, key))
        assert (own.scribbles == 1).sum() == (whole.scribbles == number).sum()
        assert ((own.scribbles == 0) == (whole.scribbles == 0)).all()


def _plan(count=2, **changed):
    settings = SETTINGS | changed
    return objects_plan(lambda member: cells.cell_plan(settings, member), settings, count)


@pytest.mark.parametrize("kind", ["fcn", "cnn"])
def test_terms_are_means_of_those_of_the_objects(dataset, kind):
    plan = _plan(3, fit="joint", predictor_options={"kind": kind})
    assert isinstance(plan.task, ObjectsTask)
    problem = load_problem(dataset, "three", features="rgb+xy")
    source = plan.task.source(problem, seed=0, device=torch.device("cpu"))
    batch = source.constants | {key: value[0] for key, value in source.block(4, 1).items()}
    active = {PREDICTOR_SCRIBBLES, REPRESENTATION_SCRIBBLES, COUPLING, OVERLAP}
    call = bind(plan.task.modules, dict(plan.task.modules.named_parameters()))
    terms = plan.task.terms(call, batch, active)
    each = []
    for task, own in zip(plan.task.tasks, split(problem, 3), strict=True):
        alone = task.source(own, seed=0, device=torch.device("cpu"))
        seen = alone.constants | {key: value[0] for key, value in alone.block(4, 1).items()}
        own_call = bind(task.modules, dict(task.modules.named_parameters()))
        each.append(task.terms(own_call, seen, active))
    for term in active - {OVERLAP}:
        mean = sum(own[term] for own in each) / 3
        torch.testing.assert_close(terms[term], mean)
    assert OVERLAP not in each[0]


def test_the_overlap_is_that_of_the_whole_picture():
    plan = _plan(2, points={"strokes": 10, "random": 64})
    coordinates = pixel_coordinates(40, 64).astype(np.float32)
    unaries = np.zeros((40, 64, 2), np.float32)
    problem = Problem("two", coordinates, _discs("two", TWO).scribbles, None, unaries)
    with torch.no_grad():
        for member in plan.task.modules["representation"].members:
            for parameter in member.parameters():
                parameter.zero_()
            member.network.output_z.bias[0] = -0.5
    source = plan.task.source(problem, seed=0, device=torch.device("cpu"))
    batch = source.constants | {key: value[0] for key, value in source.block(0, 1).items()}
    call = bind(plan.task.modules, dict(plan.task.modules.named_parameters()))
    terms = plan.task.terms(call, batch, {OVERLAP, REPRESENTATION_SCRIBBLES})
    assert terms[OVERLAP].item() == pytest.approx(0.5)


def test_rates_and_decay_of_one_object_are_those_of_every_object():
    one = cells.cell_plan(SETTINGS | {"constraint": "path_connected"}).schedule
    several = _plan(2, constraint="path_connected").schedule
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


def test_an_object_is_stored_as_the_one_object_of_a_picture_is():
    plan, one = _plan(2, fit="joint"), cells.cell_plan(SETTINGS | {"fit": "joint"})
    state = {name: value.detach() for name, value in plan.task.modules.named_parameters()}
    found = separate(Result({"two": state}, {"two": True}), 2)
    assert list(found.states) == ["two/1", "two/2"]
    shapes = {name: value.shape for name, value in one.task.modules.named_parameters()}
    for name in found.states:
        assert {key: value.shape for key, value in found.states[name].items()} == shapes
    assert sum(len(own) for own in found.states.values()) == len(state)
    last = found.states["two/2"]["predictor.network.layers.0.weight"]
    assert last is state["predictor.1.network.layers.0.weight"]


def test_an_interrupted_job_goes_on_with_each_number_of_objects(dataset, tmp_path, monkeypatch):
    settings = SETTINGS | {"fit": "joint", "steps": 60}
    arguments = (["one", "three"], tmp_path / "fits.safetensors", tmp_path / "h.parquet")
    run = Run(checkpoint=tmp_path / "part-0.pt", every=0.0)
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "finish", lambda *_: (_ for _ in ()).throw(InterruptedError))
        with pytest.raises(InterruptedError):
            jobs.fit(PictureFolder(dataset, settings), *arguments, run=run)
    assert {path.name for path in tmp_path.glob("*.pt")} == {"part-0.pt", "part-0.3-objects.pt"}
    resume, resumed = checkpoint.resume, []
    monkeypatch.setattr(
        checkpoint, "resume", lambda *given: resumed.append(resume(*given)) or resumed[-1]
    )
    jobs.fit(PictureFolder(dataset, settings), *arguments, run=run)
    assert resumed == [True, True]
    assert not list(tmp_path.glob("*.pt"))


def test_the_penalty_takes_overlap_away(monkeypatch):
    rows, columns = np.mgrid[0:40, 0:64]
    unaries = np.stack([np.hypot(rows - 20, columns - c) < 13 for c in (22, 40)], axis=-1)
    scribbles = np.zeros((40, 64), np.uint8)
    scribbles[1], scribbles[20, 18:22], scribbles[20, 40:44] = 255, 1, 2
    coordinates = pixel_coordinates(40, 64).astype(np.float32)
    likely = np.where(unaries, np.float32(0.9), np.float32(0.1))
    problem = Problem("two", coordinates, scribbles, None, likely)
    settings, overlap = SETTINGS | {"steps": 250}, []
    for weight in (0.0, 1.0):
        monkeypatch.setattr(Shape, "overlap_weight", weight)
        plan = _plan(2)
        run_settings = cells.run_settings(settings, plan.schedule, torch.device("cpu"))
        state = run_stack(Stack(plan.task, ["two"], lambda _: problem, run_settings)).states["two"]
        union = plan.task.modules["representation"]
        load_parameters(union, own_parameters(state, "representation"))
        masks = [draw_mask(member, 40, 64) for member in union.members]
        assert all(mask.sum() > 300 for mask in masks)
        overlap.append(int((masks[0] & masks[1]).sum()))
    assert overlap[0] > 60
    assert overlap[1] < 0.5 * overlap[0]
