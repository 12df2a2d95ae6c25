"""Fits of the frames of videos, one after the other, and of whole videos in time."""

import dataclasses
import json
import logging
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from disc_videos import FRAMES, HEIGHT, SETTINGS, WIDTH, disc_unaries
from isr.fitting.video import agreement, fit_frames, fit_videos, video_schedule, video_shape
from isr.fitting.video_folder import VideoFolder

from isr.data.problems import quantise_unaries
from isr.errors import UserError
from isr.fitting import checkpoint, video, video_folder
from isr.fitting.engine.long_work import Run
from isr.fitting.projection import Projection
from isr.io import write_png
from isr.store import read_fits, read_parts


class _KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def frames(open_videos, tmp_path_factory):
    root = tmp_path_factory.mktemp("fits")
    videos, settings = open_videos()
    paths = (root / "part-0.safetensors", root / "part-0.parquet")
    fit_frames(videos, ["disc", "gap"], settings, *paths)
    return read_fits(paths[0])


def test_every_frame_of_videos_side_by_side_follows_its_unaries(frames, open_videos):
    videos, _ = open_videos()
    assert frames.names[:5] == [f"disc/0000{number}" for number in range(FRAMES)]
    for name in frames.names:
        problem = videos.load_frame(name)
        found = agreement(frames.representation(name), problem)
        assert found > 0.75, name
        assert frames.metadata["frames"][name]["iou"] == pytest.approx(found, abs=0.02)


def test_frames_without_an_object_are_skipped_and_listed(frames):
    statuses = {name: about["status"] for name, about in frames.metadata["frames"].items()}
    assert statuses["gap/00000"] == statuses["gap/00002"] == "skipped"
    assert set(frames.names) == {name for name, status in statuses.items() if status != "skipped"}
    assert len(statuses) == 2 * FRAMES


def test_a_following_frame_keeps_close_to_the_one_before(frames):
    """A few steps cannot lead away from the weights that they start from."""
    key = "representation.base.network.first.weight"
    rows = dict(zip(frames.names, frames.parameters[key], strict=True))
    near = (rows["disc/00001"] - rows["disc/00000"]).abs().mean()
    far = (rows["gap/00001"] - rows["disc/00000"]).abs().mean()
    assert near < 0.2 * far


def test_stored_states_are_projected(frames):
    for name in frames.names:
        weights = frames.representation(name).constrained_weights()
        assert all((weight >= 0).all() for weight in weights.values())


def test_settings_and_both_schedules_are_stored(frames):
    assert frames.metadata["representation"]["name"] == "path_connected"
    assert [phase["optimiser"] for phase in frames.metadata["schedule"]] == [
        "adam",
        "adamax",
        "adamax",
    ]
    assert len(frames.metadata["following_schedule"]) == 2
    json.dumps(frames.metadata["frames"])


@pytest.mark.parametrize(
    ("fit", "changed"),
    [(fit_frames, {}), (fit_videos, {"fit": "spatio-temporal", "noise": 0.2})],
)
def test_a_video_without_any_foreground_is_skipped_and_said(
    open_videos, tmp_path, caplog, fit, changed
):
    videos, settings = open_videos(**changed)
    fits = _fit(fit, videos, ["nothing"], settings, tmp_path)
    assert fits.names == []
    assert "nothing: the unaries show no object" in caplog.text
    skipped = {"status": "skipped", "iou": None}
    assert fits.metadata["frames"] == dict.fromkeys(videos.frames("nothing"), skipped)
    assert fits.metadata["representation"]["name"] == "path_connected"
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == 0
    assert [part.names for part in read_parts([tmp_path / "a.safetensors"])] == [[]]


def test_a_video_in_time_is_fitted_beside_one_without_foreground(open_videos, tmp_path):
    videos, settings = open_videos(fit="spatio-temporal", steps=4)
    fits = _fit(fit_videos, videos, ["nothing", "disc"], settings, tmp_path)
    assert fits.names == ["disc"]
    told = {name: about["status"] for name, about in fits.metadata["frames"].items()}
    assert {told[name] for name in videos.frames("nothing")} == {"skipped"}
    assert {told[name] for name in videos.frames("disc")} == {"fitted"}


