"""Weak labels from motion alone: what moves against the background, linked over a whole video.

Motion is seen over several distances in time (evidence), cut into segments of each frame
(segments) and linked along the flow into objects of the video (links). The object with the largest
area over all frames is the foreground, all others are background or stay without a label. What was
seen is then carried along the flow through the whole video, forwards and backwards (spread), so
that an object is labelled while it rests, too. The idea of long-term motion is that of Ochs, Malik
& Brox (PAMI 2014). Near the object's border there are no labels (borders). Ground truth is never
read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.data.videos import Video
from isr.data.weak_labels.borders import BORDER, without_borders
from isr.data.weak_labels.evidence import Evidence, gather
from isr.data.weak_labels.flow import Grey, Mask, working_grey
from isr.data.weak_labels.links import Tracks
from isr.data.weak_labels.packing import PackedNumbers, PackedShares
from isr.data.weak_labels.segments import Numbers, find_segments
from isr.data.weak_labels.spread import LARGEST, Votes, accumulate
from isr.data.weak_labels.store import BACKGROUND, FOREGROUND, WeakLabels
from isr.errors import UserError

# Rest says little: an object may rest for most of a video.
_REST = 0.05
# Where it is not clear what moves, something does.
_UNCLEAR = 0.5
# Foreground needs most of the votes, and those of half a frame. Background must hardly ever have
# been seen as foreground, and the little that rest says must not be drowned by what is not clear.
_SHARE = 0.6
_LARGEST_DOUBT, _REST_SHARE = 0.1, 0.2
_FEWEST = 0.5
_FEWEST_BACKGROUND = 0.05
# A pixel of the object has been seen about as often as the object's others; what is dragged along
# its outline for some frames has not.
_OFTEN = 0.25
# What moves by itself but has less than this share of the foreground's area may be a part of it, or
# its shadow: it is not labelled.
_SMALL_OBJECT = 0.1
_FOREGROUND, _OTHER, _SMALL = 1, 2, 3
UNLABELLED = "unlabelled"
OTHERS = ("background", UNLABELLED)
"""What becomes of objects that move but are not the foreground."""
# As shares of the foreground's area and of the long side.
_SMALLEST_PIECE = 0.02
_GAP = 0.02


def label(video: Video, *, others: str = OTHERS[0], border: float = BORDER) -> Iterator[WeakLabels]:
    """Label the frames of a video by motion, in their order.

    The video is read three times, frame by frame. A note tells why a frame has no foreground.

    Args:
        video: of any length and size; its flow is computed at a long side of 480 pixels.
        others: whether other moving objects are labelled `background` or left `unlabelled`.
        border: half the width of the band at the object's border that is left without labels, as a
            share of the long side.

    Raises:
        UserError: a frame is missing or damaged, or there is no such choice for others.
    """
    if others not in OTHERS:
        raise UserError(f"motion.others is {others!r}: use one of {', '.join(OTHERS)}.")
    seen, roles = _watch(video)
    if others == UNLABELLED:
        roles = np.where(roles == _OTHER, _SMALL, roles)
    count = len(video)
    later = [
        PackedShares.of(votes, largest=LARGEST)
        for votes in accumulate(_frames(video, seen, roles, reversed(range(count))))
    ][::-1]
    earlier = accumulate(_frames(video, seen, roles, range(count)))
    for number, votes in enumerate(earlier):
        own = seen[number].votes(roles)
        labels = decide(votes + own + later[number].values(), video.size, border)
        yield WeakLabels(labels, note=_note(labels, count))


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


def _grey(video: Video, number: int) -> Grey:
    return working_grey(video.frame(number))


def _watch(video: Video) -> tuple[list[_Seen], NDArray[np.int32]]:
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
    video: Video, seen: list[_Seen], roles: NDArray[np.int32], order: Iterable[int]
) -> Iterator[tuple[Grey, Votes]]:
    for number in order:
        yield _grey(video, number), seen[number].votes(roles)


def decide(votes: Votes, size: tuple[int, int], border: float = BORDER) -> NDArray[np.uint8]:
    """Labels of a frame from all votes for it.

    Args:
        votes: float32 (h, w, 4).
        size: height and width of the labels.
        border: see `label`.

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


def _note(labels: NDArray[np.uint8], frames: int) -> str:
    if (labels == FOREGROUND).any():
        return ""
    if frames == 1:
        return "no foreground: a single frame shows no motion"
    return "no foreground: nothing was seen to move against the background"
