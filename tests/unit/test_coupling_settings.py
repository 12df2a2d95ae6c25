"""Keys alpha and uncoupled of grid studies, and predictors of which nothing is trained."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from isr import configuration
from isr.errors import UserError
from isr.fitting import cells

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
MINIMAL = {
    "datasets": {"demo": {"kind": "embedded"}},
    "predictors": {"fcn": {"kind": "fcn"}, "tv": {"kind": "tv"}},
    "studies": {"own": {"dataset": "demo", "vary": {"predictor": ["fcn"], "features": ["rgb+xy"]}}},
}
CELL = {
    "constraint": "convex",
    "predictor": "fcn",
    "features": "rgb+xy",
    "fit": "sequential",
    "seed": 42,
}


def _resolved(vary=None, protocol="paper", **settings):
    config = deepcopy(MINIMAL) | {"protocol": protocol}
    config["studies"]["own"]["vary"] |= vary or {}
    config["studies"]["own"]["settings"] = settings
    return configuration.resolve(config, SCHEMA)


def _told(config, **axes):
    return configuration.cell_settings(config, "own", CELL | axes, "name")


@pytest.mark.parametrize(
    ("axes", "protocol", "weight"),
    [
        ({}, "paper", 0.5),
        ({"fit": "joint"}, "paper", 0.5),
        ({"fit": "joint"}, "published-code", 0.5),
        ({}, "published-code", 50.0),
    ],
)
def test_alpha_and_uncoupled_reach_the_stored_schedule(axes, protocol, weight):
    config = _resolved(protocol=protocol, alpha=0.5, uncoupled=0.25)
    stored = cells.cell_plan(_told(config, **axes)).metadata["schedule"]
    assert "coupling" not in stored[0]["terms"]
    assert {phase["terms"]["coupling"] for phase in stored[1:]} == {weight}
    assert stored[0]["share"] / sum(phase["share"] for phase in stored) == pytest.approx(0.25)


def test_path_connected_projections_have_alpha_in_every_phase():
    config = _resolved(alpha=0.5, uncoupled=0.25)
    told = _told(config, constraint="path_connected")
    assert told == _told(_resolved(alpha=0.5, uncoupled=0.1), constraint="path_connected")
    stored = cells.cell_plan(told).metadata["schedule"]
    assert stored[0]["terms"]["unaries_entropy"] == 0.5
    assert [phase["terms"]["coupling"] for phase in stored[1:]] == [0.5, 0.5]


def test_they_change_what_fits_are_told_and_not_predictions():
    plain, other = _resolved(), _resolved(alpha=0.5, uncoupled=0.25)
    assert _told(plain) != _told(other)
    about = ("demo", "fcn", "rgb+xy", 42)
    one, two = (configuration.prediction_settings(each, *about) for each in (plain, other))
    assert one == two
    assert "alpha" not in _told(plain)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": -1}, r"settings\.alpha is -1; it must be at least 0"),
        ({"uncoupled": 0}, r"settings\.uncoupled is 0; it must be more than 0"),
        ({"uncoupled": 0.6}, r"settings\.uncoupled is 0.6; it must be at most 0.5"),
        ({"beta": 1}, r"settings\.beta is unknown"),
    ],
)
def test_values_out_of_range_are_a_users_mistake(settings, message):
    with pytest.raises(UserError, match=message):
        _resolved(**settings)


def test_what_is_not_trained_can_only_be_projected():
    config = _resolved({"predictor": ["fcn", "tv"], "fit": ["sequential"]})
    told = _told(config, predictor="tv")
    assert told["predictor_options"] == {"kind": "tv", "alpha": 0.03, "scale": 1.0}
    with pytest.raises(UserError, match=r"studies\.own\.vary\.fit has 'joint'.*'tv'.*not trained"):
        _resolved({"predictor": ["fcn", "tv"]})
    with pytest.raises(UserError, match=r"protocol is published-code.*'tv'.*not trained"):
        _resolved({"predictor": ["tv"], "fit": ["sequential"]}, "published-code")
    config = deepcopy(MINIMAL)
    row = {"predictor": "tv", "features": "rgb"}
    config["studies"]["own"] = {
        "dataset": "demo",
        "rows": [{**row, "fit": fit} for fit in ("sequential", "joint")],
    }
    with pytest.raises(UserError, match=r"studies\.own\.rows\[1\]\.fit has 'joint'"):
        configuration.resolve(config, SCHEMA)


def test_steps_and_points_redo_nothing_that_is_not_trained():
    about = ("demo", "tv", "rgb", 42)
    one = configuration.prediction_settings(_resolved(), *about)
    assert one == configuration.prediction_settings(_resolved() | {"steps": 7}, *about)
    assert one["steps"] == 0
