"""Short videos whose unaries show a moving disc."""

import numpy as np
from isr.data.videos import VideoFrame, write_video

from isr.data.problems import quantise_unaries
from isr.io import write_png

HEIGHT, WIDTH, FRAMES = 24, 32, 5

SETTINGS = {
    "study": "motion",
    "cell": "cell",
    "predictor_options": {"kind": "unet", "scale": 0.5},
    "constraint": "path_connected",
    "options": {},
    "fit": "sequential",
    "noise": 0,
    "seed": 42,
    "protocol": "paper",
    "convention": "isotropic",
    "points": 300,
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


def write_disc_videos(folder) -> None:
    """One with the disc in every frame, one that lacks it in two, one that lacks it in all."""
    _write(folder, "disc")
    _write(folder, "gap", empty=(0, 2))
    _write(folder, "nothing", empty=tuple(range(FRAMES)))


def _write(folder, name: str, *, empty: tuple[int, ...] = ()) -> None:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    write_video(
        folder / "videos" / name,
        (VideoFrame(image) for _ in range(FRAMES)),
        name=name,
        object=1,
        source="test",
        licence="CC0",
    )
    for number in range(FRAMES):
        unaries = disc_unaries(number, HEIGHT // 2, WIDTH // 2)
        if number in empty:
            unaries[:] = 0.1
        path = folder / "predictions" / name / "unaries" / f"{number:05d}.png"
        write_png(path, quantise_unaries(unaries, name))
