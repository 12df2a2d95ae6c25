"""Entries of a configuration that do not fit together are told in one sentence with their place."""

import pytest
from configurations import planned

from isr.config.reading import read_plan
from isr.errors import UserError

SPATIO = {"dataset": "films", "settings": {"predictor": "unet", "fit": "spatio-temporal"}}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("studies", {}, "studies is empty"),
        ("run", ["grd"], r"run is 'grd'; .*mean grid"),
        ("run", [], r"run"),
        ("studies.single.cells.fits", {"items": ["horse"]}, "cells.fits has the name of a folder"),
        ("studies.grid.dataset", "photo", r"studies.grid.dataset is 'photo'; .*mean photos"),
        ("studies.grid.items", ["cofee"], r"studies.grid.items\[0\] is 'cofee'; .*mean coffee"),
        ("studies.single.cells.saucer.items", ["tea"], r"cells.saucer.items\[0\] is 'tea'"),
        ("studies.grid.vary.predictor", ["fnc"], "vary.predictor is 'fnc'; .*mean fcn"),
        ("studies.grid.settings", {}, "which sees features; name some in features"),
        ("studies.grid.by_hand", ["stps"], r"by_hand is 'stps'; .*mean steps"),
        ("studies.grid.vary.predictor", ["unet"], "needs frames: it is for videos"),
        ("studies.grid.vary.predictor", ["given"], "not trained"),
        ("studies.film.settings.predictor", "fcn", "needs scribbles, but the item cars3"),
        (
            "studies.grid.vary.predictor",
            ["tv"],
            "fit is joint, but the predictor 'tv' is not trained",
        ),
        ("studies.grid.vary.distance", ["absolute"], "distance is absolute with fit joint"),
        ("studies.grid.vary.noise", [0.2], "noise is 0.2 with fit sequential"),
        (
            "studies.grid.vary.fit",
            ["spatio-temporal"],
            "is spatio-temporal, but coffee is no video",
        ),
        (
            "studies.grid.settings.margin",
            3,
            "margin is 3, but a depth, or a predictor that is trained",
        ),
        ("studies.film.vary.fit", ["joint"], r"fit is joint .* but the study has none"),
        (
            "studies.film.settings.labels",
            "published",
            "labels is 'published', but the videos have no",
        ),
        ("predictors.unet.weights", "published", "predictors.unet.weights is 'published'"),
        (
            "studies.film.settings.corruption",
            "spatter",
            "corruption is spatter, but frames of videos are not",
        ),
        (
            "studies.single.cells.saucer.corruption",
            "spatter",
            "corruption is spatter, but the predictor 'given' sees no colours",
        ),
        (
            "studies.grid.settings.corruption",
            "spater",
            "corruption is 'spater'; choose .*mean spatter",
        ),
        ("studies.single.cells.saucer.threshold", 0.2, "threshold is 0.2, but convex has its"),
        ("studies.single.cells.saucer.options", {"order": [2]}, "is for rotationally_symmetric"),
        ("studies.single.cells.saucer.connect", True, "connect is true, but paths are drawn for"),
        ("studies.single.cells.saucer.seed", -1, "cells.saucer.seed is -1; it must be at least 0"),
    ],
)
def test_a_mistake_is_told_with_its_place(path, value, words):
    with pytest.raises(UserError, match=words) as caught:
        planned((path, value))
    assert str(caught.value).startswith("config: ")
    assert "\n" not in str(caught.value)


def test_reserved_names_are_those_of_the_rules():
    with pytest.raises(UserError, match="has the name of a target"):
        read_plan(
            {"studies": {"fit": {"dataset": "x"}}, "datasets": {"x": {"kind": "gallery"}}}, ["fit"]
        )


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("kind", "video", "studies.grid.kind is unknown; every study is a set of cells"),
        ("rows", [], "studies.grid.rows is unknown; give each row a name in cells"),
        ("cases", {}, "they are called cells now"),
        ("source", "embedded", "name a dataset of kind gallery or authors"),
        ("videos", ["a"], "it is called items now"),
        ("first_steps", 3, "it stands in settings now"),
    ],
)
def test_keys_that_moved_are_named_with_their_new_place(key, value, words):
    with pytest.raises(UserError, match=words):
        planned((f"studies.grid.{key}", value))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("videos", {}, "videos is unknown; its entries stand in datasets now"),
        (
            "datasets.photos.pictures",
            ["coffee"],
            "datasets.photos.pictures is unknown; it is called",
        ),
        (
            "datasets.films.videos",
            ["cars3"],
            "datasets.films.videos is unknown; it is called items",
        ),
        (
            "datasets.mine",
            {"kind": "scribbles", "path": "x"},
            "kind is 'scribbles'; it is called pictures now",
        ),
    ],
)
def test_parts_of_old_configurations_are_named_with_their_new_place(path, value, words):
    with pytest.raises(UserError, match=words):
        planned((path, value))


