"""What is seen to move against the background in each frame, over several distances in time.

Motion is dense flow between two frames, as far as it can be believed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Every video is looked at with this long side, so that a length in pixels is a share of the picture
# and a small video's flow is found below its own pixels.
WORKING_SIDE = 480
# DIS cannot take less.
SHORTEST_SIDE = 16
# The way there and back of a visible point misses its start by at most so much, in squared pixels
# and as a share of the squared lengths (Sundaram, Brox & Keutzer, ECCV 2010, eq. 5).
_CLOSED, _CLOSED_SHARE = 0.5, 0.01

# Points of the fit: on a lattice, of textured places alone.
_LATTICE = 6
_FEWEST_POINTS = 20
_RANSAC_PIXELS = 1.0
# Half a per cent of the long side is motion in any case; less has to stand out of the noise.
_SMALLEST_MOTION = 1.2
_NOISE_MULTIPLE = 4.0
# Follows the background: less than half the smallest motion.
_STILL = 2.0
_PATCH = 5
# A grey level that no picture has: outside, nothing fits.
_FAR = -255.0
# Short distances see fast motion, long ones slow motion.
DISTANCES = (1, 3, 5, 10)
# Background that the object is about to cover seems to move with it, but only in one direction of
# time: what is seen in one direction alone counts less.
_ONE_SIDED = 0.1
# At the ends of the video one direction is all there is.
_AT_THE_END = 0.5


@dataclass(frozen=True, eq=False)
class Flow:
    """Motion from one frame to another, at each pixel of the first.

    Attributes:
        vectors: float32 (h, w, 2), x and y in pixels.
        error: float32 (h, w): by how many pixels the way there and back misses its start.
        valid: bool (h, w): the way ends inside the picture and closes.
    """

    vectors: Field
    error: Field
    valid: Mask


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV with one thread while the block runs: one process, one core."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def flow_size(height: int, width: int) -> tuple[int, int]:
    """Height and width at which the flow of a video of this size is computed."""
    factor = WORKING_SIDE / max(height, width)
    return (
        max(SHORTEST_SIDE, round(height * factor)),
        max(SHORTEST_SIDE, round(width * factor)),
    )


def working_grey(frame: NDArray[np.uint8]) -> Grey:
    """A frame uint8 (h, w, 3), RGB, as grey at working size."""
    grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    height, width = flow_size(*grey.shape)
    shrinks = width < grey.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (width, height), interpolation=how), np.uint8)


def flow_between(first: Grey, second: Grey) -> tuple[Flow, Flow]:
    """Flow from `first` to `second` and back (DIS: Kroeger et al., ECCV 2016), uint8 (h, w)."""
    there, back = _dis(first, second), _dis(second, first)
    return _checked(there, back), _checked(back, there)


def _dis(first: Grey, second: Grey) -> Field:
    # OpenCV's own types forbid None, which means that there is no flow to begin with.
    method: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(method.calc(first, second, None), np.float32)


def _checked(there: Field, back: Field) -> Flow:
    returned = warp(back, there, outside=np.nan)
    error = np.linalg.norm(there + returned, axis=2)
    lengths = (there**2).sum(axis=2) + (returned**2).sum(axis=2)
    with np.errstate(invalid="ignore"):
        valid = error**2 < _CLOSED + _CLOSED_SHARE * lengths
    return Flow(there, np.nan_to_num(error, nan=np.inf).astype(np.float32), valid)


def grid(height: int, width: int) -> Field:
    """Coordinates x and y of every pixel: float32 (h, w, 2)."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x, y], axis=2).astype(np.float32)


def warp(
    values: NDArray[np.float32], vectors: Field, *, outside: float = 0, nearest: bool = False
) -> NDArray[np.float32]:
    """Values of the frame that `vectors` point into, drawn to where the vectors start."""
    x, y = np.ascontiguousarray(np.moveaxis(grid(*vectors.shape[:2]) + vectors, -1, 0))
    return np.asarray(
        cv2.remap(
            values,
            x,
            y,
            cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(outside,) * 4,
        ),
        np.float32,
    )


