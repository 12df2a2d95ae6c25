"""Cells, batches, parts and prediction jobs of studies, whatever their items are."""

import pytest
from configurations import planned

from isr.config.plan import share_out
from isr.errors import UserError


def test_vary_makes_a_cell_of_every_combination_named_by_what_varies():
    cells = planned().cells["grid"]
    assert list(cells) == [
        f"predictor~fcn_fit~{fit}_seed~{seed}" for fit in ("sequential", "joint") for seed in (1, 2)
    ]
    cell = cells["predictor~fcn_fit~joint_seed~2"]
    assert (cell.settings.fit, cell.settings.seed, cell.settings.features) == ("joint", 2, "rgb+xy")
    assert cell.items == ("coffee", "retina", "rocket")
    assert cell.folder == "results/grid/predictor~fcn_fit~joint_seed~2"


def test_cells_are_named_one_by_one_also_beside_vary():
    row = {"predictor": "cnn", "features": "xy", "fit": "joint", "items": ["rocket"]}
    cells = planned(("studies.grid.cells", {"own": row})).cells["grid"]
    assert len(cells) == 5
    assert cells["own"].items == ("rocket",)
    assert cells["own"].settings.predictor == "cnn"


def test_a_study_without_cells_has_one():
    plan = planned(("studies.all", {"dataset": "things", "items": ["horse"]}))
    assert list(plan.cells["all"]) == ["all"]


def test_keys_of_the_whole_of_a_study_and_of_a_cell_are_laid_over_one_another():
    plan = planned(
        ("points", {"strokes": 100}),
        ("studies.grid.settings.points", {"random": 10}),
        ("studies.single.settings", {"steps": 60}),
        ("studies.single.cells.saucer.steps", 80),
    )
    grid = plan.cells["grid"]["predictor~fcn_fit~joint_seed~1"].settings
    assert (grid.steps, grid.points.strokes, grid.points.random) == (40, 100, 10)
    single = {name: cell.settings.steps for name, cell in plan.cells["single"].items()}
    assert single == {"saucer": 80, "blossom": 60}


def test_a_null_leaves_a_key_to_what_is_above():
    plan = planned(
        ("studies.single.settings.object_weight", 0.3),
        ("studies.single.cells.saucer.object_weight", None),
    )
    weights = {cell.settings.object_weight for cell in plan.cells["single"].values()}
    assert weights == {0.3}


def test_no_noise_is_not_a_share_of_nothing():
    study = {
        "dataset": "films",
        "settings": {"predictor": "unet", "fit": "spatio-temporal"},
        "vary": {"noise": [0, 0.25]},
    }
    plan = planned(("studies.noise", study))
    cells = plan.cells["noise"]
    assert list(cells) == ["noise~0", "noise~0.25"]
    assert cells["noise~0"].settings.noise == 0
    assert plan.cells["film"]["fit~joint"].settings.noise is None


def test_a_batch_is_of_the_cells_that_differ_in_their_seed_alone():
    plan = planned()
    batches = {cell.batch for cell in plan.cells["grid"].values()}
    assert batches == {"predictor~fcn_fit~sequential", "predictor~fcn_fit~joint"}
    assert [cell.settings.seed for cell in plan.batch("grid", "predictor~fcn_fit~joint")] == [1, 2]
    seeds = planned(
        ("studies.grid.vary", {"seed": [1, 2]}), ("studies.grid.settings.predictor", "fcn")
    )
    assert {cell.batch for cell in seeds.cells["grid"].values()} == {"all"}


@pytest.mark.parametrize(
    ("at_most", "sizes"), [(None, [3, 3]), (2, [1, 2, 1, 2]), (3, [3, 3]), (6, [6]), (100, [6])]
)
def test_jobs_have_one_seed_unless_they_may_have_more_than_its_items(at_most, sizes):
    plan = planned(("problems_per_job", at_most))
    parts = plan.parts("grid", "predictor~fcn_fit~joint")
    assert [len(part) for part in parts] == sizes
    assert [key for part in parts for key in part] == [
        (item, seed) for seed in (1, 2) for item in ("coffee", "retina", "rocket")
    ]
    cell = plan.cells["grid"]["predictor~fcn_fit~joint_seed~2"]
    own = [part for number, part in enumerate(parts) if number in plan.parts_of(cell, cell.works)]
    assert {item for part in own for item, seed in part if seed == 2} == set(cell.items)


def test_another_seed_leaves_the_parts_of_those_before_as_they_are():
    few = share_out([(1, ["a", "b", "c"])], 2)
    assert share_out([(1, ["a", "b", "c"]), (2, ["a", "b", "c"])], 2)[: len(few)] == few


