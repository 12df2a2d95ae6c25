"""What is optimised for whole items: networks, schedules, points, and who is beside whom."""

import json

import numpy as np
import pytest
from whole_jobs import SEED, bright_ball, bright_disc, fit_job, write_items

from isr.coordinates import ThirdAxis
from isr.data.items import Item
from isr.data.pictures import Picture
from isr.data.problems import write_unaries
from isr.errors import UserError
from isr.fitting import schedules
from isr.fitting.engine.queue import phase_ends
from isr.fitting.engine.sources import Points
from isr.fitting.jobs import Job
from isr.fitting.tasks import PictureTraining, PredictorTraining, Projection
from isr.fitting.wholes import fit, training
from isr.networks.predictors import CNN, FCN
from isr.predictors import read_entry
from isr.store import UNARIES


@pytest.fixture(scope="module")
def items(tmp_path_factory) -> dict[str, Item]:
    folder = tmp_path_factory.mktemp("items")
    return write_items(folder, [bright_disc("first", 30, 40), bright_ball("ball")])


def _picture(items, **changed):
    works = changed.pop("works", [["first", SEED]])
    return fit_job(items, works=works, **changed)


@pytest.mark.parametrize(
    ("fit_kind", "protocol", "trains"),
    [
        ("sequential", "paper", False),
        ("joint", "paper", True),
        ("sequential", "published-code", True),
        ("joint", "published-code", True),
    ],
)
def test_only_the_papers_sequential_fits_project_stored_predictions(
    items, fit_kind, protocol, trains
):
    assert _picture(items, fit=fit_kind, protocol=protocol).trains is trains


def test_a_sequential_fit_projects_predictions(items, plans, tmp_path):
    write_unaries(tmp_path / UNARIES / str(SEED), "first", np.full((30, 40), 0.5))
    ((plan, works),) = plans(_picture(items, predictions=[tmp_path], steps=3000))
    assert works == [("first", SEED)]
    assert isinstance(plan.task, Projection)
    assert set(plan.task.modules) == {"representation"}
    assert plan.schedule == schedules.projection_schedule()
    assert set(plan.modules) == {"representation"}
    assert plan.task.points == Points(20, 60)
    assert plan.steps == 3000


def test_a_fit_can_follow_the_unaries_alone(items, plans, tmp_path):
    write_unaries(tmp_path / UNARIES / str(SEED), "first", np.full((30, 40), 0.5))
    job = _picture(items, predictions=[tmp_path], steps=3000, scribbles=False)
    ((plan, _),) = plans(job)
    assert plan.schedule == schedules.near_schedule()
    assert plan.task.points == Points(0, 80)


@pytest.mark.parametrize(("protocol", "rate"), [("paper", 0.002), ("published-code", 0.001)])
def test_a_joint_fit_trains_both_at_the_protocols_rates(items, plans, protocol, rate):
    job = _picture(items, fit="joint", protocol=protocol, steps=3000)
    ((plan, _),) = plans(job)
    assert isinstance(plan.task, PredictorTraining)
    assert set(plan.task.modules) == {"predictor", "representation"}
    assert isinstance(plan.task.modules["predictor"], FCN)
    assert [phase.learning_rate for phase in plan.schedule] == [0.02, rate]
    assert phase_ends(plan.schedule, 3000) == [200, 3000]
    assert "coupling" not in plan.schedule[0].terms
    assert plan.schedule[1].terms["coupling"] == 1.0
    assert job.published == (protocol == "published-code")
    assert job.convention == {"paper": "isotropic", "published-code": "linspace"}[protocol]


def test_the_published_codes_sequential_fit_couples_to_binarised_predictions(items, plans):
    ((plan, _),) = plans(_picture(items, protocol="published-code"))
    assert isinstance(plan.task, PredictorTraining)
    assert plan.schedule == schedules.concurrent_schedule()


