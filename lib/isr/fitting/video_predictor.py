"""The UNet of a video: trained on its weak labels, or published, and the unaries that it gives."""

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from isr.data.problems import quantise_unaries
from isr.data.videos import Video, frame_file
from isr.errors import UserError
from isr.fitting import cells
from isr.fitting.labelled_video import LabelledVideo, check_kind, predict_video
from isr.fitting.long_work import complete
from isr.fitting.running import PLAIN_RUN, Run, code_digest
from isr.fitting.store import read_fits, versions, write_fits
from isr.fitting.streams import generator
from isr.fitting.unet_training import UNetTraining, settle_statistics
from isr.io import atomic_folder, atomic_path, write_png
from isr.networks.layers import initialise_
from isr.networks.unet import UNet
from isr.networks.unet_checkpoint import MissingNetworkError, read_published
from isr.objectives import multicut

_log = logging.getLogger(__name__)

MULTICUT = "multicut"
"""Name of L_multicut in histories."""
_STAGES = 3
"""The learning rate falls twice, after each third: every 5 of the paper's 15 epochs."""


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
    """

    def __init__(
        self,
        network: UNet,
        *videos: LabelledVideo,
        epochs: int = 15,
        learning_rate: float = 0.01,
        decay: float = 0.1,
        min_steps: int = 0,
    ) -> None:
        needed = math.ceil(min_steps / sum(len(video.labelled_frames) for video in videos))
        super().__init__(network, *videos, epochs=max(epochs, needed), learning_rate=learning_rate)
        self.decay = decay
        self.sums = torch.zeros(len(videos), device=self.device)

    def advance(self) -> None:
        """Take one step, on one frame.

        Raises:
            UserError: at the end of an epoch, if the loss did not stay finite.
        """
        epoch, number, video = self.place()
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate * self.decay ** (_STAGES * epoch // self.epochs)
        level = self.network(video.inputs(number)).flatten(1)
        loss = multicut(level, *video.targets(number, epoch)).sum()
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.sums[self.videos.index(video)] += loss.detach()
        self.done += 1
        if self.done % len(self.frames) == 0:
            self._end_epoch(epoch)

    def _end_epoch(self, epoch: int) -> None:
        for video, total in zip(self.videos, self.sums.tolist(), strict=True):
            name, mean = video.video.name, total / len(video.labelled_frames)
            if not math.isfinite(mean):
                raise UserError(
                    f"{name}: the loss of the predictor is not finite in epoch {epoch}: choose a "
                    "smaller learning_rate in its options."
                )
            self.history.append((name, epoch, MULTICUT, mean))
        self.sums.zero_()

    def state(self) -> dict[str, Any]:
        """As of every training, with the running sums of the epoch's losses."""
        return super().state() | {"sums": self.sums}

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """As of every training."""
        super().load_state(state)
        self.sums = state["sums"].to(self.device)


TRAINED, PUBLISHED = "trained", "published"

_TRAINING = ("epochs", "learning_rate", "decay", "min_steps")
_MODULE = ("width", "channel_order")


def _chosen(options: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: options[key] for key in keys if key in options}


def train_predictor(
    settings: Mapping[str, Any], *videos: LabelledVideo, run: Run = PLAIN_RUN
) -> WeakLabelTraining:
    """Train the UNet of one or more videos to its end; its statistics are settled over all.

    Args:
        settings: seed, and predictor_options: width, epochs, learning_rate, decay, min_steps.
        videos: frames and labels.
        run: the checkpoint of an interrupted training, which stays; the device is that of `videos`.

    Raises:
        UserError: there is no foreground label, or the loss did not stay finite.
    """
    name, options = "+".join(video.video.name for video in videos), settings["predictor_options"]
    network = UNet(**_chosen(options, _MODULE))
    initialise_(network, generator(settings["seed"], name, "initial predictor"))
    training = WeakLabelTraining(network, *videos, **_chosen(options, _TRAINING))
    complete(
        training,
        run.checkpoint,
        fingerprint=cells.fingerprint(
            settings,
            name=name,
            inputs="".join(video.digest() for video in videos),
            versions=versions(),
            code=code_digest(__file__),
        ),
        every=run.every,
        what=f"train {settings['predictor']} on {name} ({settings['labels']} labels)",
    )
    settle_statistics(training.network, *videos)
    return training


