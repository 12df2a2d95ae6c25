"""One tiny run from the items to the report, and what is done again after a change."""

import json
from contextlib import contextmanager
from copy import deepcopy

import pandas as pd
import pytest
from tiny_run import CELLS, TINY

_TABLES = ("table_1", "table_3", "table_4", "table_5")
_TABLE_ENDS = ("csv", "md", "tex", "html")
_FIGURES = ("figure_5", "figure_9a", "figure_11", "figure_1", "figure_3", "figure_16", "figure_15")
_EVERY_CELL = [(study, cell) for study, cells in CELLS.items() for cell in cells]
_CELL_FILES = ("metrics.csv", "certificates.csv", "cell.json")
_PICTURES = [
    f"{kind}/{picture}.{end}"
    for kind, end in (("masks", "png"), ("predictor", "png"), ("outlines", "svg"))
    for picture in ("coffee", "retina")
]
_FRAMES = [
    f"{kind}/drive/{frame:05d}.{end}"
    for kind, end in (("masks", "png"), ("predictor", "png"), ("outlines", "geojson"))
    for frame in range(4)
]
_EVALUATE_ALL = sum(map(len, CELLS.values()))


@contextmanager
def _edited(path, line):
    """A file with a line more, put back afterwards."""
    before = path.read_text()
    path.write_text(before + line)
    yield
    path.write_text(before)


def _with(value, *path):
    """The tiny configuration with another value."""
    config = deepcopy(TINY)
    here = config
    for key in path[:-1]:
        here = here.setdefault(key, {})
    here[path[-1]] = value
    return config


@pytest.fixture(scope="module")
def run(repository):
    code, output = repository.snakemake("--cores", "2", config=TINY)
    assert code == 0, output
    return repository


def _metrics(run, study, cell):
    return pd.read_csv(run.folder / "results" / study / cell / "metrics.csv", dtype={"object": str})


def test_everything_is_there(run):
    results = run.folder / "results"
    names = [f"tables/{name}.{end}" for name in _TABLES for end in _TABLE_ENDS]
    names += [f"figures/{name}.{end}" for name in _FIGURES for end in ("png", "svg")]
    names += [f"{study}/{cell}/{name}" for study, cell in _EVERY_CELL for name in _CELL_FILES]
    names += [f"convexity/{cell}/{name}" for cell in CELLS["convexity"] for name in _PICTURES]
    names += [
        f"{study}/{cell}/{name}"
        for study in ("motion", "noise")
        for cell in CELLS[study]
        for name in _FRAMES
    ]
    names += ["gallery/coffee/masks/coffee.png", "gallery/bent/masks/horse.png"]
    names += ["gallery/moving/masks/drawn_ball/00007.png", "figures/animation.gif", "report.html"]
    assert [name for name in names if not (results / name).stat().st_size] == []
    fits = [folder for folder in results.glob("*/fits/*/part-0") if not folder.name.startswith(".")]
    assert len(fits) == _EVALUATE_ALL
    assert all((folder / "fits.safetensors").stat().st_size for folder in fits)
    assert not list(results.rglob("*.pt"))


@pytest.mark.parametrize(("study", "cell"), _EVERY_CELL)
def test_metrics_are_one_long_form_of_numbers(run, study, cell):
    metrics = _metrics(run, study, cell)
    assert set(metrics["study"]) == {study}
    assert set(metrics["cell"]) == {cell}
    for key in ("steps", "first_steps", "next_steps", "epochs", "rate", "seed", "frame", "iou"):
        assert metrics[key].dtype.kind in "if", key
    assert metrics["iou"].dropna().between(0, 1).all()
    own = {"item", "frame", "object", "output", "against"}
    assert not metrics.duplicated([*own]).any()


