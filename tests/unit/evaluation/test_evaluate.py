"""Cells of every kind of item and of fit: the same columns, the same files, whatever they are."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
import tiny_cells as tiny
from tiny_cells import SEED, box, picture, run, write_clip, write_items

from isr.coordinates import ThirdAxis
from isr.data.items import time_axis
from isr.errors import UserError
from isr.evaluation.certificates import Certificate
from isr.evaluation.columns import CERTIFICATE_COLUMNS, COLUMNS
from isr.evaluation.evaluate import evaluate
from isr.io import read_json, read_png
from isr.store import read_fits

FCN = {"predictor": "fcn", "features": "rgb+xy"}


def projected(folder):
    return run(folder, write_items(folder, picture()), **FCN)


def trained_along(folder):
    return run(folder, write_items(folder, picture()), fit="joint", steps=800, **FCN)


def published_code(folder):
    items = write_items(folder, picture())
    return run(folder, items, protocol="published-code", steps=800, **FCN)


def unaries_given(folder):
    return run(folder, write_items(folder, picture(known=["unaries", "truth"])))


def scribbles_alone(folder):
    return run(folder, write_items(folder, picture(known=["scribbles"])))


def with_margin(folder):
    items = write_items(folder, picture(known=["unaries"]))
    return run(folder, items, margin=3, object_weight=0.3)


def objects(folder):
    told = picture("told", objects=2, known=["scribbles", "truth", "instances"])
    untold = picture("untold", objects=2)
    return run(folder, write_items(folder, told, untold, picture("one")), **FCN)


def objects_along(folder):
    told = picture("told", objects=2, known=["scribbles", "truth", "instances"])
    return run(folder, write_items(folder, told), fit="joint", **FCN)


def with_depth(folder):
    return run(folder, write_items(folder, picture(third=tiny.depth(), known=["scribbles"])))


def volume(folder):
    third = ThirdAxis("z", np.linspace(0, 0.3, 3))
    content = picture(size=(3, 20, 30), third=third, known=["unaries", "truth"])
    return run(folder, write_items(folder, content))


def connected(folder):
    items = write_items(folder, picture(known=["unaries", "truth"]))
    options = {"blocks": 2, "base_options": {"width": 8}}
    return run(folder, items, constraint="path_connected", options=options, connect=True)


def framewise(folder):
    """At half size; the third frame shows nothing."""
    unaries = [np.where(box((16, 24)), 0.9, 0.1) for _ in range(4)]
    unaries[2][:] = 0.1
    predictions = tiny.write_predictions(folder / "predictions", "clip", unaries)
    return run(folder, [write_clip(folder)], predictor="half", predictions=predictions)


def tuned(folder):
    return run(folder, [write_clip(folder)], predictor="unet", fit="joint")


def in_time(folder):
    content = picture("box", (4, 20, 30), third=time_axis(4), known=["unaries", "truth"])
    return run(folder, write_items(folder, content), fit="spatio-temporal", steps=300)


KINDS = [
    *(projected, trained_along, published_code, unaries_given, scribbles_alone, with_margin),
    *(objects, objects_along, with_depth, volume, connected, framewise, tuned, in_time),
]


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Each kind of cell, made once when it is asked for."""
    made = {}

    def cell(kind):
        if kind not in made:
            (made[kind],) = kind(tmp_path_factory.mktemp(kind.__name__))
        return made[kind], pd.read_csv(made[kind] / "metrics.csv", dtype={"object": str})

    return cell


def test_columns_of_certificates_are_their_fields():
    assert CERTIFICATE_COLUMNS[-6:] == tuple(Certificate.__dataclass_fields__)


def outlined(cell):
    return sorted(
        str(path.relative_to(cell / "outlines"))
        for path in (cell / "outlines").rglob("*")
        if path.is_file()
    )


OUTLINES = {
    with_depth: ["box.geojson", "box.ply", "box.svg"],
    volume: ["box.ply"],
    in_time: [f"box/0000{number}.geojson" for number in range(4)],
}


@pytest.mark.parametrize("kind", [projected, with_margin, *OUTLINES])
def test_files_are_those_of_the_kind_of_item_at_its_own_size(cells, kind):
    cell, _ = cells(kind)
    assert outlined(cell) == OUTLINES.get(kind, ["box.geojson", "box.svg"])
    masks = sorted((cell / "masks").rglob("*.png"))
    assert {read_png(mask).shape for mask in masks} == {(20, 30)}
    assert len(masks) == {volume: 3, in_time: 4}.get(kind, 1)


