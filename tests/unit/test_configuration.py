"""The configuration: defaults, messages, cells and what jobs are told."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from isr import configuration
from isr.errors import UserError

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())

MINIMAL = {
    "datasets": {"demo": {"kind": "embedded"}},
    "predictors": {"fcn": {"kind": "fcn"}, "cnn": {"kind": "cnn"}, "unet": {"kind": "unet"}},
    "studies": {
        "convexity": {
            "dataset": "demo",
            "vary": {
                "predictor": ["fcn", "cnn"],
                "features": ["rgb+xy"],
                "fit": ["sequential", "joint"],
                "seed": [1, 2],
            },
        }
    },
}


def _put(config, path, value):
    """A copy of `config` with one value changed; keys that are missing are made."""
    changed = deepcopy(config)
    here = changed
    *way, last = path
    for key in way:
        here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
    here[last] = value
    return changed


def _resolve(*change):
    config = _put(MINIMAL, *change) if change else MINIMAL
    return configuration.resolve(config, SCHEMA, {"all", "report"})


STUDY = ("studies", "convexity")
VARY = (*STUDY, "vary")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            (*VARY, "fit"),
            ["sequential", "jiont"],
            "config: studies.convexity.vary.fit[1] is 'jiont'; choose one of sequential, joint "
            "(did you mean joint?).",
        ),
        (
            (*VARY, "sed"),
            [1],
            "config: studies.convexity.vary.sed is unknown; choose one of constraint, predictor, "
            "features, fit, seed (did you mean seed?).",
        ),
        (("step",), 3, "config: step is unknown; choose one of protocol, steps,"),
        (("steps",), 0, "config: steps is 0; it must be at least 3."),
        (("steps",), "many", "config: steps is 'many'; it must be a whole number."),
        (("steps",), True, "config: steps is True; it must be a whole number."),
        (("checkpoint_every",), 0, "config: checkpoint_every is 0; it must be more than 0."),
        (("problems_per_job",), "x", "it must be a whole number or null."),
        (("points", "random"), 1, "config: points.random is 1; it must be at least 2."),
        (("points", "strokes"), 1, "config: points.strokes is 1; it must be at least 2."),
        ((*STUDY, "settings", "steps"), 2, "settings.steps is 2; it must be at least 3."),
        ((*STUDY, "settings", "points"), {"strokes": 1}, "strokes is 1; it must be at least 2."),
        ((*STUDY, "settings", "points"), {"random": 1}, "random is 1; it must be at least 2."),
        (("datasets", "demo", "kind"), "embeded", "(did you mean embedded?)"),
        (("datasets", "demo", "url"), "x", "config: datasets.demo.url is unknown;"),
        (("datasets", "a b"), {"kind": "embedded"}, "config: datasets has the name 'a b'; names"),
        (("datasets", 1), {"kind": "embedded"}, "config: datasets has the name 1; names"),
        (("datasets", "own"), {"kind": "scribbles"}, "config: datasets.own lacks the key 'path';"),
        (
            ("datasets", "own"),
            {
                "kind": "scribbles",
                "path": "p",
                "scribble_values": {"none": 0, "foreground": [1, 2], "background": 3},
                "objects": "merged",
            },
            "config: datasets.own.objects is 'merged'; choose one of separate, merge",
        ),
        (
            ("datasets", "own"),
            {
                "kind": "scribbles",
                "path": "p",
                "scribble_values": {"none": 0, "foreground": [1, 2], "background": 3},
                "ground_truth_values": {"background": 0, "object": [1, 1]},
            },
            "config: datasets.own.ground_truth_values.object is [1, 1]; name each value once.",
        ),
        (("datasets", "own"), {}, "config: datasets.own lacks the key 'kind';"),
        (("datasets", "own"), "x", "config: datasets.own is 'x'; it must be a mapping"),
        (
            ("datasets", "db"),
            {"kind": "convexitydb", "sha256": "abc"},
            "config: datasets.db.sha256 is 'abc'; it must be: SHA-256",
        ),
        (("predictors", "cnn", "windows"), 4, "config: predictors.cnn.windows is unknown;"),
        (("predictors", "cnn", "scale"), 2, "config: predictors.cnn.scale is 2; it must be at"),
        ((*STUDY, "dataset"), "dmeo", "is 'dmeo'; choose one of demo (did you mean demo?)."),
        ((*VARY, "predictor"), ["fnc"], "vary.predictor[0] is 'fnc'; choose one of fcn, cnn"),
        ((*VARY, "predictor"), ["unet"], "vary.predictor[0] is 'unet'; choose one of fcn, cnn"),
        ((*VARY, "features"), [], "config: studies.convexity.vary.features is empty;"),
        ((*VARY, "features"), ["xy+rgb"], "config: studies.convexity.vary.features[0] is 'xy+rgb'"),
        ((*VARY, "seed"), [1, 1], "is [1, 1]; name each value once."),
        ((*VARY, "seed"), 1, "config: studies.convexity.vary.seed is 1; it must be a list."),
        ((*STUDY, "rows"), [{"predictor": "fcn", "features": "xy", "fit": "joint"}], "either vary"),
        ((*STUDY, "settings", "stepps"), 3, "config: studies.convexity.settings.stepps is unknown"),
        ((*STUDY, "tables", "t"), {"kind": "table_2"}, "choose one of table_1, table_3"),
        (("studies", "report"), MINIMAL["studies"]["convexity"], "has the name of a target;"),
        (("studies", "convexity"), None, "config: studies is empty;"),
        (
            (*STUDY, "figures", "f"),
            {"kind": "figure_9a", "picture": "a", "cell": {"predictor": "fcn"}},
            "config: studies.convexity.figures.f.cell: 4 cells of the study have predictor fcn; "
            "name fit and seed too.",
        ),
        (
            (*STUDY, "figures", "f"),
            {"kind": "figure_5", "pictures": ["a"], "cell": {"predictor": "fcn", "seed": 7}},
            "the study has no cell with predictor fcn, seed 7, fit sequential;",
        ),
        (
            (*STUDY, "figures", "f"),
            {"kind": "figure_5", "pictures": ["a"], "cell": {"fit": "joint"}},
            "config: studies.convexity.figures.f.cell.fit does not apply here; remove it.",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(path, value, message):
    with pytest.raises(UserError) as error:
        _resolve(path, value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_same_name_in_two_studies_is_refused():
    config = _put(MINIMAL, (*STUDY, "tables", "t"), {"kind": "table_1"})
    config["studies"]["second"] = config["studies"]["convexity"]
    with pytest.raises(UserError, match=r"studies.second.tables.t stands in study convexity too"):
        configuration.resolve(config, SCHEMA)


@pytest.mark.parametrize(
    ("part", "kind"), [("tables", "table_1"), ("tables", "table_3"), ("figures", "figure_11")]
)
def test_a_table_of_several_constraints_names_one(part, kind):
    config = _put(MINIMAL, (*VARY, "constraint"), ["star_shaped", "path_connected"])
    with pytest.raises(UserError) as error:
        configuration.resolve(_put(config, (*STUDY, part, "t"), {"kind": kind}), SCHEMA)
    assert str(error.value) == (
        f"config: studies.convexity.{part}.t: the study has several constraints (star_shaped, "
        "path_connected); name one with constraint."
    )
    entry = {"kind": kind, "constraint": "convex"}
    with pytest.raises(UserError, match=rf"{part}.t.constraint is 'convex'; choose one of star_sh"):
        configuration.resolve(_put(config, (*STUDY, part, "t"), entry), SCHEMA)
    entry["constraint"] = "path_connected"
    study = configuration.resolve(_put(config, (*STUDY, part, "t"), entry), SCHEMA)["studies"]
    shown = configuration.shown_constraint(study["convexity"], study["convexity"][part]["t"])
    assert shown == "path_connected"


def test_the_only_constraint_of_a_study_is_shown():
    study = _resolve((*STUDY, "tables", "t"), {"kind": "table_1"})["studies"]["convexity"]
    assert configuration.shown_constraint(study, study["tables"]["t"]) == "convex"


def test_a_row_twice_is_refused():
    row = {"predictor": "fcn", "features": "xy", "fit": "joint"}
    study = {"dataset": "demo", "rows": [row, {**row, "seed": 42}]}
    with pytest.raises(UserError, match=r"studies.convexity.rows\[1\] stands there twice"):
        _resolve(STUDY, study)


def test_defaults_are_filled_in_and_the_input_is_left_alone():
    before = deepcopy(MINIMAL)
    resolved = _resolve(("points",), {"strokes": 7})
    assert before == MINIMAL
    assert resolved["points"] == {"strokes": 7, "random": 800}
    assert resolved["steps"] == 400
    assert resolved["datasets"]["demo"]["long_side"] is None
    assert resolved["predictors"]["cnn"] == {"kind": "cnn", "scale": 1.0}
    assert resolved["studies"]["convexity"]["vary"]["constraint"] == ["convex"]


@pytest.mark.parametrize(
    "path",
    [
        ("datasets", "other"),
        ("videos", "other"),
        ("studies", "other"),
        (*VARY, "constraint"),
        (*STUDY, "tables", "t"),
    ],
)
def test_null_drops_an_entry(path):
    resolved = _resolve(path, None)
    assert resolved == _resolve()


def test_vary_makes_every_combination_once_in_order():
    study = _resolve()["studies"]["convexity"]
    cells = configuration.cells(study)
    assert len(cells) == 8
    assert all(tuple(cell) == configuration.AXES for cell in cells)
    assert [cell["seed"] for cell in cells] == [1, 2] * 4
    assert cells[0] == {
        "constraint": "convex",
        "predictor": "fcn",
        "features": "rgb+xy",
        "fit": "sequential",
        "seed": 1,
    }


def test_rows_are_cells_with_defaults():
    row = {"predictor": "cnn", "features": "xy", "fit": "joint"}
    study = _resolve(STUDY, {"dataset": "demo", "rows": [row]})["studies"]["convexity"]
    assert configuration.cells(study) == [{"constraint": "convex", "seed": 42, **row}]


def test_a_cell_is_told_everything_with_the_study_s_own_settings():
    settings = {"steps": 9, "points": {"random": 3}}
    resolved = _resolve((*STUDY, "settings"), settings)
    cell = configuration.cells(resolved["studies"]["convexity"])[-1]
    assert configuration.cell_settings(resolved, "convexity", cell, "name") == {
        "study": "convexity",
        "cell": "name",
        "dataset": "demo",
        "predictor_options": resolved["predictors"]["cnn"],
        "protocol": "paper",
        "convention": "isotropic",
        "steps": 9,
        "points": {"strokes": 200, "random": 3},
        "stack_size": 1,
        **cell,
    }


def test_predictions_do_not_depend_on_the_study():
    plain = _resolve()
    changed = _resolve((*STUDY, "settings"), {"steps": 9})
    arguments = ("demo", "cnn", "rgb+xy", 1)
    settings = configuration.prediction_settings(plain, *arguments)
    assert settings == configuration.prediction_settings(changed, *arguments)
    assert "study" not in settings


def test_where_a_fit_runs_is_no_setting_of_it():
    config = _put(_put(MINIMAL, ("device",), "cpu"), ("checkpoint_every",), 5)
    plain, changed = _resolve(), configuration.resolve(config, SCHEMA)
    cell = configuration.cells(plain["studies"]["convexity"])[0]
    told = [configuration.cell_settings(each, "convexity", cell, "n") for each in (plain, changed)]
    assert told[0] == told[1]


def test_published_code_has_its_own_coordinates():
    resolved = _resolve(("protocol",), "published-code")
    settings = configuration.prediction_settings(resolved, "demo", "fcn", "xy", 1)
    assert settings["convention"] == "linspace"


def test_pictures_of_figures_must_exist():
    figure = {"kind": "figure_5", "pictures": ["cup", "cpu"], "cell": {"predictor": "fcn"}}
    figure["cell"]["seed"] = 1
    resolved = _resolve((*STUDY, "figures", "f"), figure)
    configuration.check_pictures(resolved, lambda dataset: ["cup", "cpu"])
    with pytest.raises(UserError, match=r"figures.f.pictures\[1\] is 'cpu'; choose one of cup"):
        configuration.check_pictures(resolved, lambda dataset: ["cup"])


def test_every_default_is_valid():
    resolved = _resolve()
    assert configuration.resolve(resolved, SCHEMA) == resolved