def test_cells_say_what_they_are_of(run):
    cell = _metrics(run, "convexity", "cnn-joint")
    assert set(cell["predictor"]) == {"cnn"}
    assert set(cell["fit"]) == {"joint"}
    assert set(cell["item"]) == {"coffee", "retina"}
    assert {"predictor", "representation", "convex_hull"} <= set(cell["output"])
    about = json.loads((run.folder / "results/convexity/cnn-joint/cell.json").read_text())
    assert about["settings"]["features"] == "rgb+xy"


def _means(metrics):
    """Mean IoU of the union of all objects by output and what it is compared with."""
    whole = metrics[metrics["object"] == "all"]
    return whole.groupby(["output", "against"])["iou"].mean()


@pytest.mark.parametrize("cell", CELLS["convexity"])
def test_every_cell_segments(run, cell):
    found = _means(_metrics(run, "convexity", cell))
    assert found["predictor", "ground truth"] >= 0.8
    assert found["representation", "ground truth"] >= 0.8
    if cell == "fcn":
        gained = found["representation", "ground truth"] - found["predictor", "ground truth"]
        assert gained >= -0.02


@pytest.mark.parametrize(
    ("cell", "against", "floor"),
    [("coffee", "unaries", 0.5), ("bent", "unaries", 0.65), ("moving", "ground truth", 0.35)],
)
def test_every_cell_of_the_gallery_segments(run, cell, against, floor):
    assert _means(_metrics(run, "gallery", cell))["representation", against] >= floor


@pytest.mark.parametrize(
    ("study", "cell"), [each for each in _EVERY_CELL if each[0] in ("motion", "noise")]
)
def test_every_cell_of_videos_segments(run, study, cell):
    found = _means(_metrics(run, study, cell))
    assert found["representation", "unaries"] >= 0.6
    prior, network = (found[each, "ground truth"] for each in ("representation", "predictor"))
    assert prior >= max(0.35, network - 0.02)


@pytest.mark.parametrize(("study", "cell"), _EVERY_CELL)
def test_every_stored_representation_is_certified(run, study, cell):
    certificates = pd.read_csv(run.folder / "results" / study / cell / "certificates.csv")
    assert set(certificates["item"]) == set(_metrics(run, study, cell)["item"])
    assert certificates["holds"].all()


def test_every_frame_is_scored(run):
    for cell in CELLS["motion"]:
        metrics = _metrics(run, "motion", cell)
        fits = metrics[(metrics["output"] == "representation") & (metrics["against"] == "unaries")]
        assert fits["frame"].tolist() == [0, 1, 2, 3]
        assert set(metrics["labels"]) == {"simulated"}


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
    for cell in CELLS["convexity"]:
        log = (run.folder / "logs/fit/convexity" / cell / "part-0.log").read_text()
        assert f"fit convexity/{cell}: 2 of 2" in log


def test_a_second_run_has_nothing_to_do(run):
    code, output = run.snakemake("--cores", "2", config=TINY)
    assert code == 0
    assert "Nothing to be done" in output


def test_a_touched_file_redoes_nothing(run):
    (run.folder / "lib/isr/fitting/schedules.py").touch()
    (run.folder / "scripts/fit.py").touch()
    assert run.plan(config=TINY) == {}


@pytest.mark.parametrize("change", [{"checkpoint_every": 5}, {"device": "cpu"}])
def test_how_a_fit_runs_redoes_nothing(run, change):
    assert run.plan(config=TINY | change) == {}


def test_an_edit_of_the_library_redoes_what_depends_on_it(run):
    with _edited(run.folder / "lib/isr/evaluation/evaluate.py", "# edited\n"):
        plan = run.plan(config=TINY)
    assert plan["evaluate"] == _EVALUATE_ALL
    assert not {"unpack", "label", "features", "predict", "fit"} & set(plan)
    with _edited(run.folder / "lib/isr/fitting/engine/stack.py", "# edited\n"):
        plan = run.plan(config=TINY)
    assert plan["predict"] == 2 + 2
    assert plan["fit"] == _EVALUATE_ALL
    assert not {"unpack", "label", "features"} & set(plan)
    with _edited(run.folder / "lib/isr/reporting/report/page.py", "# edited\n"):
        assert run.plan(config=TINY) == {"report": 1, "all": 1, "total": 2}