def test_a_video_frame_by_frame_skips_what_shows_nothing(cells):
    _, metrics = cells(framewise)
    assert metrics.groupby("frame")["status"].first()[2] == "skipped"
    assert metrics["steps"].isna().all()
    assert set(metrics["first_steps"]) == {200}


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_has_the_same_columns_of_numbers_and_names(cells, kind):
    cell, metrics = cells(kind)
    assert tuple(metrics.columns) == COLUMNS
    texts = metrics.select_dtypes(exclude="number").stack().dropna()
    assert texts.map(lambda value: isinstance(value, bool | str)).all()
    names = texts[texts.map(lambda value: isinstance(value, str))]
    assert names.str.fullmatch(r"[\w+~-]+( [\w]+)?").all(), names.unique()
    for column in ("iou", "accuracy"):
        assert metrics[column].between(0, 1).all()
    certificates = pd.read_csv(cell / "certificates.csv")
    assert tuple(certificates.columns) == CERTIFICATE_COLUMNS
    assert certificates["holds"].all()
    assert set(certificates["item"]) == set(metrics["item"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_tells_what_a_reader_needs(cells, kind):
    cell, metrics = cells(kind)
    about = read_json(cell / "cell.json")
    assert {"study", "cell", "dataset", "protocol", "predictor", "settings"} <= about.keys()
    assert about["seed"] == SEED
    assert about["items"] == list(metrics["item"].unique()) == list(about["folders"])
    assert about["convention"] == (
        "linspace" if about["protocol"] == "published-code" else "isotropic"
    )
    for name, folder in about["folders"].items():
        assert read_json(f"{folder}/item.json")["name"] == name
    for path in about["fits"]:
        assert read_fits(Path(path)).of_seed(SEED).names


def scores(metrics, against):
    rows = metrics[(metrics["against"] == against) & (metrics["object"] == "all")]
    return rows.set_index("output")["iou"]


def test_a_projected_predictor_is_scored_beside_its_projections(cells):
    cell, metrics = cells(projected)
    hulls = ["convex_hull", "convex_hull_largest"]
    assert list(scores(metrics, "ground truth").index) == ["predictor", "representation", *hulls]
    for against in ("unaries", "scribbles"):
        assert list(scores(metrics, against).index) == ["representation", *hulls]
    assert scores(metrics, "ground truth")["representation"] > 0.6
    assert read_png(cell / "predictor" / "box.png").shape == (20, 30)


@pytest.mark.parametrize("kind", [trained_along, published_code])
def test_a_predictor_that_was_trained_along_is_asked_again(cells, kind):
    _, metrics = cells(kind)
    assert "predictor" in set(metrics["output"])
    assert set(metrics["steps"]) == {800}
    assert scores(metrics, "scribbles")["representation"] > 0.5


def test_given_unaries_and_scribbles_are_what_there_is_to_agree_with(cells):
    _, metrics = cells(unaries_given)
    assert list(metrics["against"].unique()) == ["unaries", "ground truth"]
    assert scores(metrics, "ground truth")["predictor"] == 1
    cell, metrics = cells(scribbles_alone)
    assert list(metrics["against"].unique()) == ["scribbles"]
    assert set(metrics["output"]) == {"representation"}
    assert not list((cell / "predictor").iterdir())


def test_a_joint_fit_of_a_video_has_the_unaries_of_its_tuned_network(cells):
    cell, metrics = cells(tuned)
    before = cell.parent / "predictions" / "unaries" / str(SEED) / "clip" / "00001.png"
    assert (read_png(before) != read_png(cell / "predictor" / "clip" / "00001.png")).any()
    assert set(metrics["epochs"]) == {1}
    assert set(metrics["labels_kind"]) == {"motion"}


def test_a_picture_and_a_video_of_one_cell_tell_their_own_steps(tmp_path):
    video = picture("clip", (3, 20, 30), third=time_axis(3), known=["unaries"])
    items = write_items(tmp_path, video, picture(known=["unaries"]))
    (cell,) = run(tmp_path, items, constraint="path_connected", options={"blocks": 2})
    metrics = pd.read_csv(cell / "metrics.csv")
    told = metrics.groupby("item")[["steps", "first_steps", "next_steps", "optimiser"]].first()
    assert told.loc["box"].dropna().tolist() == [300, "adam"]
    assert told.loc["clip"].dropna().tolist() == [200, 8, "adamax"]


def test_each_cell_gets_the_fits_of_its_own_seed(tmp_path):
    items = write_items(tmp_path, picture(known=["unaries", "truth"]))
    first, second = run(tmp_path, items, seeds=(3, 4))
    alone = tmp_path / "alone"
    items = write_items(alone, picture(known=["unaries", "truth"]))
    (other,) = run(alone, items, seeds=(4,), seed=4)
    tables = [pd.read_csv(cell / "certificates.csv") for cell in (first, second, other)]
    assert [set(table["seed"]) for table in tables] == [{3}, {4}, {4}]
    pd.testing.assert_frame_equal(tables[1], tables[2])
    regions = [
        shapely.geometry.shape(read_json(cell / "outlines" / "box.geojson")["geometry"])
        for cell in (first, second, other)
    ]
    # Fits that share their stack differ from those alone by rounding in single precision.
    assert regions[1].symmetric_difference(regions[2]).area < 1e-3
    assert regions[0].symmetric_difference(regions[1]).area > 1e-2


@pytest.fixture
def failing(tmp_path):
    """A cell of two pictures, the second of which is damaged."""
    items = write_items(tmp_path, *(picture(n, known=["unaries"]) for n in ("first", "second")))
    module, about = tiny.halfspace(2)
    modules = dict.fromkeys(["first", "second"], module)
    fits = tiny.store(tmp_path / "fits.safetensors", modules, about)
    (items[1].folder / "unaries.npy").write_bytes(b"")
    return tiny.job_of(items, [fits], tiny.cell_settings())


def test_an_older_cell_stays_whole_when_an_item_fails(tmp_path, failing):
    with pytest.raises(UserError, match=r"unaries.npy is damaged"):
        evaluate(failing, tmp_path / "cell")
    assert not list((tmp_path / "cell").iterdir())
    first = failing.items["first"]
    evaluate(tiny.job_of([first], failing.parts, failing.cell), tmp_path / "cell")
    files = [path for path in (tmp_path / "cell").rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    with pytest.raises(UserError):
        evaluate(failing, tmp_path / "cell")
    files = [path for path in (tmp_path / "cell").rglob("*") if path.is_file()]
    assert before == {path: path.read_bytes() for path in files}


def test_an_item_that_was_not_fitted_is_reported(tmp_path):
    items = write_items(tmp_path, *(picture(n, known=["unaries"]) for n in ("first", "second")))
    module, about = tiny.halfspace(2)
    fits = tiny.store(tmp_path / "fits.safetensors", {"first": module}, about)
    with pytest.raises(UserError, match="no fit of second: give all parts"):
        evaluate(tiny.job_of(items, [fits], tiny.cell_settings()), tmp_path / "cell")


@pytest.mark.parametrize("kind", [projected, tuned])
def test_the_script_makes_the_same_cell(cells, kind, tmp_path, monkeypatch):
    cell, _ = cells(kind)
    about = read_json(cell / "cell.json")
    told = {key: about[key] for key in about.keys() - {"convention", "folders", "labels", "fits"}}
    arguments = ["--settings", json.dumps(told), "--output", str(tmp_path / "cell")]
    inputs = {
        "items": list(about["folders"].values()),
        "fits": [str(Path(path).parent) for path in about["fits"]],
        "predictions": [str(cell.parent / "predictions")],
        "labels": list(about["labels"].values()),
    }
    arguments += ["--inputs", json.dumps(inputs)]
    script = Path(tiny.__file__).parents[2] / "scripts" / "evaluate.py"
    monkeypatch.setattr("sys.argv", [str(script), *arguments])
    runpy.run_path(str(script))["main"]()
    for path in (path for path in cell.rglob("*") if path.suffix in (".csv", ".png", ".json")):
        again = tmp_path / "cell" / path.relative_to(cell)
        if path.name == "cell.json":
            assert read_json(again) == about
        else:
            assert again.read_bytes() == path.read_bytes(), path


def test_evaluations_know_nothing_of_the_optimiser():
    """An edit of the optimiser must not redo them."""
    modules = "evaluate", "frames", "wholes", "certificates", "outlines", "baselines", "columns"
    code = "; ".join(
        [
            "import sys, pkgutil, importlib, isr.evaluation as e",
            "names = [m.name for m in pkgutil.walk_packages(e.__path__, 'isr.evaluation.')]",
            f"assert {set(modules)!r} <= {{n.split('.')[2] for n in names}}",
            "from isr.constraints import CONSTRAINTS, load",
            "[importlib.import_module(n) for n in names]",
            "[load(p) for c in CONSTRAINTS for p in (c.module, c.certificate, c.outline) if p]",
            "print([m for m in sys.modules if m.startswith('isr.fitting')])",
        ]
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_path()
    )
    assert found.stdout.strip() == "[]"


def _path():
    lib = Path(tiny.__file__).parents[2] / "lib"
    return {**os.environ, "PYTHONPATH": str(lib)}
