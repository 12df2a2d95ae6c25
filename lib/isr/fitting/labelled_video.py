"""A video with its weak labels, as the UNet is trained on it: read frame by frame."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isr.data.items import Item, frame_file, frame_name
from isr.data.problems import working_size
from isr.data.weak_labels.store import (
    BACKGROUND,
    FOREGROUND,
    WeakLabels,
    label_kind,
    label_table,
    read_labels,
)
from isr.errors import UserError
from isr.fitting.engine.long_work import files_digest
from isr.fitting.engine.random_numbers import uniforms
from isr.networks.inference import frame_tensor


def check_kind(labels: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of some labels, which have to be of the kind that the settings name.

    Raises:
        UserError: there are no labels, or they are of another kind.
    """
    about = label_kind(labels)
    if settings["labels"] not in (about["kind"], about.get("wanted")):
        raise UserError(
            f"{labels} holds labels of the kind {about['kind']!r}, the settings say "
            f"{settings['labels']!r}: give the folder of those."
        )
    return about


class LabelledVideo:
    """Frames and weak labels of one video at its working size.

    Nothing is kept: a frame is read whenever it is asked for.

    Args:
        video: the frames.
        labels: folder of the video's weak labels.
        scale: working size over original size.
        seed: of the study; with the video's name it determines all random numbers.
        device: where tensors are made.

    Raises:
        UserError: the labels are missing, or not of as many frames as the video.
    """

    def __init__(
        self, video: Item, labels: Path, *, scale: float, seed: int, device: torch.device
    ) -> None:
        self.video, self.labels, self.scale = video, labels, scale
        self.seed, self.device = seed, device
        self.size = working_size(video.height, video.width, scale)
        rows = len(label_table(labels))
        if rows != len(video):
            raise UserError(
                f"{labels} has labels of {rows} frames, {video.name} has {len(video)}: label the "
                "video again."
            )

    def _read(self, number: int) -> WeakLabels:
        return read_labels(self.labels, number, self.size, frame_size=self.video.size)

    @cached_property
    def labelled_frames(self) -> list[int]:
        """Numbers of the frames that have any label.

        Raises:
            UserError: no frame has a foreground label, or none a background label.
        """
        found = {number: np.unique(self._read(number).labels) for number in range(len(self.video))}
        for label, word in ((FOREGROUND, "foreground"), (BACKGROUND, "background")):
            if not any(label in values for values in found.values()):
                raise UserError(
                    f"{self.video.name}: the weak labels in {self.labels} mark no {word} in any "
                    f"frame at scale {self.scale}: choose other labels or leave the video out."
                )
        return [number for number, values in found.items() if {FOREGROUND, BACKGROUND} & {*values}]

    def inputs(self, number: int) -> Tensor:
        """What the UNet sees of a frame: (1, 4, h, w)."""
        return frame_tensor(self.video, number, self.scale, self.device)

    def targets(self, number: int, epoch: int) -> tuple[Tensor, Tensor]:
        """The labels of a frame as they are seen in an epoch.

        A label that may be wrong is exchanged for the other with that probability, drawn anew in
        each epoch, after the published code.

        Returns:
            (1, h w) each: 1 where the label is foreground, 1 where there is a label.
        """
        labels = self._read(number)
        labelled, target = labels.labels != 0, labels.labels == FOREGROUND
        if labels.flip is not None:
            doubtful = labels.flip > 0
            drawn = uniforms(
                self.seed,
                frame_name(self.video.name, number),
                "flips",
                first_step=epoch,
                steps=1,
                count=int(doubtful.sum()),
            )[0]
            target[doubtful] ^= drawn < labels.flip[doubtful]
        return self._row(target & labelled), self._row(labelled)

    def _row(self, mask: NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(mask.reshape(1, -1).astype(np.float32)).to(self.device)

    def places(self, epoch: int) -> NDArray[np.float64]:
        """Where in an epoch each labelled frame comes: numbers drawn from [0, 1)."""
        count = len(self.labelled_frames)
        drawn = uniforms(
            self.seed, self.video.name, "order", first_step=epoch, steps=1, count=count
        )
        return np.asarray(drawn[0])

    def digest(self) -> str:
        """A hash of all files of the video and its labels that are read."""
        folders = (self.video.folder / "frames", self.labels, self.labels / "flip")
        names = map(frame_file, range(len(self.video)))
        files = [folder / name for name in names for folder in folders]
        return files_digest([self.labels / "about.json", *files])
