import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from isr.data.videos import frame_file
from isr.fitting.unet_training import settle_statistics
from isr.fitting.video_predictor import WeakLabelTraining, predict, train_predictor

from isr.data.problems import read_unaries
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.errors import UserError
from isr.fitting import video_predictor
from isr.fitting.engine.long_work import Run, complete
from isr.fitting.labelled_video import LabelledVideo, predict_video
from isr.networks.layers import initialise_
from isr.networks.unet import UNet
from isr.store import read_fits, read_metadata

CPU = torch.device("cpu")


def _settings(seed: int = 7, **options) -> dict:
    chosen = {"kind": "unet", "width": 2, "scale": 1.0, "epochs": 3, "learning_rate": 0.02}
    return {
        "dataset": "drawn",
        "labels": "simulated",
        "predictor": "unet",
        "predictor_options": chosen | options,
        "seed": seed,
        "protocol": "paper",
        "convention": "isotropic",
    }


def _frames(disc_video, scale: float = 1.0) -> LabelledVideo:
    video, labels = disc_video
    return LabelledVideo(video, labels, scale=scale, seed=7, device=CPU)


def _training(disc_video, **options) -> WeakLabelTraining:
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(0))
    return WeakLabelTraining(network, _frames(disc_video), **options)


def test_the_object_is_learnt_from_weak_labels(disc_video, tmp_path):
    video, labels = disc_video
    settings = _settings(width=4, epochs=25, learning_rate=0.01)
    predict(settings, video, labels, tmp_path / "made")
    for number in video.annotated:
        unaries = read_unaries(tmp_path / "made" / "unaries" / frame_file(number))
        found, wanted = unaries >= 0.5, video.ground_truth(number) == 255
        assert (found & wanted).sum() / (found | wanted).sum() > 0.65
    history = pd.read_parquet(tmp_path / "made" / "history.parquet")
    assert list(history.columns) == ["video", "epoch", "term", "value"]
    assert list(history.epoch) == list(range(25))
    assert set(history.video) == {"disc"}
    assert set(history.term) == {"multicut"}
    assert history.value.iloc[-1] < 0.5 * history.value.iloc[0]


def test_what_is_stored_gives_the_stored_unaries(disc_video, tmp_path):
    video, labels = disc_video
    predict(_settings(scale=0.8), video, labels, tmp_path / "made")
    fits = read_fits(tmp_path / "made" / "predictor.safetensors")
    assert fits.names == ["disc"]
    assert fits.metadata["labels"]["kind"] == "simulated"
    predictor = fits.predictor("disc")
    assert isinstance(predictor, UNet)
    assert (predictor.width, predictor.training) == (2, False)
    for number, unaries in enumerate(predict_video(predictor, video, 0.8)):
        stored = read_unaries(tmp_path / "made" / "unaries" / frame_file(number))
        assert stored.shape == (32, 45)
        assert np.allclose(stored, unaries, atol=1e-5)
    assert len(list((tmp_path / "made" / "unaries").iterdir())) == 5


def test_the_rate_falls_after_each_third_of_the_epochs(disc_video):
    training = _training(disc_video, epochs=6, learning_rate=0.5, decay=0.1)
    rates = []
    while training.done < training.total:
        training.advance()
        rates.append(training.optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([0.5] * 8 + [0.05] * 8 + [0.005] * 8)
    assert not any(parameter.isnan().any() for parameter in training.network.parameters())


@pytest.mark.parametrize(("least", "epochs"), [(0, 3), (12, 3), (13, 4), (40, 10)])
def test_a_short_video_is_seen_more_often(disc_video, least, epochs):
    training = _training(disc_video, epochs=3, min_steps=least)
    assert (training.epochs, training.total) == (epochs, 4 * epochs)


def test_the_first_step_is_adams_on_the_weighted_cross_entropy(disc_video):
    training = _training(disc_video, learning_rate=0.01)
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(0))
    frames = _frames(disc_video)
    number = int(np.argmin(frames.places(0)))
    target, labelled = (each[0] for each in frames.targets(number, 0))
    network.train()
    level = network(frames.inputs(number)).flatten()
    objects, count = float((target * labelled).sum()), float(labelled.sum())
    heavier = round((count - objects) / max(objects, 1) / 10) + 1
    weight = torch.where(target > 0, float(heavier), 1.0) * labelled
    entropy = torch.nn.functional.softplus(torch.where(target > 0, level, -level))
    ((weight * entropy).sum() / count).backward()
    training.advance()
    for key, parameter in network.named_parameters():
        moved = dict(training.network.named_parameters())[key]
        clear = parameter.grad.abs() > 1e-4
        step = (moved - parameter)[clear]
        assert torch.allclose(step, -0.01 * parameter.grad.sign()[clear], atol=2e-4), key


