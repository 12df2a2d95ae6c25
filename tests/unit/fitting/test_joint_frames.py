"""Whole joint fits: what they store, how they go on when stopped, and what they refuse."""

import dataclasses
import shutil

import pandas as pd
import pytest
import torch
from joint_jobs import (
    ABOUT,
    FITTED,
    SEED,
    SKIPPED,
    open_job,
    opened,
    run_joint,
    write_sequential,
)
from stacks import StoppedError, files_of, limited, stopped

from isr.data.items import frame_file
from isr.data.problems import Problem
from isr.errors import UserError
from isr.evaluation.certificates import all_hold, certify
from isr.fitting import fit as fit_module
from isr.fitting import joint_frames
from isr.fitting.engine.long_work import Run
from isr.fitting.joint_frames import JointTraining
from isr.fitting.weak_label_training import settle_statistics
from isr.networks.inference import predict_video
from isr.store import FITS, HISTORY, PREDICTOR, PREDICTORS, Group, read_fits, write_fits


def _told(fits) -> dict:
    return fits.metadata["frames"][str(SEED)]


def test_both_networks_come_closer_and_fit_the_labels_better(start, tmp_path):
    made = run_joint(start, tmp_path, epochs=40, joint_learning_rate=5e-3)
    history = pd.read_parquet(made / HISTORY)
    assert list(history.columns) == ["item", "seed", "step", "term", "value"]
    assert set(history.item) == {f"disc/{n:05d}" for n in range(4)}
    mean = history.groupby(["term", "step"]).value.mean()
    for term in ("multicut", "coupling"):
        assert mean[term].iloc[-3:].mean() < 0.8 * mean[term].iloc[0]


def test_names_statuses_and_the_guarantee_are_kept(start, tmp_path):
    made = run_joint(start, tmp_path, joint_learning_rate=0.3)
    old, after = read_fits(start["fits"]), read_fits(made / FITS)
    assert after.names == old.names
    assert after.modules("disc/00000") == ABOUT
    assert after.metadata["convention"] == "isotropic"
    told = _told(after)
    assert list(told) == list(_told(old))
    assert told["disc/00002"] == SKIPPED
    assert told["disc/00004"] == SKIPPED
    assert all(0 <= told[name]["iou"] <= 1 for name in after.names)
    for name in after.names:
        representation = after.representation(name)
        assert all((w >= 0).all() for w in representation.constrained_weights().values())
        assert all_hold(certify(representation, 40, 56, seed=0))
        changed = any(
            not torch.equal(value, old.state(name, "representation")[key])
            for key, value in after.state(name, "representation").items()
        )
        assert changed


def test_the_tuned_predictor_is_stored_with_its_statistics(start, disc_video, tmp_path):
    made, (video, _) = run_joint(start, tmp_path), disc_video
    fits = read_fits(made / PREDICTORS)
    old = read_fits(start["predictions"] / PREDICTOR).predictor("disc")
    new = fits.predictor("disc")
    assert (old.down[0][0].weight - new.down[0][0].weight).abs().max() > 1e-5
    # Held statistics: those that it is evaluated with.
    assert torch.equal(old.down[0][1].running_mean, new.down[0][1].running_mean)
    unaries = next(predict_video(new, video, 1.0))
    problem = open_job(start).reader.load_frame("disc/00000", SEED)
    own = read_fits(made / FITS)
    expected = _agreement(own, "disc/00000", dataclasses.replace(problem, unaries=unaries))
    assert _told(own)["disc/00000"]["iou"] == pytest.approx(expected, abs=1e-3)


def _agreement(fits, name: str, problem: Problem) -> float:
    level = fits.representation(name)(torch.from_numpy(problem.coordinates).double())
    found, wanted = (level <= 0).numpy(), problem.unaries >= 0.5
    return float((found & wanted).sum() / (found | wanted).sum())


def test_the_published_protocol_stores_settled_statistics(start, tmp_path):
    made = run_joint(start, tmp_path / "made", protocol="published-code")
    network = read_fits(made / PREDICTORS).predictor("disc")
    found = {key: value.clone() for key, value in network.named_buffers()}
    settle_statistics(network, opened(start).training().video)
    for key, value in network.named_buffers():
        assert torch.allclose(found[key].float(), value.float(), rtol=1e-4, atol=1e-6), key