def test_tv_weight_is_weighed_against_unaries():
    cell = {"items": ["motorcycle"], "tv_weight": 0.02}
    with pytest.raises(UserError, match=r"tv_weight is 0\.02, but there are no unaries"):
        planned(("studies.single.cells.plane", cell))
    planned(("studies.single.cells.saucer.tv_weight", 0.02))


def test_scribbles_are_left_out_only_where_there_are_unaries():
    cell = {"items": ["motorcycle"], "scribbles": False}
    with pytest.raises(UserError, match="scribbles is false, but there are no unaries"):
        planned(("studies.single.cells.plane", cell))
    planned(("studies.single.cells.saucer.scribbles", False))


def test_three_stages_need_scribbles_or_a_teacher_that_is_trained_on_them():
    row = {"schedule": "three-stage"}
    taught = {**row, "predictor": "fcn", "features": "rgb"}
    planned(("studies.grid.cells", {"own": row, "taught": {**taught, "fit": "joint"}}))
    for study, cell in (("grid", taught), ("single", {**row, "items": ["coffee"]}), ("film", row)):
        with pytest.raises(UserError, match=rf"{study}.cells.own.schedule is three-stage, which"):
            planned((f"studies.{study}.cells", {"own": cell}))


def test_a_list_of_orders_needs_unaries_of_whole_items():
    options = {"constraint": "rotationally_symmetric", "options": {"order": [4, 5]}}
    row = {"predictor": "fcn", "features": "rgb", **options}
    planned(("studies.grid.cells", {"own": row}))
    with pytest.raises(UserError, match="is a list, but no unaries"):
        planned(("studies.grid.cells", {"own": row | {"fit": "joint"}}))


def test_a_network_of_all_videos_is_trained():
    with pytest.raises(
        UserError, match=r"training is together, but predictors\.unet takes published"
    ):
        planned(
            ("predictors.unet.weights", "auto"),
            ("studies.film.settings.training", "together"),
            ("datasets.films.checkpoints", {"file": "networks.tar"}),
        )


def test_a_joint_fit_has_no_other_videos_than_the_sequential_one():
    with pytest.raises(UserError, match="items has cars6, but the sequential cell"):
        planned(
            ("studies.film.vary", None),
            (
                "studies.film.cells",
                {"one": {"items": ["cars3"]}, "two": {"items": ["cars6"], "fit": "joint"}},
            ),
        )


def test_noise_is_for_fits_in_time():
    planned(("studies.noise", SPATIO | {"vary": {"noise": [0, 0.2]}}))


def test_a_run_can_be_of_some_studies_alone():
    assert set(planned().cells) > {"grid", "single"}
    assert set(planned(("run", ["single"])).cells) == {"single"}


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("studies.grid.settings.learning_rate", NAN, "settings.learning_rate is nan; .*finite"),
        ("studies.grid.settings.weight_decay", INFINITY, "weight_decay is inf; .*finite"),
        ("studies.grid.settings.threshold", -INFINITY, "threshold is -inf; .*finite"),
        ("studies.grid.settings.learning_rate", 1e30, "learning_rate is 1e.30; it must be at most"),
        ("studies.grid.settings.learning_rate", "1e-3", "must be a number: write it as 0.001"),
        ("studies.grid.settings.margin", 10**9, "margin is 1000000000; it must be at most 4096"),
        ("studies.grid.settings.seed", 2**70, "seed is .*; it must be at most"),
        ("checkpoint_every", NAN, "checkpoint_every is nan"),
        ("studies.grid.items", [None], "items.* is None; it must be text: write it in quotes"),
        ("studies.grid.items", [True], "items.* is True; it must be text: write it in quotes"),
        ("studies.grid.items", [3.1], "items.* is 3.1; it must be text: write it in quotes"),
        ("predictors", {None: {"kind": "fcn"}}, "predictors has the name None; .* in quotes"),
        ("predictors", {True: {"kind": "fcn"}}, "predictors has the name True; .* in quotes"),
        (
            "studies.single.cells.saucer.options",
            {"widht": 3},
            "cells.saucer.options: constraint 'convex': option 'widht' is unknown",
        ),
        (
            "studies.single.cells.blossom.options",
            {"order": 5, "centre": [0.5, NAN]},
            "cells.blossom.options: .* 'centre' .* finite",
        ),
    ],
)
def test_numbers_names_and_options_are_refused_before_anything_runs(path, value, words):
    with pytest.raises(UserError, match=words) as caught:
        planned((path, value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["NA", "nan", "None", "True", "Infinity", "null"])
def test_studies_and_predictors_may_be_called_like_nothing(name):
    plan = planned(
        (f"predictors.{name}", {"kind": "fcn"}),
        (
            f"studies.{name}",
            {"dataset": "photos", "settings": {"predictor": name, "features": "rgb"}},
        ),
    )
    assert [cell.settings.predictor for cell in plan.cells[name].values()] == [name]
