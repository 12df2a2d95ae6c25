"""What is seen to move in each frame, over several distances in time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from isr.data.weak_labels.background import Opinion, judge, textured
from isr.data.weak_labels.flow import Field, Flow, Grey, Mask, flow_between

# Short distances see fast motion, long ones slow motion.
DISTANCES = (1, 3, 5, 10)
# Background that the object is about to cover seems to move with it, but only in one direction of
# time: what is seen in one direction alone counts less.
_ONE_SIDED = 0.1
# At the ends of the video one direction is all there is.
_AT_THE_END = 0.5


@dataclass(eq=False)
class Evidence:
    """What all pairs that a frame belongs to say about its pixels; sums over the pairs.

    Attributes:
        moving: float32 (h, w), see `Opinion`; counted where both directions of time agree.
        still: float32 (h, w).
        refuted: float32 (h, w).
        unclear: float32 (h, w).
        path: float32 (h, w, 2), sum of moving times residual motion per frame.
        pairs: how many pairs there were.
    """

    moving: Field
    still: Field
    refuted: Field
    unclear: Field
    path: Field
    pairs: int = 0

    @property
    def velocity(self) -> Field:
        """Mean motion against the background, pixels per frame: float32 (h, w, 2)."""
        return np.asarray(self.path / np.maximum(self.moving, 1e-6)[..., None], np.float32)


@dataclass(eq=False)
class _Frame:
    grey: Grey
    textured: Mask
    evidence: Evidence
    past: dict[int, Opinion] = field(default_factory=dict)


def gather(read: Callable[[int], Grey], frames: int) -> Iterator[tuple[Evidence, Flow | None]]:
    """Evidence of each frame in order, and the flow from it to the frame before.

    At most the longest distance's number of frames is held.

    Args:
        read: gives the grey frame of a number, uint8 (h, w).
        frames: how many there are.
    """
    held: dict[int, _Frame] = {}
    backward: dict[int, Flow] = {}
    for last in range(frames + max(DISTANCES)):
        if last < frames:
            held[last] = _start(read(last))
            for distance in DISTANCES:
                if last - distance >= 0:
                    flow = _compare(held[last - distance], held[last], distance)
                    if distance == 1:
                        backward[last] = flow
        done = last - max(DISTANCES)
        if done >= 0:
            frame = held.pop(done)
            for distance, opinion in frame.past.items():
                _add_motion(frame.evidence, opinion, None, distance)
            yield frame.evidence, backward.pop(done, None)


def _start(grey: Grey) -> _Frame:
    moving, still, refuted, unclear, x, y = np.zeros((6, *grey.shape), np.float32)
    evidence = Evidence(moving, still, refuted, unclear, np.stack([x, y], axis=2))
    return _Frame(grey, textured(grey), evidence)


def _compare(early: _Frame, late: _Frame, distance: int) -> Flow:
    there, back = flow_between(early.grey, late.grey)
    _add(early, late.grey, there, distance)
    _add(late, early.grey, back, -distance)
    return back


def _add(frame: _Frame, other: Grey, flow: Flow, distance: int) -> None:
    opinion = judge(frame.grey, other, flow, frame.textured)
    if opinion is None:
        return
    evidence = frame.evidence
    evidence.still += opinion.still
    evidence.refuted += opinion.refuted
    evidence.unclear += opinion.unclear
    evidence.pairs += 1
    if distance < 0:
        frame.past[-distance] = opinion
    else:
        _add_motion(evidence, frame.past.pop(distance, None), opinion, distance)


def _add_motion(
    evidence: Evidence, past: Opinion | None, future: Opinion | None, distance: int
) -> None:
    given = [(o, d) for o, d in ((past, -distance), (future, distance)) if o is not None]
    seen = [o.moving for o, _ in given]
    least, most = np.minimum.reduce(seen), np.maximum.reduce(seen)
    if len(given) == 1:
        least = _AT_THE_END * most
    weight = least if len(given) == 1 else least + _ONE_SIDED * (most - least)
    both = np.maximum(np.add.reduce(seen), 1e-6)
    mean = np.add.reduce([o.moving[..., None] * o.residual / d for o, d in given]) / both[..., None]
    evidence.moving += 2 * weight
    evidence.path += 2 * weight[..., None] * mean
