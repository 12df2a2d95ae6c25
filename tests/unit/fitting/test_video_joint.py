import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from isr.data.problems import Problem, quantise_unaries
from isr.data.videos import frame_file
from isr.errors import UserError
from isr.evaluation.certificates import all_hold, certify
from isr.fitting import video_joint
from isr.fitting.joint_training import JointTraining
from isr.fitting.labelled_video import predict_video
from isr.fitting.store import read_fits, write_fits
from isr.fitting.unet_training import settle_statistics
from isr.fitting.video_folder import VideoFolder
from isr.fitting.video_joint import JointCell, finetune
from isr.io import write_png
from isr.levels import probability
from isr.networks.initial import initialise_
from isr.objectives import multicut
from isr.predictors.unet import UNet
from isr.representations import build

CPU = torch.device("cpu")
OPTIONS = {"width": 8}
FITTED = [0, 1, 3]
SKIPPED = {"status": "skipped", "iou": None}


def _settings(**changed) -> dict:
    return {
        "study": "s",
        "cell": "c",
        "dataset": "drawn",
        "labels": "simulated",
        "predictor": "unet",
        "predictor_options": {"kind": "unet", "width": 2, "scale": 1.0},
        "constraint": "convex",
        "fit": "joint",
        "noise": 0,
        "seed": 7,
        "protocol": "paper",
        "convention": "isotropic",
        "points": 60,
        "epochs": 3,
        **changed,
    }


def _representation_state(seed: int) -> dict[str, torch.Tensor]:
    module = build("convex", **OPTIONS)
    initialise_(module, np.random.default_rng(seed))
    module.project_()
    return {f"representation.{key}": p.detach().clone() for key, p in module.named_parameters()}


@pytest.fixture(scope="module")
def start(disc_video, tmp_path_factory) -> dict[str, Path]:
    """A UNet with its unaries, and sequential fits of three of the five frames."""
    (video, labels), folder = disc_video, tmp_path_factory.mktemp("start")
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(1))
    with torch.no_grad():  # Statistics that fit the frames.
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0
        frames = video_joint.LabelledVideo(video, labels, scale=1.0, seed=0, device=CPU)
        network(frames.inputs(2))
    state = {f"predictor.{key}": value for key, value in network.state_dict().items()}
    about = {"predictor": {"kind": "unet", "channels": 4, "options": {"width": 2}}}
    write_fits(folder / "predictions/disc/predictor.safetensors", {"disc": state}, about)
    for number, unaries in enumerate(predict_video(network, video, 1.0)):
        path = folder / "predictions/disc/unaries" / frame_file(number)
        write_png(path, quantise_unaries(unaries, "disc"))
    told = {f"disc/{n:05d}": dict(SKIPPED) for n in range(5)}
    told |= {f"disc/{n:05d}": {"status": "fitted", "iou": 0.9} for n in FITTED}
    write_fits(
        folder / "part-0.safetensors",
        {f"disc/{n:05d}": _representation_state(n) for n in FITTED},
        {
            "representation": {"name": "convex", "dim": 2, "options": OPTIONS},
            "convention": "isotropic",
            "frames": told,
        },
    )
    labels_parent = folder / "labels"
    labels_parent.mkdir()
    (labels_parent / "disc").symlink_to(labels)
    return {
        "videos": video.folder.parent,
        "labels": labels_parent,
        "predictions": folder / "predictions",
        "fits": folder / "part-0.safetensors",
    }


def _cell(start, **changed) -> JointCell:
    settings = _settings(**changed)
    folder = VideoFolder(start["videos"], start["predictions"], settings)
    return JointCell(settings, folder, start["labels"], read_fits(start["fits"]), CPU)


def _tune(start, output: Path, checkpoint: Path | None = None, **changed) -> Path:
    finetune(
        _cell(start, **changed),
        ["disc"],
        output / "part-0.safetensors",
        output / "part-0.history.parquet",
        output / "part-0.predictors",
        checkpoint_path=checkpoint,
        checkpoint_every=0.0,
    )
    return output


