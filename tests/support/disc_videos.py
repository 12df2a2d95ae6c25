"""Short videos whose unaries show a moving disc, and fits of them."""

from pathlib import Path
from typing import Any

import numpy as np

from isr.data.items import Frame, find_items, frame_name, write_video
from isr.data.problems import write_unaries
from isr.fitting.engine.long_work import Run
from isr.fitting.fit import FitJob, fit
from isr.settings import CellSettings
from isr.store import FITS, UNARIES, StoredFits, read_fits

HEIGHT, WIDTH, FRAMES, SEED = 24, 32, 5, 42
CELL = {
    "constraint": "path_connected",
    "predictor": "unet",
    "points": {"strokes": 150, "random": 150},
    "first_steps": 200,
    "next_steps": 40,
    "steps": 250,
    "stack_size": 2,
}


def disc_unaries(number: int, height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    x, y = width * (0.35 + 0.05 * number), 0.5 * height
    inside = (columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2 < (0.28 * height) ** 2
    return np.where(inside, 0.95, 0.05).astype(np.float32)


def write_disc_videos(folder: Path) -> None:
    """One with the disc in every frame, one that lacks it in two, one that lacks it in all."""
    _write(folder, "disc")
    _write(folder, "gap", empty=(0, 2))
    _write(folder, "nothing", empty=tuple(range(FRAMES)))


def _write(folder: Path, name: str, *, empty: tuple[int, ...] = ()) -> None:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    frames = (Frame(image) for _ in range(FRAMES))
    write_video(folder / "items" / name, frames, name=name, object=1, source="test", licence="CC0")
    for number in range(FRAMES):
        unaries = disc_unaries(number, HEIGHT // 2, WIDTH // 2)
        if number in empty:
            unaries[:] = 0.1
        for seed in (SEED, SEED + 1):
            place = folder / "predictions" / UNARIES / str(seed)
            write_unaries(place, frame_name(name, number), unaries)


def open_videos(
    folder: Path,
    *names: str,
    seeds: tuple[int, ...] = (SEED,),
    predictions: Path | None = None,
    run: Run | None = None,
    scale: float = 0.5,
    **changed: Any,
) -> FitJob:
    """A job on those videos, with settings that may be changed."""
    settings = {
        "study": "motion",
        "batch": "cell",
        "protocol": "paper",
        "cell": CellSettings.model_validate({**CELL, **changed}).model_dump(),
        "predictor": {"kind": "unet", "scale": scale},
        "works": [[name, seed] for seed in seeds for name in names],
    }
    items = find_items(folder / "items" / name for name in names)
    return FitJob(settings, items, None, [predictions or folder / "predictions"], run=run or Run())


def fit_videos(job: FitJob, output: Path, seed: int = SEED) -> StoredFits:
    fit(job, output)
    return read_fits(output / FITS).of_seed(seed)
