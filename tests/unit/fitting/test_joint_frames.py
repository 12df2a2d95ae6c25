"""Whole joint fits: what they store, how they go on when stopped, and what they refuse."""

import dataclasses
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from isr.data.videos import frame_file
from isr.fitting.joint_training import JointTraining
from isr.fitting.unet_training import settle_statistics
from joint_cells import CPU, FITTED, SKIPPED, open_cell, representation_state, run_finetune

from isr.data.problems import Problem
from isr.errors import UserError
from isr.evaluation.certificates import all_hold, certify
from isr.fitting import video_joint
from isr.fitting.labelled_video import predict_video
from isr.store import read_fits, write_fits


def test_both_networks_come_closer_and_fit_the_labels_better(start, tmp_path):
    made = run_finetune(start, tmp_path, epochs=40, joint_learning_rate=5e-3)
    history = pd.read_parquet(made / "part-0.history.parquet")
    assert list(history.columns) == ["picture", "step", "term", "value"]
    assert set(history.picture) == {f"disc/{n:05d}" for n in range(4)}
    mean = history.groupby(["term", "step"]).value.mean()
    for term in ("multicut", "coupling"):
        assert mean[term].iloc[-3:].mean() < 0.8 * mean[term].iloc[0]


def test_names_statuses_and_the_guarantee_are_kept(start, tmp_path):
    made = run_finetune(start, tmp_path, joint_learning_rate=0.3)
    before, after = read_fits(start["fits"]), read_fits(made / "part-0.safetensors")
    assert after.names == before.names
    assert after.metadata["representation"] == before.metadata["representation"]
    assert after.metadata["convention"] == "isotropic"
    told = after.metadata["frames"]
    assert list(told) == list(before.metadata["frames"])
    assert told["disc/00002"] == SKIPPED
    assert told["disc/00004"] == SKIPPED
    assert all(0 <= told[name]["iou"] <= 1 for name in after.names)
    for name in after.names:
        representation = after.representation(name)
        assert all((w >= 0).all() for w in representation.constrained_weights().values())
        assert all_hold(certify(representation, 40, 56, seed=0))
        changed = any(
            not torch.equal(value, before.state(name, "representation")[key])
            for key, value in after.state(name, "representation").items()
        )
        assert changed


def test_the_tuned_predictor_is_stored_with_its_statistics(start, disc_video, tmp_path):
    made, (video, _) = run_finetune(start, tmp_path), disc_video
    fits = read_fits(made / "part-0.predictors" / "disc.safetensors")
    old = read_fits(start["predictions"] / "disc/predictor.safetensors").predictor("disc")
    new = fits.predictor("disc")
    assert (old.down[0][0].weight - new.down[0][0].weight).abs().max() > 1e-5
    # Held statistics: those that it is evaluated with.
    assert torch.equal(old.down[0][1].running_mean, new.down[0][1].running_mean)
    unaries = next(predict_video(new, video, 1.0))
    problem = open_cell(start).folder.load_frame("disc/00000")
    own = read_fits(made / "part-0.safetensors")
    expected = _agreement(own, "disc/00000", dataclasses.replace(problem, unaries=unaries))
    assert own.metadata["frames"]["disc/00000"]["iou"] == pytest.approx(expected, abs=1e-3)


def _agreement(fits, name: str, problem: Problem) -> float:
    level = fits.representation(name)(torch.from_numpy(problem.coordinates).double())
    found, wanted = (level <= 0).numpy(), problem.unaries >= 0.5
    return float((found & wanted).sum() / (found | wanted).sum())


def test_the_published_protocol_stores_settled_statistics(start, tmp_path):
    made, cell = run_finetune(start, tmp_path, protocol="published-code"), open_cell(start)
    network = read_fits(made / "part-0.predictors" / "disc.safetensors").predictor("disc")
    found = {key: value.clone() for key, value in network.named_buffers()}
    settle_statistics(network, cell.training("disc", CPU).video)
    for key, value in network.named_buffers():
        assert torch.allclose(found[key].float(), value.float(), rtol=1e-4, atol=1e-6), key


class _StoppedError(Exception):
    """Stands for whatever ends a job early."""


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("steps", [1, 5, 11])
def test_a_stopped_tuning_ends_with_the_bits_of_one_left_alone(start, tmp_path, monkeypatch, steps):
    whole = run_finetune(start, tmp_path / "whole")
    checkpoint, left = tmp_path / "job" / "part-0.pt", [steps]
    advance = JointTraining.advance

    def limited(self) -> None:
        if left[0] == 0:
            raise _StoppedError
        left[0] -= 1
        advance(self)

    monkeypatch.setattr(JointTraining, "advance", limited)
    with pytest.raises(_StoppedError):
        run_finetune(start, tmp_path / "stopped", checkpoint)
    left[0] = 12 - steps
    stopped = run_finetune(start, tmp_path / "stopped", checkpoint)
    assert list(checkpoint.parent.iterdir()) == []
    assert _bytes(whole) == _bytes(stopped)


