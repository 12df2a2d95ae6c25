"""Weak labels from motion alone: what moves against the background, linked over a whole video.

Motion is seen over several distances in time (evidence), cut into segments of each frame and linked
along the flow into objects of the video (tracks). The object with the largest area over all frames
is the foreground, all others are background or stay without a label. What was seen is then carried
along the flow through the whole video, forwards and backwards, so that an object is labelled while
it rests, too. The idea of long-term motion is that of Ochs, Malik & Brox (PAMI 2014). Ground truth
is never read.

There are no labels near the border of an object, where motion says least. Dense flow is smooth: it
is dragged over the border of what moves, on to the background that is covered or comes to light
there. Sparse trajectories end there (Ochs, Malik & Brox). Where the border lies is left to the
network, which sees the picture.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from isr.data.items import Item
from isr.data.kinds.videos import Motion
from isr.data.weak_labels.evidence import (
    Evidence,
    Flow,
    Grey,
    Mask,
    flow_between,
    gather,
    misfit,
    warp,
    working_grey,
)
from isr.data.weak_labels.store import BACKGROUND, FOREGROUND, NONE, WeakLabels
from isr.data.weak_labels.tracks import Numbers, Tracks, find_segments

# Rest says little: an object may rest for most of a video.
_REST = 0.05
# Where it is not clear what moves, something does.
_UNCLEAR = 0.5
# What moves by itself but has less than this share of the foreground's area may be a part of it, or
# its shadow: it is not labelled.
_SMALL_OBJECT = 0.1
_FOREGROUND, _OTHER, _SMALL = 1, 2, 3

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
BORDER = 0.01
"""Half the width of the band, as a share of the long side."""
# An object that is thinner than the band keeps this share of its depth.
_CORE = 0.5
# Foreground needs most of the votes, and those of half a frame. Background must hardly ever have
# been seen as foreground, and the little that rest says must not be drowned by what is not clear.
_SHARE = 0.6
_LARGEST_DOUBT, _REST_SHARE = 0.1, 0.2
_FEWEST = 0.5
_FEWEST_BACKGROUND = 0.05
# A pixel of the object has been seen about as often as the object's others; what is dragged along
# its outline for some frames has not.
_OFTEN = 0.25
# As shares of the foreground's area and of the long side.
_SMALLEST_PIECE = 0.02
_GAP = 0.02


def label(video: Item, options: Motion) -> Iterator[WeakLabels]:
    """Label the frames of a video by motion, in their order.

    The video is read three times, frame by frame. A note tells why a frame has no foreground.

    Args:
        video: of any length and size; its flow is computed at a long side of 480 pixels.
        options: what becomes of other moving objects, and how wide the band without labels at the
            object's border is.

    Raises:
        UserError: a frame is missing or damaged.
    """
    seen, roles = _watch(video)
    if options.others == "unlabelled":
        roles = np.where(roles == _OTHER, _SMALL, roles)
    count = len(video)
    later = [
        PackedShares.of(votes, largest=LARGEST)
        for votes in accumulate(_frames(video, seen, roles, reversed(range(count))))
    ][::-1]
    earlier = accumulate(_frames(video, seen, roles, range(count)))
    for number, votes in enumerate(earlier):
        own = seen[number].votes(roles)
        labels = decide(votes + own + later[number].values(), video.size, options.border)
        yield WeakLabels(labels, note=_note(labels, count))


@dataclass(frozen=True)
class PackedShares:
    """Numbers from 0 to `largest`, in 8 bits and compressed: a whole video is held at once.

    The steps are squares, so that small numbers keep their relation to each other.
    """

    shape: tuple[int, ...]
    largest: float
    content: bytes

    @classmethod
    def of(cls, values: NDArray[np.float32], *, largest: float = 1) -> "PackedShares":
        """Pack `values` of any shape; larger ones become `largest`."""
        steps = np.rint(np.sqrt(np.clip(values / largest, 0, 1)) * 255).astype(np.uint8)
        # Channel by channel, neighbours are alike.
        planes = np.moveaxis(steps, -1, 0)
        return cls(planes.shape, largest, zlib.compress(planes.tobytes(), 1))

    def values(self) -> NDArray[np.float32]:
        """Unpack: float32, as it was given."""
        steps = np.frombuffer(zlib.decompress(self.content), np.uint8).reshape(self.shape)
        shares = (np.moveaxis(steps, 0, -1).astype(np.float32) / 255) ** 2
        return np.ascontiguousarray(shares * np.float32(self.largest))


@dataclass(frozen=True)
class PackedNumbers:
    """Whole numbers of a map, compressed."""

    shape: tuple[int, ...]
    content: bytes

    @classmethod
    def of(cls, numbers: NDArray[np.int32]) -> "PackedNumbers":
        """Pack int32 (h, w)."""
        return cls(numbers.shape, zlib.compress(numbers.tobytes(), 1))

    def values(self) -> NDArray[np.int32]:
        """Unpack: int32 (h, w)."""
        return np.frombuffer(zlib.decompress(self.content), np.int32).reshape(self.shape)


@dataclass(frozen=True)
class _Seen:
    """What one frame shows: tracks, and float32 (h, w, 4) moving, still, refuted, unclear."""

    tracks: PackedNumbers
    evidence: PackedShares

    @classmethod
    def of(cls, tracks: Numbers, evidence: Evidence) -> "_Seen":
        pairs = np.float32(max(1, evidence.pairs))
        maps: list[NDArray[np.float32]] = [
            evidence.moving,
            evidence.still / pairs,
            evidence.refuted / pairs,
            evidence.unclear / pairs,
        ]
        return cls(PackedNumbers.of(tracks), PackedShares.of(np.stack(maps, axis=2)))

    def votes(self, roles: NDArray[np.int32]) -> Votes:
        """The votes of this frame, given the role of each track."""
        role = roles[self.tracks.values()]
        values = self.evidence.values()
        votes = np.empty_like(values)
        votes[..., 0] = values[..., 0] * (role == _FOREGROUND)
        votes[..., 1] = values[..., 0] * (role == _OTHER)
        votes[..., 2] = _REST * values[..., 1] + values[..., 2]
        votes[..., 3] = _UNCLEAR * values[..., 3] + values[..., 0] * (role == _SMALL)
        return votes


def _grey(video: Item, number: int) -> Grey:
    return working_grey(video.frame(number))


def _watch(video: Item) -> tuple[list[_Seen], NDArray[np.int32]]:
    tracks = Tracks()
    seen = []
    for evidence, backward in gather(lambda number: _grey(video, number), len(video)):
        seen.append(_Seen.of(tracks.follow(find_segments(evidence), backward), evidence))
    return seen, _roles(tracks)


def _roles(tracks: Tracks) -> NDArray[np.int32]:
    """Role of each track, _FOREGROUND, _OTHER or _SMALL; motion without a track [0] is small."""
    objects = tracks.objects()
    areas = np.bincount(objects, weights=tracks.areas)
    small = areas < _SMALL_OBJECT * areas[1] if len(areas) > 1 else np.zeros(1, bool)
    return np.where(small[objects], _SMALL, np.minimum(objects, _OTHER)).astype(np.int32)


def _frames(
    video: Item, seen: list[_Seen], roles: NDArray[np.int32], order: Iterable[int]
) -> Iterator[tuple[Grey, Votes]]:
    for number in order:
        yield _grey(video, number), seen[number].votes(roles)


def _note(labels: NDArray[np.uint8], frames: int) -> str:
    if (labels == FOREGROUND).any():
        return ""
    if frames == 1:
        return "no foreground: a single frame shows no motion"
    return "no foreground: nothing was seen to move against the background"


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


def decide(votes: Votes, size: tuple[int, int], border: float = BORDER) -> NDArray[np.uint8]:
    """Labels of a frame from all votes for it.

    Args:
        votes: float32 (h, w, 4).
        size: height and width of the labels.
        border: half the width of the band without labels, as a share of the long side.

    Returns:
        uint8 of `size`: 0 none, 255 background, 1 foreground.
    """
    total = votes.sum(axis=2)
    share = votes[..., 0] / np.maximum(total, 1e-6)
    likely = (share > _SHARE) & (votes[..., 0] > _FEWEST)
    fewest = max(_FEWEST, _OFTEN * float(np.median(votes[likely, 0]))) if likely.any() else np.inf
    height, width = size
    rest = votes[..., 1:3].sum(axis=2) / np.maximum(total, 1e-6)
    share, rest, total, often = (
        cv2.resize(a, (width, height), interpolation=cv2.INTER_LINEAR)
        for a in (share, rest, total, np.ascontiguousarray(votes[..., 0]))
    )
    foreground = _large_pieces((share > _SHARE) & (often > fewest))
    background = (share < _LARGEST_DOUBT) & (rest > _REST_SHARE) & (total > _FEWEST_BACKGROUND)
    labels = np.zeros(size, np.uint8)
    whole = _closed(foreground)
    labels[background & ~whole] = BACKGROUND
    labels[foreground] = FOREGROUND
    return without_borders(labels, whole, border)


def _large_pieces(mask: Mask) -> Mask:
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= _SMALLEST_PIECE * mask.sum()
    large[0] = False
    return np.asarray(large[pieces])


def _closed(foreground: Mask) -> Mask:
    """The foreground with its gaps: what is not seen inside an object is not its background."""
    reach = max(1, round(_GAP * max(foreground.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # Without a margin, closing would stop short of the border.
    padded = np.pad(foreground.astype(np.uint8), reach)
    return np.asarray(
        cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)[reach:-reach, reach:-reach] > 0
    )


def without_borders(
    labels: NDArray[np.uint8], objects: NDArray[np.bool_], band: float = BORDER
) -> NDArray[np.uint8]:
    """Labels without a band on both sides of the borders of objects.

    Args:
        labels: uint8 (h, w): 0 none, 255 background, 1 foreground.
        objects: bool (h, w): the foreground with its gaps.
        band: half the width of the band, as a share of the long side.

    Returns:
        uint8 (h, w): labels at most so far from the border are gone. Of each piece of the
        foreground what lies deeper than half of its greatest depth stays, however thin it is.
    """
    if band == 0 or not objects.any():
        return labels
    reach = band * max(labels.shape)
    inside = _distance(objects)
    pieces, count = ndimage.label(objects, np.ones((3, 3)))
    deepest = np.asarray(ndimage.maximum(inside, pieces, np.arange(count + 1)))
    near = inside <= np.minimum(reach, _CORE * deepest[pieces])
    kept = labels.copy()
    kept[(labels == FOREGROUND) & near] = NONE
    kept[(labels == BACKGROUND) & (_distance(~objects) <= reach)] = NONE
    return kept


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Of each pixel of a mask from the nearest outside it: float32 (h, w), 0 outside.

    What the picture cuts off has no border there.
    """
    found = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(found, np.float32)
