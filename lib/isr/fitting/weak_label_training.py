"""The training of a UNet on the weak labels of videos, and the unaries that it gives."""

import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isr.data.items import frame_name
from isr.data.problems import write_unaries
from isr.errors import UserError
from isr.fitting.engine.queue import History, Key, State
from isr.fitting.engine.random_numbers import generator
from isr.fitting.engine.replay import Replay
from isr.fitting.engine.sources import Batch
from isr.fitting.jobs import PredictJob, write_history
from isr.fitting.labelled_video import LabelledVideo, check_kind
from isr.networks.inference import laid_out, layout, predict_video
from isr.networks.layers import initialise_
from isr.networks.unet import MissingNetworkError, UNet, read_published
from isr.objectives import multicut
from isr.predictors.unet import UNet as UNetKind
from isr.store import HISTORY, PREDICTOR, UNARIES, Group, read_fits, write_fits

_log = logging.getLogger(__name__)

MULTICUT = "multicut"
"""Name of L_multicut in histories."""
TRAINED, PUBLISHED = "trained", "published"
_STAGES = 3
"""The learning rate falls twice, after each third: every 5 of the paper's 15 epochs."""


class UNetTraining:
    """A UNet and its Adam optimiser on the labelled frames of one or more videos.

    Attributes:
        done: steps taken.
        history: rows (name, seed, epoch, term, value).

    Args:
        network: with the weights to start from; it is changed.
        videos: frames and labels, all on one device; the frames of all are shuffled together.
        epochs: times that every labelled frame is seen.
        learning_rate: at the beginning.
        recordable: whether an accelerator can record the optimiser's step.
    """

    def __init__(
        self,
        network: UNet,
        *videos: LabelledVideo,
        epochs: int,
        learning_rate: float,
        recordable: bool = False,
    ) -> None:
        self.device = videos[0].device
        self.network = network.to(self.device).requires_grad_(True).train()
        laid_out(self.network)
        self.videos, self.epochs, self.learning_rate = videos, epochs, learning_rate
        # PyTorch has such an optimiser on accelerators alone; its rate lies there too.
        recordable = recordable and self.device.type == "cuda"
        self._rate = torch.tensor(learning_rate, device=self.device) if recordable else None
        self.optimiser = torch.optim.Adam(
            self.network.parameters(),
            learning_rate if self._rate is None else self._rate,
            capturable=recordable,
        )
        self.done = 0
        self.history: History = []

    @cached_property
    def frames(self) -> list[tuple[LabelledVideo, int]]:
        """All labelled frames, each with its video."""
        return [(video, number) for video in self.videos for number in video.labelled_frames]

    @property
    def total(self) -> int:
        """Number of steps."""
        return self.epochs * len(self.frames)

    @property
    def finished(self) -> bool:
        """Whether all steps are taken."""
        return self.done == self.total

    @property
    def progress(self) -> str:
        """Nothing but the steps."""
        return ""

    def place(self) -> tuple[int, int, LabelledVideo]:
        """Epoch, frame and video of the next step: an epoch sees all frames in a drawn order."""
        epoch, position = divmod(self.done, len(self.frames))
        drawn = np.concatenate([video.places(epoch) for video in self.videos])
        video, number = self.frames[np.argsort(drawn, kind="stable")[position]]
        return epoch, number, video

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the steps to come."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate if self._rate is None else self._rate.fill_(rate)

    def state(self) -> dict[str, Any]:
        """Everything that a resumed training needs, as tensors and plain data."""
        return {
            "done": self.done,
            "history": self.history,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """Go on where a training of the same videos and settings was when `state` was made."""
        self.done, self.history = state["done"], list(state["history"])
        self.network.load_state_dict(state["network"])
        # How it steps is a matter of this device, not of that where the state was made.
        own = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({**state["optimiser"], "param_groups": own})
        self.set_rate(self.learning_rate)


class WeakLabelTraining(UNetTraining):
    """Training of a UNet on the weak labels of one or more videos, after the published code.

    Adam, one picture a step; the learning rate falls to `decay` of itself after each third of the
    epochs. Short videos are seen more often: until there are `min_steps` steps.

    Args:
        network: with its initial weights.
        videos: frames and labels.
        epochs: times that every labelled frame is seen, at least.
        learning_rate: at the beginning.
        decay: factor of the learning rate.
        min_steps: least number of steps; 0 keeps to the epochs, as the paper does.
        replays: whether steps are recorded and replayed, those of each size of frames; None for on
            accelerators. On a processor it gives the same numbers.
    """

    def __init__(
        self,
        network: UNet,
        *videos: LabelledVideo,
        epochs: int = 15,
        learning_rate: float = 0.01,
        decay: float = 0.1,
        min_steps: int = 0,
        replays: bool | None = None,
    ) -> None:
        needed = math.ceil(min_steps / sum(len(video.labelled_frames) for video in videos))
        super().__init__(
            network,
            *videos,
            epochs=max(epochs, needed),
            learning_rate=learning_rate,
            recordable=True,
        )
        self.decay = decay
        self.sums = torch.zeros(len(videos), device=self.device)
        self._replays = self.device.type == "cuda" if replays is None else replays
        self._recorded: dict[torch.Size, Replay] = {}

    def advance(self) -> None:
        """Take one step, on one frame.

        Raises:
            UserError: at the end of an epoch, if the loss did not stay finite.
        """
        epoch, number, video = self.place()
        self.set_rate(self.learning_rate * self.decay ** (_STAGES * epoch // self.epochs))
        target, labelled = video.targets(number, epoch)
        batch = {"inputs": video.inputs(number), "target": target, "labelled": labelled}
        self.sums[self.videos.index(video)] += self._replayed(batch)
        self.done += 1
        if self.done % len(self.frames) == 0:
            self._end_epoch(epoch)

    def _replayed(self, batch: Batch) -> Tensor:
        """Take a step on a frame, a recorded one if steps are; its loss ()."""
        if not self._replays:
            return self._step(batch)
        block = {key: value.unsqueeze(0) for key, value in batch.items()}
        size = batch["inputs"].shape
        if size not in self._recorded:
            self._recorded[size] = Replay(self._step, {}, block, 1)
        self._recorded[size].load({}, block)
        return self._recorded[size].run(1)[0]

    def _step(self, batch: Batch) -> Tensor:
        """Adam's step on the weighted cross entropy of a frame; the loss ()."""
        inputs = batch["inputs"].contiguous(memory_format=layout(self.device))
        level = self.network(inputs).flatten(1)
        loss = multicut(level, batch["target"], batch["labelled"]).sum()
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        with warnings.catch_warnings():
            # Before one is recorded, some steps run as they are.
            warnings.filterwarnings("ignore", message=".*capturable=True")
            self.optimiser.step()
        return loss.detach()

    def _end_epoch(self, epoch: int) -> None:
        for video, total in zip(self.videos, self.sums.tolist(), strict=True):
            name, mean = video.video.name, total / len(video.labelled_frames)
            if not math.isfinite(mean):
                raise UserError(
                    f"{name}: the loss of the predictor is not finite in epoch {epoch}: choose a "
                    "smaller learning_rate in its options."
                )
            self.history.append((name, video.seed, epoch, MULTICUT, mean))
        self.sums.zero_()

    def state(self) -> dict[str, Any]:
        """As of every training, with the running sums of the epoch's losses."""
        return super().state() | {"sums": self.sums}

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """As of every training."""
        super().load_state(state)
        self.sums = state["sums"].to(self.device)
        self._recorded.clear()  # They step another optimiser's state.


@torch.no_grad()
def settle_statistics(network: UNet, *videos: LabelledVideo) -> None:
    """Take the batch statistics of evaluation from every frame of some videos alike.

    The running averages of a training with batches of one picture follow the last few pictures,
    and the weights as they were: after few steps they fit neither. Here each layer gets the plain
    mean over all frames of what it sees with the final weights.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # The cumulative mean.
    network.train()
    for video in videos:
        for number in range(len(video.video)):
            network(video.inputs(number))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()


def train(job: PredictJob, *videos: LabelledVideo) -> WeakLabelTraining:
    """Train the UNet of one or more videos to its end; its statistics are settled over all.

    Raises:
        UserError: there is no foreground label, or the loss did not stay finite.
    """
    kind, seed = _kind(job), videos[0].seed
    name = "+".join(video.video.name for video in videos)
    network = UNet(**kind.options())
    initialise_(network, generator(seed, name, "initial predictor"))
    training = WeakLabelTraining(
        network,
        *videos,
        epochs=kind.epochs,
        learning_rate=kind.learning_rate,
        decay=kind.decay,
        min_steps=kind.min_steps,
    )
    checkpoint = f"{name}-{seed}" if len(videos) == 1 else f"together-{seed}"
    what, inputs = f"{job.what}: {name}, seed {seed}", "".join(v.digest() for v in videos)
    job.complete(training, checkpoint, what, name=name, seed=seed, inputs=inputs)
    settle_statistics(training.network, *videos)
    return training


def _kind(job: PredictJob) -> UNetKind:
    assert isinstance(job.predictor, UNetKind)
    return job.predictor


def predict(job: PredictJob, folder: Path) -> None:
    """Train the UNet of each video, or one of all together, or take published ones.

    Of one that is trained on all, each video gets a copy, whose batch statistics are those of the
    video: over all videos together they fit none. With weights `auto` a network is trained where
    there is no published one of a video; the metadata say under `origins` which it is, and why.

    Raises:
        UserError: a file is missing or does not fit, the labels are of another kind or size than
            the settings and the videos say, or the training failed.
    """
    told = {name: check_kind(path, job.settings["labels"]) for name, path in job.labels.items()}
    states: dict[Key, State] = {}
    origins: dict[str, dict[str, Any]] = {}
    history: History = []
    about: Mapping[str, Any] = {}
    for names, seed in job.shares():
        videos = [LabelledVideo.of(job, name, seed) for name in names]
        network, origin, own_history = _network(job, videos)
        history += own_history
        about = {"predictor": unet_metadata(network)}
        for name, video in zip(names, videos, strict=True):
            if len(videos) > 1:
                settle_statistics(network, video)
            states[name, seed] = stored_network(network)
            origins.setdefault(str(seed), {})[name] = {"labels": told[name], **origin}
    finite = [[*key, True] for key in states]
    metadata = job.metadata(origins=origins, finite=finite)
    write_fits(folder / PREDICTOR, [Group(states, about)], metadata)
    write_history(folder / HISTORY, history)
    _write_unaries(job, list(states), folder)


def _network(
    job: PredictJob, videos: Sequence[LabelledVideo]
) -> tuple[UNet, dict[str, Any], History]:
    """The network of some videos, where it comes from, and the course of its training."""
    names = [video.video.name for video in videos]
    published, reason = _published(_kind(job), names[0], job.checkpoints)
    if published is not None:
        origin = {"weights": PUBLISHED, "weights_reason": reason, "steps": 0, "trained_on": []}
        return published.to(job.run.device), origin, []
    done = train(job, *videos)
    origin = {"weights": TRAINED, "weights_reason": reason}
    return done.network, {**origin, "steps": done.total, "trained_on": names}, done.history


def _write_unaries(job: PredictJob, keys: Sequence[Key], folder: Path) -> None:
    """Write what the stored networks say of every frame of their videos."""
    stored = read_fits(folder / PREDICTOR)
    for name, seed in keys:
        own = stored.of_seed(seed).predictor(name).to(job.run.device)
        for number, unaries in enumerate(predict_video(own, job.items[name], job.predictor.scale)):
            write_unaries(folder / UNARIES / str(seed), frame_name(name, number), unaries)


def _published(kind: UNetKind, name: str, checkpoints: Path | None) -> tuple[UNet | None, str]:
    """The published network of a video if it is wanted and can be had; else maybe why not."""
    if kind.weights == TRAINED:
        return None, ""
    if checkpoints is None:
        return None, "the data set names no published networks" if kind.weights == "auto" else ""
    try:
        return read_published(checkpoints, name, **kind.options()), ""
    except MissingNetworkError as error:
        if kind.weights != "auto":
            raise
        reason = error.reason
    _log.info("%s: a network is trained: %s", name, reason)
    return None, reason


def stored_network(network: UNet) -> State:
    """Parameters and buffers under the names of stored fits: copies on the CPU."""
    state = network.state_dict()
    return {f"predictor.{key}": value.detach().cpu().clone() for key, value in state.items()}


def unet_metadata(network: UNet) -> dict[str, Any]:
    """How a stored UNet is built again."""
    options = {"width": network.width, "channel_order": network.channel_order}
    return {"kind": "unet", "channels": network.channels, "options": options}