def test_a_fit_in_time_that_is_far_from_its_unaries_is_said(open_videos, tmp_path, caplog):
    """Steps that are far too few; which frames are noise is no fault of the fit."""
    videos, settings = open_videos(
        fit="spatio-temporal", steps=3, noise=0.2, distance="absolute", learning_rate=1e-6
    )
    fits = _fit(fit_videos, videos, ["disc"], settings, tmp_path)
    (noisy,) = fits.metadata["noisy"]["disc"]
    ious = [about["iou"] for about in fits.metadata["frames"].values()]
    assert ious.index(None) == noisy
    clean = [iou for iou in ious if iou is not None]
    assert len(clean) == FRAMES - 1
    assert np.mean(clean) < 0.5
    assert f"disc: the fit has an IoU of {np.mean(clean):.2f} alone with its unaries" in caplog.text
    assert "absolute distance loses small objects" in caplog.text


def test_a_fit_in_time_that_does_not_stay_finite_is_said(open_videos, tmp_path, caplog):
    videos, settings = open_videos(fit="spatio-temporal", steps=40, learning_rate=1e30)
    fits = _fit(fit_videos, videos, ["disc"], settings, tmp_path)
    assert fits.metadata["finite"] == {"disc": False}
    assert "disc did not stay finite" in caplog.text


def _fit(fit, videos, names, settings, folder, **options):
    paths = (folder / "a.safetensors", folder / "a.parquet")
    fit(videos, names, settings, *paths, **options)
    return read_fits(paths[0])


@pytest.mark.parametrize("fit", [fit_frames, fit_videos])
def test_missing_unaries_are_told_before_any_step(
    open_videos, disc_folder, tmp_path, monkeypatch, fit
):
    videos, settings = open_videos(fit="spatio-temporal")
    shutil.copytree(disc_folder / "predictions", tmp_path / "p")
    (tmp_path / "p" / "gap" / "unaries" / "00004.png").unlink()
    videos = VideoFolder(disc_folder / "videos", tmp_path / "p", settings)
    monkeypatch.setattr(video, "optimise", None)
    with pytest.raises(UserError, match=r"gap/unaries/00004\.png does not exist: predict"):
        _fit(fit, videos, ["disc", "gap"], settings, tmp_path)


def test_too_much_noise_for_any_video_is_told_before_any_step(open_videos, tmp_path, monkeypatch):
    videos, settings = open_videos(fit="spatio-temporal", noise=0.9)
    monkeypatch.setattr(video, "optimise", None)
    with pytest.raises(UserError, match=r"noise is 0\.9: 4 of the 5 frames of disc"):
        _fit(fit_videos, videos, ["disc"], settings, tmp_path)