def test_predictions_are_made_once_for_all_studies_that_project_them():
    other = {
        "dataset": "photos",
        "items": ["rocket"],
        "settings": {"predictor": "fcn", "features": "rgb+xy"},
    }
    plan = planned(("studies.other", other))
    shares = plan.shares["photos", "fcn+rgb+xy"]
    assert list(shares) == ["seed-1", "seed-2", "seed-42"]
    assert shares["seed-42"].works == tuple((item, 42) for item in ("coffee", "retina", "rocket"))
    joint = plan.cells["grid"]["predictor~fcn_fit~joint_seed~1"]
    assert plan.shares_of(joint, [("coffee", 1)]) == []
    sequential = plan.cells["grid"]["predictor~fcn_fit~sequential_seed~1"]
    assert [share.name for share in plan.shares_of(sequential, [("coffee", 1)])] == ["seed-1"]


def test_seeds_are_predicted_together_where_a_job_may_have_so_many_problems():
    shares = planned(("problems_per_job", 6)).shares["photos", "fcn+rgb+xy"]
    assert list(shares) == ["seeds-1-2"]
    assert shares["seeds-1-2"].folder == "resources/predictions/photos/fcn+rgb+xy/seeds-1-2"


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda"])
def test_a_job_for_a_gpu_takes_a_whole_batch(device):
    """Whatever the machine has that plans: jobs run on others."""
    plan = planned(("device", device), ("studies.film.vary.seed", [1, 2]))
    parts = plan.parts("grid", "predictor~fcn_fit~joint")
    assert [len(part) for part in parts] == ([6] if device == "cuda" else [3, 3])
    shares = plan.shares["photos", "fcn+rgb+xy"]
    assert list(shares) == (["seeds-1-2"] if device == "cuda" else ["seed-1", "seed-2"])
    videos = plan.parts("film", "fit~sequential")
    assert [len(part) for part in videos] == ([4] if device == "cuda" else [2, 2])


def test_several_gpus_share_a_batch():
    plan = planned(("device", "cuda"), ("problems_per_job", 2))
    assert [len(part) for part in plan.parts("grid", "predictor~fcn_fit~joint")] == [1, 2, 1, 2]


def test_networks_that_are_tuned_one_after_the_other_have_jobs_of_their_own():
    plan = planned(("device", "cuda"), ("studies.film.vary.seed", [1, 2]))
    parts = plan.parts("film", "fit~joint")
    assert parts == [[(item, seed)] for seed in (1, 2) for item in ("cars3", "cars6")]
    cell = plan.cells["film"]["fit~joint_seed~2"]
    assert plan.parts_of(cell, cell.works) == [2, 3]


def test_each_video_has_a_network_of_its_own_or_all_share_one():
    plan = planned()
    assert list(plan.shares["films", "unet+motion"]) == ["seed-42_cars3", "seed-42_cars6"]
    together = planned(
        ("studies.film.settings.training", "together"), ("studies.film.items", ["cars6"])
    )
    (share,) = together.shares["films", "unet+motion+together"].values()
    assert share.works == (("cars3", 42), ("cars6", 42))


def test_the_published_code_projects_no_stored_predictions_of_scribbles():
    plan = planned(("protocol", "published-code"))
    assert ("photos", "fcn+rgb+xy") not in plan.shares
    assert ("films", "unet+motion") in plan.shares


def test_a_joint_fit_of_videos_goes_on_from_the_sequential_one():
    plan = planned(("studies.film.settings.epochs", 3))
    joint = plan.cells["film"]["fit~joint"]
    assert plan.sequential(joint).name == "fit~sequential"
    assert plan.is_framewise(joint)
    assert not plan.is_framewise(plan.cells["grid"]["predictor~fcn_fit~joint_seed~1"])


def test_items_of_a_study_and_of_a_cell_are_chosen_in_their_order():
    plan = planned(("studies.grid.items", ["rocket", "coffee"]))
    cell = plan.cells["grid"]["predictor~fcn_fit~joint_seed~1"]
    assert cell.items == ("rocket", "coffee")
    assert plan.shown_items([cell]) == ["coffee", "rocket"]


@pytest.mark.parametrize(
    ("study", "name", "words"), [("grid", "tea", "no cell tea"), ("single", "tea", "no cell tea")]
)
def test_a_cell_that_does_not_exist_is_told(study, name, words):
    with pytest.raises(UserError, match=words):
        planned().cell(study, name)
