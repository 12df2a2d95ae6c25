"""One tiny run from the pictures to the report, and what is done again after a change."""

import json
from contextlib import contextmanager

import pandas as pd
import pytest
from tiny_run import CELLS, TINY, VIDEO_CELLS

_TABLE_ENDS = ("csv", "md", "tex", "html")
_FIGURES = ("figure_5", "figure_9a", "figure_11", "figure_1", "figure_3", "figure_16", "figure_15")
_TABLES = ("table_1", "table_3", "table_4", "table_5")
_CASES = {"coffee": "coffee.png", "bent": "horse.png", "moving": "drawn_ball/007.png"}
_CELL_FILES = (
    "fits/part-0.safetensors",
    "fits/part-0.history.parquet",
    "metrics.csv",
    "certificates.csv",
    *(f"masks/{picture}.png" for picture in ("coffee", "retina")),
    *(f"predictor/{picture}.png" for picture in ("coffee", "retina")),
    *(f"outlines/{picture}.svg" for picture in ("coffee", "retina")),
    "benchmarks/fit-0.tsv",
    "benchmarks/evaluate.tsv",
)
_CASE_FILES = (
    "fits/part-0.safetensors",
    "fits/part-0.history.parquet",
    "metrics.csv",
    "certificates.csv",
    "benchmarks/fit.tsv",
    "benchmarks/evaluate.tsv",
)
_VIDEO_FILES = (
    "fits/part-0.safetensors",
    "fits/part-0.history.parquet",
    "metrics.csv",
    "certificates.csv",
    "benchmarks/fit-0.tsv",
    "benchmarks/evaluate.tsv",
    *(f"masks/drive/{frame:05d}.png" for frame in range(4)),
    *(f"predictor/drive/{frame:05d}.png" for frame in range(4)),
    *(f"outlines/drive/{frame:05d}.geojson" for frame in range(4)),
)


@contextmanager
def _edited(path, line):
    """A file with a line more, put back afterwards."""
    before = path.read_text()
    path.write_text(before + line)
    yield
    path.write_text(before)


@pytest.fixture(scope="module")
def run(repository):
    code, output = repository.snakemake("--cores", "2", config=TINY)
    assert code == 0, output
    return repository


def test_everything_is_there(run):
    results = run.folder / "results"
    names = [f"tables/{name}.{end}" for name in _TABLES for end in _TABLE_ENDS]
    names += [f"figures/{name}.{end}" for name in _FIGURES for end in ("png", "svg")]
    for cell in CELLS:
        names += [f"convexity/{cell}/{name}" for name in _CELL_FILES]
    for case, mask in _CASES.items():
        names += [f"gallery/{case}/{name}" for name in (*_CASE_FILES, f"masks/{mask}")]
    names += [f"{cell}/{name}" for cell in VIDEO_CELLS for name in _VIDEO_FILES]
    names += [f"{VIDEO_CELLS[1]}/fits/part-0.predictors/drive.safetensors", "figures/animation.gif"]
    assert [name for name in ["report.html", *names] if not (results / name).stat().st_size] == []


def test_metrics_know_their_cell(run):
    for cell in CELLS:
        metrics = pd.read_csv(run.folder / "results/convexity" / cell / "metrics.csv")
        axes = dict(part.split("~") for part in cell.split("_"))
        for axis, value in axes.items():
            assert set(metrics[axis].astype(str)) == {value}
        assert set(metrics["picture"]) == {"coffee", "retina"}
        assert {"predictor", "representation", "convex_hull"} <= set(metrics["output"])


def _means(metrics):
    """Mean IoU by output and what it is compared with."""
    return metrics.groupby(["output", "against"])["iou"].mean()


def test_every_cell_segments(run):
    for cell in CELLS:
        metrics = pd.read_csv(run.folder / "results/convexity" / cell / "metrics.csv")
        found = _means(metrics.assign(against="ground truth")).unstack()["ground truth"]
        assert found["predictor"] >= 0.8, cell
        assert found["representation"] >= 0.8, cell
        if "fit~sequential" in cell:
            assert found["representation"] >= found["predictor"] - 0.02


