"""The settings of a cell of videos, and the steps of its fits in words."""

import pytest
from box_cell import SETTINGS
from isr.evaluation.video_cell import VideoCell, steps_of

from isr.errors import UserError


@pytest.mark.parametrize(
    ("drop", "change", "message"),
    [
        (["seed", "points"], {}, "lacks seed, points: give"),
        (["next_steps"], {}, "lacks next_steps: give"),
        ([], {"fit": "joint"}, "lacks epochs: give"),
        ([], {"fit": "spatio-temporal"}, "lacks steps: give"),
        (["fit"], {}, "lacks fit: give"),
        ([], {"fit": "at once"}, "fit 'at once' is unknown: use one of sequential, joint"),
    ],
)
def test_settings_that_lack_a_key_are_reported(tmp_path, drop, change, message):
    settings = {key: value for key, value in SETTINGS.items() if key not in drop} | change
    with pytest.raises(UserError, match=message):
        VideoCell(settings, tmp_path, tmp_path, tmp_path)


def test_steps_in_words():
    assert steps_of({"fit": "spatio-temporal", "steps": 2500}) == "2500"
    assert steps_of({"fit": "sequential", "first_steps": 5, "next_steps": 2}) == "5, then 2"


def test_another_optimiser_than_the_papers_is_said():
    settings = {"fit": "sequential", "first_steps": 800, "next_steps": 120}
    assert steps_of(settings) == "800, then 120"
    assert steps_of({**settings, "optimiser": "adamax", "learning_rate": None}) == "800, then 120"
    changed = {**settings, "optimiser": "adam", "learning_rate": 0.004}
    assert steps_of(changed) == "800, then 120 (Adam at 0.004)"
    in_time = {"fit": "spatio-temporal", "steps": 300, "optimiser": "adam"}
    assert steps_of(in_time) == "300 (Adam at the usual rate)"
    assert steps_of({**changed, "protocol": "published-code"}) == "800, then 120 (Adamax at 0.004)"
    star = {**settings, "optimiser": "adamax", "constraint": "star_shaped", "learning_rate": 0.01}
    assert steps_of(star) == "800, then 120 (Adam at 0.01)"
    joint = {**changed, "fit": "joint", "epochs": 5, "joint_learning_rate": 0.001}
    assert steps_of(joint) == "800, then 120 (Adam at 0.004), then 5 epochs (at 0.001)"


def test_steps_and_points_are_those_that_are_stored_with_the_fits(cell):
    made = {**SETTINGS, "first_steps": 77, "optimiser": "adam", "points": 11}
    about = cell.about(made)
    assert (about["steps"], about["points"]) == (steps_of(made), 11)
    assert about["steps"].startswith("77, then ")
    assert cell.about(SETTINGS)["steps"] == steps_of(SETTINGS) != about["steps"]
