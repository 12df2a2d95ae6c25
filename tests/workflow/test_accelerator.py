"""One tiny run whose fits are jobs on an accelerator, from drawn pictures to a table.

Without one it can be tried on the processor: ISR_TEST_DEVICE=cpu pytest -m gpu.
"""

import numpy as np
import pandas as pd
import pytest
from accelerator import accelerator
from configurations import DEMO_STUDIES
from PIL import Image

pytestmark = pytest.mark.gpu

SEEDS = (1, 2)
FITS = ("sequential", "joint")
CELLS = [f"fit~{fit}_seed~{seed}" for fit in FITS for seed in SEEDS]
HEIGHT, WIDTH = 48, 64


def _draw(folder, name, centre, radii):
    """A bright ellipse on a dark ground, with a stroke in it and one along the frame."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    away = [(at - c) / r for at, c, r in zip((rows, columns), centre, radii, strict=True)]
    inside = np.hypot(*away) < 1
    noise = np.random.default_rng(0).normal(0, 12, (HEIGHT, WIDTH, 3))
    image = np.where(inside[..., None], [220, 180, 60], [40, 70, 120]) + noise
    scribbles = np.zeros((HEIGHT, WIDTH), np.uint8)
    scribbles[1], scribbles[-2], scribbles[:, 1], scribbles[:, -2] = 2, 2, 2, 2
    scribbles[centre[0] - 1 : centre[0] + 2, centre[1] - 8 : centre[1] + 8] = 1
    arrays = {
        "images": image.clip(0, 255).astype(np.uint8),
        "scribbles": scribbles,
        "ground_truth": np.where(inside, 255, 0).astype(np.uint8),
    }
    for kind, array in arrays.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(folder / kind / f"{name}.png")


@pytest.fixture(scope="module")
def run(repository):
    """The repository after the run."""
    device = accelerator()
    _draw(repository.folder / "drawn", "wide", (22, 30), (13, 22))
    _draw(repository.folder / "drawn", "tall", (24, 36), (18, 14))
    config = {
        "device": device,
        "steps": 300,
        "datasets": {
            "mine": {
                "kind": "pictures",
                "path": "drawn",
                "scribble_values": {"none": 0, "foreground": 1, "background": 2},
            }
        },
        "studies": {
            **dict.fromkeys(DEMO_STUDIES),
            "mine": {
                "dataset": "mine",
                "settings": {"predictor": "fcn", "features": "rgb+xy", "constraint": "convex"},
                "vary": {"fit": list(FITS), "seed": list(SEEDS)},
                "tables": {"mine": {"kind": "table_1", "constraint": "convex", "published": False}},
            },
        },
    }
    code, output = repository.snakemake(
        "mine", "--cores", "4", "--scheduler", "greedy", config=config
    )
    assert code == 0, output
    return repository


def test_one_job_on_the_device_fits_a_whole_batch(run):
    device = accelerator()
    for fit in FITS:
        parts = list((run.folder / f"results/mine/fits/fit~{fit}").glob("part-*"))
        assert len(parts) == (len(SEEDS) if device == "cpu" else 1)
        costs = pd.read_csv(run.folder / f"logs/fit/mine/fit~{fit}/part-0.tsv", sep="\t")
        assert ("max_gpu" in costs) == (device != "cpu")


@pytest.mark.parametrize("cell", CELLS)
def test_cells_are_certified_and_find_the_objects(run, cell):
    folder = run.folder / "results/mine" / cell
    certificates = pd.read_csv(folder / "certificates.csv")
    assert set(certificates["item"]) == {"wide", "tall"}
    assert certificates["holds"].all()
    metrics = pd.read_csv(folder / "metrics.csv")
    scored = metrics[(metrics["object"] == "all") & (metrics["against"] == "ground truth")]
    found = scored.groupby("output")["iou"].min()
    assert found["representation"] >= 0.85
    assert found["predictor"] >= 0.8


def test_the_table_is_made(run):
    table = (run.folder / "results/tables/mine.md").read_text()
    assert "FCN" in table
