"""What is known of a frame, carried along the flow to the frames before and after."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from isr.data.weak_labels.background import misfit
from isr.data.weak_labels.flow import Flow, Grey, flow_between, warp

# float32 (h, w, 4): how often a place was seen as the foreground, as another moving object, as
# background, and to move without it being clear what moves.
Votes = NDArray[np.float32]

# A vote of 35 frames away counts half.
_KEPT = 0.98
# The sum of the votes of endlessly many frames.
LARGEST = 1 / (1 - _KEPT)
# Grey levels by which the pictures may differ along the flow: a few times the noise of a camera.
_DIFFERENCE = 10.0
# The way there and back may miss its start by about a pixel.
_MISS = 1.0


def carry(votes: Votes, flow: Flow, difference: NDArray[np.float32]) -> Votes:
    """Votes of the neighbouring frame that `flow` points into, where the flow starts.

    They fade with each frame, with the pixels by which the way there and back misses its start,
    and with the pictures' difference along the way.

    Args:
        votes: of the neighbouring frame.
        flow: from this frame to the neighbouring one.
        difference: float32 (h, w), grey levels.
    """
    miss = np.minimum(flow.error / _MISS, 10) ** 2 + (difference / _DIFFERENCE) ** 2
    trust = np.where(flow.valid, _KEPT * np.exp(-miss), 0)
    return (warp(votes, flow.vectors) * trust[..., None]).astype(np.float32)


def accumulate(frames: Iterable[tuple[Grey, Votes]]) -> Iterator[Votes]:
    """Votes carried into each frame from all those given before it; its own are left out.

    Args:
        frames: grey uint8 (h, w) and votes of each frame, forwards or backwards in time.
    """
    last: Grey | None = None
    total: Votes | None = None
    for grey, own in frames:
        carried = np.zeros_like(own)
        if last is not None and total is not None:
            flow = flow_between(grey, last)[0]
            carried = carry(total, flow, misfit(grey, last, flow.vectors))
        yield carried
        last, total = grey, carried + own