@pytest.mark.parametrize(
    ("case", "against", "floor"),
    [("coffee", "unaries", 0.5), ("bent", "unaries", 0.65), ("moving", "ground truth", 0.35)],
)
def test_every_case_segments(run, case, against, floor):
    metrics = pd.read_csv(run.folder / "results/gallery" / case / "metrics.csv")
    assert _means(metrics)["representation", against] >= floor


def test_every_video_cell_segments(run):
    for cell in VIDEO_CELLS:
        found = _means(pd.read_csv(run.folder / "results" / cell / "metrics.csv"))
        assert found["representation", "unaries"] >= 0.6, cell
        prior, network = (found[each, "ground truth"] for each in ("representation", "predictor"))
        assert prior >= max(0.35, network - 0.02), cell


def test_every_stored_representation_is_certified(run):
    for cell in CELLS:
        certificates = pd.read_csv(run.folder / "results/convexity" / cell / "certificates.csv")
        assert set(certificates["picture"]) == {"coffee", "retina"}
        assert certificates["holds"].all()


def test_every_case_is_scored_and_certified(run):
    for case in _CASES:
        folder = run.folder / "results/gallery" / case
        metrics = pd.read_csv(folder / "metrics.csv")
        assert set(metrics["case"]) == {case}
        assert pd.read_csv(folder / "certificates.csv")["holds"].all()


def test_every_frame_is_scored_and_certified(run):
    for cell in VIDEO_CELLS:
        metrics = pd.read_csv(run.folder / "results" / cell / "metrics.csv")
        fits = metrics[(metrics["output"] == "representation") & (metrics["against"] == "unaries")]
        assert fits["frame"].tolist() == [0, 1, 2, 3]
        assert set(metrics["labels"]) == {"simulated"}
        certificates = pd.read_csv(run.folder / "results" / cell / "certificates.csv")
        assert certificates["holds"].all()
        assert len(certificates)


def test_tables_name_simulated_labels(run):
    for table in ("table_4", "table_5"):
        assert "simulated" in (run.folder / f"results/tables/{table}.md").read_text()


def test_the_report_opens_offline(run):
    text = (run.folder / "results/report.html").read_text()
    assert "data:image/gif;base64" in text
    assert "simulated" in text
    assert "data:image/png;base64" in text
    for outside in ('src="http', "src='http", '<link rel="stylesheet" href="http', "@import"):
        assert outside not in text


def test_fits_show_progress_in_their_logs(run):
    for cell in CELLS:
        log = (run.folder / "logs/fit/convexity" / cell / "part-0.log").read_text()
        assert f"fit convexity/{cell}: 2 of 2 fits" in log


def test_a_second_run_has_nothing_to_do(run):
    code, output = run.snakemake("--cores", "2", config=TINY)
    assert code == 0
    assert "Nothing to be done" in output


def test_a_touched_file_redoes_nothing(run):
    (run.folder / "lib/isr/fitting/schedule.py").touch()
    (run.folder / "scripts/fit.py").touch()
    assert run.plan(config=TINY) == {}


@pytest.mark.parametrize("change", [{"checkpoint_every": 5}, {"device": "cpu"}])
def test_how_a_fit_runs_redoes_nothing(run, change):
    assert run.plan(config=TINY | change) == {}


def test_a_caption_redoes_the_report_only(run):
    with _edited(run.folder / "workflow/report/figure_5.rst", "Another sentence.\n"):
        assert run.plan(config=TINY) == {"report": 1, "all": 1, "total": 2}


def test_an_edit_of_the_library_redoes_what_depends_on_it(run):
    with _edited(run.folder / "lib/isr/evaluation/cell.py", "# edited\n"):
        plan = run.plan(config=TINY)
    assert plan["evaluate"] == 3
    assert not {"unpack", "features", "predict", "fit", "evaluate_video"} & set(plan)
    with _edited(run.folder / "lib/isr/evaluation/video.py", "# edited\n"):
        plan = run.plan(config=TINY)
    assert plan["evaluate_video"] == 3
    assert not {"evaluate", "predict_video", "fit_video", "finetune_video"} & set(plan)
    with _edited(run.folder / "lib/isr/fitting/stack.py", "# edited\n"):
        plan = run.plan(config=TINY)
    assert plan["predict"] == 1
    assert plan["fit"] == plan["fit_gallery"] == 3
    assert "unpack" not in plan


