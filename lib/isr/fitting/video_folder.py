"""The frames of videos, or whole videos, as problems to fit representations to."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.coordinates import ThirdAxis, grid_coordinates
from isr.data.problems import Problem, read_unaries, working_size
from isr.data.videos import Video, frame_file, read_video
from isr.errors import UserError
from isr.fitting.noise import noisy_frames, replace_with_noise_

LARGEST_VIDEO = 2**25
"""Pixels of all frames of a video that is fitted as a whole: at 30 bytes each, a gigabyte."""


def frame_name(video: str, frame: int) -> str:
    """Name of a frame among the fits of many videos.

    >>> frame_name("cars3", 7)
    'cars3/00007'
    """
    return f"{video}/{frame:05d}"


def time_axis(frames: int) -> ThirdAxis:
    """The third coordinate of the frames of a video: t from 0 to 1."""
    return ThirdAxis("t", np.linspace(0.0, 1.0, frames) if frames > 1 else np.zeros(1))


class VideoFolder:
    """Unpacked videos with their predictions, read frame by frame.

    Args:
        videos: folder of the videos of a data set.
        predictions: folder of the predictions of these videos.
        settings: of the cell: convention, predictor_options.scale, noise, seed.
    """

    def __init__(self, videos: Path, predictions: Path, settings: Mapping[str, Any]) -> None:
        self.videos, self.predictions, self.settings = videos, predictions, settings
        self._read: dict[str, Video] = {}

    def video(self, name: str) -> Video:
        """The video of this name."""
        if name not in self._read:
            self._read[name] = read_video(self.videos / name)
        return self._read[name]

    def frames(self, video: str) -> list[str]:
        """Names of the frames of a video."""
        return [frame_name(video, number) for number in range(self.video(video).frames)]

    @cached_property
    def scale(self) -> float:
        """Working size over original size."""
        return float(self.settings["predictor_options"].get("scale", 1.0))

    def _plane(self, video: Video) -> NDArray[np.float64]:
        original = (video.height, video.width)
        size = working_size(*original, self.scale)
        return grid_coordinates(*original, size, self.settings["convention"])

    def unaries_files(self, video: str) -> list[Path]:
        """Files of the unaries of all frames of a video."""
        folder = self.predictions / video / "unaries"
        return [folder / frame_file(number) for number in range(self.video(video).frames)]

    def _unaries(self, video: Video, number: int) -> NDArray[np.float32]:
        path = self.predictions / video.name / "unaries" / frame_file(number)
        unaries = read_unaries(path)
        expected = working_size(video.height, video.width, self.scale)
        if unaries.shape != expected:
            raise UserError(
                f"{path} has size {unaries.shape}, its frame {expected} at scale {self.scale}: "
                "predict again."
            )
        return unaries

    def load_frame(self, name: str) -> Problem:
        """The problem of one frame, in the plane."""
        video = self.video(name.rpartition("/")[0])
        unaries = self._unaries(video, int(name.rpartition("/")[2]))
        return Problem(name, self._plane(video).astype(np.float32), unaries=unaries)

    def clean_unaries(self, video: str) -> Iterator[NDArray[np.float32]]:
        """The predictor's unaries (h, w) of every frame."""
        about = self.video(video)
        return (self._unaries(about, number) for number in range(about.frames))

    def noisy_frames(self, video: str) -> list[int]:
        """Numbers of the frames whose unaries are noise."""
        share, seed = self.settings["noise"], self.settings["seed"]
        return noisy_frames(self.video(video).frames, share, seed=seed, name=video)

    def whole_size(self, video: str) -> tuple[int, int, int]:
        """Frames, height and width of a video that is to be held as a whole.

        Raises:
            UserError: it is too large.
        """
        about = self.video(video)
        size = (about.frames, *working_size(about.height, about.width, self.scale))
        if math.prod(size) > LARGEST_VIDEO:
            raise UserError(
                f"{video}: {size[0]} frames of {size[2]} x {size[1]} are too many pixels for one "
                f"fit ({LARGEST_VIDEO:,} at most): lower the scale of the predictor."
            )
        return size

    def load_video(self, video: str) -> Problem:
        """The problem of a whole video in (x, y, t), with the cell's share of frames of noise.

        Raises:
            UserError: a file is missing or of another size, or the video is too large.
        """
        # Filled in place: whatever else had the size of the video would be felt.
        size = self.whole_size(video)
        unaries = np.empty(size, np.float32)
        for number, clean in enumerate(self.clean_unaries(video)):
            unaries[number] = clean
        noisy = self.noisy_frames(video)
        replace_with_noise_(unaries, noisy, seed=self.settings["seed"], name=video)
        coordinates = np.empty((*size, 3), np.float32)
        coordinates[..., :2] = self._plane(self.video(video))
        coordinates[..., 2] = time_axis(size[0]).values[:, None, None]
        return Problem(video, coordinates, unaries=unaries)

    def files(self, videos: Sequence[str]) -> list[Path]:
        """All files that the problems of some videos are read from.

        Raises:
            UserError: unaries are missing.
        """
        unaries = [file for video in videos for file in self.unaries_files(video)]
        missing = next((file for file in unaries if not file.exists()), None)
        if missing is not None:
            raise UserError(f"{missing} does not exist: predict the video first.")
        return [*(self.video(video).file for video in videos), *unaries]
