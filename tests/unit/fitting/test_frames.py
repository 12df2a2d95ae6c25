import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from isr.fitting.video_queue import Stage, VideoQueue, following_schedule

from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting.engine.phases import Phase
from isr.fitting.schedules import COUPLING, UNARIES_ENTROPY, path_connected_schedule

FIRST = Stage((Phase(1, 0.1, {UNARIES_ENTROPY: 1.0}), Phase(4, 0.1, {COUPLING: 1.0})), 50)
FOLLOWING = Stage((Phase(1, 0.1, {COUPLING: 1.0}, restart=True),), 7)


def _state(value: float) -> dict[str, torch.Tensor]:
    return {"representation.weight": torch.full((1, 2), value)}


def _agreement(problem, state) -> float:
    """States stand for their own IoU."""
    return float(state["representation.weight"][0, 0])


def _load(name: str) -> Problem:
    coordinates = np.zeros((2, 2, 2), np.float32)
    unaries = np.array([[0.9, 0.1], [0.1, 0.1]], np.float32)
    if name.endswith("empty"):
        unaries = np.full((2, 2), 0.2, np.float32)
    if name.endswith("whole"):
        unaries = np.full((2, 2), 0.8, np.float32)
    return Problem(name, coordinates, unaries=unaries)


@pytest.fixture
def make_queue():
    def make(videos: dict[str, list[str]]) -> VideoQueue:
        return VideoQueue(videos, _load, first=FIRST, following=FOLLOWING, agreement=_agreement)

    return make


def test_frames_follow_each_other_from_the_one_before(make_queue):
    queue = make_queue({"v": ["v/0", "v/1", "v/2"]})
    first = queue.take()
    assert (first.name, first.steps, first.start) == ("v/0", 50, None)
    assert queue.take() is None  # The second frame waits for the first.
    assert queue.finish(first, _state(0.9), True) == "v/0"
    second = queue.take()
    assert (second.name, second.steps) == ("v/1", 7)
    assert second.start["representation.weight"][0, 0] == pytest.approx(0.9)
    queue.finish(second, _state(0.8), True)
    assert queue.take().start["representation.weight"][0, 0] == pytest.approx(0.8)


def test_a_poor_fit_is_made_again_from_the_beginning_once(make_queue):
    queue = make_queue({"v": ["v/0", "v/1", "v/2"]})
    queue.finish(queue.take(), _state(0.9), True)
    poor = queue.take()
    assert queue.finish(poor, _state(0.3), True) == "v/1"  # Kept, in case the second is worse.
    again = queue.take()
    assert (again.name, again.steps, again.start) == ("v/1 again", 50, None)
    assert queue.finish(again, _state(0.7), True) == "v/1"
    assert queue.frames["v/1"] == {"status": "retried", "iou": pytest.approx(0.7)}
    third = queue.take()
    assert third.start["representation.weight"][0, 0] == pytest.approx(0.7)


@pytest.mark.parametrize(("second", "kept"), [(0.2, None), (0.4, "v/1")])
def test_of_two_poor_fits_the_better_is_kept_and_neither_is_gone_on_from(make_queue, second, kept):
    queue = make_queue({"v": ["v/0", "v/1", "v/2"]})
    queue.finish(queue.take(), _state(0.9), True)
    queue.finish(queue.take(), _state(0.3), True)
    assert queue.finish(queue.take(), _state(second), True) == kept
    assert queue.frames["v/1"] == {"status": "failed", "iou": pytest.approx(max(0.3, second))}
    third = queue.take()
    assert third.name == "v/2"
    assert third.start["representation.weight"][0, 0] == pytest.approx(0.9)


def test_a_fit_that_is_not_finite_is_poor(make_queue):
    queue = make_queue({"v": ["v/0"]})
    queue.finish(queue.take(), _state(0.9), False)
    assert queue.take().name == "v/0 again"


