"""Frames whose unaries are replaced by noise (the paper's section C.3.4)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isr.errors import UserError
from isr.fitting.engine.random_numbers import generator


def noisy_frames(frames: int, share: float, *, seed: int, name: str) -> list[int]:
    """Numbers of the frames that become noise: never the first or the last.

    Args:
        frames: of the video.
        share: of its frames that become noise, rounded to whole frames.
        seed: of the study.
        name: of the video.

    Raises:
        UserError: the share is negative, or so many frames do not lie between the first and the
            last.
    """
    if share < 0:
        raise UserError(f"noise is {share}: give a share of the frames from 0.")
    count = round(frames * share)
    if count > max(0, frames - 2):
        raise UserError(
            f"noise is {share}: {count} of the {frames} frames of {name} cannot lie between its "
            "first and its last; lower it."
        )
    # A smaller share's frames are among those of a larger one, so that shares compare.
    order = generator(seed, name, "noisy frames").permutation(np.arange(1, max(1, frames - 1)))
    return sorted(int(number) for number in order[:count])


def replace_with_noise_(
    unaries: NDArray[np.float32], numbers: Sequence[int], *, seed: int, name: str
) -> None:
    """Replace the unaries of some frames by normal noise about 0.5 in [0, 1], in place.

    Args:
        unaries: (frames, h, w).
        numbers: of the frames to replace.
        seed: of the study.
        name: of the video.
    """
    for number in numbers:
        drawn = generator(seed, name, f"noise {number}").normal(0.5, 1.0, unaries.shape[1:])
        unaries[number] = drawn.clip(0.0, 1.0)