def test_the_first_step_by_hand(start):
    """All pixels drawn: loss and gradients are those of eq. 17 over the whole picture."""
    cell = _cell(start, points=300_000)
    training = cell.training("disc")
    while training.place()[1] != 1:
        training.done += 1
    number, name = 1, "disc/00001"
    network, own = cell.predictor("disc"), cell.fits.representation(name, torch.float32)
    for module in (network, own):
        module.requires_grad_(True)
    level = network(training.video.inputs(number)).flatten(1)
    labels = multicut(level, *training.video.targets(number, 0)).sum()
    points = torch.from_numpy(cell.folder.load_frame(name).coordinates.reshape(-1, 2))
    error = (probability(own(points)) - probability(level[0])).square().mean()
    assert (error < labels).item()  # Not clipped here.
    (labels + error).backward()
    training.advance()
    values = {term: value for _, _, term, value in training.history}
    assert values == pytest.approx(
        {"multicut": float(labels.detach()), "coupling": float(error.detach())}, rel=2e-3
    )
    tuned = dict(training.network.named_parameters())
    stored = training.representations.stored(name)
    for module, after in (
        (network, tuned),
        (own, {key.removeprefix("representation."): value for key, value in stored.items()}),
    ):
        for key, before in module.named_parameters():
            clear = before.grad.abs() > 1e-3
            constrained = (before.detach() - 1e-4 * before.grad.sign()) < 0
            expected = -1e-4 * before.grad.sign()
            moved = (after[key] - before).detach()
            if "z" not in key:
                assert torch.allclose(moved[clear], expected[clear], atol=5e-6), key
            else:
                both = clear & ~constrained
                assert torch.allclose(moved[both], expected[both], atol=5e-6), key


def test_the_coupling_is_clipped_to_the_labels_loss(start, monkeypatch):
    """With labels that are met, the representation and the UNet are hardly moved by MSE(P, N)."""
    seen = []
    from isr.fitting import joint_training

    original = joint_training.softly_clipped

    def recorded(term, limit):
        clipped = original(term, limit)
        seen.append((float(term.detach()), float(limit.detach()), float(clipped.detach())))
        return clipped

    monkeypatch.setattr(joint_training, "softly_clipped", recorded)
    monkeypatch.setattr(joint_training, "multicut", lambda *given: multicut(*given) * 1e-3)
    training = _cell(start).training("disc")
    for _ in range(4):
        training.advance()
    assert len(seen) == 3  # One of the four labelled frames has no representation.
    for term, limit, clipped in seen:
        assert term > limit
        assert clipped == pytest.approx(limit)


def test_both_networks_come_closer_and_fit_the_labels_better(start, tmp_path):
    made = _tune(start, tmp_path, epochs=40, joint_learning_rate=5e-3)
    history = pd.read_parquet(made / "part-0.history.parquet")
    assert list(history.columns) == ["picture", "step", "term", "value"]
    assert set(history.picture) == {f"disc/{n:05d}" for n in range(4)}
    mean = history.groupby(["term", "step"]).value.mean()
    for term in ("multicut", "coupling"):
        assert mean[term].iloc[-3:].mean() < 0.8 * mean[term].iloc[0]


def test_names_statuses_and_the_guarantee_are_kept(start, tmp_path):
    made = _tune(start, tmp_path, joint_learning_rate=0.3)
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
    made, (video, _) = _tune(start, tmp_path), disc_video
    fits = read_fits(made / "part-0.predictors" / "disc.safetensors")
    old = read_fits(start["predictions"] / "disc/predictor.safetensors").predictor("disc")
    new = fits.predictor("disc")
    assert (old.down[0][0].weight - new.down[0][0].weight).abs().max() > 1e-5
    # Held statistics: those that it is evaluated with.
    assert torch.equal(old.down[0][1].running_mean, new.down[0][1].running_mean)
    unaries = next(predict_video(new, video, 1.0))
    problem = _cell(start).folder.load_frame("disc/00000")
    own = read_fits(made / "part-0.safetensors")
    expected = _agreement(own, "disc/00000", dataclasses.replace(problem, unaries=unaries))
    assert own.metadata["frames"]["disc/00000"]["iou"] == pytest.approx(expected, abs=1e-3)


def _agreement(fits, name: str, problem: Problem) -> float:
    level = fits.representation(name)(torch.from_numpy(problem.coordinates).double())
    found, wanted = (level <= 0).numpy(), problem.unaries >= 0.5
    return float((found & wanted).sum() / (found | wanted).sum())


def test_the_published_protocol_takes_the_statistics_of_each_picture(start):
    paper, published = _cell(start), _cell(start, protocol="published-code")
    assert not paper.training("disc").network.training
    training = published.training("disc")
    assert training.network.training
    number = training.place()[1]
    training.advance()
    held = paper.training("disc")
    held.advance()
    assert held.place() == training.place()
    assert number in (0, 1, 2, 3)
    assert training.history[0][3] != held.history[0][3]


def test_the_published_protocol_stores_settled_statistics(start, tmp_path):
    made, cell = _tune(start, tmp_path, protocol="published-code"), _cell(start)
    network = read_fits(made / "part-0.predictors" / "disc.safetensors").predictor("disc")
    found = {key: value.clone() for key, value in network.named_buffers()}
    settle_statistics(network, cell.training("disc").video)
    for key, value in network.named_buffers():
        assert torch.allclose(found[key].float(), value.float(), rtol=1e-4, atol=1e-6), key


