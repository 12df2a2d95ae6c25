"""Fits of whole videos: one region in (x, y, t)."""

import dataclasses
import logging
import shutil

import numpy as np
import pandas as pd
import pytest
from disc_videos import FRAMES, HEIGHT, SEED, WIDTH, fit_videos, open_videos
from stacks import files_of, stopped

from isr.errors import UserError
from isr.fitting import in_time
from isr.fitting.engine.attempts import agreement
from isr.fitting.engine.long_work import Run
from isr.fitting.engine.stack import Stack
from isr.fitting.in_time import load_video, noisy_frames, replace_with_noise_
from isr.fitting.jobs import Job
from isr.fitting.tasks import Projection
from isr.store import FITS, HISTORY, read_parts

IN_TIME = {"fit": "spatio-temporal"}


def _clean(job, name: str) -> np.ndarray:
    return np.stack([job.reader.load_frame(f, SEED).unaries for f in job.reader.frames(name)])


def test_a_video_in_time_has_coordinates_of_its_frames(disc_folder):
    job = open_videos(disc_folder, "disc", noise=0.4, **IN_TIME)
    problem = load_video(job, ("disc", SEED))
    assert problem.coordinates.shape == (FRAMES, HEIGHT // 2, WIDTH // 2, 3)
    assert problem.coordinates[:, 0, 0, 2] == pytest.approx(np.linspace(0, 1, FRAMES))
    plane = job.reader.load_frame("disc/00000", SEED).coordinates
    assert np.array_equal(problem.coordinates[3, ..., :2], plane)
    clean = _clean(job, "disc")
    changed = [k for k in range(FRAMES) if not np.array_equal(problem.unaries[k], clean[k])]
    assert len(changed) == 2
    assert not {0, FRAMES - 1} & {*changed}


@pytest.mark.parametrize("changed", [{}, {**IN_TIME, "noise": 0.2}])
def test_a_video_without_any_foreground_is_skipped_and_said(disc_folder, tmp_path, caplog, changed):
    fits = fit_videos(open_videos(disc_folder, "nothing", **changed), tmp_path / "a")
    assert fits.names == []
    assert "nothing: the unaries show no object" in caplog.text
    skipped = {"status": "skipped", "iou": None, "strokes": None}
    names = [f"nothing/{number:05d}" for number in range(FRAMES)]
    assert fits.metadata["frames"] == {str(SEED): dict.fromkeys(names, skipped)}
    assert len(pd.read_parquet(tmp_path / "a" / HISTORY)) == 0
    assert [part.names for part in read_parts([tmp_path / "a" / FITS])] == [[]]


def test_a_video_in_time_is_fitted_beside_one_without_foreground(disc_folder, tmp_path):
    job = open_videos(disc_folder, "nothing", "disc", steps=4, **IN_TIME)
    fits = fit_videos(job, tmp_path / "a")
    assert fits.names == ["disc"]
    told = {name: about["status"] for name, about in fits.metadata["frames"][str(SEED)].items()}
    assert {told[name] for name in job.reader.frames("nothing")} == {"skipped"}
    assert {told[name] for name in job.reader.frames("disc")} <= {"fitted", "retried", "failed"}


def test_a_fit_that_is_far_from_its_unaries_is_said(disc_folder, tmp_path, caplog):
    """Steps that are far too few; which frames are noise is no fault of the fit."""
    changed = {"steps": 4, "noise": 0.2, "distance": "absolute", "learning_rate": 1e-6, **IN_TIME}
    fits = fit_videos(open_videos(disc_folder, "disc", **changed), tmp_path / "a")
    (noisy,) = fits.metadata["noisy"][str(SEED)]["disc"]
    ious = [about["iou"] for about in fits.metadata["frames"][str(SEED)].values()]
    assert ious.index(None) == noisy
    clean = [iou for iou in ious if iou is not None]
    assert len(clean) == FRAMES - 1
    assert np.mean(clean) < 0.5
    assert {about["status"] for about in fits.metadata["frames"][str(SEED)].values()} == {"failed"}
    assert "disc (seed 42): the fit is far off: its IoU is 0." in caplog.text
    assert "absolute distance loses small objects" in caplog.text


def test_a_fit_that_does_not_stay_finite_is_said(disc_folder, tmp_path, caplog):
    job = open_videos(disc_folder, "disc", steps=40, **IN_TIME)
    # No configuration may state such a rate.
    vars(job)["cell"] = job.cell.model_copy(update={"learning_rate": 1e30})
    fits = fit_videos(job, tmp_path / "a")
    assert fits.metadata["finite"] == {str(SEED): {"disc": False}}
    assert f"disc (seed {SEED}) did not stay finite" in caplog.text


@pytest.mark.parametrize("changed", [{}, IN_TIME])
def test_missing_unaries_are_told_before_any_step(disc_folder, tmp_path, monkeypatch, changed):
    shutil.copytree(disc_folder / "predictions", tmp_path / "p")
    shutil.rmtree(tmp_path / "p" / "unaries" / str(SEED) / "gap")
    job = open_videos(disc_folder, "disc", "gap", predictions=tmp_path / "p", **changed)
    monkeypatch.setattr(Job, "optimise", None)
    with pytest.raises(UserError, match=r"holds no unaries of gap.* for seed 42: predict first"):
        fit_videos(job, tmp_path / "a")


def test_too_much_noise_for_any_video_is_told_before_any_step(disc_folder, tmp_path, monkeypatch):
    job = open_videos(disc_folder, "disc", noise=0.9, **IN_TIME)
    monkeypatch.setattr(Job, "optimise", None)
    with pytest.raises(UserError, match=r"noise is 0\.9: 4 of the 5 frames of disc"):
        fit_videos(job, tmp_path / "a")


def test_a_video_that_is_too_large_is_told_before_any_step(disc_folder, tmp_path, monkeypatch):
    job = open_videos(disc_folder, "disc", **IN_TIME)
    monkeypatch.setattr(Job, "optimise", None)
    monkeypatch.setattr(in_time, "LARGEST_VIDEO", FRAMES * HEIGHT * WIDTH // 4 - 1)
    with pytest.raises(UserError, match=r"^disc: 5 frames of 16 x 12 .* lower the scale"):
        fit_videos(job, tmp_path / "a")
    with pytest.raises(UserError, match=r"^disc: 5 frames of 16 x 12 .* lower the scale"):
        load_video(job, ("disc", SEED))
    monkeypatch.setattr(in_time, "LARGEST_VIDEO", FRAMES * HEIGHT * WIDTH // 4)
    assert load_video(job, ("disc", SEED)).unaries.shape == (FRAMES, HEIGHT // 2, WIDTH // 2)


@pytest.mark.parametrize(("noise", "frames"), [(None, range(FRAMES)), (0, [0, FRAMES - 1])])
def test_a_fit_that_knows_of_noise_starts_from_both_ends(
    disc_folder, tmp_path, monkeypatch, noise, frames
):
    job = open_videos(disc_folder, "disc", noise=noise, steps=4, **IN_TIME)
    seen, start = [], Projection.start_

    def recorded(self, problem, *, again) -> None:
        seen.append(problem)
        start(self, problem, again=again)

    monkeypatch.setattr(Projection, "start_", recorded)
    fit_videos(job, tmp_path / "a")
    problem = load_video(job, ("disc", SEED))
    assert np.array_equal(seen[0].unaries, problem.unaries[list(frames)])
    assert np.array_equal(seen[0].coordinates, problem.coordinates[list(frames)])


def test_a_stopped_job_ends_with_the_same_bits(disc_folder, tmp_path):
    changed = {"steps": 120, "noise": 0.2, "seeds": (SEED, SEED + 1), "stack_size": 1, **IN_TIME}
    fit_videos(open_videos(disc_folder, "disc", **changed), tmp_path / "whole")
    run = Run(checkpoint=tmp_path / "job" / "a.pt", every=0.0)
    with stopped(Stack, 4):
        fit_videos(open_videos(disc_folder, "disc", run=run, **changed), tmp_path / "b")
    assert list((tmp_path / "job").rglob("*.pt"))
    fit_videos(open_videos(disc_folder, "disc", run=run, **changed), tmp_path / "b")
    assert files_of(tmp_path / "b") == files_of(tmp_path / "whole")
    assert list((tmp_path / "job").iterdir()) == []


def test_one_representation_for_all_frames_and_times_between(disc_folder, tmp_path, caplog):
    points = {"strokes": 300, "random": 300}
    job = open_videos(disc_folder, "disc", noise=0.2, points=points, **IN_TIME)
    with caplog.at_level(logging.WARNING):
        fits = fit_videos(job, tmp_path / "c")
    assert fits.names == ["disc"]
    assert len(fits.metadata["noisy"][str(SEED)]["disc"]) == 1
    representation = fits.representation("disc")
    assert representation.dim == 3
    assert len(representation.flow.passing) == 18
    whole = load_video(job, ("disc", SEED))
    clean = dataclasses.replace(whole, unaries=_clean(job, "disc"))
    assert agreement(representation, clean) > 0.6


# Frames of noise


@pytest.mark.parametrize(("share", "count"), [(0, 0), (0.1, 2), (0.2, 4), (0.6, 11)])
def test_the_share_of_frames_is_rounded(share, count):
    assert len(noisy_frames(19, share, seed=42, name="cars3")) == count


def test_the_first_and_the_last_frame_are_never_noise():
    for seed in range(20):
        frames = noisy_frames(10, 0.8, seed=seed, name="v")
        assert frames == list(range(1, 9))


def test_a_smaller_share_is_part_of_a_larger_one_and_seeds_differ():
    less, more = (set(noisy_frames(19, share, seed=1, name="v")) for share in (0.2, 0.5))
    assert less < more
    assert less != set(noisy_frames(19, 0.2, seed=2, name="v"))
    assert less != set(noisy_frames(19, 0.2, seed=1, name="w"))


@pytest.mark.parametrize("frames", [1, 2, 3, 10])
def test_more_noise_than_frames_between_is_refused(frames):
    with pytest.raises(UserError, match="lower it"):
        noisy_frames(frames, 1.0, seed=0, name="v")


def test_a_negative_share_is_refused():
    with pytest.raises(UserError, match=r"noise is -0\.3: give a share"):
        noisy_frames(10, -0.3, seed=0, name="v")


def test_only_the_named_frames_are_replaced_and_the_rest_is_untouched():
    noisy, again = np.full((2, 5, 40, 50), 0.25, np.float32)
    replace_with_noise_(noisy, [1, 3], seed=0, name="v")
    assert (noisy[[0, 2, 4]] == 0.25).all()
    for frame in noisy[[1, 3]]:
        assert frame.min() == 0.0
        assert frame.max() == 1.0
        # Normal noise of deviation 1 about 0.5, cut at 0 and 1: a third at each end.
        assert (frame == 0).mean() == pytest.approx(0.3085, abs=0.04)
        assert frame.mean() == pytest.approx(0.5, abs=0.03)
    assert not np.array_equal(noisy[1], noisy[3])
    replace_with_noise_(again, [1, 3], seed=0, name="v")
    assert np.array_equal(noisy, again)
