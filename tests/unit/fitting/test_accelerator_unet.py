"""Trainings of UNets on an accelerator: recorded steps are the plain ones, again and again.

Without one they can be tried on the processor: ISR_TEST_DEVICE=cpu pytest -m gpu.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from accelerator import accelerator
from joint_jobs import SEED, open_job

from isr.fitting.engine.long_work import Run
from isr.fitting.joint_frames import Before
from isr.fitting.labelled_video import KeptVideo
from isr.fitting.weak_label_training import WeakLabelTraining, settle_statistics
from isr.networks.layers import initialise_
from isr.networks.unet import UNet

pytestmark = pytest.mark.gpu

CPU, LOSSES = "cpu", "losses"
SCALES = (1.0, 0.8)
"""Of one video, seen as two of different sizes."""

States = dict[str, torch.Tensor]


@pytest.fixture(autouse=True)
def _alike_in_each_run(monkeypatch):
    for flag, value in (("allow_tf32", False), ("deterministic", True)):
        monkeypatch.setattr(torch.backends.cudnn, flag, value)


@pytest.fixture
def trained(disc_video) -> Callable[..., States]:
    """A UNet after some epochs, between which the learning rate falls, and the losses of each."""
    there = accelerator()

    def train(
        *, device: str = there, order: str = "rgb", interrupted: bool = False, **options
    ) -> States:
        network = UNet(width=4, channel_order=order)
        initialise_(network, np.random.default_rng(0))
        videos = [
            KeptVideo(*disc_video, scale=scale, seed=7, device=torch.device(device))
            for scale in SCALES
        ]
        options = {"epochs": 3, "learning_rate": 1e-3, **options}
        training = WeakLabelTraining(network, *videos, **options)
        while not training.finished:
            training.advance()
            if interrupted and training.done == 13:
                state = training.state()
                training.load_state(state)
        settle_statistics(training.network, *videos)
        losses = torch.tensor([value for *_, value in training.history], dtype=torch.float64)
        state = training.network.state_dict()
        return {key: value.cpu() for key, value in state.items()} | {LOSSES: losses}

    return train


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_recorded_steps_are_the_plain_ones(trained, order):
    """By losses: Adam makes whole steps of gradients that are nothing but rounding."""
    plain = trained(replays=False, order=order)[LOSSES]
    assert torch.allclose(plain, trained(order=order)[LOSSES], rtol=1e-4)
    faster = trained(order=order, learning_rate=2e-3)[LOSSES]
    assert not torch.allclose(plain, faster, rtol=1e-3)


def test_two_trainings_give_the_same_bits(trained):
    one, two = trained(), trained()
    for key, value in one.items():
        assert torch.equal(value, two[key]), key


def test_one_that_is_gone_on_with_ends_alike(trained):
    assert torch.allclose(trained()[LOSSES], trained(interrupted=True)[LOSSES], rtol=1e-4)


def test_losses_are_those_of_the_processor(trained):
    there, here = (trained(device=place)[LOSSES] for place in (accelerator(), CPU))
    assert torch.allclose(there, here, rtol=1e-3)
    assert here[-1] < 0.99 * here[0]


@pytest.fixture
def tuned(start) -> Callable[[str], States]:
    """A UNet and the representations of its frames after a joint training, and all losses."""

    def tune(device: str) -> States:
        job = open_job(start, Run(torch.device(device)))
        training = Before.of(job, ("disc", SEED)).training()
        while not training.finished:
            training.advance()
        assert all(training.finite.values())
        losses = torch.tensor([value for *_, value in training.history], dtype=torch.float64)
        state = training.network.state_dict() | training.representations.state()
        return {key: value.cpu() for key, value in state.items()} | {LOSSES: losses}

    return tune


def test_a_joint_training_is_that_of_the_processor_in_each_run(tuned):
    one, two, here = (tuned(device) for device in (accelerator(), accelerator(), CPU))
    for key, value in one.items():
        assert torch.equal(value, two[key]), key
    assert torch.allclose(one[LOSSES], here[LOSSES], rtol=1e-2)
