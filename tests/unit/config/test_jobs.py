"""What jobs are made from and told: no more than they depend on."""

import json
from pathlib import Path

import pytest
from configurations import changed, planned, shipped

from isr.config.jobs import Jobs, told_inputs
from isr.config.reading import read_plan
from isr.errors import UserError
from isr.models import RemoteFile, Sources

FIT = ("grid", "predictor~fcn_fit~sequential", 0)
FILM = ("film", "fit~sequential", 0)


def jobs(*changes):
    return Jobs(planned(*changes))


def told(*changes, batch=FIT):
    return json.loads(jobs(*changes).fit_settings(*batch))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("studies.grid.settings.connect", False),
        ("studies.grid.by_hand", ["steps"]),
        ("studies.grid.text", "Words."),
        ("studies.grid.settings.epochs", 7),
        ("studies.single.settings", {"steps": 90}),
        ("predictors.unet", {"kind": "unet", "width": 4}),
        ("device", "cpu"),
        ("checkpoint_every", 5),
        ("studies.grid.vary.seed", [1, 2, 3]),
    ],
)
def test_what_concerns_others_is_not_told_to_a_fit(path, value):
    assert told((path, value)) == told()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("steps", 60),
        ("protocol", "published-code"),
        ("points", {"random": 3}),
        ("studies.grid.settings.object_weight", 0.3),
        ("studies.grid.items", ["rocket"]),
        ("predictors.fcn.scale", 0.5),
        ("stack_size", 2),
        ("precision", "tf32"),
    ],
)
def test_what_a_fit_depends_on_is_told_to_it(path, value):
    assert told((path, value)) != told()


def test_frames_have_steps_of_their_own():
    assert told(("steps", 60), batch=FILM) == told(batch=FILM)
    assert told(("studies.film.settings.next_steps", 6), batch=FILM) != told(batch=FILM)
    joint = ("film", "fit~joint", 0)
    assert told(("studies.film.settings.epochs", 2), batch=FILM) == told(batch=FILM)
    assert told(("studies.film.settings.epochs", 2), batch=joint) != told(batch=joint)


def test_a_projection_is_made_from_predictions_and_a_joint_fit_from_features():
    mine = jobs(("studies.grid.settings.features", "rgb+semantic"))
    sequential, joint = (
        mine.fit_inputs("grid", f"predictor~fcn_fit~{fit}", 0) for fit in ("sequential", "joint")
    )
    assert sequential["predictions"] == ["resources/predictions/photos/fcn+rgb+semantic/seed-1"]
    assert joint["semantic"] == ["resources/features/photos/semantic"]
    assert not sequential.keys() & {"semantic", "labels"}
    assert not joint.get("predictions")


def test_a_joint_fit_of_videos_is_made_from_labels_predictions_and_the_sequential_fits():
    found = jobs().fit_inputs("film", "fit~joint", 0)
    assert found["labels"] == [
        f"resources/labels/films/motion/{name}" for name in ("cars3", "cars6")
    ]
    assert found["fits"] == ["results/film/fits/fit~sequential/part-0"]
    assert len(found["predictions"]) == 2
    own = jobs(("problems_per_job", 1)).fit_inputs("film", "fit~joint", 1)
    assert own["fits"] == ["results/film/fits/fit~sequential/part-1"]
    assert own["predictions"] == ["resources/predictions/films/unet+motion/seed-42_cars6"]


def test_a_cell_is_evaluated_from_the_parts_that_hold_its_seed():
    mine = jobs(("problems_per_job", 2))
    found = mine.evaluate_inputs("grid", "predictor~fcn_fit~sequential_seed~2")
    assert found["fits"] == [
        f"results/grid/fits/predictor~fcn_fit~sequential/part-{k}" for k in (2, 3)
    ]
    assert found["predictions"] == ["resources/predictions/photos/fcn+rgb+xy/seed-2"]


def test_predictions_are_told_what_all_studies_that_project_them_share():
    own = jobs(("studies.grid.settings.steps", 20), ("studies.grid.settings.object_weight", 0.3))
    share = own.plan.shares["photos", "fcn+rgb+xy"]["seed-1"]
    assert own.predict_settings(share) == jobs().predict_settings(share)
    for change in (("steps", 20), ("precision", "tf32")):
        assert jobs(change).predict_settings(share) != jobs().predict_settings(share)


def test_another_object_s_entry_is_told_to_the_items_that_it_concerns():
    other = ("datasets.photos.long_side", 64)
    assert jobs(other).unpack_settings("photos", "coffee") != jobs().unpack_settings(
        "photos", "coffee"
    )
    text = ("datasets.photos.text", "Photographs.")
    assert jobs(text).unpack_settings("photos", "coffee") == jobs().unpack_settings(
        "photos", "coffee"
    )
    fewer = ("datasets.photos.items", ["coffee", "retina", "rocket", "gland"])
    assert jobs(fewer).unpack_settings("photos", "coffee") == jobs().unpack_settings(
        "photos", "coffee"
    )


def test_downloads_are_those_of_the_studies_that_are_there():
    config = shipped(
        "paper.yaml", {"studies": {"authors-gallery": None, "motion": None, "noise": None}}
    )
    assert Jobs(read_plan(config)).downloads() == [
        "resources/downloads/ConvexityDB.zip",
        "resources/downloads/Feat.zip.status.json",
        "resources/downloads/sam_vit_h_4b8939.pth",
    ]