def test_seeds_and_names_determine_the_weights(disc_video):
    def weights(seed: int) -> torch.Tensor:
        training = train_predictor(_settings(seed, epochs=1), _frames(disc_video))
        return training.network.last.weight

    assert torch.equal(weights(7), weights(7))
    assert not torch.equal(weights(7), weights(8))


def test_settled_statistics_are_the_means_over_all_frames(disc_video):
    training = _training(disc_video, epochs=1, learning_rate=0.05)
    while training.done < training.total:
        training.advance()
    settle_statistics(training.network, *training.videos)
    first = training.network.down[0][:1]
    seen = [first(training.videos[0].inputs(number)) for number in range(5)]
    norm = training.network.down[0][1]
    mean = torch.stack([each.mean((0, 2, 3)) for each in seen]).mean(0)
    spread = torch.stack([each.var((0, 2, 3)) for each in seen]).mean(0)
    assert torch.allclose(norm.running_mean, mean, atol=1e-5)
    assert torch.allclose(norm.running_var, spread, rtol=1e-4)
    assert norm.momentum == 0.1
    assert not training.network.training


def test_a_trained_predictor_has_settled_statistics(disc_video):
    frames = _frames(disc_video)
    trained = train_predictor(_settings(epochs=1), frames).network
    found = {key: value.clone() for key, value in trained.named_buffers()}
    assert not trained.training
    settle_statistics(trained, frames)
    for key, value in trained.named_buffers():
        assert torch.equal(found[key], value), key


def test_labels_of_another_kind_than_the_settings_say_are_refused(disc_video, tmp_path):
    video, labels = disc_video
    settings = {**_settings(), "labels": "motion"}
    with pytest.raises(UserError, match="kind 'simulated', the settings say 'motion'"):
        predict(settings, video, labels, tmp_path / "made")
    assert not (tmp_path / "made").exists()


class _StoppedError(Exception):
    """Stands for whatever ends a job early."""


def _stop_after(monkeypatch, steps: int) -> None:
    advance = WeakLabelTraining.advance

    def limited(self) -> None:
        if limited.left == 0:
            raise _StoppedError
        limited.left -= 1
        advance(self)

    limited.left = steps
    monkeypatch.setattr(WeakLabelTraining, "advance", limited)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("steps", [1, 4, 6, 11])
def test_a_stopped_training_ends_with_the_bits_of_one_left_alone(
    disc_video, tmp_path, monkeypatch, steps
):
    video, labels = disc_video
    predict(_settings(), video, labels, tmp_path / "whole")
    path = tmp_path / "job" / "checkpoint.pt"

    def run() -> None:
        run = Run(checkpoint=path, every=0.0)
        predict(_settings(), video, labels, tmp_path / "stopped", run=run)

    with monkeypatch.context() as patch:
        _stop_after(patch, steps)
        with pytest.raises(_StoppedError):
            run()
    assert path.exists()
    assert not (tmp_path / "stopped").exists()
    with monkeypatch.context() as patch:
        _stop_after(patch, 12 - steps)
        run()
    assert not path.exists()
    assert _files(tmp_path / "whole") == _files(tmp_path / "stopped")


def test_a_checkpoint_of_other_labels_is_not_used(disc_video, tmp_path, monkeypatch):
    video, labels = disc_video
    path = tmp_path / "checkpoint.pt"
    with monkeypatch.context() as patch:
        _stop_after(patch, 5)
        run = Run(checkpoint=path, every=0.0)
        with pytest.raises(_StoppedError):
            train_predictor(_settings(), _frames(disc_video), run=run)
    shutil.copytree(labels, tmp_path / "labels")
    shutil.copy(labels / frame_file(0), tmp_path / "labels" / frame_file(2))
    other = LabelledVideo(video, tmp_path / "labels", scale=1.0, seed=7, device=CPU)
    fresh = train_predictor(_settings(), other).stored()
    found = train_predictor(_settings(), other, run=Run(checkpoint=path)).stored()
    assert all(torch.equal(value, found[key]) for key, value in fresh.items())


