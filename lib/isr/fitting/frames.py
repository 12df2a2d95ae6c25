"""Fits of videos frame by frame: each frame's representation goes on from the one before."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import torch

from isr.data.problems import Problem
from isr.fitting.engine.long_work import files_digest
from isr.fitting.engine.queue import Key, Schedule, State, Work, describe, phase_ends
from isr.fitting.jobs import FitJob, Found, Plan
from isr.fitting.recipe import Recipe
from isr.levels import foreground, likely_foreground
from isr.representations import Representation
from isr.store import Group, load_parameters, own_parameters

_log = logging.getLogger(__name__)

_CHUNK = 2**15
"""Pixels that are evaluated at once."""
NOTHING = "%s: the unaries show no object against a background; nothing was fitted"

PROPER_FIT = 0.5
"""Smallest IoU with its unaries of a fit that the next frame may start from."""

FITTED, RETRIED, FAILED, SKIPPED = "fitted", "retried", "failed", "skipped"
"""What became of a frame: fitted at once, at the second attempt, badly in both, or not at all
because its unaries are all object or all background."""

_AGAIN = " again"


@dataclass(frozen=True)
class Stage:
    """How a frame is fitted.

    Attributes:
        schedule: phases.
        steps: how many.
    """

    schedule: Schedule
    steps: int


def following_schedule(schedule: Schedule) -> Schedule:
    """The schedule of a frame that starts from the one before: all but the first phase.

    >>> from isr.fitting.schedules import path_connected_schedule
    >>> [phase.optimiser for phase in following_schedule(path_connected_schedule())]
    ['adamax', 'adamax']
    """
    head, *tail = schedule[1:]
    return (replace(head, restart=True), *tail)


@dataclass
class Lane:
    """How far one video with one seed is.

    Attributes:
        seed: of the study.
        frames: names of its frames in their order.
        position: index of the frame that is worked on or comes next.
        busy: whether a slot works on it.
        retry: whether that frame's first attempt failed.
        first_iou: of that attempt.
    """

    seed: int
    frames: Sequence[str]
    position: int = 0
    busy: bool = False
    retry: bool = False
    first_iou: float = 0.0

    @property
    def over(self) -> bool:
        """Whether no frame is left."""
        return self.position == len(self.frames)

    def advance(self) -> None:
        """Go to the next frame."""
        self.position, self.retry, self.first_iou = self.position + 1, False, 0.0


class VideoQueue:
    """Frames of one video follow each other, videos of any length run side by side.

    A frame whose unaries are all object or all background is skipped. A fit whose IoU with its
    unaries is below `PROPER_FIT` is made once more from the beginning with the first frame's
    schedule; of two attempts the better one is kept. The next frame starts from the last proper
    fit (section C.2).

    Args:
        videos: names of the frames of each video and seed, in their order.
        load: reads a frame by its name and the seed.
        first: how a frame without a predecessor is fitted.
        following: how one that starts from its predecessor is.
        agreement: IoU of a state with the unaries of a problem.

    Raises:
        UserError: a stage has fewer steps than phases.
    """

    def __init__(
        self,
        videos: Mapping[Key, Sequence[str]],
        load: Callable[[str, int], Problem],
        *,
        first: Stage,
        following: Stage,
        agreement: Callable[[Problem, State], float],
    ) -> None:
        for setting, stage in (("first_steps", first), ("next_steps", following)):
            phase_ends(stage.schedule, stage.steps, setting)
        self.load_frame, self.agreement = load, agreement
        self.first, self.following = first, following
        self.lanes = {key: Lane(key[1], list(frames)) for key, frames in videos.items()}
        self.good: dict[Key, State] = {}
        self.frames: dict[Key, dict[str, Any]] = {}
        """What became of each frame: `status` and `iou` with its unaries or None."""
        self._index()

    def _index(self) -> None:
        """Note which video each frame is of."""
        self.video_of = {
            (frame, lane.seed): video for video, lane in self.lanes.items() for frame in lane.frames
        }

    @property
    def keys(self) -> list[Key]:
        """Names of all frames, with their seeds."""
        return list(self.video_of)

    @property
    def total_steps(self) -> int:
        """Steps if no frame is skipped or fitted again."""
        lanes = [len(lane.frames) for lane in self.lanes.values() if lane.frames]
        return sum(self.first.steps + (n - 1) * self.following.steps for n in lanes)

    def load(self, name: str, seed: int) -> Problem:
        """The problem of a work; that of a second attempt draws other random numbers."""
        return replace(self.load_frame(name.removesuffix(_AGAIN), seed), name=name)

    def take(self) -> Work | None:
        """The next frame of the first video that no slot works on."""
        for video, lane in self.lanes.items():
            if lane.busy:
                continue
            self._skip(lane)
            if not lane.over:
                lane.busy = True
                name = lane.frames[lane.position] + (_AGAIN if lane.retry else "")
                return self._work(name, lane.seed, None if lane.retry else self.good.get(video))
        return None

    def _skip(self, lane: Lane) -> None:
        """Pass by frames whose unaries are all of one class."""
        while not lane.over and not lane.retry:
            name = lane.frames[lane.position]
            unaries = self.load_frame(name, lane.seed).unaries
            assert unaries is not None
            inside = likely_foreground(unaries)
            if inside.any() and not inside.all():
                return
            self.frames[name, lane.seed] = {"status": SKIPPED, "iou": None}
            lane.advance()

    def _work(self, name: str, seed: int, start: State | None) -> Work:
        stage = self.first if start is None else self.following
        return Work(name, seed, stage.schedule, stage.steps, start)

    def upcoming(self, count: int) -> list[Key]:
        """The frames after those that are worked on, if these turn out well."""
        lanes = [lane for lane in self.lanes.values() if lane.busy]
        following = [(lane.frames[lane.position + 1 :], lane.seed) for lane in lanes]
        return [(frames[0], seed) for frames, seed in following if frames][:count]

    def again(self, key: Key) -> Work:
        """The work of this name, for a stack that is resumed."""
        name, seed = key
        video = self.video_of[name.removesuffix(_AGAIN), seed]
        return self._work(name, seed, None if name.endswith(_AGAIN) else self.good.get(video))

    def finish(self, work: Work, state: State, finite: bool) -> str | None:
        """Judge a fit: go on from it, or have it made once more.

        One that did not stay finite is poor however well its last finite state agrees.
        """
        name, key = work.name.removesuffix(_AGAIN), (work.name.removesuffix(_AGAIN), work.seed)
        video = self.video_of[key]
        lane = self.lanes[video]
        iou = self.agreement(self.load_frame(*key), state)
        proper = finite and iou >= PROPER_FIT
        lane.busy = False
        kept = proper or not lane.retry or iou > lane.first_iou
        if proper:
            self.good[video] = state
            self.frames[key] = {"status": RETRIED if lane.retry else FITTED, "iou": iou}
            lane.advance()
        elif lane.retry:
            self.frames[key] = {"status": FAILED, "iou": max(iou, lane.first_iou)}
            lane.advance()
        else:
            self.frames[key] = {"status": FAILED, "iou": iou}
            lane.retry, lane.first_iou = True, iou
        return name if kept else None

    def state(self) -> dict[str, Any]:
        """Where every video is, the fits to go on from, and what became of the frames."""
        lanes = {video: asdict(lane) for video, lane in self.lanes.items()}
        return {"lanes": lanes, "good": self.good, "frames": self.frames}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where a queue of the same videos was."""
        self.lanes = {tuple(video): Lane(**lane) for video, lane in state["lanes"].items()}
        self.good = {tuple(video): dict(good) for video, good in state["good"].items()}
        self.frames = {tuple(name): dict(about) for name, about in state["frames"].items()}
        self._index()