def test_what_is_told_of_a_fit_that_is_not_finite_is_the_agreement_of_its_stored_state(make_queue):
    queue = make_queue({"v": ["v/0", "v/1"]})
    assert queue.finish(queue.take(), _state(0.9), False) == "v/0"
    assert queue.frames["v/0"] == {"status": "failed", "iou": pytest.approx(0.9)}
    assert queue.finish(queue.take(), _state(0.6), True) == "v/0"
    assert queue.frames["v/0"] == {"status": "retried", "iou": pytest.approx(0.6)}
    queue.finish(queue.take(), _state(0.4), False)
    assert queue.finish(queue.take(), _state(0.3), False) is None
    assert queue.frames["v/1"] == {"status": "failed", "iou": pytest.approx(0.4)}


@pytest.mark.parametrize(
    ("first", "following", "key"), [(1, 7, "first_steps"), (9, 0, "next_steps")]
)
def test_too_few_steps_of_either_stage_are_told_before_anything_is_done(first, following, key):
    stages = {
        "first": dataclasses.replace(FIRST, steps=first),
        "following": dataclasses.replace(FOLLOWING, steps=following),
    }
    with pytest.raises(UserError, match=rf"^{key} is \d: a schedule of"):
        VideoQueue({"v": ["v/0"]}, _load, agreement=_agreement, **stages)


def test_a_second_attempt_draws_other_random_numbers(make_queue):
    queue = make_queue({"v": ["v/0"]})
    assert queue.load("v/0").name == "v/0"
    assert queue.load("v/0 again").name == "v/0 again"
    assert np.array_equal(queue.load("v/0").unaries, queue.load("v/0 again").unaries)


def test_frames_of_one_class_are_skipped_and_said(make_queue):
    queue = make_queue({"v": ["v/empty", "v/1", "v/whole", "v/3", "v/4empty"]})
    first = queue.take()
    assert (first.name, first.start) == ("v/1", None)
    queue.finish(first, _state(0.9), True)
    after = queue.take()
    assert after.name == "v/3"
    assert after.start is not None
    queue.finish(after, _state(0.9), True)
    assert queue.take() is None
    skipped = [name for name, about in queue.frames.items() if about["status"] == "skipped"]
    assert skipped == ["v/empty", "v/whole", "v/4empty"]
    assert set(queue.frames) == set(queue.names)


def test_videos_run_side_by_side_and_keep_to_their_own_fits(make_queue):
    queue = make_queue({"a": ["a/0", "a/1"], "b": ["b/0"], "c": ["c/0", "c/1"]})
    works = [queue.take(), queue.take()]
    assert [work.name for work in works] == ["a/0", "b/0"]
    queue.finish(works[1], _state(0.8), True)
    assert queue.take().name == "c/0"
    queue.finish(works[0], _state(0.6), True)
    follower = queue.take()
    assert follower.name == "a/1"
    assert follower.start["representation.weight"][0, 0] == pytest.approx(0.6)
    assert queue.take() is None


def test_a_queue_goes_on_where_it_was(make_queue, tmp_path: Path):
    videos = {"a": ["a/0", "a/1", "a/2"], "b": ["b/0", "b/1"]}
    queue = make_queue(videos)
    works = [queue.take(), queue.take()]
    queue.finish(works[0], _state(0.9), True)
    queue.take()
    queue.finish(works[1], _state(0.1), True)
    queue.take()
    torch.save(queue.state(), tmp_path / "state.pt")
    other = make_queue(videos)
    other.take()
    other.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    assert other.take() is None  # Both videos are being worked on.
    assert other.again("a/1").steps == 7
    assert (other.again("b/0 again").steps, other.again("b/0 again").start) == (50, None)
    assert other.finish(other.again("b/0 again"), _state(0.8), True) == "b/0"
    assert other.frames["b/0"]["status"] == "retried"
    assert other.take().name == "b/1"
    other.finish(other.again("a/1"), _state(0.7), True)
    assert other.take().start["representation.weight"][0, 0] == pytest.approx(0.7)


def test_steps_are_counted_for_progress(make_queue):
    assert make_queue({"a": ["a/0", "a/1", "a/2"], "b": ["b/0"]}).total_steps == 50 + 14 + 50


def test_a_following_frame_begins_anew_without_the_first_phase():
    schedule = path_connected_schedule()
    following = following_schedule(schedule)
    assert following[0].restart
    assert [phase.terms for phase in following] == [{COUPLING: 1.0}] * 2
    assert following[0].weight_decay == {"representation.flow": 1e-5}
