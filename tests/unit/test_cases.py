"""Galleries of single fits in the configuration."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from isr import cases, configuration
from isr.errors import UserError
from isr.representations.registry import NAMES

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())

GALLERY = {
    "kind": "gallery",
    "source": "embedded",
    "cases": {
        "cup": {"picture": "coffee", "constraint": "convex"},
        "horse": {"picture": "horse", "constraint": "path_connected", "weight_decay": 0.1},
        "waves": {"picture": "sheet", "constraint": "periodic"},
    },
}
CASES = ("studies", "gallery", "cases")
FIGURES = ("studies", "gallery", "figures")


def _resolve_gallery(*change):
    config = {"datasets": {}, "predictors": {}, "studies": {"gallery": deepcopy(GALLERY)}}
    for path, value in [change] if change else []:
        here = config
        for key in path[:-1]:
            here = here.setdefault(key, {})
        here[path[-1]] = value
    return configuration.resolve(config, SCHEMA)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ("studies", "gallery", "kind"),
            "galery",
            "choose one of grid, gallery, video (did you me",
        ),
        (
            ("studies", "gallery", "source"),
            "author",
            "is 'author'; choose one of authors, embedded",
        ),
        (("studies", "gallery", "dataset"), "demo", "config: studies.gallery.dataset is unknown;"),
        (CASES, {}, "config: studies.gallery.cases is empty;"),
        ((*CASES, "a b"), {}, "config: studies.gallery.cases has the name 'a b';"),
        ((*CASES, "cup", "constraint"), "convx", "choose one of convex, star_shaped,"),
        ((*CASES, "cup", "stpes"), 3, "config: studies.gallery.cases.cup.stpes is unknown;"),
        ((*CASES, "cup", "object_weight"), 1, "cup.object_weight is 1; it must be less than 1."),
        ((*CASES, "cup"), {"picture": "coffee"}, "cases.cup lacks the key 'constraint';"),
        (
            (*FIGURES, "f"),
            {"kind": "figure_1", "cases": ["cup", "hrose"]},
            "figures.f.cases[1] is 'hrose'; choose one of cup, horse, waves (did you mean horse?)",
        ),
        ((*FIGURES, "f"), {"kind": "figure_5", "cases": ["cup"]}, "choose one of figure_1,"),
        ((*FIGURES, "f"), {"kind": "figure_3", "cases": ["cup"]}, "figures.f.cases is unknown;"),
        (
            (*FIGURES, "f"),
            {"kind": "figure_16", "case": "cup"},
            "is 'cup', which is convex; figure_16 needs a case that is path_connected.",
        ),
        (
            (*FIGURES, "f"),
            {"kind": "figure_2", "cases": ["cup"]},
            "figure_2 needs a case that is periodic or lattice_periodic.",
        ),
        ((*FIGURES, "f"), {"kind": "figure_7", "cases": ["cup"]}, "weight_decay is not given;"),
        ((*CASES, "cup", "steps"), 3, "cases.cup.steps is 3; it must be at least 4."),
        (
            ("studies", "gallery", "by_hand"),
            ["object_wieght"],
            "studies.gallery.by_hand[0] is 'object_wieght'; it must be: a key of a case",
        ),
        (("steps",), 3, "config: steps is 3, but studies.gallery.cases.cup needs 4;"),
        (
            (*CASES, "cup"),
            {"picture": "motorcycle", "constraint": "convex", "tv_weight": 0.1},
            "cup.tv_weight is 0.1, but the picture motorcycle has no unaries",
        ),
        ((*CASES, "cup", "tv_weight"), -1, "cup.tv_weight is -1; it must be at least 0."),
        ((*CASES, "cup", "threshold"), 1, "cup.threshold is 1, but convex has its foreground at"),
        (
            (*CASES, "cup", "options"),
            {"order": [2, 3]},
            "cup.options.order is a list, which is for rotationally_symmetric, not convex;",
        ),
        (
            (*CASES, "star"),
            {
                "picture": "motorcycle",
                "constraint": "rotationally_symmetric",
                "options": {"order": [2, 3]},
            },
            "star.options.order is a list, but the picture motorcycle has no unaries to settle",
        ),
        ((*CASES, "cup", "connect"), True, "cup.connect is true, but paths are drawn for path_"),
        (
            (*CASES, "ball"),
            {"picture": "drawn_ball", "constraint": "path_connected", "connect": True},
            "ball.connect is true, but paths are drawn for path_connected in pictures without a",
        ),
        (
            (*FIGURES, "f"),
            {"kind": "figure_4", "cases": ["cup", "horse"]},
            "figures.f.cases are of the pictures coffee, horse; figure_4 compares cases of one.",
        ),
    ],
)
def test_a_mistake_in_a_gallery_is_told_in_one_sentence(path, value, message):
    with pytest.raises(UserError) as error:
        _resolve_gallery(path, value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_pictures_of_cases_must_exist():
    resolved = _resolve_gallery()
    cases.check_pictures(resolved, lambda source: ["coffee", "horse", "sheet"])
    with pytest.raises(UserError, match=r"studies.gallery.cases.waves.picture is 'sheet'; choose"):
        cases.check_pictures(resolved, lambda source: ["coffee", "horse"])


def test_what_the_fit_of_a_case_depends_on():
    resolved = _resolve_gallery((*CASES, "cup", "steps"), 7)
    assert cases.settings(resolved, "gallery", "cup") == {
        "study": "gallery",
        "case": "cup",
        "source": "embedded",
        "picture": "coffee",
        "constraint": "convex",
        "options": {},
        "steps": 7,
        "points": 1000,
        **dict.fromkeys(("object_weight", "learning_rate", "weight_decay", "regulariser_weight")),
        "overlap_weight": None,
        "optimiser": "adam",
        "distance": "squared",
        "threshold": 0,
        "tv_weight": None,
        "margin": 0,
        "seed": 42,
        "protocol": "paper",
        "convention": "isotropic",
    }
    assert cases.settings(resolved, "gallery", "horse")["steps"] == resolved["steps"]


def test_how_a_mask_is_written_does_not_redo_the_fit():
    plain, changed = _resolve_gallery(), _resolve_gallery((*CASES, "horse", "connect"), True)
    fits = [cases.settings(each, "gallery", "horse") for each in (plain, changed)]
    assert fits[0] == fits[1]
    assert cases.evaluation_settings(changed, "gallery", "horse") == fits[0] | {"connect": True}


def test_what_was_set_by_hand():
    case = {
        "picture": "sheet",
        "constraint": "periodic",
        "options": {"frequency": 9.5, "waves": 20},
    }
    case |= {"object_weight": 0.3, "threshold": 0, "weight_decay": 1e-5}
    resolved = _resolve_gallery((*CASES, "waves"), case)
    assert cases.by_hand(resolved["studies"]["gallery"], "waves") == {}
    keys = ["threshold", "weight_decay", "object_weight", "steps", "options.frequency"]
    resolved["studies"]["gallery"]["by_hand"] = keys
    found = cases.by_hand(resolved["studies"]["gallery"], "waves")
    assert found == {"object_weight": 0.3, "options.frequency": 9.5}
    assert cases.by_hand(resolved["studies"]["gallery"], "horse") == {"weight_decay": 0.1}


def test_marking_values_as_set_by_hand_redoes_no_fit():
    plain = _resolve_gallery()
    marked = _resolve_gallery(("studies", "gallery", "by_hand"), ["weight_decay"])
    assert cases.settings(plain, "gallery", "horse") == cases.settings(marked, "gallery", "horse")


def test_every_key_of_a_case_that_concerns_its_fit_can_be_marked():
    pattern = SCHEMA["$defs"]["gallery"]["properties"]["by_hand"]["items"]["pattern"]
    keys = set(SCHEMA["$defs"]["case"]["properties"])
    others = {"picture", "constraint", "options", "connect", "seed"}
    assert {key for key in keys if re.search(pattern, key)} == keys - others


def test_a_periodic_case_may_have_a_threshold_and_a_rotational_one_several_orders():
    _resolve_gallery((*CASES, "waves", "threshold"), 1)
    case = {"picture": "flower", "constraint": "rotationally_symmetric"}
    _resolve_gallery((*CASES, "flower"), case | {"options": {"order": [4, 5]}})


def test_a_dropped_case_is_gone():
    resolved = _resolve_gallery((*CASES, "cup"), None)
    assert list(resolved["studies"]["gallery"]["cases"]) == ["horse", "waves"]


def test_every_representation_can_be_a_case():
    assert set(SCHEMA["$defs"]["case"]["properties"]["constraint"]["enum"]) == set(NAMES)
