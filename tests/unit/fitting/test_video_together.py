"""One UNet for several videos."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from isr.data.videos import Video, VideoFrame, frame_file, write_video
from isr.fitting.unet_training import UNetTraining
from isr.fitting.video_predictor import train_predictor
from isr.fitting.video_together import predict_together

from isr.data.problems import read_unaries
from isr.data.weak_labels.store import WeakLabels, read_labels, write_labels
from isr.fitting.labelled_video import LabelledVideo, predict_video
from isr.networks.unet import UNet
from isr.store import read_fits

CPU = torch.device("cpu")
SETTINGS = {
    "dataset": "drawn",
    "labels": "simulated",
    "predictor": "unet",
    "predictor_options": {"kind": "unet", "width": 4, "epochs": 12, "learning_rate": 0.01},
    "training": "together",
    "seed": 7,
    "protocol": "paper",
    "convention": "isotropic",
}


@pytest.fixture(scope="module")
def upright(disc_video, tmp_path_factory) -> tuple[Video, Path]:
    """The first three frames of the disc's video, on their sides."""
    folder, (video, labels) = tmp_path_factory.mktemp("upright"), disc_video
    made = write_video(
        folder / "upright",
        [VideoFrame(np.rot90(video.frame(number)).copy()) for number in range(3)],
        name="upright",
        object=1,
        source="drawn",
        licence="none",
    )
    marks = (np.rot90(read_labels(labels, number).labels).copy() for number in range(3))
    about = {"kind": "simulated", "text": "drawn", "options": {}}
    write_labels(folder / "labels", map(WeakLabels, marks), about)
    return made, folder / "labels"


@pytest.fixture(scope="module")
def made(disc_video, upright, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    pairs = (disc_video, upright)
    videos, labels = zip(*pairs, strict=True)
    predict_together(SETTINGS, videos, labels, [folder / video.name for video in videos])
    return folder


def _labelled(*pairs: tuple[Video, Path]) -> list[LabelledVideo]:
    return [LabelledVideo(*pair, scale=1.0, seed=7, device=CPU) for pair in pairs]


def _training(*pairs: tuple[Video, Path]) -> UNetTraining:
    return UNetTraining(UNet(width=2), *_labelled(*pairs), epochs=6, learning_rate=0.1)


def _epochs(training: UNetTraining) -> list[list[tuple[str, int]]]:
    """What is seen in each epoch."""
    seen: list[list[tuple[str, int]]] = [[] for _ in range(training.epochs)]
    for done in range(training.total):
        training.done = done
        epoch, number, video = training.place()
        seen[epoch].append((video.video.name, number))
    return seen


def test_an_epoch_sees_the_frames_of_all_videos_shuffled(disc_video, upright):
    epochs = _epochs(_training(disc_video, upright))
    every = [*(("disc", number) for number in range(4)), *(("upright", n) for n in range(3))]
    assert all(sorted(epoch) == every for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)
    names = ["".join(name[0] for name, _ in epoch) for epoch in epochs]
    assert any(name not in ("dddduuu", "uuudddd") for name in names)


def test_the_order_within_a_video_is_that_of_a_training_on_it_alone(disc_video, upright):
    together, alone = (_epochs(_training(*v)) for v in ((disc_video, upright), (disc_video,)))
    assert [[place for place in epoch if place[0] == "disc"] for epoch in together] == alone


def test_all_videos_share_one_network_but_for_its_batch_statistics(made):
    networks = [
        read_fits(made / name / "predictor.safetensors").predictor(name)
        for name in ("disc", "upright")
    ]
    for one, other in zip(*(network.parameters() for network in networks), strict=True):
        assert torch.equal(one, other)
    first, second = (network.down[0][1].running_mean for network in networks)
    assert not torch.equal(first, second)


def test_both_videos_are_learnt(made, disc_video, upright):
    for video, labels in (disc_video, upright):
        for number in range(3):
            unaries = read_unaries(made / video.name / "unaries" / frame_file(number))
            marks = read_labels(labels, number).labels
            assert (unaries[marks == 1] > 0.5).mean() > 0.8
            assert (unaries[marks == 255] < 0.5).mean() > 0.95


def test_what_is_stored_gives_the_stored_unaries(made, upright):
    fits = read_fits(made / "upright" / "predictor.safetensors")
    assert fits.metadata["trained_on"] == ["disc", "upright"]
    assert fits.metadata["steps"] == 12 * 7
    predicted = predict_video(fits.predictor("upright"), upright[0])
    for number, unaries in enumerate(predicted):
        stored = read_unaries(made / "upright" / "unaries" / frame_file(number))
        assert np.allclose(stored, unaries, atol=1e-5)


def test_each_video_is_told_its_own_losses(made):
    first, second = (
        pd.read_parquet(made / name / "history.parquet") for name in ("disc", "upright")
    )
    for name, history in (("disc", first), ("upright", second)):
        assert set(history.video) == {name}
        assert list(history.epoch) == list(range(12))
        assert history.value.iloc[-1] < 0.6 * history.value.iloc[0]
    assert not np.allclose(first.value, second.value)


def test_other_company_gives_other_weights(disc_video, upright):
    settings = {**SETTINGS, "predictor_options": {"width": 2, "epochs": 1}}
    alone = train_predictor(settings, *_labelled(disc_video)).network.last.weight
    together = train_predictor(settings, *_labelled(disc_video, upright)).network.last.weight
    assert not torch.equal(alone, together)