def test_a_stored_predictor_tells_whether_its_weights_are_finite(start, tmp_path, monkeypatch):
    made = run_finetune(start, tmp_path / "good")
    name = Path("part-0.predictors") / "disc.safetensors"
    assert read_fits(made / name).metadata["finite"] == {"disc": True}
    stored = JointTraining.stored

    def broken(self):
        state = stored(self)
        state["predictor.last.bias"] = state["predictor.last.bias"] * torch.nan
        return state

    monkeypatch.setattr(JointTraining, "stored", broken)
    made = run_finetune(start, tmp_path / "bad")
    assert read_fits(made / name).metadata["finite"] == {"disc": False}


def test_a_checkpoint_of_other_labels_or_fits_is_not_used(start, tmp_path, monkeypatch):
    path, left = tmp_path / "job" / "part-0.pt", [5]
    advance = JointTraining.advance

    def limited(self) -> None:
        if left[0] == 0:
            raise _StoppedError
        left[0] -= 1
        advance(self)

    for change in ("labels", "fits"):
        left[0] = 5
        with monkeypatch.context() as patch:
            patch.setattr(JointTraining, "advance", limited)
            with pytest.raises(_StoppedError):
                run_finetune(start, tmp_path / "stopped", path)
        other = dict(start)
        if change == "labels":
            other["labels"] = tmp_path / "labels"
            shutil.copytree(start["labels"] / "disc", other["labels"] / "disc")
            shutil.copy(
                other["labels"] / "disc" / frame_file(0), other["labels"] / "disc/00003.png"
            )
        else:
            other["fits"], fits = tmp_path / "part-0.safetensors", read_fits(start["fits"])
            states = {f"disc/{n:05d}": representation_state(n + 1) for n in FITTED}
            write_fits(other["fits"], states, fits.metadata)
        found = run_finetune(other, tmp_path / f"{change} found", path)
        fresh = run_finetune(other, tmp_path / f"{change} fresh")
        assert _bytes(found) == _bytes(fresh)


def test_a_video_without_any_fit_is_tuned_on_its_labels_alone(start, tmp_path):
    fits = read_fits(start["fits"])
    told = {name: dict(SKIPPED) for name in fits.metadata["frames"]}
    write_fits(
        tmp_path / "empty.safetensors", {}, {**fits.metadata, "frames": told}, allow_none=True
    )
    made = run_finetune({**start, "fits": tmp_path / "empty.safetensors"}, tmp_path)
    after = read_fits(made / "part-0.safetensors")
    assert (after.names, after.metadata["frames"]) == ([], told)
    history = pd.read_parquet(made / "part-0.history.parquet")
    assert set(history.term) == {"multicut"}
    old = read_fits(start["predictions"] / "disc/predictor.safetensors").predictor("disc")
    new = read_fits(made / "part-0.predictors" / "disc.safetensors").predictor("disc")
    assert not torch.equal(old.last.weight, new.last.weight)


def test_what_does_not_fit_is_told_before_any_step(start, tmp_path, monkeypatch):
    monkeypatch.setattr(video_joint, "tune", None)
    fits = read_fits(start["fits"])
    about = {**fits.metadata["representation"], "dim": 3}
    for metadata, message in (
        ({**fits.metadata, "representation": about}, "--fits: these are no fits of single frames"),
        ({**fits.metadata, "frames": {}}, "--fits: .*nothing of disc/00000"),
    ):
        write_fits(tmp_path / "other.safetensors", {"disc": representation_state(0)}, metadata)
        with pytest.raises(UserError, match=message):
            run_finetune({**start, "fits": tmp_path / "other.safetensors"}, tmp_path)
    with pytest.raises(UserError, match="kind 'simulated', the settings say 'motion'"):
        run_finetune(start, tmp_path, labels="motion")
    assert [path.name for path in tmp_path.iterdir()] == ["other.safetensors"]


@pytest.mark.parametrize("broken", ["_write_predictor", "write_fits"])
def test_all_outputs_are_written_or_none(start, tmp_path, monkeypatch, broken):
    def fail(*arguments, **options) -> None:
        raise _StoppedError

    monkeypatch.setattr(video_joint, broken, fail)
    with pytest.raises(_StoppedError):
        run_finetune(start, tmp_path, epochs=1)
    assert list(tmp_path.iterdir()) == []


def test_fits_of_another_video_are_a_users_mistake(start, tmp_path):
    cell = open_cell(start)
    fits = dataclasses.replace(cell.fits, metadata={**cell.fits.metadata, "frames": {}})
    with pytest.raises(UserError, match=r"--fits: .*disc/00000.*part that has disc"):
        dataclasses.replace(cell, fits=fits).frames("disc")