def test_a_loss_that_is_not_finite_is_told(disc_video):
    training = _training(disc_video, epochs=5, learning_rate=1e30)
    with pytest.raises(UserError, match=r"^disc: .*not finite in epoch \d.*learning_rate"):
        complete(training, None, fingerprint="x", what="train")


def test_published_networks_are_taken_as_they_are(disc_video, tmp_path):
    video, labels = disc_video
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(3))
    torch.save({"state_dict": network.state_dict()}, tmp_path / "disc.pth")
    output = tmp_path / "made"
    predict(_settings(), video, labels, output, checkpoints=tmp_path / "disc.pth")
    predictor = read_fits(output / "predictor.safetensors").predictor("disc")
    assert predictor.channel_order == "bgr"
    for key, value in network.state_dict().items():
        assert torch.equal(value, predictor.state_dict()[key])
    assert len(pd.read_parquet(output / "history.parquet")) == 0


def _write_network(path: Path, width: int) -> None:
    network = UNet(width=width)
    initialise_(network, np.random.default_rng(3))
    torch.save({"state_dict": network.state_dict()}, path)


@pytest.mark.parametrize(
    ("file", "width", "taken", "reason"),
    [
        ("disc.pth", 2, "published", ""),
        (
            "disc.pth",
            3,
            "trained",
            "disc.pth holds 110 tensors that do not fit a UNet of this width (110 tensors)",
        ),
        ("gap.pth", 2, "trained", "networks holds no network of disc"),
        (None, 2, "trained", "networks does not exist"),
    ],
)
def test_auto_takes_the_published_network_of_a_video_or_trains_one(
    disc_video, tmp_path, file, width, taken, reason
):
    video, labels = disc_video
    if file:
        (tmp_path / "networks").mkdir()
        _write_network(tmp_path / "networks" / file, width)
    settings = _settings(weights="auto", epochs=1)
    predict(settings, video, labels, tmp_path / "made", checkpoints=tmp_path / "networks")
    about = read_metadata(tmp_path / "made" / "predictor.safetensors")
    assert about["weights"] == taken
    assert about["weights_reason"].endswith(reason)
    assert bool(about["weights_reason"]) == (taken == "trained")
    order = read_fits(tmp_path / "made" / "predictor.safetensors").predictor("disc").channel_order
    assert order == {"published": "bgr", "trained": "rgb"}[taken]


def test_a_published_network_that_is_wanted_has_to_be_there(disc_video, tmp_path):
    video, labels = disc_video
    settings = _settings(weights="published")
    with pytest.raises(UserError, match="networks does not exist: put the published networks"):
        predict(settings, video, labels, tmp_path / "made", checkpoints=tmp_path / "networks")


def test_labels_that_auto_took_are_those_that_auto_asks_for(disc_video, tmp_path):
    video, labels = disc_video
    folder = tmp_path / "labels"
    shutil.copytree(labels, folder)
    about = json.loads((folder / "about.json").read_text()) | {"wanted": "auto"}
    (folder / "about.json").write_text(json.dumps(about))
    settings = {**_settings(epochs=1), "labels": "auto"}
    predict(settings, video, folder, tmp_path / "made")
    with pytest.raises(UserError, match="kind 'simulated', the settings say 'auto'"):
        predict(settings, video, labels, tmp_path / "other")


def test_the_command_line(disc_video, tmp_path, monkeypatch, capsys):
    video, labels = disc_video
    script = str(Path(video_predictor.__file__).parents[3] / "scripts" / "predict_video.py")

    def run(labels: Path) -> int:
        arguments = {
            "settings": json.dumps(_settings(epochs=1)),
            "video": video.folder,
            "labels": labels,
            "device": "cpu",
            "checkpoint": tmp_path / "c.pt",
            "output": tmp_path / "made",
        }
        given = [text for key, value in arguments.items() for text in (f"--{key}", str(value))]
        monkeypatch.setattr(sys, "argv", [script, *given])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(script, run_name="__main__")
        return end.value.code

    assert run(labels) == 0
    assert (tmp_path / "made" / "unaries" / "00004.png").exists()
    nothing = [WeakLabels(np.zeros((40, 56), np.uint8))] * 5
    write_labels(tmp_path / "empty", nothing, {"kind": "simulated", "text": "none"})
    assert run(tmp_path / "empty") == 1
    assert capsys.readouterr().err.count("error: disc: ") == 1
