"""Jobs on pictures and volumes, and the items that they are on."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from isr.coordinates import ThirdAxis
from isr.data.items import Item, write_picture
from isr.data.pictures import Picture
from isr.fitting.engine.long_work import Run
from isr.fitting.fit import FitJob, fit
from isr.fitting.predict import PredictJob, predict
from isr.settings import CellSettings
from isr.store import FITS, StoredFits, read_fits

POINTS = {"strokes": 20, "random": 60}
SEED = 3


def bright_disc(name: str, height: int, width: int, radius: float = 8) -> Picture:
    """A bright disc on a dark ground, with a scribble in it and one above."""
    rows, columns = np.mgrid[0:height, 0:width]
    disc = np.hypot(rows - height / 2, columns - width / 2) < radius
    image = np.where(disc[..., None], [0.9, 0.8, 0.3], [0.1, 0.2, 0.5]).astype(np.float32)
    scribbles = np.zeros((height, width), np.uint8)
    scribbles[height // 2, width // 2 - 4 : width // 2 + 4] = 1
    scribbles[1] = 255
    return Picture(name, image, scribbles, np.where(disc, 255, 0).astype(np.uint8))


def bright_ball(name: str, slices: int = 8, height: int = 16, width: int = 20) -> Picture:
    """A volume of a bright ball, scribbled in its middle slice and beside the ball."""
    z, rows, columns = np.mgrid[0:slices, 0:height, 0:width] + 0.5
    away = np.hypot(np.hypot(2 * (z - slices / 2), rows - height / 2), columns - width / 2)
    image = np.where(away[..., None] < 6, [0.9, 0.8, 0.3], [0.1, 0.2, 0.5]).astype(np.float32)
    scribbles = np.zeros(away.shape, np.uint8)
    scribbles[3:5, height // 2, width // 2 - 4 : width // 2 + 4] = 1
    scribbles[:, 1], scribbles[0], scribbles[-1, :, 1] = 255, 255, 255
    third = ThirdAxis("z", (np.arange(slices) + 0.5) * 2 / width)
    truth = np.where(away < 6, 255, 0).astype(np.uint8)
    return Picture(name, image, scribbles, truth, third=third)


def write_items(folder: Path, pictures: Iterable[Picture]) -> dict[str, Item]:
    return {picture.name: write_picture(folder / picture.name, picture) for picture in pictures}


def _works(items: Mapping[str, Item], seeds: Iterable[int]) -> list[list[str | int]]:
    return [[name, seed] for seed in seeds for name in items]


def fit_job(
    items: Mapping[str, Item],
    *,
    predictor: Mapping[str, Any] | str = "fcn",
    protocol: str = "paper",
    seeds: Iterable[int] = (SEED,),
    works: list[list[str | int]] | None = None,
    predictions: Iterable[Path] = (),
    semantic: Path | None = None,
    run: Run | None = None,
    **changed: Any,
) -> FitJob:
    """A job of sequential fits of convex regions, but for what is `changed` in its cell."""
    cell = {"features": "rgb+xy", "steps": 120, "points": POINTS, "stack_size": 2, **changed}
    settings = {
        "study": "s",
        "batch": "b",
        "protocol": protocol,
        "cell": CellSettings.model_validate(cell).model_dump(),
        "predictor": {"kind": predictor} if isinstance(predictor, str) else predictor,
        "works": _works(items, seeds) if works is None else works,
    }
    return FitJob(settings, items, semantic, list(predictions), run=run or Run())


def predict_job(
    items: Mapping[str, Item],
    *,
    predictor: Mapping[str, Any] | str = "fcn",
    seeds: Iterable[int] = (SEED,),
    run: Run | None = None,
    **changed: Any,
) -> PredictJob:
    settings = {
        "dataset": "d",
        "name": "p",
        "predictor": {"kind": predictor} if isinstance(predictor, str) else predictor,
        "features": "rgb+xy",
        "protocol": "paper",
        "works": _works(items, seeds),
        "steps": 120,
        "points": POINTS,
        "stack_size": 2,
        **changed,
    }
    return PredictJob(settings, items, run=run or Run())


def fitted(job: FitJob, output: Path) -> StoredFits:
    fit(job, output)
    return read_fits(output / FITS)


def predicted(items: Mapping[str, Item], output: Path, **changed: Any) -> Path:
    predict(predict_job(items, **changed), output)
    return output