def _with(value, *path):
    """The tiny configuration with another value."""
    config = json.loads(json.dumps(TINY))
    here = config
    for key in path[:-1]:
        here = here.setdefault(key, {})
    here[path[-1]] = value
    return config


def _video_jobs(plan):
    return {job: count for job, count in plan.items() if job.endswith("_video")}


def test_other_epochs_of_a_joint_fit_redo_it_alone(run):
    plan = run.plan(config=_with(3, "studies", "motion", "epochs"))
    assert _video_jobs(plan) == {"finetune_video": 1, "evaluate_video": 1}
    assert plan["tabulate_table_4"] == plan["animate"] == plan["report"] == 1
    assert "tabulate_table_5" not in plan


def test_other_steps_of_videos_redo_what_depends_on_them(run):
    plan = run.plan(config=_with(41, "studies", "motion", "next_steps"))
    assert _video_jobs(plan) == {"fit_video": 1, "finetune_video": 1, "evaluate_video": 2}
    plan = run.plan(config=_with(151, "studies", "noise", "steps"))
    assert _video_jobs(plan) == {"fit_video": 1, "evaluate_video": 1}


def test_other_epochs_of_a_predictor_redo_no_labels(run):
    plan = run.plan(config=_with(4, "predictors", "unet", "epochs"))
    jobs = {"predict_video": 1, "fit_video": 2, "finetune_video": 1, "evaluate_video": 3}
    assert _video_jobs(plan) == jobs


def test_another_share_of_noise_redoes_no_other_cell(run):
    plan = run.plan(config=_with([0.4, 0], "studies", "noise", "vary", "noise"))
    assert _video_jobs(plan) == {"fit_video": 1, "evaluate_video": 1}


def test_other_steps_redo_fits_and_predictions(run):
    plan = run.plan(config=TINY | {"steps": 241})
    assert _video_jobs(plan) == {}
    assert plan["fit"] == plan["evaluate"] == 3
    assert plan["predict"] == 1
    assert not {"unpack", "features"} & set(plan)


def test_another_seed_redoes_no_other_cell(run):
    config = json.loads(json.dumps(TINY))
    row = {"predictor": "fcn", "features": "rgb+semantic", "fit": "joint", "seed": 47}
    config["studies"]["convexity"]["rows"].append(row)
    assert run.plan(config=config)["fit"] == 1


def test_another_seed_redoes_no_other_case(run):
    config = json.loads(json.dumps(TINY))
    config["studies"]["gallery"]["cases"]["coffee"]["seed"] = 7
    plan = run.plan(config=config)
    assert plan["fit_gallery"] == plan["evaluate_gallery"] == plan["draw_figure_1"] == 1
    assert not {"unpack_gallery", "fit", "draw_figure_3", "draw_figure_16"} & set(plan)


def test_a_broken_picture_is_told_before_any_fit(repository, tmp_path):
    for name in ("images", "scribbles"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cup.png").write_bytes(b"no picture")
    config = {
        "datasets": {
            "mine": {
                "kind": "scribbles",
                "path": str(tmp_path),
                "scribble_values": {"none": 0, "foreground": 1, "background": 2},
            }
        },
        "studies": {
            **dict.fromkeys(("convexity", "gallery", "motion", "cut", "noise")),
            "mine": {"dataset": "mine", "vary": {"predictor": ["fcn"], "features": ["xy"]}},
        },
    }
    code, output = repository.snakemake("--cores", "2", "mine", config=config)
    assert code != 0
    (message,) = [line for line in output.splitlines() if line.startswith("error: ")]
    assert "cup.png" in message
    assert "Traceback" not in output
    assert "Fit:" not in output