def test_a_video_that_is_too_large_is_told_before_any_step(open_videos, tmp_path, monkeypatch):
    videos, settings = open_videos(fit="spatio-temporal")
    monkeypatch.setattr(video, "optimise", None)
    monkeypatch.setattr(video_folder, "LARGEST_VIDEO", FRAMES * HEIGHT * WIDTH // 4 - 1)
    with pytest.raises(UserError, match=r"^disc: 5 frames of 16 x 12 .* lower the scale"):
        _fit(fit_videos, videos, ["disc"], settings, tmp_path)
    with pytest.raises(UserError, match=r"^disc: 5 frames of 16 x 12 .* lower the scale"):
        videos.load_video("disc")
    monkeypatch.setattr(video_folder, "LARGEST_VIDEO", FRAMES * HEIGHT * WIDTH // 4)
    assert videos.load_video("disc").unaries.shape == (FRAMES, HEIGHT // 2, WIDTH // 2)


def test_a_checkpoint_of_other_unaries_is_not_used(open_videos, disc_folder, tmp_path, monkeypatch):
    _, settings = open_videos(first_steps=12, next_steps=4, points=60)
    shutil.copytree(disc_folder / "predictions", tmp_path / "p")
    videos = VideoFolder(disc_folder / "videos", tmp_path / "p", settings)
    path = tmp_path / "a.pt"
    save = checkpoint.save

    def save_and_die(*arguments) -> None:
        save(*arguments)
        raise _KilledError

    monkeypatch.setattr(checkpoint, "save", save_and_die)
    stopped = Run(checkpoint=path, every=0.0)
    with pytest.raises(_KilledError):
        _fit(fit_frames, videos, ["disc"], settings, tmp_path, run=stopped)
    monkeypatch.setattr(checkpoint, "save", save)
    other = tmp_path / "p" / "disc" / "unaries" / "00000.png"
    write_png(other, quantise_unaries(disc_unaries(3, HEIGHT // 2, WIDTH // 2), "disc"))
    found = _fit(fit_frames, videos, ["disc"], settings, tmp_path, run=Run(checkpoint=path))
    fresh = _fit(fit_frames, videos, ["disc"], settings, tmp_path)
    assert found.names == fresh.names == videos.frames("disc")
    for key, values in fresh.parameters.items():
        assert torch.equal(values, found.parameters[key]), key


def test_a_fit_in_time_starts_from_both_ends_of_the_video(open_videos, monkeypatch):
    videos, settings = open_videos(fit="spatio-temporal")
    shape = video_shape(settings)
    plan = video._plan(settings, shape, video_schedule(shape), 3)
    seen = []
    monkeypatch.setattr(Projection, "start_", lambda self, problem: seen.append(problem))
    problem = videos.load_video("disc")
    plan.task.start_(problem)
    assert np.array_equal(seen[0].unaries, problem.unaries[[0, FRAMES - 1]])
    assert np.array_equal(seen[0].coordinates, problem.coordinates[[0, FRAMES - 1]])


def test_a_killed_fit_of_frames_ends_with_the_same_bits(open_videos, frames, tmp_path, monkeypatch):
    videos, settings = open_videos()
    paths = (tmp_path / "b.safetensors", tmp_path / "b.parquet")
    run = Run(checkpoint=tmp_path / "b.pt", every=0.0)
    saves = 0
    save = checkpoint.save

    def save_and_die(*arguments) -> None:
        nonlocal saves
        save(*arguments)
        saves += 1
        if saves == 9:
            raise _KilledError

    monkeypatch.setattr(checkpoint, "save", save_and_die)
    with pytest.raises(_KilledError):
        fit_frames(videos, ["disc", "gap"], settings, *paths, run=run)
    monkeypatch.setattr(checkpoint, "save", save)
    fit_frames(videos, ["disc", "gap"], settings, *paths, run=run)
    resumed = read_fits(paths[0])
    assert resumed.metadata["frames"] == frames.metadata["frames"]
    for key, values in frames.parameters.items():
        assert torch.equal(resumed.parameters[key], values), key
    assert not run.checkpoint.exists()


def test_one_representation_for_all_frames_and_times_between(open_videos, tmp_path, caplog):
    videos, settings = open_videos(fit="spatio-temporal", noise=0.2, points=600)
    with caplog.at_level(logging.WARNING):
        fit_videos(
            videos,
            ["disc"],
            settings,
            tmp_path / "c.safetensors",
            tmp_path / "c.parquet",
        )
    fits = read_fits(tmp_path / "c.safetensors")
    assert fits.names == ["disc"]
    assert fits.metadata["noisy"] == {"disc": videos.noisy_frames("disc")}
    assert len(fits.metadata["noisy"]["disc"]) == 1
    representation = fits.representation("disc")
    assert representation.dim == 3
    assert len(representation.flow.couplings) == 18
    clean = dataclasses.replace(
        videos.load_video("disc"), unaries=np.stack(list(videos.clean_unaries("disc")))
    )
    assert agreement(representation, clean) > 0.6


def test_other_constraints_take_their_usual_schedules():
    shape = video_shape({**SETTINGS, "constraint": "unconstrained", "options": {"width": 20}})
    assert len(video_schedule(shape)) == 4
    assert shape.build(2).network is not None
