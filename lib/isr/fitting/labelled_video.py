"""Videos with weak labels, as a UNet is trained on them."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
from isr.fitting.engine.random_numbers import key_tensor, stream_key, tensor_uniforms, uniforms
from isr.fitting.jobs import Job
from isr.networks.inference import frame_tensor

_FLIPS = "flips"
"""Name of the random numbers that exchange labels."""
_MOST_THREADS = 16


def check_kind(labels: Path, wanted: str | None) -> dict[str, Any]:
    """What is known of some labels, which have to be of the `wanted` kind, that of the settings.

    Raises:
        UserError: there are no labels, or they are of another kind.
    """
    about = label_kind(labels)
    if wanted not in (about["kind"], about.get("wanted")):
        raise UserError(
            f"{labels} holds labels of the kind {about['kind']!r}, the settings say "
            f"{wanted!r}: give the folder of those."
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

    @classmethod
    def of(cls, job: Job, name: str, seed: int) -> "LabelledVideo":
        """The labelled video of this name of a job; beside an accelerator, one that is kept."""
        scale, device = job.predictor.scale, job.run.device
        kind = cls if device.type == "cpu" else KeptVideo
        return kind(job.items[name], job.labels[name], scale=scale, seed=seed, device=device)

    def _read(self, number: int) -> WeakLabels:
        return read_labels(self.labels, number, self.size, frame_size=self.video.size)

    def _classes(self, number: int) -> set[int]:
        """Which labels a frame has, 0 for none among them."""
        return set(np.unique(self._read(number).labels).tolist())

    @cached_property
    def labelled_frames(self) -> list[int]:
        """Numbers of the frames that have any label.

        Raises:
            UserError: no frame has a foreground label, or none a background label.
        """
        found = {number: self._classes(number) for number in range(len(self.video))}
        for label, word in ((FOREGROUND, "foreground"), (BACKGROUND, "background")):
            if not any(label in values for values in found.values()):
                raise UserError(
                    f"{self.video.name}: the weak labels in {self.labels} mark no {word} in any "
                    f"frame at scale {self.scale}: choose other labels or leave the video out."
                )
        return [number for number, values in found.items() if {FOREGROUND, BACKGROUND} & values]

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
            count = int(doubtful.sum())
            stream = (self.seed, frame_name(self.video.name, number), _FLIPS)
            drawn = uniforms(*stream, first_step=epoch, steps=1, count=count)[0]
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


@dataclass(frozen=True)
class _KeptFrame:
    """A frame and its labels on a device.

    Attributes:
        inputs: (1, 4, h, w).
        target: (h w,) whether a label is foreground; boolean.
        labelled: (h w,) whether there is one; boolean.
        doubtful: (m,) which labels may be wrong.
        flip: (m,) how probably they are.
        key: (1, 2) of the random numbers that exchange them.
        classes: which labels there are.
    """

    inputs: Tensor
    target: Tensor
    labelled: Tensor
    doubtful: Tensor
    flip: Tensor
    key: Tensor
    classes: set[int]


class KeptVideo(LabelledVideo):
    """A labelled video whose frames stay on the device: they are read once, in threads.

    Doubtful labels are exchanged there too, so that a training waits for nothing; inputs and
    targets are those of a `LabelledVideo`.
    """

    @cached_property
    def _frames(self) -> list[_KeptFrame]:
        threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)))
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self._kept, range(len(self.video))))

    def _kept(self, number: int) -> _KeptFrame:
        read = self._read(number)
        labels = read.labels.ravel()
        flip = np.zeros(labels.shape) if read.flip is None else read.flip.ravel()
        doubtful = np.flatnonzero(flip > 0)
        key = key_tensor([stream_key(self.seed, frame_name(self.video.name, number), _FLIPS)])

        def there(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(array).to(self.device)

        return _KeptFrame(
            inputs=frame_tensor(self.video, number, self.scale, self.device),
            target=there(labels == FOREGROUND),
            labelled=there(labels != 0),
            doubtful=there(doubtful),
            flip=there(flip[doubtful].astype(np.float64)),
            key=key.to(self.device),
            classes=set(np.unique(labels).tolist()),
        )

    def _classes(self, number: int) -> set[int]:
        return self._frames[number].classes

    def inputs(self, number: int) -> Tensor:
        """As of a `LabelledVideo`; not to be changed."""
        return self._frames[number].inputs

    def targets(self, number: int, epoch: int) -> tuple[Tensor, Tensor]:
        """As of a `LabelledVideo`."""
        frame = self._frames[number]
        target, count = frame.target, len(frame.doubtful)
        if count:
            drawn = tensor_uniforms(frame.key, [epoch], 1, count)[0, 0]
            exchanged = target[frame.doubtful] ^ (drawn < frame.flip)
            target = target.index_copy(0, frame.doubtful, exchanged)
        rows = (target & frame.labelled, frame.labelled)
        both = tuple(row.to(torch.float32).unsqueeze(0) for row in rows)
        return both[0], both[1]
