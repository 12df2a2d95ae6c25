"""Small stacks, problems of different sizes to fill them with, and short videos."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from disc_videos import write_disc_videos
from joint_jobs import write_start

from isr.constraints import build
from isr.data.items import Frame, Item, write_video
from isr.data.problems import Problem
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.fitting import wholes
from isr.fitting.engine.queue import EqualWorks, Key, Phase, Result
from isr.fitting.engine.sources import Points
from isr.fitting.engine.stack import Stack
from isr.fitting.jobs import FitJob, Job, Plan
from isr.fitting.schedules import COUPLING, REPRESENTATION_SCRIBBLES
from isr.fitting.tasks import PictureTraining, PredictorTraining, Projection
from isr.networks.predictors import CNN, FCN

SEED = 7
SCHEDULE = (
    Phase(1.0, 0.02, {REPRESENTATION_SCRIBBLES: 1.0}),
    Phase(5.0, 0.01, {REPRESENTATION_SCRIBBLES: 1.0, COUPLING: 1.0}),
)
_SHAPES = {
    "star_shaped": {"width": 8},
    "union": {"count": 2, "options": {"width": 8}},
    "path_connected": {"base_options": {"width": 8}, "hidden_units": 4},
}


@pytest.fixture(scope="session")
def problems(make_problem) -> dict[str, Problem]:
    """Eight pictures of different sizes by name."""
    sizes = [(20, 26), (17, 17), (24, 18), (12, 40), (30, 22), (19, 33), (25, 25), (16, 28)]
    named = [
        make_problem(f"p{n}", height, width, 0.2 + 0.03 * n)
        for n, (height, width) in enumerate(sizes)
    ]
    return {problem.name: problem for problem in named}


def _task(kind: str):
    if kind == "projection":
        return Projection(build("convex", width=16), Points(32, 64))
    if kind in _SHAPES:
        return Projection(build(kind, **_SHAPES[kind]), Points(16, 32))
    representation = build("convex", width=8)
    if kind == "fcn":
        return PredictorTraining(FCN(5), Points(16, 32), representation=representation)
    return PictureTraining(CNN(5), Points(16, 32), features="rgb+xy", representation=representation)


@pytest.fixture(scope="session")
def make_stack(problems) -> Callable[..., Stack]:
    """A stack of the named problems; `changed` problems take the place of those of their name."""

    def make(
        names,
        *,
        kind: str = "projection",
        steps: int = 60,
        stack_size: int = 1,
        schedule=SCHEDULE,
        changed: dict[str, Problem] | None = None,
        seeds=(SEED,),
        shared_initial_weights: bool = False,
        device: str = "cpu",
        replays: bool | None = None,
    ) -> Stack:
        everything = {**problems, **(changed or {})}
        projects = kind == "projection" or kind in _SHAPES

        def load(name: str, seed: int) -> Problem:
            problem = everything[name]
            return problem if projects else dataclasses.replace(problem, unaries=None)

        works = EqualWorks([(name, seed) for name in names for seed in seeds], schedule, steps)
        return Stack(
            _task(kind),
            works,
            load,
            stack_size=stack_size,
            shared_initial_weights=shared_initial_weights,
            device=torch.device(device),
            replays=replays,
        )

    return make


def _moving_disc(number: int) -> np.ndarray:
    rows, columns = np.mgrid[0:40, 0:56]
    return (rows - 20) ** 2 + (columns - 20 - 3 * number) ** 2 < 10**2


@pytest.fixture(scope="session")
def disc_video(tmp_path_factory) -> tuple[Item, Path]:
    """Five frames of 56x40 of a moving red disc, and the folder of its weak labels.

    The last frame has no labels, the one before no foreground label; on the second the upper half
    of the labels may be wrong.
    """
    folder, random = tmp_path_factory.mktemp("videos"), np.random.default_rng(3)
    frames, labels = [], []
    for number in range(5):
        disc = _moving_disc(number)
        colours = np.where(disc[..., None], [200, 60, 50], [70, 120, 140])
        noisy = np.clip(colours + random.normal(0, 10, colours.shape), 0, 255).astype(np.uint8)
        frames.append(Frame(noisy, disc.astype(np.uint8) if number in (0, 4) else None))
        inner = cv2.erode(disc.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        marks = np.zeros(disc.shape, np.uint8)
        near = cv2.dilate(disc.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        marks[~near & (cv2.blur(random.normal(size=disc.shape), (5, 5)) > 0)] = 255
        if number < 3:
            marks[inner] = 1
        if number == 4:
            marks[:] = 0
        flip = None
        if number == 1:
            flip = np.zeros(disc.shape, np.float32)
            flip[:20] = np.where(marks[:20] != 0, 0.4, 0)
        labels.append(WeakLabels(marks, flip))
    video = write_video(
        folder / "disc", frames, name="disc", object=1, source="drawn", licence="none"
    )
    write_labels(folder / "labels", labels, {"kind": "simulated", "text": "drawn", "options": {}})
    return video, folder / "labels"


@pytest.fixture(scope="session")
def start(disc_video, tmp_path_factory) -> dict[str, Path]:
    """What a joint fit of that video starts from."""
    return write_start(tmp_path_factory.mktemp("start"), *disc_video)


@pytest.fixture(scope="session")
def disc_folder(tmp_path_factory) -> Path:
    """Videos of a disc and their predictions; some or all frames of some have no object."""
    folder = tmp_path_factory.mktemp("videos")
    write_disc_videos(folder)
    return folder


@pytest.fixture
def plans(monkeypatch) -> Callable[..., list[tuple[Plan, list[Key]]]]:
    """The plans of the stacks of a job on whole items, with their works; none is optimised."""

    def of(job: FitJob) -> list[tuple[Plan, list[Key]]]:
        found = []

        def optimise(self, plan, works, load, **options):
            found.append((plan, list(works)))
            return Result({key: {} for key in works}, dict.fromkeys(works, True))

        with monkeypatch.context() as patch:
            patch.setattr(Job, "optimise", optimise)
            wholes.fit(job, job.keys)
        return found

    return of
