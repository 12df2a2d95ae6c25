import json

import pytest
import torch

from isr.errors import UserError
from isr.fitting import cells, schedule
from isr.fitting.projection import Projection
from isr.fitting.tasks import PictureTraining, PredictorTraining
from isr.networks.cnn import CNN
from isr.networks.fcn import FCN
from isr.protocols import uses_predictions


def _settings(**changed):
    settings = {
        "study": "convexity",
        "cell": "x",
        "constraint": "convex",
        "predictor": "fcn",
        "predictor_options": {"kind": "fcn"},
        "features": "rgb+xy",
        "fit": "sequential",
        "seed": 42,
        "protocol": "paper",
        "convention": "isotropic",
        "steps": 3000,
        "points": {"strokes": 10, "random": 20},
        "stack_size": 3,
    }
    return {**settings, **changed}


CNN_OPTIONS = {"kind": "cnn", "scale": 0.5}
CODE = {"protocol": "published-code", "convention": "linspace"}


@pytest.mark.parametrize(
    ("fit", "protocol", "expected"),
    [
        ("sequential", "paper", True),
        ("joint", "paper", False),
        ("sequential", "published-code", False),
        ("joint", "published-code", False),
    ],
)
def test_only_the_papers_sequential_cells_use_stored_predictions(fit, protocol, expected):
    assert uses_predictions({"fit": fit, "protocol": protocol}) is expected


def test_a_sequential_cell_projects_predictions():
    plan = cells.cell_plan(_settings())
    assert isinstance(plan.task, Projection)
    assert set(plan.task.modules) == {"representation"}
    assert plan.schedule == schedule.projection_schedule()
    assert "predictor" not in plan.metadata
    assert plan.task.points.strokes == 10
    assert plan.task.points.random == 20


@pytest.mark.parametrize(("protocol", "rate"), [("paper", 0.002), ("published-code", 0.001)])
def test_a_joint_cell_trains_both_at_the_protocols_rates(protocol, rate):
    plan = cells.cell_plan(_settings(fit="joint", protocol=protocol))
    assert isinstance(plan.task, PredictorTraining)
    assert set(plan.task.modules) == {"predictor", "representation"}
    assert isinstance(plan.task.modules["predictor"], FCN)
    assert plan.task.coupling == "both"
    assert [phase.learning_rate for phase in plan.schedule] == [0.02, rate]
    assert schedule.phase_ends(plan.schedule, 3000) == [200, 3000]
    assert "coupling" not in plan.schedule[0].terms
    assert plan.schedule[1].terms["coupling"] == 1.0


def test_the_published_codes_sequential_cell_couples_to_binarised_predictions():
    plan = cells.cell_plan(_settings(**CODE))
    assert isinstance(plan.task, PredictorTraining)
    assert plan.task.coupling == "binarised"
    assert plan.schedule == schedule.concurrent_schedule()
    assert plan.metadata["convention"] == "linspace"


def test_a_prediction_trains_the_predictor_alone():
    plan = cells.prediction_plan(_settings())
    assert set(plan.task.modules) == {"predictor"}
    assert plan.schedule == schedule.predictor_schedule()
    assert "representation" not in plan.metadata


@pytest.mark.parametrize(("features", "channels"), [("rgb+xy", 5), ("rgb+xy+semantic", 7)])
def test_the_predictor_has_as_many_channels_as_the_features(features, channels):
    plan = cells.prediction_plan(_settings(features=features, predictor_options=CNN_OPTIONS))
    assert isinstance(plan.task, PictureTraining)
    assert isinstance(plan.task.modules["predictor"], CNN)
    assert plan.task.modules["predictor"].layers[0].in_channels == channels
    assert plan.metadata["predictor"] == {"kind": "cnn", "channels": channels, "options": {}}


def test_penalties_follow_the_protocol_and_the_features():
    paper = cells.prediction_plan(_settings(predictor_options=CNN_OPTIONS)).task
    assert paper.penalty.__name__ == "gradient_norm"
    assert paper.penalised == {"colour_gradient": slice(0, 3), "position_gradient": slice(3, 5)}
    code = _settings(predictor_options=CNN_OPTIONS, features="rgb+semantic", **CODE)
    task = cells.prediction_plan(code).task
    assert task.penalty.__name__ == "gradient_mean_absolute"
    assert task.penalised == {"colour_gradient": slice(0, 3)}


def test_other_options_reach_the_modules():
    settings = _settings(
        fit="joint",
        predictor_options={"kind": "fcn", "width": 8},
    )
    plan = cells.cell_plan(settings)
    assert plan.task.modules["predictor"].network.layers[0].out_features == 8
    assert plan.metadata["representation"] == {"name": "convex", "dim": 2, "options": {}}
    with pytest.raises(UserError, match="depth"):
        cells.cell_plan(_settings(fit="joint", predictor_options={"kind": "fcn", "depth": 3}))


@pytest.mark.parametrize("protocol", ["paper", "published-code"])
def test_run_settings(protocol):
    plan = cells.cell_plan(_settings(protocol=protocol))
    settings = _settings(protocol=protocol)
    run = cells.run_settings(settings, plan.schedule, torch.device("cpu"))
    assert (run.steps, run.seed, run.stack_size) == (3000, 42, 3)
    assert run.schedule == plan.schedule
    assert run.shared_initial_weights == (protocol == "published-code")


def test_metadata_is_plain_data():
    metadata = cells.cell_plan(_settings(fit="joint")).metadata
    assert json.loads(json.dumps(metadata)) == metadata
    assert metadata["settings"] == _settings(fit="joint")
    assert metadata["convention"] == "isotropic"


def test_fingerprints_tell_work_apart():
    one = cells.fingerprint(_settings(), names=["a"])
    assert one == cells.fingerprint(dict(reversed(_settings().items())), names=["a"])
    assert one != cells.fingerprint(_settings(), names=["b"])
    assert one != cells.fingerprint(_settings(seed=47), names=["a"])


def test_devices_by_name():
    assert cells.choose_device("cpu") == torch.device("cpu")
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert cells.choose_device("auto").type == expected
    with pytest.raises(UserError, match="abacus"):
        cells.choose_device("abacus")
