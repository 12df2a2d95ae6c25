"""A folder of the user's own whose pictures have several objects, from its files to its scores."""

import numpy as np
import pandas as pd
import pytest
from configurations import DEMO_STUDIES
from PIL import Image

from isr.io import read_png

COINS = {"one": [6], "two": [5, 7]}
"""Values of the scribbles in each picture, from left to right."""
CONFIG = {
    "steps": 60,
    "datasets": {
        "mine": {
            "kind": "pictures",
            "path": "coins",
            "scribble_values": {"none": 0, "foreground": [5, 6, 7], "background": 9},
            "ground_truth_values": {"background": 0, "object": [50, 60, 70]},
        }
    },
    "studies": {
        **dict.fromkeys(DEMO_STUDIES),
        "mine": {
            "dataset": "mine",
            "settings": {"predictor": "fcn", "features": "rgb+xy", "fit": "joint"},
        },
    },
}


@pytest.fixture(scope="module")
def coins(repository):
    """Squares of 16 pixels in pictures of 56x32, a scribble in each and one round them."""
    for name, values in COINS.items():
        labels, truth = np.zeros((2, 32, 56), np.uint8)
        labels[1], labels[:, 1], labels[:, 54] = 9, 9, 9
        for number, value in enumerate(values):
            left = 6 + 26 * number
            truth[8:24, left : left + 16] = 10 * value
            labels[14:18, left + 4 : left + 12] = value
        image = np.repeat(truth[..., None], 3, axis=-1)
        for kind, array in (("images", image), ("scribbles", labels), ("ground_truth", truth)):
            folder = repository.folder / "coins" / kind
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(folder / f"{name}.png")
    return repository


def test_each_object_is_fitted_and_scored(coins):
    code, output = coins.snakemake("mine", "--cores", "1", config=CONFIG)
    assert code == 0, output
    cell = coins.folder / "results/mine/all"
    metrics = pd.read_csv(cell / "metrics.csv", dtype={"object": str})
    scored = metrics[metrics["against"] == "ground truth"]
    shapes = scored[scored["output"] == "representation"]
    rows = list(zip(shapes["item"], shapes["object"], strict=True))
    assert rows == [("one", "all"), ("one", "1"), ("two", "all"), ("two", "1"), ("two", "2")]
    assert set(np.unique(read_png(cell / "masks/two/labels.png"))) <= {0, 1, 2}
    certificates = pd.read_csv(cell / "certificates.csv")
    assert certificates["holds"].all()
    assert "member 2: convex" in set(certificates["property"])


def test_objects_can_be_merged(coins):
    merged = {"mine": CONFIG["datasets"]["mine"] | {"objects": "merge"}}
    code, output = coins.snakemake(
        "mine", "--cores", "1", config=CONFIG | {"datasets": merged, "steps": 20}
    )
    assert code == 0, output
    metrics = pd.read_csv(coins.folder / "results/mine/all/metrics.csv", dtype={"object": str})
    assert set(metrics["objects"]) == {1}
    assert not (coins.folder / "results/mine/all/masks/two").exists()