def test_every_job_that_costs_something_is_counted_once():
    rows = jobs().benchmarks()
    assert len({row["file"] for row in rows}) == len(rows)
    assert {row["rule"] for row in rows} == {"predict", "fit", "evaluate", "label"}
    assert read_plan(changed()).cells.keys() == {"grid", "film", "single"}


NOISY = ("studies.grid.vary.corruption", ["clean", "shot_noise"])
WITH_SEMANTIC = ("studies.grid.settings.features", "rgb+semantic")


def test_a_corrupted_picture_has_predictions_and_features_of_its_own():
    made = jobs(NOISY, WITH_SEMANTIC)
    folder = "resources/features/photos/semantic"
    cell = "predictor~fcn_corruption~{}_fit~joint_seed~1"
    for corruption, own in (("clean", folder), ("shot_noise", f"{folder}+shot_noise")):
        inputs = made.evaluate_inputs("grid", cell.format(corruption))
        assert inputs["semantic"] == [own]
    shares = made.plan.shares
    assert set(shares) >= {
        ("photos", "fcn+rgb+semantic"),
        ("photos", "fcn+rgb+semantic+shot_noise"),
    }
    share = shares["photos", "fcn+rgb+semantic+shot_noise"]["seed-1"]
    assert made.predict_inputs(share)["semantic"] == [f"{folder}+shot_noise"]
    assert json.loads(made.predict_settings(share))["corruption"] == "shot_noise"
    settings = json.loads(made.features_settings("photos", "shot_noise"))
    assert (settings["corruption"], settings["seeds"]) == ("shot_noise", [1, 2])
    assert len(made.features_items("photos", "shot_noise")) == 3
    # What is as it is, is told as it was before there were corruptions.
    clean = json.loads(made.predict_settings(shares["photos", "fcn+rgb+semantic"]["seed-1"]))
    assert "corruption" not in clean
    assert "corruption" not in json.loads(made.features_settings("photos"))
    assert "corruption" not in told()["cell"]
    assert jobs(NOISY).features_items("photos")


def test_one_job_computes_for_all_seeds():
    fit = ("studies.grid.vary.fit", ["sequential"])
    shares = planned(("studies.grid.vary.predictor", ["tv"]), fit).shares["photos", "tv+rgb+xy"]
    assert list(shares) == ["seeds-1-2"]


def sam(**keys):
    entry = {"kind": "segment_anything", "model": "vit_b", **keys}
    study = {"dataset": "photos", "settings": {"predictor": "sam"}, "vary": {"seed": [1, 2]}}
    return jobs(("predictors.sam", entry), ("studies.sam", study))


def test_weights_are_downloaded_or_ones_own(tmp_path):
    made = sam()
    (share,) = made.plan.shares["photos", "sam"].values()
    file = "resources/downloads/sam_vit_b_01ec64.pth"
    assert made.predict_inputs(share)["networks"] == [file]
    assert made.predict_told(share)["networks"] == [file]
    assert json.loads(made.fetch_settings("sam_vit_b_01ec64.pth"))["sha256"].startswith("ec2df6")
    assert file in made.downloads()
    assert made.predict_memory(share) > 4000
    own = tmp_path / "w.pth"
    own.touch()
    made = sam(checkpoint=str(own))
    assert made.predict_inputs(made.plan.shares["photos", "sam"]["seeds-1-2"])["networks"] == [
        str(own)
    ]
    with pytest.raises(UserError, match=r"predictors\.sam names the file nowhere\.pth, which does"):
        sam(checkpoint="nowhere.pth")


def test_files_behind_links_are_watched_where_they_lie(tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/a.png").touch()
    (tmp_path / "pics/images").mkdir(parents=True)
    (tmp_path / "pics/images/b.png").touch()
    (tmp_path / "pics/images/a.png").symlink_to(tmp_path / "disk/a.png")
    (tmp_path / "linked").symlink_to(tmp_path / "pics")
    monkeypatch.chdir(tmp_path)
    watched = {
        "pics/images/b.png": "pics/images/b.png",
        "pics/images/a.png": str(tmp_path / "disk/a.png"),
        "linked/images/b.png": str(tmp_path / "pics/images/b.png"),
        str(tmp_path / "pics/images/b.png"): str(tmp_path / "pics/images/b.png"),
    }
    found = jobs().files(Sources(files=tuple(map(Path, watched))))
    assert found == list(watched.values())


def test_a_download_that_is_a_link_is_watched_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "disk.zip").touch()
    archive = tmp_path / "resources/downloads/a.zip"
    archive.parent.mkdir(parents=True)
    archive.symlink_to(tmp_path / "disk.zip")
    found = jobs().files(Sources(downloads=(RemoteFile(file="a.zip"), RemoteFile(file="b.zip"))))
    names = [f"resources/downloads/{name}.zip" for name in "ab"]
    assert found == [*names, str(tmp_path / "disk.zip")]


def test_a_job_is_told_of_its_items_by_their_name():
    inputs = jobs().fit_inputs(*FIT)
    told = json.loads(told_inputs(inputs))
    assert told.keys() == {"items", "predictions"}
    assert told["items"] == inputs["folders"]
