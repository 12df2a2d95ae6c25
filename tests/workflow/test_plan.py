"""What the workflow would do, and what it says of mistakes, without running a job."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from isr.data import gallery

ROOT = Path(__file__).parents[2]
DEMO_CASES = yaml.safe_load((ROOT / "config/config.yaml").read_text())["studies"]["gallery"][
    "cases"
]
AUTHORS_FILES = len(gallery.files())
PAPER = ("--configfile", "config/paper.yaml")
CELL = "results/convexity/constraint~convex_predictor~fcn_features~{}_fit~{}_seed~42/metrics.csv"
VIDEO_CELL = (
    "results/{}/labels~motion_predictor~unet_training~each_constraint~path_connected_fit~{}"
    "_distance~squared_noise~{}_seed~42/{}"
)
VIDEO_FIGURES = (3, 6, 14, 15, 16, 17, 18, 19)
OWN = {
    "datasets": {
        "mine": {
            "kind": "scribbles",
            "path": "mine",
            "scribble_values": {"none": 0, "foreground": 1, "background": 2},
        }
    },
    "studies": {
        **dict.fromkeys(("convexity", "gallery", "motion", "cut", "noise")),
        "mine": {"dataset": "mine", "vary": {"predictor": ["fcn"], "features": ["xy"]}},
    },
}


def test_the_demo(repository):
    plan = repository.plan()
    assert plan.pop("total") == sum(plan.values())
    tables = ("table_1", "table_3", "table_5")
    figures = ["figure_5", "figure_9a", "figure_11"]
    figures += [f"figure_{number}" for number in (1, 2, 3, 4, 7, 9, 14, 16)]
    figures += [f"video_figure_{number}" for number in VIDEO_FIGURES]
    assert plan == {
        "unpack": 1,
        "unpack_gallery": len({case["picture"] for case in DEMO_CASES.values()}),
        "fit_gallery": len(DEMO_CASES),
        "evaluate_gallery": len(DEMO_CASES),
        "features": 1,
        "predict": 2 * 3,
        "fit": 2 * 3 * 2,
        "evaluate": 2 * 3 * 2,
        **dict.fromkeys(("unpack_video", "label_video", "predict_video"), 2),
        "fit_video": 2 + 3,
        "finetune_video": 2,
        "evaluate_video": 2 * 2 + 3,
        "animate": 1,
        "tabulate_table_4": 2,
        **{f"tabulate_{name}": 1 for name in tables},
        **{f"draw_{name}": 1 for name in figures},
        "draw_video_figure_6": 2,  # Figures 6 and 13.
        "draw_video_figure_19": 2,
        "report": 1,
        "all": 1,
    }


def test_the_paper_s_grid_needs_no_network_to_be_planned(repository):
    plan = repository.plan(*PAPER)
    assert plan["evaluate"] == 2 * 3 * 2 * 3
    assert plan["fit"] == plan["evaluate"] * 3
    assert plan["predict"] == 2 * 3 * 3
    assert plan["unpack"] == 1
    assert plan["fetch_features"] == 4
    assert plan["fetch"] == 2 + AUTHORS_FILES
    assert plan["unpack_video"] == plan["label_video"] == 18
    assert plan["predict_video"] == plan["finetune_video"] == 18 * 3
    assert plan["fit_video"] == 18 * 3 + 2 * 7 * 3
    assert plan["evaluate_video"] == 2 * 3 + 2 * 7 * 3


def test_files_to_download(repository):
    assert repository.plan("download", *PAPER) == {
        "fetch": 2 + AUTHORS_FILES,
        "fetch_features": 4,
        "download": 1,
        "total": 7 + AUTHORS_FILES,
    }


def test_a_gallery_s_files_are_fetched_for_the_pictures_that_are_wanted(repository):
    case = {"picture": "tomato", "constraint": "convex"}
    config = {"studies": {"own": {"kind": "gallery", "source": "authors", "cases": {"t": case}}}}
    assert repository.plan("own", config=config) == {
        **dict.fromkeys(("fetch", "unpack_gallery", "fit_gallery", "evaluate_gallery", "own"), 1),
        "total": 5,
    }
    target = "results/own/t/metrics.csv"
    assert repository.plan(target, config=config)["evaluate_gallery"] == 1


def test_published_features_can_be_made_a_condition(repository):
    semantic = {"source": "published", "url": "https://example.org/Feat.zip"}
    config = {
        "datasets": {"convexitydb": {"kind": "convexitydb", "semantic": semantic}},
        "studies": {
            "convexity": {"dataset": "convexitydb", "figures": None},
            **dict.fromkeys(("gallery", "motion", "cut", "noise")),
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
    for folder in ("resources/datasets/convexitydb", target):
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
    assert "fetch_features" not in repository.plan(features, *PAPER)


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
    joint = VIDEO_CELL.format("motion", "joint", 0, "fits/part-0.safetensors")
    made = ("unpack_video", "label_video", "predict_video", "fit_video", "finetune_video")
    assert repository.plan(joint) == {**dict.fromkeys(made, 1), "total": 5}
    sequential = VIDEO_CELL.format("motion", "sequential", 0, "fits/part-0.safetensors")
    assert "finetune_video" not in repository.plan(sequential)


def test_videos_are_split_into_parts_and_some_are_chosen(repository):
    config = {"studies": {"motion": {"videos": ["cars3", "bear01", "cats05"], "figures": None}}}
    arguments = ("motion", "--configfile", "config/paper.yaml", "overlay.yaml")
    (repository.folder / "overlay.yaml").write_text(yaml.safe_dump(config))
    plan = repository.plan(*arguments)
    assert plan["unpack_video"] == 3
    assert plan["fit_video"] == plan["finetune_video"] == plan["predict_video"] == 3 * 3
    assert plan["evaluate_video"] == 2 * 3


def test_one_network_for_all_videos_is_trained_by_one_job(repository):
    config = {
        "predictors": {"unet": {"weights": "trained"}},
        "studies": {"motion": {"vary": {"training": ["together"]}}},
    }
    (repository.folder / "overlay.yaml").write_text(yaml.safe_dump(config))
    plan = repository.plan("--configfile", "config/paper.yaml", "overlay.yaml")
    assert plan["predict_videos"] == 3
    assert plan["predict_video"] == 3  # Those of the study `noise`, of one video.
    assert plan["label_video"] == 18
    assert plan["fit_video"] == 18 * 3 + 2 * 7 * 3
    assert plan["finetune_video"] == 18 * 3


def test_published_labels_are_fetched_for_what_learns_from_them(repository):
    config = {"studies": {"motion": {"vary": {"labels": ["published"]}}}}
    (repository.folder / "overlay.yaml").write_text(yaml.safe_dump(config))
    arguments = ("--configfile", "config/paper.yaml", "overlay.yaml")
    assert repository.plan("download", *arguments)["fetch"] == 3 + AUTHORS_FILES


def test_a_cell_is_split_into_parts(repository):
    assert repository.plan("convexity", config={"problems_per_job": 3})["fit"] == 12 * 3


def test_a_study_is_a_target_and_null_drops_one(repository):
    folder = repository.folder / "mine/images"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.png").write_bytes(b"")
    plan = repository.plan("mine", config=OWN)
    assert plan == {"unpack": 1, "predict": 1, "fit": 2, "evaluate": 2, "mine": 1, "total": 7}
    assert "tabulate_table_1" not in repository.plan(config=OWN)


def test_no_study_can_have_the_name_of_a_target(repository):
    code, output = repository.snakemake("--list-rules")
    assert code == 0
    studies = {"convexity", "gallery", "motion", "cut", "noise"}
    rules = set(re.findall(r"^[a-z]+$", output, re.MULTILINE)) - studies
    text = (repository.folder / "workflow/rules/common.smk").read_text()
    reserved = eval(re.search(r"^RESERVED = (\{.*?^\})", text, re.MULTILINE | re.DOTALL)[1])
    assert {"all", "fit"} <= rules <= reserved


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"stpes": 3}, "config: stpes is unknown; choose one of"),
        (
            {"studies": {"convexity": {"vary": {"fit": ["jiont"]}}}},
            "config: studies.convexity.vary.fit[0] is 'jiont'; choose one of sequential, joint",
        ),
        (
            {"datasets": {"embedded": {"pictures": ["cofee"]}}},
            "config: datasets.embedded: pictures: there is no picture 'cofee'",
        ),
        (
            {"studies": {"convexity": {"figures": {"figure_9a": {"picture": "moon"}}}}},
            "config: studies.convexity.figures.figure_9a.picture is 'moon'; choose one of",
        ),
        (
            {"studies": {"gallery": {"cases": {"coffee": {"picture": "cofee"}}}}},
            "config: studies.gallery.cases.coffee.picture is 'cofee'; choose one of coffee",
        ),
        (
            {"studies": {"gallery": {"figures": {"figure_16": {"case": "coffee"}}}}},
            "studies.gallery.figures.figure_16.case is 'coffee', which is convex; figure_16",
        ),
        (
            {"studies": {"motion": {"vary": {"fit": ["joint"]}}}},
            "config: studies.motion has a joint fit (labels motion, predictor unet,",
        ),
        (
            {"studies": {"motion": {"figures": {"animation": {"video": "drvie"}}}}},
            "studies.motion.figures.animation.video is 'drvie'; choose one of drive (did you mean",
        ),
        (
            {"studies": {"noise": {"vary": {"fit": ["sequential"]}}}},
            "config: studies.noise.vary has noise 0.2 with fit sequential, but frames are",
        ),
        (
            {"videos": {"drawn": {"videos": ["dog"]}}},
            "config: videos.drawn: videos: there is no video 'dog' among drive, cut",
        ),
        (OWN | {"datasets": {"mine": OWN["datasets"]["mine"] | {"path": "nowhere"}}}, "nowhere"),
    ],
)
def test_a_mistake_in_the_configuration_is_told_without_a_traceback(repository, config, message):
    code, output = repository.snakemake("--dry-run", config=config)
    assert code != 0
    assert message in output
    assert "Traceback" not in output


def test_a_cell_that_does_not_exist(repository):
    code, output = repository.snakemake("--dry-run", CELL.format("xy", "joint"))
    assert code != 0
    assert "study convexity has no cell constraint~convex_predictor~fcn_features~xy" in output


def test_a_cell_of_videos_that_does_not_exist(repository):
    target = VIDEO_CELL.format("noise", "spatio-temporal", 0.3, "metrics.csv")
    code, output = repository.snakemake("--dry-run", target)
    assert code != 0
    assert "study noise has no cell labels~motion_predictor~unet_training~each" in output


def test_a_case_that_does_not_exist(repository):
    code, output = repository.snakemake("--dry-run", "results/gallery/tea/metrics.csv")
    assert code != 0
    assert "study gallery has no case tea" in output


def test_snakemake_lint(repository):
    code, output = repository.snakemake("--lint")
    assert code == 0, output


def test_snakefmt():
    command = [sys.executable, "-m", "snakefmt", "--check", str(ROOT / "workflow")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
