"""UNets of videos: trained on weak labels, or published, and the unaries that they give."""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import torch

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
from isr.networks.initial import initialise_
from isr.objectives import multicut
from isr.predictors.unet import UNet
from isr.predictors.unet_checkpoint import read_published

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
        videos: Sequence[LabelledVideo],
        *,
        epochs: int = 15,
        learning_rate: float = 0.01,
        decay: float = 0.1,
        min_steps: int = 0,
    ) -> None:
        needed = math.ceil(min_steps / sum(len(video.labelled_frames) for video in videos))
        super().__init__(network, videos, epochs=max(epochs, needed), learning_rate=learning_rate)
        self.decay = decay
        self.sums = torch.zeros(len(videos), device=self.device)

    def advance(self) -> None:
        """Take one step, on one frame.

        Raises:
            UserError: at the end of an epoch, if the loss did not stay finite.
        """
        epoch, video, number = self.place()
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
            name = video.video.name
            if not math.isfinite(total):
                raise UserError(
                    f"{name}: the loss of the predictor is not finite in epoch {epoch}: choose a "
                    "smaller learning_rate in its options."
                )
            self.history.append((name, epoch, MULTICUT, total / len(video.labelled_frames)))
        self.sums.zero_()

    def state(self) -> dict[str, Any]:
        """As of every training, with the running sums of the epoch's losses."""
        return super().state() | {"sums": self.sums}

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """As of every training."""
        super().load_state(state)
        self.sums = state["sums"].to(self.device)


_TRAINING = ("epochs", "learning_rate", "decay", "min_steps")
_MODULE = ("width", "channel_order")


def _chosen(options: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: options[key] for key in keys if key in options}


def train_predictor(
    settings: Mapping[str, Any], videos: Sequence[LabelledVideo], *, run: Run = PLAIN_RUN
) -> WeakLabelTraining:
    """Train the UNet of one or more videos to its end; its statistics are settled over all.

    Args:
        settings: seed, and predictor_options: width, epochs, learning_rate, decay, min_steps.
        videos: frames and labels.
        run: the checkpoint of an interrupted training, which stays; the device is that of `videos`.

    Raises:
        UserError: there is no foreground label, or the loss did not stay finite.
    """
    names, options = [video.video.name for video in videos], settings["predictor_options"]
    network = UNet(**_chosen(options, _MODULE))
    initialise_(network, generator(settings["seed"], "+".join(names), "initial predictor"))
    training = WeakLabelTraining(network, videos, **_chosen(options, _TRAINING))
    complete(
        training,
        run.checkpoint,
        fingerprint=cells.fingerprint(
            settings,
            name="+".join(names),
            inputs="".join(video.digest() for video in videos),
            versions=versions(),
            code=code_digest(__file__),
        ),
        every=run.every,
        what=f"train {settings['predictor']} on {', '.join(names)} ({settings['labels']} labels)",
    )
    settle_statistics(training.network, videos)
    return training


def predict(
    settings: Mapping[str, Any],
    videos: Sequence[Video],
    labels: Sequence[Path],
    outputs: Sequence[Path],
    *,
    checkpoints: Path | None = None,
    run: Run = PLAIN_RUN,
) -> None:
    """Train one UNet on some videos, or take the published one of each, and write their unaries.

    Writes predictor.safetensors, unaries/00000.png (16 bit, working size) and history.parquet
    (video, epoch, term, value) into a folder for each video, all of them as a whole. The network
    is the same in all, but its batch statistics are those of the folder's video.

    Args:
        settings: of the prediction.
        videos: the frames: of one video, or of all that share the network.
        labels: folder of the weak labels of each video.
        outputs: folder to make for each video.
        checkpoints: published networks, see `read_published`; None to train one.
        run: where to compute, and the checkpoint of an interrupted training.

    Raises:
        UserError: a file is missing or does not fit, the labels are of another kind or size than
            the settings and the video say, or the training failed.
    """
    about = [check_kind(each, settings) for each in labels]
    found = (
        _trained(settings, videos, labels, run)
        if checkpoints is None
        else _published(settings, videos, checkpoints, run)
    )
    with ExitStack() as stack:
        for video, told, output, (network, more, history) in zip(
            videos, about, outputs, found, strict=True
        ):
            metadata = {
                "settings": dict(settings),
                "convention": settings["convention"],
                "predictor": unet_metadata(network),
                "labels": told,
                "finite": {video.name: True},
                **more,
            }
            _write(stack.enter_context(atomic_folder(output)), video, network, metadata, history)
    run.end()


_History = list[tuple[str, int, str, float]]


def _trained(
    settings: Mapping[str, Any], videos: Sequence[Video], labels: Sequence[Path], run: Run
) -> Iterator[tuple[UNet, dict[str, Any], _History]]:
    """The trained network as it is for each video, what is told of it, and its history."""
    options = settings["predictor_options"]
    frames = [
        LabelledVideo(
            video,
            each,
            scale=options.get("scale", 1.0),
            seed=settings["seed"],
            device=run.device,
        )
        for video, each in zip(videos, labels, strict=True)
    ]
    training = train_predictor(settings, frames, run=run)
    more = {"steps": training.total, "trained_on": [video.name for video in videos]}
    for each in frames:
        if len(frames) > 1:
            settle_statistics(training.network, [each])
        own = [row for row in training.history if row[0] == each.video.name]
        yield training.network, more, own


def _published(
    settings: Mapping[str, Any], videos: Sequence[Video], checkpoints: Path, run: Run
) -> Iterator[tuple[UNet, dict[str, Any], _History]]:
    """The published network of each video, which was not trained here."""
    options = _chosen(settings["predictor_options"], _MODULE)
    for video in videos:
        network = read_published(checkpoints, video.name, **options).to(run.device)
        yield network, {"steps": 0, "trained_on": []}, []


def _write(
    folder: Path, video: Video, network: UNet, metadata: Mapping[str, Any], history: _History
) -> None:
    """Store the network of a video, and the unaries that the stored one gives."""
    path = folder / "predictor.safetensors"
    scale = metadata["settings"]["predictor_options"].get("scale", 1.0)
    state = {f"predictor.{key}": value.cpu() for key, value in network.state_dict().items()}
    write_fits(path, {video.name: state}, dict(metadata))
    stored = read_fits(path).predictor(video.name).to(next(network.parameters()).device)
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
