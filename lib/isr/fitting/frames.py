"""Fits of videos frame by frame: each frame's representation goes on from the one before."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from isr.data.problems import Problem
from isr.fitting.engine.attempts import FAILED, Attempts, Judge
from isr.fitting.engine.long_work import files_digest
from isr.fitting.engine.queue import (
    Key,
    Schedule,
    State,
    Work,
    describe,
    first_name,
    is_again,
    phase_ends,
    second_name,
)
from isr.fitting.jobs import FitJob, Found, Plan
from isr.fitting.recipe import Recipe
from isr.levels import likely_foreground
from isr.store import Group

_log = logging.getLogger(__name__)

NOTHING = "%s: the unaries show no object against a background; nothing was fitted"


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
    """

    seed: int
    frames: Sequence[str]
    position: int = 0
    busy: bool = False
    retry: bool = False

    @property
    def over(self) -> bool:
        """Whether no frame is left."""
        return self.position == len(self.frames)

    def advance(self) -> None:
        """Go to the next frame."""
        self.position, self.retry = self.position + 1, False


class VideoQueue:
    """Frames of one video follow each other, videos of any length run side by side.

    A frame whose unaries are all object or all background is skipped. A poor fit is made once more
    from the beginning with the first frame's schedule; of two attempts the better one is kept. The
    next frame starts from the last proper fit (section C.2).

    Args:
        videos: names of the frames of each video and seed, in their order.
        load: reads a frame by its name and the seed.
        first: how a frame without a predecessor is fitted.
        following: how one that starts from its predecessor is.
        attempts: judges fits, of which poor ones are made again.

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
        attempts: Attempts,
    ) -> None:
        for setting, stage in (("first_steps", first), ("next_steps", following)):
            phase_ends(stage.schedule, stage.steps, setting)
        self.load_frame, self.attempts = load, attempts
        self.first, self.following = first, following
        self.lanes = {key: Lane(key[1], list(frames)) for key, frames in videos.items()}
        self.good: dict[Key, State] = {}
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

    @property
    def told(self) -> dict[Key, dict[str, Any]]:
        """What became of each frame: `status`, and `iou` with its unaries or None."""
        return self.attempts.told

    def take(self) -> Work | None:
        """The next frame of the first video that no slot works on."""
        for lane in self.lanes.values():
            if lane.busy:
                continue
            self._skip(lane)
            if not lane.over:
                lane.busy = True
                name = lane.frames[lane.position]
                return self.again((second_name(name) if lane.retry else name, lane.seed))
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
            self.attempts.skip((name, lane.seed))
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
        """The work of this name: of a second attempt from the beginning."""
        name, seed = key
        video = self.video_of[first_name(name), seed]
        return self._work(name, seed, None if is_again(name) else self.good.get(video))

    def finish(self, work: Work, state: State, finite: bool) -> str | None:
        """Judge a fit: go on from it, or have it made once more."""
        key = first_name(work.name), work.seed
        video = self.video_of[key]
        lane = self.lanes[video]
        settled = self.attempts.settle(work, state, finite=finite)
        lane.busy = False
        if settled.keep and self.told[key]["status"] != FAILED:
            self.good[video] = state
        if settled.over:
            lane.advance()
        else:
            lane.retry = True
        return key[0] if settled.keep else None

    def state(self) -> dict[str, Any]:
        """Where every video is, the fits to go on from, and the attempts at the frames."""
        lanes = {video: asdict(lane) for video, lane in self.lanes.items()}
        return {"lanes": lanes, "good": self.good, "attempts": self.attempts.state()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where a queue of the same videos was."""
        self.lanes = {tuple(video): Lane(**lane) for video, lane in state["lanes"].items()}
        self.good = {tuple(video): dict(good) for video, good in state["good"].items()}
        self.attempts.load_state(state["attempts"])
        self._index()


def fit(job: FitJob, keys: Sequence[Key]) -> Found:
    """Fit a representation to the unaries of every frame of some videos, one after the other.

    Up to `stack_size` of them are fitted side by side.

    Raises:
        UserError: unaries are missing or of another size, or there are too few steps.
    """
    recipe = Recipe.of_cell(job.cell, job.protocol, video=True)
    schedule = recipe.schedule(unaries=True, scribbles=False)
    modules = {"representation": recipe.about(2)}
    task = recipe.projection(recipe.build(2), keys[0][0], unaries=True)
    # A frame is asked for several times: read ahead, looked at, fitted and judged.
    load = lru_cache(3 * len(keys))(job.reader.load_frame)
    queue = VideoQueue(
        {(name, seed): job.reader.frames(name) for name, seed in keys},
        load,
        first=Stage(schedule, job.cell.first_steps),
        following=Stage(following_schedule(schedule), job.cell.next_steps),
        attempts=Attempts(Judge(task, load, job.run.device)),
    )
    plan = Plan(task, schedule, job.cell.first_steps, modules)
    inputs = inputs_of(job, keys)
    result = job.optimise(plan, queue, load, inputs=inputs, name="frames", at_once=len(keys))
    for name, seed in keys:
        if not any((frame, seed) in result.states for frame in job.reader.frames(name)):
            _log.warning(NOTHING, name)
    fitted = {key: result.states[key] for key in queue.keys if key in result.states}
    return Found(
        groups=[Group(fitted, modules)] if fitted else [],
        history=result.history,
        finite=result.finite,
        schedules={"first": describe(schedule), "following": describe(queue.following.schedule)},
        frames={key: result.told[key] for key in queue.keys},
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
