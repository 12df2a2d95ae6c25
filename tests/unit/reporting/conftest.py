from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isr.data.dataset import Picture, write_dataset
from isr.reporting.settings import Cell, Dataset, Study

Rows = list[dict[str, Any]]


def score_rows(
    iou: float,
    *,
    picture: str = "a",
    output: str = "predictor",
    accuracy: float | None = None,
    **changes: Any,
) -> Rows:
    """One row of metrics.csv."""
    row = {
        "study": "s",
        "dataset": "d",
        "constraint": "convex",
        "predictor": "fcn",
        "features": "rgb+xy",
        "fit": "sequential",
        "seed": 42,
        "protocol": "paper",
        "steps": 400,
        "semantic": "none",
        "scale": 1.0,
        "picture": picture,
        "output": output,
        "iou": iou,
        "accuracy": iou if accuracy is None else accuracy,
        "scored_pixels": 100,
    }
    return [row | changes]


@pytest.fixture
def score() -> Callable[..., Rows]:
    return score_rows


def make_study(
    cells: Iterable[Cell] | None = None,
    kind: str = "embedded",
    long_side: int | None = None,
    **changes: Any,
) -> Study:
    default = tuple(Cell("convex", "fcn", "rgb+xy", "sequential", seed) for seed in (42, 47))
    dataset = Dataset("d", kind, long_side=long_side)  # type: ignore[arg-type]
    return Study("s", dataset, tuple(cells or default), **changes)


@pytest.fixture
def study() -> Callable[..., Study]:
    return make_study


@pytest.fixture
def grid_metrics() -> pd.DataFrame:
    """The paper's grid with one seed and two pictures; one cell (CNN, xy, joint) did not run."""
    generator = np.random.default_rng(0)
    rows: Rows = []
    for predictor in ("cnn", "fcn"):
        for features in ("rgb+xy", "rgb+semantic", "rgb+xy+semantic"):
            for fit in ("sequential", "joint"):
                if (predictor, features, fit) == ("cnn", "rgb+xy", "joint"):
                    continue
                for output in ("predictor", "convex_hull", "convex_hull_largest", "representation"):
                    for picture in "ab":
                        iou = round(float(generator.uniform(0.3, 0.9)), 3)
                        semantic = "efficientnet-lite0" if "semantic" in features else "none"
                        axes = {"predictor": predictor, "features": features, "fit": fit}
                        about = {"picture": picture, "output": output, "semantic": semantic}
                        rows += score_rows(iou, **axes, **about)
    return pd.DataFrame(rows)


@pytest.fixture
def grid_study() -> Study:
    return make_study(
        [
            Cell("convex", predictor, features, fit, 42)
            for predictor in ("cnn", "fcn")
            for features in ("rgb+xy", "rgb+semantic", "rgb+xy+semantic")
            for fit in ("sequential", "joint")
        ]
    )


@pytest.fixture
def picture() -> Picture:
    """A 40 x 30 picture with a disc as its object."""
    rows, columns = np.mgrid[:30, :40] + 0.5
    disc = (rows - 15) ** 2 + (columns - 20) ** 2 < 100
    image = np.where(disc[..., None], [0.8, 0.3, 0.1], [0.2, 0.4, 0.6]).astype(np.float32)
    scribbles = np.zeros((30, 40), np.uint8)
    scribbles[14:16, 15:25] = 1
    scribbles[1:3, 2:38] = 255
    return Picture("disc", image, scribbles, np.where(disc, 255, 0).astype(np.uint8))


@pytest.fixture
def dataset(tmp_path: Path, picture: Picture) -> Path:
    folder = tmp_path / "dataset"
    write_dataset(folder, [picture], source="a test", licence="CC0")
    return folder