class _StoppedError(Exception):
    """Stands for whatever ends a job early."""


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("steps", [1, 5, 11])
def test_a_stopped_tuning_ends_with_the_bits_of_one_left_alone(start, tmp_path, monkeypatch, steps):
    whole = _tune(start, tmp_path / "whole")
    checkpoint, left = tmp_path / "job" / "part-0.pt", [steps]
    advance = JointTraining.advance

    def limited(self) -> None:
        if left[0] == 0:
            raise _StoppedError
        left[0] -= 1
        advance(self)

    monkeypatch.setattr(JointTraining, "advance", limited)
    with pytest.raises(_StoppedError):
        _tune(start, tmp_path / "stopped", checkpoint)
    left[0] = 12 - steps
    stopped = _tune(start, tmp_path / "stopped", checkpoint)
    assert list(checkpoint.parent.iterdir()) == []
    assert _bytes(whole) == _bytes(stopped)


def test_a_step_that_is_not_finite_changes_nothing(start):
    training = _cell(start).training("disc")
    name = "disc/00001"
    training.representations.values[training.representations.row[name]] = torch.nan
    while training.place()[1] != 1:
        training.done += 1
    before = [p.clone() for p in training.network.parameters()]
    training.advance()
    assert training.finite[name] is False
    assert all(map(torch.equal, before, training.network.parameters()))


@pytest.mark.parametrize("module", ["network", "representations"])
def test_a_gradient_that_is_not_finite_changes_neither_network(start, module):
    """Both losses are finite; only the gradient of one parameter is not."""
    training = _cell(start).training("disc")
    while training.place()[1] != 1:
        training.done += 1
    owner = training.network if module == "network" else training.representations.module
    next(owner.parameters()).register_hook(lambda gradient: gradient * torch.nan)
    network = [p.clone() for p in training.network.parameters()]
    values = training.representations.values.clone()
    training.advance()
    assert all(map(torch.equal, network, training.network.parameters()))
    assert torch.equal(values, training.representations.values)
    assert training.finite == {"disc/00001": False}


def test_a_stored_predictor_tells_whether_its_weights_are_finite(start, tmp_path, monkeypatch):
    made = _tune(start, tmp_path / "good")
    name = Path("part-0.predictors") / "disc.safetensors"
    assert read_fits(made / name).metadata["finite"] == {"disc": True}
    stored = JointTraining.stored

    def broken(self):
        state = stored(self)
        state["predictor.last.bias"] = state["predictor.last.bias"] * torch.nan
        return state

    monkeypatch.setattr(JointTraining, "stored", broken)
    made = _tune(start, tmp_path / "bad")
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
                _tune(start, tmp_path / "stopped", path)
        other = dict(start)
        if change == "labels":
            other["labels"] = tmp_path / "labels"
            shutil.copytree(start["labels"] / "disc", other["labels"] / "disc")
            shutil.copy(
                other["labels"] / "disc" / frame_file(0), other["labels"] / "disc/00003.png"
            )
        else:
            other["fits"], fits = tmp_path / "part-0.safetensors", read_fits(start["fits"])
            states = {f"disc/{n:05d}": _representation_state(n + 1) for n in FITTED}
            write_fits(other["fits"], states, fits.metadata)
        found = _tune(other, tmp_path / f"{change} found", path)
        fresh = _tune(other, tmp_path / f"{change} fresh")
        assert _bytes(found) == _bytes(fresh)


def test_a_video_without_any_fit_is_tuned_on_its_labels_alone(start, tmp_path):
    fits = read_fits(start["fits"])
    told = {name: dict(SKIPPED) for name in fits.metadata["frames"]}
    write_fits(
        tmp_path / "empty.safetensors", {}, {**fits.metadata, "frames": told}, allow_none=True
    )
    made = _tune({**start, "fits": tmp_path / "empty.safetensors"}, tmp_path)
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
        write_fits(tmp_path / "other.safetensors", {"disc": _representation_state(0)}, metadata)
        with pytest.raises(UserError, match=message):
            _tune({**start, "fits": tmp_path / "other.safetensors"}, tmp_path)
    with pytest.raises(UserError, match="kind 'simulated', the settings say 'motion'"):
        _tune(start, tmp_path, labels="motion")
    assert [path.name for path in tmp_path.iterdir()] == ["other.safetensors"]


@pytest.mark.parametrize("broken", ["_write_predictor", "write_fits"])
def test_all_outputs_are_written_or_none(start, tmp_path, monkeypatch, broken):
    def fail(*arguments, **options) -> None:
        raise _StoppedError

    monkeypatch.setattr(video_joint, broken, fail)
    with pytest.raises(_StoppedError):
        _tune(start, tmp_path, epochs=1)
    assert list(tmp_path.iterdir()) == []


def test_fits_of_another_video_are_a_users_mistake(start, tmp_path):
    cell = _cell(start)
    fits = dataclasses.replace(cell.fits, metadata={**cell.fits.metadata, "frames": {}})
    with pytest.raises(UserError, match=r"--fits: .*disc/00000.*part that has disc"):
        dataclasses.replace(cell, fits=fits).frames("disc")