@torch.no_grad()
def agreement(representation: Representation, problem: Problem) -> float:
    """IoU of a representation with a problem's thresholded unaries, over all pixels."""
    assert problem.unaries is not None
    like = next(representation.parameters())
    points = torch.from_numpy(problem.coordinates).to(like).flatten(0, -2)
    # What stays in a processor's cache is fastest there; a device wants all at once.
    chunk = _CHUNK if points.device.type == "cpu" else len(points)
    levels = torch.cat([representation(part) for part in torch.split(points, chunk)])
    found = foreground(levels).cpu().numpy()
    wanted = likely_foreground(problem.unaries).ravel()
    either = (found | wanted).sum()
    return float((found & wanted).sum() / either) if either else 1.0


def _queue(job: FitJob, keys: Sequence[Key], recipe: Recipe, schedule: Schedule) -> VideoQueue:
    reader = job.reader
    representation = recipe.build(2).to(job.run.device)

    def judged(problem: Problem, state: State) -> float:
        load_parameters(representation, own_parameters(state, "representation"))
        return agreement(representation, problem)

    return VideoQueue(
        {(name, seed): reader.frames(name) for name, seed in keys},
        # A frame is asked for several times: read ahead, looked at, fitted and judged.
        lru_cache(3 * len(keys))(reader.load_frame),
        first=Stage(schedule, job.cell.first_steps),
        following=Stage(following_schedule(schedule), job.cell.next_steps),
        agreement=judged,
    )


def fit(job: FitJob, keys: Sequence[Key]) -> Found:
    """Fit a representation to the unaries of every frame of some videos, one after the other.

    Up to `stack_size` of them are fitted side by side.

    Raises:
        UserError: unaries are missing or of another size, or there are too few steps.
    """
    recipe = Recipe.of_cell(job.cell, job.protocol, video=True)
    schedule = recipe.schedule(unaries=True, scribbles=False)
    queue = _queue(job, keys, recipe, schedule)
    modules = {"representation": recipe.about(2)}
    task = recipe.projection(recipe.build(2), keys[0][0], unaries=True)
    plan = Plan(task, schedule, job.cell.first_steps, modules)
    inputs = inputs_of(job, keys)
    result = job.optimise(plan, queue, queue.load, inputs=inputs, name="frames", at_once=len(keys))
    for key in queue.keys:
        if queue.frames[key]["status"] != FITTED:
            _log.warning("%s: %s", key[0], queue.frames[key]["status"])
    for name, seed in keys:
        if not any((frame, seed) in result.states for frame in job.reader.frames(name)):
            _log.warning(NOTHING, name)
    fitted = {key: result.states[key] for key in queue.keys if key in result.states}
    return Found(
        groups=[Group(fitted, modules)] if fitted else [],
        history=result.history,
        finite=result.finite,
        schedules={"first": describe(schedule), "following": describe(queue.following.schedule)},
        frames={key: queue.frames[key] for key in queue.keys},
    )


def inputs_of(job: FitJob, keys: Sequence[Key]) -> str:
    """A hash of all that fits to the unaries of some videos read: not of their frames."""
    reader = job.reader
    files = [job.items[name].file for name, _ in keys]
    for name, seed in keys:
        if reader.predictions is not None:
            files += reader.predictions.files(name, seed)
        else:
            files.append(job.items[name].folder / "unaries.npy")
    return files_digest(files)