@pytest.mark.parametrize(("features", "channels"), [("rgb+xy", 5), ("rgb+xy+semantic", 7)])
def test_the_predictor_has_as_many_channels_as_the_features(items, plans, features, channels):
    job = _picture(items, predictor="cnn", fit="joint", features=features)
    ((plan, _),) = plans(job)
    assert isinstance(plan.task, PictureTraining)
    assert isinstance(plan.task.modules["predictor"], CNN)
    assert plan.task.modules["predictor"].layers[0].in_channels == channels
    assert plan.modules["predictor"] == {"kind": "cnn", "channels": channels, "options": {}}
    assert plan.modules["representation"] == {"name": "convex", "dim": 2, "options": {}}
    assert json.loads(json.dumps(plan.modules)) == plan.modules


def test_penalties_follow_the_protocol_and_the_features():
    cnn = read_entry({"kind": "cnn"})
    paper = training(cnn, "rgb+xy", Points())
    assert paper.penalty.__name__ == "gradient_norm"
    assert paper.penalised == {"colour_gradient": slice(0, 3), "position_gradient": slice(3, 5)}
    assert set(paper.modules) == {"predictor"}
    task = training(cnn, "rgb+semantic", Points(), absolute_penalty=True)
    assert task.penalty.__name__ == "gradient_mean_absolute"
    assert task.penalised == {"colour_gradient": slice(0, 3)}


def test_pictures_and_volumes_and_other_numbers_of_objects_are_stacks_of_their_own(
    items, plans, tmp_path
):
    several = bright_disc("several", 30, 40)
    several.scribbles[20, 18:22] = 2
    again = bright_disc("again", 20, 24)
    more = items | write_items(tmp_path, [several, again])
    found = plans(fit_job(more, fit="joint"))
    names = [[name for name, _ in works] for _, works in found]
    assert names == [["first", "again"], ["ball"], ["several"]]
    assert [plan.modules["representation"]["dim"] for plan, _ in found] == [2, 3, 2]
    assert [plan.modules["predictor"]["channels"] for plan, _ in found] == [5, 6, 5]


def test_an_order_among_several_needs_unaries(items, plans, tmp_path):
    options = {"constraint": "rotationally_symmetric", "options": {"order": [2, 3]}}
    with pytest.raises(UserError, match=r"^first: order is a list, but there are no unaries"):
        plans(_picture(items, fit="joint", **options))
    with pytest.raises(UserError, match=r"^first: order is a list, but there are no unaries"):
        plans(_picture(items, predictor="given", features=None, **options))


def test_scribbled_objects_and_parts_of_a_union_have_to_agree(plans, tmp_path):
    picture = bright_disc("several", 30, 40)
    picture.scribbles[20, 18:22], picture.scribbles[10, 18:22] = 2, 3
    items = write_items(tmp_path, [picture])
    settings = {"predictor": "given", "features": None, "constraint": "union"}
    ((plan, _),) = plans(fit_job(items, options={"count": 3}, **settings))
    assert plan.task.objects
    with pytest.raises(UserError, match=r"^several: scribbles name 3 objects, the union has 2"):
        plans(fit_job(items, options={"count": 2}, **settings))


def test_a_threshold_is_refused_before_any_step(items, monkeypatch):
    monkeypatch.setattr(Job, "optimise", None)
    job = _picture(items, threshold=0.2, fit="joint")
    with pytest.raises(UserError, match="threshold is not for convex"):
        fit(job, job.keys)


def test_settings_are_parsed_once_and_a_picture_read_once(items, plans, monkeypatch):
    job = _picture(items, predictor="given", features=None)
    assert job.cell is job.cell
    assert job.reader is job.reader
    assert job.predictor is job.predictor
    read, original = [], Item.read
    monkeypatch.setattr(Item, "read", lambda self, **o: read.append(self) or original(self, **o))
    plans(job)
    job.reader.load("first", SEED)
    assert len(read) == 1


def test_a_depth_is_a_third_coordinate_of_a_picture(plans, tmp_path):
    picture = bright_disc("deep", 20, 24)
    depth = ThirdAxis("depth", np.mgrid[0:20, 0:24][0] / 24)
    deep = Picture("deep", picture.image, picture.scribbles, picture.ground_truth, third=depth)
    ((plan, _),) = plans(fit_job(write_items(tmp_path, [deep]), fit="joint"))
    assert plan.modules["representation"]["dim"] == 3
    assert plan.modules["predictor"]["channels"] == 6
