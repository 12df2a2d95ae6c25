"""Fits of whole videos: one representation in (x, y, t) (the paper's section C.3.3).

The unaries of some frames may be replaced by noise (section C.3.4).
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from isr.data.problems import Problem, working_size
from isr.errors import UserError
from isr.fitting.engine.attempts import FAILED, SKIPPED, Attempts, Judge, agreement
from isr.fitting.engine.queue import EqualWorks, Key, State, describe
from isr.fitting.engine.random_numbers import generator
from isr.fitting.frames import NOTHING, inputs_of
from isr.fitting.jobs import FitJob, Found, Plan
from isr.fitting.recipe import Recipe
from isr.fitting.tasks import Projection
from isr.levels import likely_foreground
from isr.store import Group

_log = logging.getLogger(__name__)

LARGEST_VIDEO = 2**25
"""Pixels of all frames of a video that is fitted as a whole: at 30 bytes each, a gigabyte."""
_LOST = "%s: the absolute distance loses small objects: take the squared one"


class _FromEnds(Projection):
    """A projection of a whole video, which starts from its first and last frame.

    These are never noise, and what lies between them lies about between (as in the published code,
    whose convex stage sees these two alone).
    """

    def start_(self, problem: Problem, *, again: bool = False) -> None:
        assert problem.unaries is not None
        ends = [0, len(problem.unaries) - 1]
        coordinates, unaries = problem.coordinates[ends], problem.unaries[ends]
        super().start_(replace(problem, coordinates=coordinates, unaries=unaries), again=again)


def fit(job: FitJob, keys: Sequence[Key]) -> Found:
    """Fit one representation in (x, y, t) to each of some videos.

    The unaries of a share of the frames are noise if the cell's `noise` says so. A video whose
    unaries are of one class in all frames is skipped: all its frames are told to be.

    Raises:
        UserError: unaries are missing or of another size, a video is too large to be fitted as a
            whole, or it has too few frames for so many of noise.
    """
    noisy = {key: _noisy(job, key) for key in keys}
    for name, _ in keys:
        _check_size(job, name)
    fitted = [key for key in keys if _has_both_classes(job, key)]
    for key in keys:
        if key not in fitted:
            _log.warning(NOTHING, key[0])
    recipe = Recipe.of_cell(job.cell, job.protocol, video=True)
    schedule = recipe.schedule(unaries=True, scribbles=False)
    kind = Projection if job.cell.noise is None else _FromEnds
    modules = {"representation": recipe.about(3)}
    task = recipe.projection(recipe.build(3), keys[0][0], unaries=True, kind=kind)
    plan = Plan(task, schedule, job.steps, modules)

    def load(name: str, seed: int) -> Problem:
        return load_video(job, (name, seed))

    def without_noise(problem: Problem) -> Problem:
        assert problem.unaries is not None
        key = problem.name, problem.seed
        proper = [n for n in range(len(problem.unaries)) if n not in noisy[key]]
        coordinates, unaries = problem.coordinates[proper], problem.unaries[proper]
        return replace(problem, coordinates=coordinates, unaries=unaries)

    attempts = Attempts(Judge(task, load, job.run.device, compared=without_noise))
    queue = EqualWorks(fitted, schedule, job.steps, attempts)
    result = job.optimise(plan, queue, load, inputs=inputs_of(job, keys), name="in-time")
    found = Found(
        groups=[Group(result.states, modules)] if result.states else [],
        history=result.history,
        finite=result.finite,
        schedules={"in time": describe(schedule)},
        noisy=noisy,
    )
    for key in keys:
        names = job.reader.frames(key[0])
        if key in fitted:
            told = result.told[key]
            found.frames |= _judged(job, key, result.states[key], recipe, told["status"])
            if told["status"] == FAILED and recipe.distance == "absolute":
                _log.warning(_LOST, key[0])
        else:
            skipped = {"status": SKIPPED, "iou": None, "strokes": None}
            found.frames |= {(name, key[1]): dict(skipped) for name in names}
    return found


def _noisy(job: FitJob, key: Key) -> list[int]:
    """Numbers of the frames whose unaries are noise."""
    name, seed = key
    share = job.cell.noise or 0.0
    return noisy_frames(job.items[name].frames, share, seed=seed, name=name)


def _check_size(job: FitJob, name: str) -> tuple[int, int, int]:
    """Frames, height and width of a video that is to be held as a whole.

    Raises:
        UserError: it is too large.
    """
    item = job.items[name]
    size = (item.frames, *working_size(*item.size, job.predictor.scale))
    if math.prod(size) > LARGEST_VIDEO:
        raise UserError(
            f"{name}: {size[0]} frames of {size[2]} x {size[1]} are too many pixels for one "
            f"fit ({LARGEST_VIDEO:,} at most): lower the scale of the predictor."
        )
    return size


def _has_both_classes(job: FitJob, key: Key) -> bool:
    """Whether the unaries show both object and background somewhere in a video."""
    found = background = False
    for name in job.reader.frames(key[0]):
        unaries = job.reader.load_frame(name, key[1]).unaries
        assert unaries is not None
        inside = likely_foreground(unaries)
        found, background = found or bool(inside.any()), background or not inside.all()
        if found and background:
            return True
    return False


def load_video(job: FitJob, key: Key) -> Problem:
    """The problem of a whole video in (x, y, t), with the cell's share of frames of noise.

    Raises:
        UserError: a file is missing or of another size, or the video is too large.
    """
    # Filled in place: whatever else had the size of the video would be felt.
    name, seed = key
    item, size = job.items[name], _check_size(job, name)
    unaries = np.empty(size, np.float32)
    for number, frame in enumerate(job.reader.frames(name)):
        unaries[number] = job.reader.load_frame(frame, seed).unaries
    replace_with_noise_(unaries, _noisy(job, key), seed=seed, name=name)
    coordinates = np.empty((*size, 3), np.float32)
    coordinates[..., :2] = job.reader.plane(item)
    third = item.third_axis()
    assert third is not None
    coordinates[..., 2] = third.coordinates[:, None, None]
    return Problem(name, coordinates, unaries=unaries, seed=seed)


def _judged(
    job: FitJob, key: Key, state: State, recipe: Recipe, status: str
) -> dict[Key, dict[str, object]]:
    """The agreement of a fit in time with the unaries of each frame but those of noise."""
    judge = recipe.built(3, state)
    whole, noisy = load_video(job, key), _noisy(job, key)
    assert whole.unaries is not None
    found: dict[str, float | None] = {}
    for number, name in enumerate(job.reader.frames(key[0])):
        frame = Problem(name, whole.coordinates[number], unaries=whole.unaries[number])
        found[name] = None if number in noisy else agreement(judge, frame)
    return {
        (name, key[1]): {"status": status, "iou": iou, "strokes": None}
        for name, iou in found.items()
    }


def noisy_frames(frames: int, share: float, *, seed: int, name: str) -> list[int]:
    """Numbers of the frames that become noise: never the first or the last.

    Args:
        frames: of the video.
        share: of its frames that become noise, rounded to whole frames.
        seed: of the study.
        name: of the video.

    Raises:
        UserError: the share is negative, or so many frames do not lie between the first and the
            last.
    """
    if share < 0:
        raise UserError(f"noise is {share}: give a share of the frames from 0.")
    count = round(frames * share)
    if count > max(0, frames - 2):
        raise UserError(
            f"noise is {share}: {count} of the {frames} frames of {name} cannot lie between its "
            "first and its last; lower it."
        )
    # A smaller share's frames are among those of a larger one, so that shares compare.
    order = generator(seed, name, "noisy frames").permutation(np.arange(1, max(1, frames - 1)))
    return sorted(int(number) for number in order[:count])


def replace_with_noise_(
    unaries: NDArray[np.float32], numbers: Sequence[int], *, seed: int, name: str
) -> None:
    """Replace the unaries of some frames by normal noise about 0.5 in [0, 1], in place.

    Args:
        unaries: (frames, h, w).
        numbers: of the frames to replace.
        seed: of the study.
        name: of the video.
    """
    for number in numbers:
        drawn = generator(seed, name, f"noise {number}").normal(0.5, 1.0, unaries.shape[1:])
        unaries[number] = drawn.clip(0.0, 1.0)