def predict(
    settings: Mapping[str, Any],
    video: Video,
    labels: Path,
    output: Path,
    *,
    checkpoints: Path | None = None,
    run: Run = PLAIN_RUN,
) -> None:
    """Train the UNet of a video, or take a published one, and write its unaries.

    Writes predictor.safetensors, unaries/00000.png (16 bit, working size) and history.parquet
    (video, epoch, term, value) into `output`, as a whole.

    Args:
        settings: of the prediction.
        video: the frames.
        labels: folder of the video's weak labels.
        output: folder to make.
        checkpoints: published networks, see `read_published`; None to train one. With
            predictor_options.weights `auto` one is trained where there is none of this video; the
            metadata say as `weights` which it is, and as `weights_reason` why.
        run: where to compute, and the checkpoint of an interrupted training.

    Raises:
        UserError: a file is missing or does not fit, the labels are of another kind or size than
            the settings and the video say, or the training failed.
    """
    options, name = settings["predictor_options"], video.name
    scale, about = options.get("scale", 1.0), check_kind(labels, settings)
    published, reason = _published(options, name, checkpoints)
    history: list[tuple[str, int, str, float]] = []
    steps = 0
    if published is None:
        seed = settings["seed"]
        frames = LabelledVideo(video, labels, scale=scale, seed=seed, device=run.device)
        training = train_predictor(settings, frames, run=run)
        network, state = training.network, training.stored()
        history, steps = training.history, training.total
    else:
        network = published.to(run.device)
        state = {f"predictor.{key}": value.cpu() for key, value in network.state_dict().items()}
    metadata = {
        "settings": dict(settings),
        "convention": settings["convention"],
        "predictor": unet_metadata(network),
        "labels": about,
        "weights": TRAINED if published is None else PUBLISHED,
        "weights_reason": reason,
        "steps": steps,
        "finite": {name: True},
    }
    with atomic_folder(output) as folder:
        write_prediction(folder, video, state, metadata, history, device=run.device)
    run.end()


def _published(
    options: Mapping[str, Any], name: str, checkpoints: Path | None
) -> tuple[UNet | None, str]:
    """The published network of a video if it is wanted and can be had; else maybe why not."""
    is_auto = options.get("weights") == "auto"
    if checkpoints is None:
        return None, "the data set names no published networks" if is_auto else ""
    try:
        return read_published(checkpoints, name, **_chosen(options, _MODULE)), ""
    except MissingNetworkError as error:
        if not is_auto:
            raise
        reason = error.reason
    _log.info("%s: a network is trained: %s", name, reason)
    return None, reason


def write_prediction(
    folder: Path,
    video: Video,
    state: Mapping[str, Tensor],
    metadata: Mapping[str, Any],
    history: Sequence[tuple[str, int, str, float]],
    *,
    device: torch.device,
) -> None:
    """Store the network of a video, the unaries that the stored one gives, and its history.

    Args:
        folder: to write into.
        video: the frames.
        state: of the network, as `UNetTraining.stored` gives it.
        metadata: what is stored with it: settings, predictor (see `unet_metadata`) and so on.
        history: rows (video, epoch, term, value).
        device: where to compute.
    """
    path = folder / "predictor.safetensors"
    scale = metadata["settings"]["predictor_options"].get("scale", 1.0)
    write_fits(path, {video.name: dict(state)}, dict(metadata))
    stored = read_fits(path).predictor(video.name).to(device)
    for number, unaries in enumerate(predict_video(stored, video, scale)):
        quantised = quantise_unaries(unaries, f"{video.name}, frame {number}")
        write_png(folder / "unaries" / frame_file(number), quantised)
    rows = pd.DataFrame(history, columns=["video", "epoch", "term", "value"])
    with atomic_path(folder / "history.parquet") as temporary:
        rows.to_parquet(temporary, index=False)


def unet_metadata(network: UNet) -> dict[str, Any]:
    """How a stored UNet is built again."""
    options = {"width": network.width, "channel_order": network.channel_order}
    return {"kind": "unet", "channels": network.channels, "options": options}
