"""Joint cells of videos: sequential fits and their UNets, tuned together (section C.2, eq. 17)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from isr import representations
from isr.data.problems import Problem
from isr.errors import UserError
from isr.fitting import cells
from isr.fitting.cells import stored_metadata
from isr.fitting.digests import files_digest
from isr.fitting.frame_representations import FrameRepresentations
from isr.fitting.joint_training import JointTraining
from isr.fitting.labelled_video import LabelledVideo, check_kind, predict_video
from isr.fitting.long_work import complete
from isr.fitting.running import PLAIN_RUN, Run, code_digest
from isr.fitting.schedule import COUPLING, Phase
from isr.fitting.store import StoredFits, read_fits, versions, write_fits
from isr.fitting.unet_training import settle_statistics
from isr.fitting.video import agreement
from isr.fitting.video_folder import VideoFolder
from isr.fitting.video_predictor import MULTICUT, unet_metadata
from isr.io import atomic_folder, atomic_path
from isr.networks.unet import UNet
from isr.representations import Representation

LEARNING_RATE = 1e-4
"""Of both networks (section C.2)."""
_POINTS = 1000
_EPOCHS = 15


@dataclass
class Tuned:
    """What was found for one video.

    Attributes:
        states: of the representations, by frame.
        frames: what became of each frame, as the sequential fits told it, with the IoU now.
        finite: whether each representation's steps stayed finite.
        predictor: of the UNet, buffers included.
        history: rows (picture, epoch, term, value).
    """

    states: dict[str, dict[str, Tensor]]
    frames: dict[str, dict[str, Any]]
    finite: dict[str, bool]
    predictor: dict[str, Tensor]
    history: list[tuple[str, int, str, float]]


@dataclass(frozen=True)
class JointCell:
    """What a part of a joint cell starts from.

    Attributes:
        settings: of the cell.
        folder: videos and their stored predictions.
        labels: folder of the weak labels of these videos.
        fits: the part of the sequential cell.
    """

    settings: Mapping[str, Any]
    folder: VideoFolder
    labels: Path
    fits: StoredFits

    def check(self, videos: Sequence[str]) -> None:
        """See that everything fits together before the first step.

        Raises:
            UserError: the fits are of other videos or spatio-temporal, the labels of another kind,
                or files are missing.
        """
        about = self.fits.metadata.get("representation", {})
        if about.get("dim") != 2:
            raise UserError(
                "--fits: these are no fits of single frames: give the part of the sequential cell."
            )
        self.folder.files(videos)
        for video in videos:
            self.frames(video)
            check_kind(self.labels / video, self.settings)

    def predictor(self, video: str) -> UNet:
        """The UNet that was trained on a video."""
        path = self.folder.predictions / video / "predictor.safetensors"
        network = read_fits(path).predictor(video)
        if not isinstance(network, UNet):
            raise UserError(f"{path} holds no UNet: predict the video again.")
        return network

    def module(self) -> Representation:
        """A representation like those of the sequential cell."""
        about = self.fits.metadata["representation"]
        return representations.build(about["name"], about["dim"], **about["options"])

    def frames(self, video: str) -> dict[str, dict[str, Any]]:
        """What became of every frame of a video.

        Raises:
            UserError: the sequential fits do not have the video.
        """
        told = self.fits.metadata.get("frames", {})
        missing = [name for name in self.folder.frames(video) if name not in told]
        if missing:
            raise UserError(
                f"--fits: the sequential fits tell nothing of {missing[0]}: give the part that "
                f"has {video}, fitted to these predictions."
            )
        return {name: dict(told[name]) for name in self.folder.frames(video)}

    def states(self, video: str) -> dict[str, dict[str, Tensor]]:
        """Parameters of the frames of a video that have a representation."""
        rows = {name: row for row, name in enumerate(self.fits.names)}
        return {
            name: {key: value[rows[name]] for key, value in self.fits.parameters.items()}
            for name in self.folder.frames(video)
            if name in rows
        }

    def training(self, video: str, device: torch.device) -> JointTraining:
        """The training of a video on a device, before its first step."""
        settings, read = self.settings, self.folder.video(video)
        rate = settings.get("joint_learning_rate") or LEARNING_RATE
        frames = LabelledVideo(
            read,
            self.labels / video,
            scale=self.folder.scale,
            seed=settings["seed"],
            device=device,
        )
        return JointTraining(
            self.predictor(video),
            FrameRepresentations(
                self.module(), self.states(video), learning_rate=rate, device=device
            ),
            frames,
            self.folder,
            points=settings.get("points", _POINTS),
            epochs=settings.get("epochs", _EPOCHS),
            learning_rate=rate,
            picture_statistics=self.picture_statistics,
        )

    @property
    def picture_statistics(self) -> bool:
        """Whether a step takes the batch statistics of its picture, after the published code."""
        return bool(self.settings["protocol"] == "published-code")

    def digest(self, video: str, frames: LabelledVideo) -> str:
        """A hash of all that the training of a video is made from."""
        stored = self.folder.predictions / video / "predictor.safetensors"
        files = files_digest([stored, *self.folder.files([video])])
        state = hashlib.sha256(f"{frames.digest()}{files}".encode())
        for name, parameters in self.states(video).items():
            state.update(name.encode())
            for value in parameters.values():
                state.update(value.contiguous().numpy().tobytes())
        return state.hexdigest()


def tune(cell: JointCell, video: str, *, run: Run = PLAIN_RUN) -> Tuned:
    """Tune the UNet of a video and the representations of its frames.

    Args:
        cell: what they start from.
        video: its name.
        run: where to compute, and the checkpoint of an interrupted training, which stays.

    Raises:
        UserError: a file is missing or damaged, or the video has no foreground label.
    """
    frames = cell.frames(video)
    training = cell.training(video, run.device)
    settings = cell.settings
    complete(
        training,
        run.checkpoint,
        fingerprint=cells.fingerprint(
            settings,
            name=video,
            inputs=cell.digest(video, training.video),
            versions=versions(),
            code=code_digest(__file__),
        ),
        every=run.every,
        what=f"tune {settings['study']}/{settings['cell']}: {video}",
    )
    if cell.picture_statistics:
        settle_statistics(training.network, training.video)
    own = training.representations
    for name, problem in _tuned_unaries(cell, training, frames):
        if name in own:
            frames[name]["iou"] = agreement(own.load(name), problem)
    return Tuned(
        states={name: own.stored(name) for name in own.row},
        frames=frames,
        finite={name: training.finite.get(name, True) for name in own.row},
        predictor=training.stored(),
        history=training.history,
    )


def _tuned_unaries(
    cell: JointCell, training: JointTraining, frames: Iterable[str]
) -> Iterable[tuple[str, Problem]]:
    """The problems of all frames with the unaries of the tuned UNet."""
    video = training.video.video
    predicted = predict_video(training.network, video, cell.folder.scale)
    for name, unaries in zip(frames, predicted, strict=True):
        yield name, replace(cell.folder.load_frame(name), unaries=unaries)


def finetune(
    cell: JointCell,
    videos: Sequence[str],
    output: Path,
    history: Path,
    predictors: Path,
    *,
    run: Run = PLAIN_RUN,
) -> None:
    """Tune the videos of one part of a joint cell, one after the other, and store them.

    Args:
        cell: what they start from.
        videos: names of the videos of this part.
        output: the .safetensors file of the representations: names and metadata of the sequential
            fits.
        history: the .parquet file of the loss terms: picture, step (the epoch), term, value.
        predictors: folder to make, of VIDEO.safetensors.
        run: where to compute, and the checkpoint of interrupted trainings: one file for each video
            beside this path.

    Raises:
        UserError: a file is missing, damaged or of something else, or a video has no foreground
            label.
    """
    cell.check(videos)
    settings = cell.settings
    runs = {video: _run_of(video, run) for video in videos}
    found = {video: tune(cell, video, run=runs[video]) for video in videos}
    rate = settings.get("joint_learning_rate") or LEARNING_RATE
    schedule = (Phase(1.0, rate, {MULTICUT: 1.0, COUPLING: 1.0}),)
    metadata = stored_metadata(settings, schedule, convention=cell.fits.metadata["convention"])
    rows = [row for tuned in found.values() for row in tuned.history]
    about = {
        "representation": cell.fits.metadata["representation"],
        "frames": {name: each for tuned in found.values() for name, each in tuned.frames.items()},
        "finite": {name: each for tuned in found.values() for name, each in tuned.finite.items()},
    }
    states = {name: each for tuned in found.values() for name, each in tuned.states.items()}
    # All of them take their places together, after the last was written.
    with (
        atomic_path(output) as fits,
        atomic_path(history) as course,
        atomic_folder(predictors) as folder,
    ):
        for video, tuned in found.items():
            _write_predictor(folder / f"{video}.safetensors", cell, video, tuned, metadata)
        table = pd.DataFrame(rows, columns=["picture", "step", "term", "value"])
        table.to_parquet(course, index=False)
        write_fits(fits, states, metadata | about, allow_none=True)
    for each in runs.values():
        each.end()


def _write_predictor(
    path: Path, cell: JointCell, video: str, tuned: Tuned, metadata: Mapping[str, Any]
) -> None:
    """Store the tuned UNet of a video."""
    finite = all(bool(value.isfinite().all()) for value in tuned.predictor.values())
    about = {"predictor": unet_metadata(cell.predictor(video)), "finite": {video: finite}}
    write_fits(path, {video: tuned.predictor}, {**metadata, **about})


def _run_of(video: str, run: Run) -> Run:
    """The run of one video: its checkpoint is a file of its own beside the given one."""
    path = run.checkpoint
    own = None if path is None else path.with_name(f"{path.stem}.{video}{path.suffix}")
    return replace(run, checkpoint=own)
