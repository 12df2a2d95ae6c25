"""Fits of the frames of videos, one after the other: their queue, and whole jobs."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from disc_videos import FRAMES, HEIGHT, WIDTH, disc_unaries, fit_videos, open_videos
from stacks import files_of, stopped

from isr.data.problems import Problem, write_unaries
from isr.errors import UserError
from isr.fitting.engine.attempts import Attempts, Quality, agreement
from isr.fitting.engine.long_work import Run
from isr.fitting.engine.queue import Phase
from isr.fitting.engine.stack import Stack
from isr.fitting.frames import Stage, VideoQueue, following_schedule, inputs_of
from isr.fitting.schedules import COUPLING, UNARIES_ENTROPY, path_connected_schedule
from isr.store import FITS, read_fits

SEED = 42
FIRST = Stage((Phase(1, 0.1, {UNARIES_ENTROPY: 1.0}), Phase(4, 0.1, {COUPLING: 1.0})), 50)
FOLLOWING = Stage((Phase(1, 0.1, {COUPLING: 1.0}, restart=True),), 7)


def _state(value: float) -> dict[str, torch.Tensor]:
    return {"representation.weight": torch.full((1, 2), value)}


def _judged(work, state) -> Quality:
    """States stand for their own IoU; the better it is, the less the loss."""
    iou = float(state["representation.weight"][0, 0])
    return Quality(iou, loss=1 - iou)


def _told(status: str, iou: float) -> dict[str, object]:
    return {"status": status, "iou": pytest.approx(iou), "strokes": None}


def _load(name: str, seed: int) -> Problem:
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
        keyed = {(video, SEED): frames for video, frames in videos.items()}
        told = {"first": FIRST, "following": FOLLOWING, "attempts": Attempts(_judged)}
        return VideoQueue(keyed, _load, **told)

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
    assert (again.name, again.steps, again.start) == ("v/1//again", 50, None)
    assert queue.finish(again, _state(0.7), True) == "v/1"
    assert queue.told["v/1", SEED] == _told("retried", 0.7)
    third = queue.take()
    assert third.start["representation.weight"][0, 0] == pytest.approx(0.7)


@pytest.mark.parametrize(("second", "kept"), [(0.2, None), (0.4, "v/1")])
def test_of_two_poor_fits_the_better_is_kept_and_neither_is_gone_on_from(make_queue, second, kept):
    queue = make_queue({"v": ["v/0", "v/1", "v/2"]})
    queue.finish(queue.take(), _state(0.9), True)
    queue.finish(queue.take(), _state(0.3), True)
    assert queue.finish(queue.take(), _state(second), True) == kept
    assert queue.told["v/1", SEED] == _told("failed", max(0.3, second))
    third = queue.take()
    assert third.name == "v/2"
    assert third.start["representation.weight"][0, 0] == pytest.approx(0.9)


def test_a_fit_that_is_not_finite_is_poor(make_queue):
    queue = make_queue({"v": ["v/0"]})
    queue.finish(queue.take(), _state(0.9), False)
    assert queue.take().name == "v/0//again"


def test_what_is_told_of_a_fit_that_is_not_finite_is_the_agreement_of_its_stored_state(make_queue):
    queue = make_queue({"v": ["v/0", "v/1"]})
    assert queue.finish(queue.take(), _state(0.9), False) == "v/0"
    assert queue.told["v/0", SEED] == _told("failed", 0.9)
    assert queue.finish(queue.take(), _state(0.6), True) == "v/0"
    assert queue.told["v/0", SEED] == _told("retried", 0.6)
    queue.finish(queue.take(), _state(0.4), False)
    assert queue.finish(queue.take(), _state(0.3), False) is None
    assert queue.told["v/1", SEED] == _told("failed", 0.4)


@pytest.mark.parametrize(
    ("first", "following", "key"), [(1, 7, "first_steps"), (9, 0, "next_steps")]
)
def test_too_few_steps_of_either_stage_are_told_before_anything_is_done(first, following, key):
    stages = {
        "first": dataclasses.replace(FIRST, steps=first),
        "following": dataclasses.replace(FOLLOWING, steps=following),
    }
    with pytest.raises(UserError, match=rf"^{key} is \d: a schedule of"):
        VideoQueue({("v", SEED): ["v/0"]}, _load, attempts=Attempts(_judged), **stages)


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
    skipped = [name for (name, _), about in queue.told.items() if about["status"] == "skipped"]
    assert skipped == ["v/empty", "v/whole", "v/4empty"]
    assert set(queue.told) == set(queue.keys)


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
    assert other.again(("a/1", SEED)).steps == 7
    assert (other.again(("b/0//again", SEED)).steps, other.again(("b/0//again", SEED)).start) == (
        50,
        None,
    )
    assert other.finish(other.again(("b/0//again", SEED)), _state(0.8), True) == "b/0"
    assert other.told["b/0", SEED]["status"] == "retried"
    assert other.take().name == "b/1"
    other.finish(other.again(("a/1", SEED)), _state(0.7), True)
    assert other.take().start["representation.weight"][0, 0] == pytest.approx(0.7)


def test_seeds_of_a_video_are_lanes_of_their_own(make_queue):
    queue = VideoQueue(
        {("v", seed): ["v/0", "v/1"] for seed in (1, 2)},
        _load,
        first=FIRST,
        following=FOLLOWING,
        attempts=Attempts(_judged),
    )
    works = [queue.take(), queue.take()]
    assert [work.key for work in works] == [("v/0", 1), ("v/0", 2)]
    queue.finish(works[1], _state(0.8), True)
    follower = queue.take()
    assert follower.key == ("v/1", 2)
    assert follower.start["representation.weight"][0, 0] == pytest.approx(0.8)
    assert queue.take() is None
    assert queue.keys == [("v/0", 1), ("v/1", 1), ("v/0", 2), ("v/1", 2)]


def test_steps_are_counted_for_progress(make_queue):
    assert make_queue({"a": ["a/0", "a/1", "a/2"], "b": ["b/0"]}).total_steps == 50 + 14 + 50


def test_a_following_frame_begins_anew_without_the_first_phase():
    schedule = path_connected_schedule()
    following = following_schedule(schedule)
    assert following[0].restart
    assert [phase.terms for phase in following] == [{COUPLING: 1.0}] * 2
    assert following[0].weight_decay == {"representation.flow": 1e-5}


# Whole jobs


@pytest.fixture(scope="module")
def frames(disc_folder, tmp_path_factory):
    job = open_videos(disc_folder, "disc", "gap")
    return fit_videos(job, tmp_path_factory.mktemp("fits") / "part-0")


def test_every_frame_of_videos_side_by_side_follows_its_unaries(frames, disc_folder):
    reader = open_videos(disc_folder, "disc", "gap").reader
    assert frames.names[:5] == [f"disc/0000{number}" for number in range(FRAMES)]
    for name in frames.names:
        found = agreement(frames.representation(name), reader.load_frame(name, SEED))
        assert found > 0.75, name
        told = frames.metadata["frames"][str(SEED)][name]
        assert told["iou"] == pytest.approx(found, abs=0.02)


def test_frames_without_an_object_are_skipped_and_listed(frames):
    told = frames.metadata["frames"][str(SEED)]
    statuses = {name: about["status"] for name, about in told.items()}
    assert statuses["gap/00000"] == statuses["gap/00002"] == "skipped"
    assert set(frames.names) == {name for name, status in statuses.items() if status != "skipped"}
    assert len(statuses) == 2 * FRAMES


def test_a_following_frame_keeps_close_to_the_one_before(frames):
    """A few steps cannot lead away from the weights that they start from."""
    key = "base.network.first.weight"
    first, second, other = (
        frames.state(name, "representation")[key]
        for name in ("disc/00000", "disc/00001", "gap/00001")
    )
    assert (second - first).abs().mean() < 0.2 * (other - first).abs().mean()


def test_stored_states_are_projected(frames):
    for name in frames.names:
        weights = frames.representation(name).constrained_weights()
        assert all((weight >= 0).all() for weight in weights.values())


def test_settings_and_both_schedules_are_stored(frames):
    assert frames.modules("disc/00000")["representation"]["name"] == "path_connected"
    first, following = (frames.metadata["schedules"][key] for key in ("first", "following"))
    assert [phase["optimiser"] for phase in first] == ["adam", "adamax", "adamax"]
    assert len(following) == 2
    json.dumps(frames.metadata)


def test_the_inputs_are_unaries_and_the_video_they_belong_to(disc_folder, tmp_path):
    shutil.copytree(disc_folder / "predictions", tmp_path / "p")
    job = open_videos(disc_folder, "disc", predictions=tmp_path / "p")
    first = inputs_of(job, job.keys)
    (disc_folder / "items" / "disc" / "frames" / "00000.png").touch()
    assert inputs_of(job, job.keys) == first
    other = disc_unaries(3, HEIGHT // 2, WIDTH // 2)
    write_unaries(tmp_path / "p/unaries" / str(SEED), "disc/00000", other)
    assert inputs_of(job, job.keys) != first


def test_unaries_of_another_size_are_refused(disc_folder):
    job = open_videos(disc_folder, "disc", scale=1.0)
    with pytest.raises(UserError, match=r"have size \(12, 16\).*predict again"):
        job.reader.load_frame("disc/00001", SEED)


def test_two_seeds_in_one_job_are_those_of_two_jobs(disc_folder, tmp_path):
    """Bit for bit one after the other; to rounding side by side."""
    short = {"first_steps": 30, "next_steps": 8, "stack_size": 1}
    seeds = (SEED, SEED + 1)

    def fitted(name, seeds, **changed):
        job = open_videos(disc_folder, "disc", seeds=seeds, **short | changed)
        fit_videos(job, tmp_path / name)
        return read_fits(tmp_path / name / FITS)

    both, stack = fitted("both", seeds), fitted("stack", seeds, stack_size=2)
    for seed in seeds:
        alone = fitted(f"{seed}", (seed,)).of_seed(seed)
        assert alone.names == both.of_seed(seed).names
        for name in alone.names:
            for key, value in alone.state(name, "representation").items():
                assert torch.equal(value, both.of_seed(seed).state(name, "representation")[key])
                near = stack.of_seed(seed).state(name, "representation")[key]
                assert torch.allclose(value, near, atol=1e-3)


def test_a_stopped_job_ends_with_the_same_bits(disc_folder, frames, tmp_path):
    run = Run(checkpoint=tmp_path / "job" / "a.pt", every=0.0)
    for blocks in (3, 6):
        with stopped(Stack, blocks):
            fit_videos(open_videos(disc_folder, "disc", "gap", run=run), tmp_path / "b")
    fit_videos(open_videos(disc_folder, "disc", "gap", run=run), tmp_path / "b")
    assert files_of(tmp_path / "b") == files_of(frames.path.parent)
    assert list((tmp_path / "job").iterdir()) == []


def test_a_checkpoint_of_other_unaries_is_not_used(disc_folder, tmp_path):
    short = {"first_steps": 12, "next_steps": 4, "predictions": tmp_path / "p"}
    shutil.copytree(disc_folder / "predictions", tmp_path / "p")
    run = Run(checkpoint=tmp_path / "a.pt", every=0.0)
    with stopped(Stack, 4):
        fit_videos(open_videos(disc_folder, "disc", run=run, **short), tmp_path / "a")
    other = disc_unaries(3, HEIGHT // 2, WIDTH // 2)
    write_unaries(tmp_path / "p/unaries" / str(SEED), "disc/00000", other)
    found = fit_videos(open_videos(disc_folder, "disc", run=run, **short), tmp_path / "found")
    fresh = fit_videos(open_videos(disc_folder, "disc", **short), tmp_path / "fresh")
    assert found.path.read_bytes() == fresh.path.read_bytes()
    assert len(fresh.names) == FRAMES
