"""The frames of videos as a queue: each is fitted from where the one before it ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from isr.data.problems import Problem
from isr.fitting.queues import State, Work
from isr.fitting.schedule import Schedule, phase_ends
from isr.levels import likely_foreground

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

    >>> from isr.fitting.schedule import path_connected_schedule
    >>> [phase.optimiser for phase in following_schedule(path_connected_schedule())]
    ['adamax', 'adamax']
    """
    head, *tail = schedule[1:]
    return (replace(head, restart=True), *tail)


@dataclass
class Lane:
    """How far one video is.

    Attributes:
        frames: names of its frames in their order.
        position: index of the frame that is worked on or comes next.
        busy: whether a slot works on it.
        retry: whether that frame's first attempt failed.
        first_iou: of that attempt.
    """

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
        videos: names of the frames of each video, in their order.
        load: reads a frame by its name.
        first: how a frame without a predecessor is fitted.
        following: how one that starts from its predecessor is.
        agreement: IoU of a state with the unaries of the frame of this name.

    Raises:
        UserError: a stage has fewer steps than phases.
    """

    def __init__(
        self,
        videos: Mapping[str, Sequence[str]],
        load: Callable[[str], Problem],
        *,
        first: Stage,
        following: Stage,
        agreement: Callable[[Problem, State], float],
    ) -> None:
        for setting, stage in (("first_steps", first), ("next_steps", following)):
            phase_ends(stage.schedule, stage.steps, setting)
        self.load_frame, self.agreement = load, agreement
        self.first, self.following = first, following
        self.lanes = {video: Lane(list(frames)) for video, frames in videos.items()}
        self.lane_of = {frame: lane for lane in self.lanes.values() for frame in lane.frames}
        self.good: dict[str, State] = {}
        self.frames: dict[str, dict[str, Any]] = {}
        """What became of each frame by its name: `status` and `iou` with its unaries or None."""

    @property
    def names(self) -> list[str]:
        """Names of all frames."""
        return list(self.lane_of)

    @property
    def total_steps(self) -> int:
        """Steps if no frame is skipped or fitted again."""
        lanes = [len(lane.frames) for lane in self.lanes.values() if lane.frames]
        return sum(self.first.steps + (n - 1) * self.following.steps for n in lanes)

    def load(self, name: str) -> Problem:
        """The problem of a work; that of a second attempt draws other random numbers."""
        return replace(self.load_frame(name.removesuffix(_AGAIN)), name=name)

    def take(self) -> Work | None:
        """The next frame of the first video that no slot works on."""
        for video, lane in self.lanes.items():
            if lane.busy:
                continue
            self._skip(lane)
            if not lane.over:
                lane.busy = True
                name = lane.frames[lane.position] + (_AGAIN if lane.retry else "")
                return self._work(name, None if lane.retry else self.good.get(video))
        return None

    def _skip(self, lane: Lane) -> None:
        """Pass by frames whose unaries are all of one class."""
        while not lane.over and not lane.retry:
            name = lane.frames[lane.position]
            unaries = self.load_frame(name).unaries
            assert unaries is not None
            inside = likely_foreground(unaries)
            if inside.any() and not inside.all():
                return
            self.frames[name] = {"status": SKIPPED, "iou": None}
            lane.advance()

    def _work(self, name: str, start: State | None) -> Work:
        stage = self.first if start is None else self.following
        return Work(name, stage.schedule, stage.steps, start)

    def _video(self, lane: Lane) -> str:
        return next(video for video, each in self.lanes.items() if each is lane)

    def again(self, name: str) -> Work:
        """The work of this name, for a stack that is resumed."""
        video = self._video(self.lane_of[name.removesuffix(_AGAIN)])
        return self._work(name, None if name.endswith(_AGAIN) else self.good.get(video))

    def finish(self, work: Work, state: State, finite: bool) -> str | None:
        """Judge a fit: go on from it, or have it made once more.

        One that did not stay finite is poor however well its last finite state agrees.
        """
        name = work.name.removesuffix(_AGAIN)
        lane = self.lane_of[name]
        iou = self.agreement(self.load_frame(name), state)
        proper = finite and iou >= PROPER_FIT
        lane.busy = False
        kept = proper or not lane.retry or iou > lane.first_iou
        if proper:
            self.good[self._video(lane)] = state
            self.frames[name] = {"status": RETRIED if lane.retry else FITTED, "iou": iou}
            lane.advance()
        elif lane.retry:
            self.frames[name] = {"status": FAILED, "iou": max(iou, lane.first_iou)}
            lane.advance()
        else:
            self.frames[name] = {"status": FAILED, "iou": iou}
            lane.retry, lane.first_iou = True, iou
        return name if kept else None

    def state(self) -> dict[str, Any]:
        """Where every video is, the fits to go on from, and what became of the frames."""
        lanes = {video: asdict(lane) for video, lane in self.lanes.items()}
        return {"lanes": lanes, "good": self.good, "frames": self.frames}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where a queue of the same videos was."""
        self.lanes = {video: Lane(**lane) for video, lane in state["lanes"].items()}
        self.lane_of = {frame: lane for lane in self.lanes.values() for frame in lane.frames}
        self.good = {video: dict(good) for video, good in state["good"].items()}
        self.frames = {name: dict(about) for name, about in state["frames"].items()}