def test_without_watching_the_library_an_edit_redoes_nothing(run):
    unwatched = TINY | {"watch_library": False}
    assert run.snakemake("--cores", "1", "--touch", config=unwatched)[0] == 0
    with _edited(run.folder / "lib/isr/fitting/engine/stack.py", "# edited\n"):
        assert run.plan(config=unwatched) == {}
    assert run.snakemake("--cores", "1", "--touch", config=TINY)[0] == 0


def _jobs(plan):
    kinds = ("unpack", "label", "features", "predict", "fit", "evaluate")
    return {job: count for job, count in plan.items() if job in kinds}


@pytest.mark.parametrize(
    ("path", "value", "jobs"),
    [
        (("studies", "motion", "settings", "epochs"), 3, {"fit": 1, "evaluate": 1}),
        (("studies", "motion", "settings", "next_steps"), 41, {"fit": 2, "evaluate": 2}),
        (("studies", "noise", "settings", "steps"), 151, {"fit": 1, "evaluate": 1}),
        (("predictors", "unet", "epochs"), 4, {"predict": 1, "fit": 3, "evaluate": 3}),
        (("studies", "noise", "vary", "noise"), [0.4, 0], {"fit": 1, "evaluate": 1}),
        (("steps",), 241, {"predict": 1, "fit": 3, "evaluate": 3}),
        (("studies", "gallery", "cells", "coffee", "seed"), 7, {"fit": 1, "evaluate": 1}),
        (("studies", "gallery", "cells", "bent", "connect"), True, {"evaluate": 1}),
        (("studies", "convexity", "text"), "Another sentence.", {}),
        (("studies", "convexity", "tables", "table_1", "title"), "Another title", {}),
    ],
)
def test_a_change_redoes_what_depends_on_it(run, path, value, jobs):
    plan = run.plan(config=_with(value, *path))
    assert _jobs(plan) == jobs
    assert plan["report"] == 1


def test_another_seed_redoes_no_other_cell(run):
    plan = run.plan(config=_with(47, "studies", "gallery", "cells", "coffee", "seed"))
    assert (plan["draw"], plan["report"]) == (1, 1)
    assert not {"tabulate", "animate"} & set(plan)


def test_a_plan_and_an_error_are_short(run):
    config = _with(151, "studies", "noise", "settings", "steps")
    code, output = run.snakemake("--dry-run", config=config)
    assert code == 0
    assert max(map(len, output.splitlines())) < 400
    damaged = run.folder / "results/noise" / CELLS["noise"][0] / "metrics.csv"
    before = damaged.read_text()
    # As long as it was: what is shorter would be made again.
    damaged.write_text("x" * len(before))
    code, output = run.snakemake("--cores", "1", "--forcerun", "tabulate", config=TINY)
    damaged.write_text(before)
    assert code != 0
    assert "Traceback" not in output
    assert len(output) < 20000


def test_a_broken_picture_is_told_before_any_fit(repository, tmp_path):
    for name in ("images", "scribbles"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cup.png").write_bytes(b"no picture")
    config = {
        "datasets": {
            "mine": {
                "kind": "pictures",
                "path": str(tmp_path),
                "scribble_values": {"none": 0, "foreground": 1, "background": 2},
            }
        },
        "studies": {
            **dict.fromkeys(CELLS),
            "cut": None,
            "mine": {"dataset": "mine", "settings": {"predictor": "fcn", "features": "xy"}},
        },
    }
    code, output = repository.snakemake("--cores", "2", "mine", config=config)
    assert code != 0
    (message,) = [line for line in output.splitlines() if line.startswith("error: ")]
    assert "cup.png" in message
    assert "Traceback" not in output
    assert "Fit mine" not in output
