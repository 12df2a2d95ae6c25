"""What the READMEs show is run word for word, on small drawn files, with fewer steps."""

import pandas as pd
import pytest
from configurations import examples
from own_files import write_own_files
from PIL import Image

EXAMPLES = examples("README.md") | examples("config/README.md")
FEW = {
    "points": {"strokes": 60, "random": 200},
    "predictors": {"unet": {"width": 4, "epochs": 3, "min_steps": 60}},
}


@pytest.fixture(scope="module")
def own(repository):
    write_own_files(repository.folder)
    for name, content in EXAMPLES.items():
        (repository.folder / name).write_text(content)
    return repository


def _run(own, name, study, settings):
    """Run a study of an example with other settings; the metrics of its cells by name."""
    few = FEW | {"studies": {study: {"settings": settings}}}
    code, output = own.snakemake(study, "--cores", "1", config=few, over=("--configfile", name))
    assert code == 0, output
    cells = {path.parent.name: path for path in (own.folder / "results" / study).glob("*/*.csv")}
    for cell in cells.values():
        assert pd.read_csv(cell.parent / "certificates.csv")["holds"].all()
    return {cell: pd.read_csv(path.parent / "metrics.csv") for cell, path in cells.items()}


def _iou(metrics, against):
    rows = metrics[(metrics["output"] == "representation") & (metrics["against"] == against)]
    return rows[rows["object"] == "all"]["iou"].mean()


def test_own_pictures(own):
    cells = _run(own, "mine.yaml", "mine", {"steps": 300})
    assert len(cells) == 4
    for name, metrics in cells.items():
        assert set(metrics["item"]) == {"flower", "pair"}, name
        flower = metrics[metrics["item"] == "flower"]
        assert _iou(flower, "ground truth") > 0.45, name
    assert (own.folder / "results/tables/mine.md").exists()


def test_how_convex_own_masks_are(own):
    cells = _run(own, "masks.yaml", "masks", {"steps": 60})
    assert list(cells) == ["all"]
    found = pd.read_csv(own.folder / "results/tables/non_convex.csv").set_index("item")
    assert list(found.index) == ["flower", "pair", "mean"]
    # About half of the pairs are of both discs.
    assert 0.4 < found.loc["pair", "unaries_violating_pairs"] < 0.6
    assert found["unaries_hull_background"].between(0.05, 0.6).all()
    assert not (found["violating_pairs"] > 0).any()
    assert (own.folder / "results/figures/non_convex.svg").exists()


def test_shapes_of_own_pictures(own):
    cells = _run(own, "shapes.yaml", "shapes", {"steps": 250})
    assert set(cells) == {"flower", "pair"}
    assert _iou(cells["flower"], "ground truth") > 0.55
    assert _iou(cells["pair"], "ground truth") > 0.55
    names = set(pd.read_csv(own.folder / "results/shapes/pair/certificates.csv")["property"])
    assert {"member 1: convex", "member 2: convex"} <= names
    with Image.open(own.folder / "results/figures/shapes.png") as figure:
        assert min(figure.size) > 100


def test_own_volumes(own):
    cells = _run(own, "stacks.yaml", "bodies", {"steps": 200})
    assert set(cells) == {"constraint~star_shaped", "constraint~path_connected"}
    for name, metrics in cells.items():
        assert _iou(metrics, "unaries") > 0.6, name
        folder = own.folder / "results/bodies" / name
        assert (folder / "outlines/ball.ply").stat().st_size
        assert len(list((folder / "masks/ball").glob("*.png"))) == 8


def test_own_video(own):
    cells = _run(own, "film.yaml", "film", {"first_steps": 150, "next_steps": 30})
    frames = cells["all"][cells["all"]["output"] == "representation"]
    assert sorted(frames["frame"].unique()) == [0, 1, 2, 3, 4]
    assert _iou(cells["all"], "unaries") > 0.5
    assert "no ground truth" in (own.folder / "results/tables/film.md").read_text()
    assert (own.folder / "results/figures/film.gif").stat().st_size


def test_features_of_own_pictures(own):
    plan = own.plan("mine", "--forceall", "--configfile", "features.yaml")
    assert plan["unpack"] == 2
    assert plan["predict"] == 2
    assert plan["fit"] == plan["evaluate"] == 2 * 2
    assert plan["features"] == plan["tabulate"] == 1


def test_motion_segmentation_in_less_time(own):
    files = ("--configfile", "config/paper.yaml", "reduced.yaml")
    plan = own.plan("motion", "noise", *files)
    assert plan["unpack"] == plan["label"] == 3
    assert plan["predict"] == 3 + 2
    assert plan["fit"] == 2 * 5 + 2 * 7
    assert plan["tabulate"] == 2


def test_every_example_is_run():
    run = {"mine.yaml", "masks.yaml", "shapes.yaml", "stacks.yaml", "film.yaml"}
    assert set(examples("README.md")) == run
    assert set(examples("config/README.md")) == {"features.yaml", "reduced.yaml"}