@pytest.mark.parametrize("steps", [1, 5, 11])
def test_a_stopped_tuning_ends_with_the_bits_of_one_left_alone(start, tmp_path, steps):
    whole = run_joint(start, tmp_path / "whole")
    run = Run(checkpoint=tmp_path / "job" / "part-0.pt", every=0.0)
    with stopped(JointTraining, steps):
        run_joint(start, tmp_path / "made", run)
    assert not (tmp_path / "made").exists()
    with limited(JointTraining, 12 - steps):
        run_joint(start, tmp_path / "made", run)
    assert list((tmp_path / "job").iterdir()) == []
    assert files_of(whole) == files_of(tmp_path / "made")


def test_a_checkpoint_of_other_labels_or_fits_is_not_used(start, tmp_path):
    run = Run(checkpoint=tmp_path / "job" / "part-0.pt", every=0.0)
    labels = tmp_path / "labels"
    shutil.copytree(start["labels"], labels)
    shutil.copy(labels / frame_file(0), labels / frame_file(3))
    fits = write_sequential(tmp_path / "other.safetensors", {n: n + 1 for n in FITTED})
    for change in ({"labels": labels}, {"fits": fits}):
        with stopped(JointTraining, 5):
            run_joint(start, tmp_path / "stopped", run)
        other = {**start, **change}
        found = run_joint(other, tmp_path / "found", run)
        fresh = run_joint(other, tmp_path / "fresh")
        assert files_of(found) == files_of(fresh)


def test_a_video_without_any_fit_is_tuned_on_its_labels_alone(start, tmp_path):
    fits = write_sequential(tmp_path / "empty.safetensors", {})
    made = run_joint({**start, "fits": fits}, tmp_path / "made")
    after = read_fits(made / FITS)
    assert after.names == []
    assert all(about == SKIPPED for about in _told(after).values())
    assert set(pd.read_parquet(made / HISTORY).term) == {"multicut"}
    old = read_fits(start["predictions"] / PREDICTOR).predictor("disc")
    new = read_fits(made / PREDICTORS).predictor("disc")
    assert not torch.equal(old.last.weight, new.last.weight)


def test_representations_are_those_of_the_frames_whatever_else_the_part_holds(start, tmp_path):
    """A part may hold fits of pictures too, in a group of their own."""
    fits = read_fits(start["fits"])
    states = {
        (name, SEED): {
            f"representation.{k}": v for k, v in fits.state(name, "representation").items()
        }
        for name in fits.names
    }
    other = {"representation": {"name": "star_shaped", "dim": 2, "options": {}}}
    picture = Group({("cup", SEED): {"representation.x": torch.zeros(2)}}, other)
    path = tmp_path / "both.safetensors"
    write_fits(path, [picture, Group(states, ABOUT)], fits.metadata)
    assert opened({**start, "fits": path}).about() == ABOUT["representation"]


def test_what_does_not_fit_is_told_before_any_step(start, tmp_path, monkeypatch):
    monkeypatch.setattr(joint_frames, "tune", None)
    job = open_job(start)
    for changed, message in (
        ({"sequential": []}, "--fits: the sequential fits tell nothing of disc"),
        ({"labels": {}}, "^disc: no weak labels are given"),
    ):
        with pytest.raises(UserError, match=message):
            joint_frames.fit(dataclasses.replace(job, **changed), job.keys)
    with pytest.raises(UserError, match="kind 'simulated', the settings say 'motion'"):
        run_joint(start, tmp_path / "made", labels="motion")
    assert not (tmp_path / "made").exists()


def test_all_outputs_are_written_or_none(start, tmp_path, monkeypatch):
    def fail(path, *arguments) -> None:
        if path.name == FITS:
            raise StoppedError
        write_fits(path, *arguments)

    monkeypatch.setattr(fit_module, "write_fits", fail)
    with pytest.raises(StoppedError):
        run_joint(start, tmp_path / "made", epochs=1)
    assert list(tmp_path.iterdir()) == []
