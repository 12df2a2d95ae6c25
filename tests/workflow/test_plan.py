"""What the workflow would do, and what it says of mistakes, without running a job."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from configurations import DEMO_STUDIES, shipped

from isr.config.jobs import Jobs
from isr.config.reading import read_plan
from isr.data.kinds.authors import Authors

ROOT = Path(__file__).parents[2]
PLAN = read_plan(shipped(), root=ROOT)
PAPER = ("--configfile", "config/paper.yaml")
PAPER_PLAN = read_plan(shipped("paper.yaml"), root=ROOT)
CELL = "results/convexity/constraint~convex_predictor~fcn_features~{}_fit~{}_seed~42/metrics.csv"
MOTION = "results/motion/fits/labels~motion_fit~{}/part-0"
DROPPED = dict.fromkeys(DEMO_STUDIES)
OWN = {
    "datasets": {
        "mine": {
            "kind": "pictures",
            "path": "mine",
            "scribble_values": {"none": 0, "foreground": 1, "background": 2},
        }
    },
    "studies": {
        **DROPPED,
        "mine": {
            "dataset": "mine",
            "settings": {"predictor": "fcn", "features": "xy"},
            "vary": {"fit": ["sequential", "joint"]},
        },
    },
}


def _cells(plan, *studies):
    return [cell for study in studies or plan.cells for cell in plan.cells[study].values()]


def test_the_demo(repository):
    found = repository.plan()
    assert found.pop("total") == sum(found.values())
    cells, studies = _cells(PLAN), PLAN.config.studies
    used = {(studies[cell.study].dataset, item) for cell in cells for item in cell.items}
    figures = [each for study in studies.values() for each in study.figures.values()]
    assert found == {
        "unpack": len(used),
        "label": 2,
        "features": 1,
        "predict": 2 * 3 + 2 * 3 + 2,
        "fit": len(cells),
        "evaluate": len(cells),
        "tabulate": sum(len(study.tables) for study in studies.values()),
        "draw": sum(not each.animated for each in figures),
        "animate": 1,
        "report": 1,
        "all": 1,
    }


def test_the_paper_s_grid_needs_no_network_to_be_planned(repository):
    plan = repository.plan(*PAPER)
    grid, noise = 2 * 3 * 2 * 3, 2 * 7 * 3
    gallery, student = (len(PAPER_PLAN.cells[name]) for name in ("authors-gallery", "student"))
    corrupted, prompts = 9 * 3, len(PAPER_PLAN.cells["prompts"])
    pictures = gallery + student + prompts
    peers = 8 * 2 * 3
    assert plan["evaluate"] == peers + grid + corrupted + pictures + 2 * 3 + noise
    # Of one video, all seeds go into one job.
    assert plan["fit"] == (peers + grid + corrupted) * 3 + pictures + 2 * 3 * 18 + noise // 3
    # What is computed is so for all seeds at once, and for every study that takes it.
    assert plan["predict"] == 8 + 2 * 3 * 3 + 9 + 1 + 18 * 3
    assert plan["fetch_optional"] == 4
    assert plan["fetch"] == len(Jobs(PAPER_PLAN).downloads()) - 4
    assert plan["label"] == 18
    assert plan["unpack"] == 51 + 18 + 2 + len(Authors(kind="authors").all_names(ROOT))


@pytest.mark.parametrize("arguments", [(), PAPER])
def test_a_plan_can_be_read(repository, arguments):
    code, output = repository.snakemake("--dry-run", *arguments)
    assert code == 0
    lines = output.splitlines()
    assert max(map(len, lines)) < 200
    studies = PAPER_PLAN.cells if arguments else PLAN.cells
    assert len(lines) < 40 * len(studies)


def test_files_to_download(repository):
    plan = repository.plan("download", *PAPER)
    assert plan.pop("total") == sum(plan.values())
    assert (plan["fetch_optional"], plan["download"]) == (4, 1)
    assert plan.keys() == {"fetch", "fetch_optional", "download"}


def test_a_gallery_s_files_are_fetched_for_the_pictures_that_are_wanted(repository):
    config = {
        "datasets": {"theirs": {"kind": "authors"}},
        "studies": {"own": {"dataset": "theirs", "cells": {"t": {"items": ["tomato"]}}}},
    }
    assert repository.plan("own", config=config) == {
        **dict.fromkeys(("fetch", "unpack", "fit", "evaluate", "own"), 1),
        "total": 5,
    }
    assert repository.plan("results/own/t/metrics.csv", config=config)["evaluate"] == 1


def test_published_features_can_be_made_a_condition(repository):
    semantic = {"source": "published", "url": "https://example.org/Feat.zip"}
    config = {
        "datasets": {"convexitydb": {"kind": "convexitydb", "semantic": semantic}},
        "studies": {
            **DROPPED,
            "convexity": {"dataset": "convexitydb", "figures": None},
        },
    }
    assert repository.plan("download", config=config)["fetch"] == 2


@pytest.fixture
def features(repository):
    """Semantic features that stand in for published ones, as if made where no download worked."""
    target = "resources/features/convexitydb/semantic"
    status = repository.folder / "resources/downloads/Feat.zip.status.json"
    files = [status, status.with_name("ConvexityDB.zip")]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('{"present": false}')
    folders = [f"resources/datasets/convexitydb/{name}" for name in PAPER_PLAN.items("convexitydb")]
    for folder in (*folders, target):
        (repository.folder / folder).mkdir(parents=True)
    code, output = repository.snakemake(target, "--touch", "--force", "--cores", "1", *PAPER)
    assert code == 0, output
    assert repository.plan(target, *PAPER) == {}
    yield target
    shutil.rmtree(repository.folder / "resources")


def test_published_features_put_there_by_hand_are_taken(repository, features):
    archive = repository.folder / "resources/downloads/Feat.zip"
    archive.write_bytes(b"")
    os.utime(archive, (0, 0))
    assert repository.plan(features, *PAPER) == {"features": 1, "total": 1}
    archive.with_name("Feat.zip.status.json").unlink()
    assert "fetch_optional" not in repository.plan(features, *PAPER)


def test_a_download_that_worked_redoes_nothing(repository, features):
    archive = repository.folder / "resources/downloads/Feat.zip"
    archive.write_bytes(b"")
    status = archive.with_name("Feat.zip.status.json")
    time = status.stat().st_mtime
    status.write_text('{"present": true}')
    os.utime(status, (time, time))
    assert repository.plan(features, *PAPER) == {}


def test_predictions_are_shared_and_made_only_for_what_projects_them(repository):
    sequential, joint = (CELL.format("rgb+xy", fit) for fit in ("sequential", "joint"))
    assert repository.plan(sequential, joint)["predict"] == 1
    assert "predict" not in repository.plan(joint)


def test_semantic_features_are_made_only_for_what_sees_them(repository):
    assert "features" not in repository.plan(CELL.format("rgb+xy", "joint"))
    assert repository.plan(CELL.format("rgb+semantic", "joint"))["features"] == 1


def test_a_joint_fit_of_videos_needs_the_sequential_one(repository):
    cells = PLAN.cells["motion"]
    joint, sequential = (
        f"results/motion/fits/{cell.batch}/part-0"
        for fit in ("joint", "sequential")
        for cell in cells.values()
        if cell.settings.fit == fit
    )
    assert repository.plan(joint) == {
        **dict.fromkeys(("unpack", "label", "predict"), 1),
        "fit": 2,
        "total": 5,
    }
    assert repository.plan(sequential)["fit"] == 1


def test_items_of_a_study_are_chosen(repository):
    config = {
        "studies": {"motion": {"items": ["cars3", "bear01", "cats05"], "figures": None}},
    }
    plan = repository.plan("motion", config=config, over=PAPER)
    assert plan["unpack"] == plan["label"] == 3
    assert plan["fit"] == 2 * 3 * 3
    assert plan["predict"] == 3 * 3
    assert plan["evaluate"] == 2 * 3


def test_one_network_for_all_videos_is_trained_by_one_job(repository):
    config = {
        "predictors": {"unet": {"weights": "trained"}},
        "studies": {"motion": {"settings": {"training": "together"}}},
    }
    plan = repository.plan("motion", config=config, over=PAPER)
    assert plan["predict"] == 3
    assert plan["label"] == 18
    assert plan["fit"] == 2 * 18 * 3


def test_published_labels_are_fetched_for_what_learns_from_them(repository):
    config = {"studies": {"motion": {"vary": {"labels": ["published"]}}}}
    auto = repository.plan("download", over=PAPER, config={})
    published = repository.plan("download", config=config, over=PAPER)
    assert published["fetch"] == auto["fetch"] + 1


def test_a_cell_is_split_into_parts(repository):
    assert repository.plan("convexity", config={"problems_per_job": 3})["fit"] == 12 * 3


@pytest.mark.parametrize(
    ("device", "arguments", "gpus"),
    [
        ("cuda", (), 1),
        ("cuda", ("--resources", "gpu=3"), 3),
        ("auto", (), None),
        ("cpu", (), None),
    ],
)
def test_one_job_at_a_time_has_the_gpu_of_a_machine(
    repository, monkeypatch, device, arguments, gpus
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    code, output = repository.snakemake(
        "download", "--cores", "1", *arguments, config={"device": device}
    )
    assert code == 0, output
    found = re.search(r"^Provided resources: .*gpu\D*(\d+)", output, re.MULTILINE)
    assert (int(found[1]) if found else None) == gpus


def test_a_gpu_s_jobs_are_whole_batches(repository):
    plan = repository.plan("--configfile", "config/paper.yaml", "config/gpu.yaml")
    named = sum(len(PAPER_PLAN.cells[name]) for name in ("authors-gallery", "student", "prompts"))
    # A batch of the student's cells is one of them and one seed; corruptions are nine.
    peers = 8
    assert plan["fit"] == 2 * peers + 2 * 3 * 2 + 9 + named + (1 + 3 * 18) + 2 * 7
    assert plan["predict"] == peers + 2 * 3 + 9 + 1 + 18 * 3


def test_a_study_is_a_target_and_null_drops_one(repository):
    for name in ("images", "scribbles"):
        (repository.folder / "mine" / name).mkdir(parents=True, exist_ok=True)
        (repository.folder / "mine" / name / "a.png").write_bytes(b"")
    plan = repository.plan("mine", config=OWN)
    assert plan == {"unpack": 1, "predict": 1, "fit": 2, "evaluate": 2, "mine": 1, "total": 7}
    assert "tabulate" not in repository.plan(config=OWN)


def test_no_study_can_have_the_name_of_a_target(repository):
    code, output = repository.snakemake("--list-rules")
    assert code == 0
    rules = set(re.findall(r"^[a-z_]+$", output, re.MULTILINE)) - set(DEMO_STUDIES)
    assert {"all", "fit"} <= rules
    for name in rules:
        config = {"studies": {name: {"dataset": "gallery", "items": ["horse"]}}}
        if re.fullmatch("[a-z]+", name):  # A name with _ cannot be that of a study anyway.
            code, output = repository.snakemake("--dry-run", config=config)
            assert code != 0
            assert f"studies.{name} has the name of a target" in output


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"stpes": 3}, "config: stpes is unknown; choose one of"),
        (
            {"studies": {"convexity": {"vary": {"fit": ["jiont"]}}}},
            "config: studies.convexity.vary.fit[0] is 'jiont'; choose one of sequential, joint",
        ),
        (
            {"datasets": {"embedded": {"items": ["cofee"]}}},
            "config: datasets.embedded: items: there is no 'cofee' among coffee, coin_left",
        ),
        (
            {"studies": {"convexity": {"figures": {"figure_9a": {"item": "moon"}}}}},
            "config: studies.convexity.figures.figure_9a.item is 'moon'; choose one of",
        ),
        (
            {"studies": {"gallery": {"cells": {"coffee": {"items": ["cofee"]}}}}},
            "config: studies.gallery.cells.coffee.items[0] is 'cofee'; choose one of",
        ),
        (
            {"studies": {"gallery": {"figures": {"figure_16": {"cell": "coffee"}}}}},
            "studies.gallery.figures.figure_16.cell is 'coffee', which is convex; figure_16",
        ),
        (
            {"studies": {"motion": {"vary": {"fit": ["joint"]}}}},
            "fit is joint (labels~motion_fit~joint_seed~42), which goes on from the sequential fit",
        ),
        (
            {"studies": {"motion": {"figures": {"animation": {"item": "drvie"}}}}},
            "studies.motion.figures.animation.item is 'drvie'; choose one of drive (did you mean",
        ),
        (
            {"datasets": {"drawn": {"items": ["dog"]}}},
            "config: datasets.drawn: items: there is no 'dog' among drive, cut",
        ),
        (OWN | {"datasets": {"mine": OWN["datasets"]["mine"] | {"path": "nowhere"}}}, "nowhere"),
    ],
)
def test_a_mistake_in_the_configuration_is_told_without_a_traceback(repository, config, message):
    code, output = repository.snakemake("--dry-run", config=config)
    assert code != 0
    assert message in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (CELL.format("xy", "joint"), "study convexity has no cell constraint~convex_predictor"),
        ("results/noise/noise~0.3/metrics.csv", "study noise has no cell noise~0.3"),
        ("results/gallery/tea/metrics.csv", "study gallery has no cell tea"),
        ("results/gallery/fits/tea/part-0", "study gallery has no batch tea"),
    ],
)
def test_a_cell_that_does_not_exist(repository, target, message):
    code, output = repository.snakemake("--dry-run", target)
    assert code != 0
    assert message in output


def test_whatever_stands_in_a_command_is_quoted():
    found = []
    for file in sorted((ROOT / "workflow").rglob("*.smk")):
        for command in re.findall(r"^    shell:\n((?:        .*\n)+)", file.read_text(), re.M):
            found += re.findall(r"\{[^{}]*\}", command)
    assert len(found) > 60
    assert [each for each in found if not each.endswith(":q}")] == []


def test_commands_stay_short_whatever_the_number_of_items(repository):
    """A system refuses commands beyond some length, and each of their words beyond 128 KiB."""
    for kind in ("images", "scribbles"):
        (repository.folder / "many" / kind).mkdir(parents=True)
        for number in range(300):
            name = f"{'with-a-long-name-' * 6}{number}.png"
            (repository.folder / "many" / kind / name).touch()
    config = {"datasets": {"mine": OWN["datasets"]["mine"] | {"path": "many"}}}
    config["studies"] = OWN["studies"]
    code, output = repository.snakemake("--dry-run", "--printshellcmds", "report", config=config)
    assert code == 0, output
    commands = re.findall(r"^ *Shell command: .*$", output, re.M)
    scripts = {script for line in commands for script in re.findall(r"\bisr (\w+) --", line)}
    assert {"unpack", "predict", "fit", "evaluate", "report"} <= scripts
    assert max(map(len, commands)) < 1500


def test_snakemake_lint(repository):
    code, output = repository.snakemake("--lint")
    assert code == 0, output


def test_snakefmt():
    command = [sys.executable, "-m", "snakefmt", "--check", str(ROOT / "workflow")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
