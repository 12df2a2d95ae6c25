"""Weak labels from motion alone: what moves against the background, linked over a whole video.

Motion is seen over several distances in time (evidence), cut into segments of each frame and linked
along the flow into objects of the video (tracks). The object with the largest area over all frames
is the foreground, all others are background or stay without a label. What was seen is then carried
along the flow through the whole video, forwards and backwards, so that an object is labelled while
it rests, too (votes). The idea of long-term motion is that of Ochs, Malik & Brox (PAMI 2014).
Ground truth is never read.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isr.data.items import Item
from isr.data.weak_labels.evidence import Evidence, gather
from isr.data.weak_labels.flow import Grey, working_grey
from isr.data.weak_labels.options import Motion
from isr.data.weak_labels.store import FOREGROUND, WeakLabels
from isr.data.weak_labels.tracks import Numbers, Tracks, find_segments
from isr.data.weak_labels.votes import LARGEST, Votes, accumulate, decide

# Rest says little: an object may rest for most of a video.
_REST = 0.05
# Where it is not clear what moves, something does.
_UNCLEAR = 0.5
# What moves by itself but has less than this share of the foreground's area may be a part of it, or
# its shadow: it is not labelled.
_SMALL_OBJECT = 0.1
_FOREGROUND, _OTHER, _SMALL = 1, 2, 3


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
