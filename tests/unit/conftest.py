"""What the unit tests share: one thread, and small pictures whose answers are known."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import settings

from isr.coordinates import pixel_coordinates
from isr.data.problems import Problem

MakeProblem = Callable[..., Problem]

# A busy machine is not a failure.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


def _disc(height: int, width: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    return (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < (radius * height) ** 2


@pytest.fixture(scope="session")
def make_problem() -> MakeProblem:
    """A disc in a picture: scribbles through both classes, noisy colours, soft unaries."""

    def make(name: str = "disc", height: int = 20, width: int = 26, radius: float = 0.3) -> Problem:
        disc = _disc(height, width, radius)
        random = np.random.default_rng(len(name) * 1000 + height * width)
        scribbles = np.zeros((height, width), np.uint8)
        scribbles[height // 2, width // 2 - 2 : width // 2 + 3] = 1
        scribbles[1, 1:-1] = 255
        scribbles[1:-1, 1] = 255
        coordinates = pixel_coordinates(height, width).astype(np.float32)
        colours = np.where(disc[..., None], [0.8, 0.4, 0.2], [0.2, 0.5, 0.6])
        colours = colours + random.normal(0.0, 0.05, (height, width, 3))
        features = np.concatenate([colours, coordinates], axis=-1).astype(np.float32)
        unaries = np.where(disc, 0.9, 0.1).astype(np.float32)
        return Problem(name, coordinates, scribbles, features, unaries)

    return make