def textured(grey: Grey) -> Mask:
    """The half of the picture that can be followed best (Shi & Tomasi, CVPR 1994): bool (h, w)."""
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1)
    quality = cv2.cornerMinEigenVal(smooth, 7, ksize=3)
    return np.asarray(quality > np.median(quality))


def homography(flow: Flow, usable: Mask) -> NDArray[np.float64] | None:
    """The plane motion that most usable places follow, by RANSAC; None where there is none."""
    chosen = np.zeros_like(usable)
    chosen[_LATTICE // 2 :: _LATTICE, _LATTICE // 2 :: _LATTICE] = True
    chosen &= usable & flow.valid
    if chosen.sum() < _FEWEST_POINTS:
        return None
    start = grid(*usable.shape)[chosen]
    # Drawn alike in every run.
    cv2.setRNGSeed(0)
    found, _ = cv2.findHomography(
        start, start + flow.vectors[chosen], cv2.RANSAC, _RANSAC_PIXELS, maxIters=2000
    )
    return None if found is None else np.asarray(found)


def plane_vectors(matrix: NDArray[np.float64], height: int, width: int) -> Field:
    """Motion of every pixel by a homography (3, 3): float32 (h, w, 2)."""
    start = grid(height, width)
    return np.asarray(cv2.perspectiveTransform(start, matrix) - start, np.float32)


@dataclass(frozen=True, eq=False)
class Opinion:
    """What one pair of frames says about each pixel of the first.

    Attributes:
        moving: float32 (h, w) in [0, 1]: the place leaves the background's motion, and following
            it explains the second frame better than following the background.
        still: float32 (h, w) in [0, 1]: the place follows the background.
        refuted: float32 (h, w) in [0, 1]: its flow leaves the background's motion, but the
            background explains the second frame better, as around a moving object.
        unclear: float32 (h, w) in [0, 1]: it leaves the background's motion, but both explain
            the second frame alike.
        residual: float32 (h, w, 2): motion beyond the background's, 0 where the flow is not valid.
    """

    moving: Field
    still: Field
    refuted: Field
    unclear: Field
    residual: Field


def judge(first: Grey, second: Grey, flow: Flow, textured: Mask) -> Opinion | None:
    """Which pixels of `first` move against the background on the way to `second`."""
    matrix = homography(flow, textured)
    if matrix is None:
        return None
    plane = plane_vectors(matrix, *first.shape)
    residual = flow.vectors - plane
    residual[~flow.valid] = 0
    length = np.linalg.norm(residual, axis=2)
    usable = flow.valid & textured
    threshold = max(_SMALLEST_MOTION, _NOISE_MULTIPLE * float(np.median(length[usable])))
    by_flow, by_plane = misfit(first, second, flow.vectors), misfit(first, second, plane)
    # Grey levels are whole numbers: a fit below one level is no better than one.
    noise = max(1.0, float(np.median(by_flow[usable])))
    gain = (by_plane - by_flow) / noise
    leaves = np.clip(length / threshold - 1, 0, 1)
    still = np.clip(1 - _STILL * length / threshold, 0, 1) * flow.valid
    return Opinion(
        moving=(leaves * (gain > 1)).astype(np.float32),
        still=still.astype(np.float32),
        refuted=(leaves * (gain < -1)).astype(np.float32),
        unclear=(leaves * (np.abs(gain) <= 1)).astype(np.float32),
        residual=residual,
    )


def misfit(first: Grey, second: Grey, vectors: Field) -> Field:
    """Mean grey difference of small patches of `first` and where `vectors` lead: float32 (h, w)."""
    drawn = warp(second.astype(np.float32), vectors, outside=_FAR)
    return np.asarray(cv2.blur(np.abs(first - drawn), (_PATCH, _PATCH)), np.float32)


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
