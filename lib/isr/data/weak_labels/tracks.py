"""Moving segments of frames, linked along the flow into the objects of a video."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations, product

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.data.weak_labels.evidence import Evidence, Field, Flow, Mask, warp

Numbers = NDArray[np.int32]

# One pair of frames that shows one and a half times the threshold, or several that show less.
_SEEN = 0.5
# Smaller ones are noise: as a share of the picture.
SMALLEST = 5e-4
# Motions that differ by more than this share of the faster one are two motions.
UNLIKE = 0.5
_WINDOW = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
# A segment goes on with a track if tracks cover this share of it.
_COVER = 0.25
# Parts of one object may move by themselves for a time, and two objects may move alike: being seen
# as two segments counts less, either way, than being seen as one.
_PARTED = 0.3
# Two segments speak for one object, cut by something thin before it, if their motions differ by at
# most this share of the faster one and their gap is at most this share of the long side.
_ALIKE, _NEAR = 0.25, 0.06


@dataclass(frozen=True, eq=False)
class Segments:
    """The moving segments of a frame.

    Attributes:
        numbers: int32 (h, w): 0 none, 1..n.
        velocities: float32 (n, 2): mean motion of each, pixels per frame.
    """

    numbers: Numbers
    velocities: NDArray[np.float32]

    def difference(self, first: int, second: int) -> float:
        """How differently two segments, from 1, move: a share of the faster one's speed."""
        a, b = self.velocities[first - 1], self.velocities[second - 1]
        speed = max(float(np.linalg.norm(a)), float(np.linalg.norm(b)), 1e-6)
        return float(np.linalg.norm(a - b)) / speed


def find_segments(evidence: Evidence) -> Segments:
    """Moving segments of a frame, from what is seen to move and not refuted."""
    moving = (evidence.moving >= _SEEN) & (evidence.moving > 2 * evidence.refuted)
    closed = cv2.morphologyEx(moving.astype(np.uint8), cv2.MORPH_CLOSE, _WINDOW)
    inside = closed * ~_seams(evidence, moving)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(
        inside.astype(np.uint8), connectivity=4
    )
    large = stats[:, cv2.CC_STAT_AREA] >= SMALLEST * moving.size
    large[0] = False
    rank = np.zeros(count, np.int32)
    rank[large] = np.arange(1, large.sum() + 1)
    numbers = np.where(moving, rank[pieces], 0).astype(np.int32)
    return Segments(numbers, _means(evidence.velocity, numbers, int(large.sum())))


def _seams(evidence: Evidence, moving: Mask) -> Mask:
    weight = (evidence.moving * moving)[..., None]
    velocity = cv2.blur(evidence.velocity * weight, (5, 5))
    velocity = velocity / np.maximum(cv2.blur(weight, (5, 5)), 1e-6)[..., None]
    speed = cv2.dilate(np.linalg.norm(velocity, axis=2), _WINDOW)
    spread = cv2.dilate(velocity, _WINDOW) - cv2.erode(velocity, _WINDOW)
    return np.asarray(np.linalg.norm(spread, axis=2) > UNLIKE * speed)


def _means(velocity: Field, numbers: Numbers, count: int) -> NDArray[np.float32]:
    flat = numbers.ravel()
    areas = np.maximum(np.bincount(flat, minlength=count + 1), 1)
    sums = [np.bincount(flat, velocity[..., k].ravel(), count + 1) for k in (0, 1)]
    return (np.stack(sums, axis=1) / areas[:, None])[1:].astype(np.float32)


class Tracks:
    """Gives segments, frame by frame, the numbers of the tracks that they go on with.

    What rests stays on the map of tracks as long as the flow can be believed.

    Attributes:
        areas: how many moving pixels each track had over all frames so far; [0] is 0.
    """

    def __init__(self) -> None:
        self.areas: list[float] = [0.0]
        self._map: Numbers | None = None
        self._votes: dict[tuple[int, int], float] = defaultdict(float)

    def follow(self, segments: Segments, backward: Flow | None) -> Numbers:
        """Number the segments of the next frame by tracks.

        Args:
            segments: of this frame.
            backward: flow from this frame to the one before; None for the first.

        Returns:
            int32 (h, w): 0 where nothing moves, else the track, from 1.
        """
        carried = self._carried(segments.numbers, backward)
        tracks = np.zeros_like(carried)
        owners: dict[int, list[int]] = defaultdict(list)
        areas = np.bincount(segments.numbers.ravel())
        for number in np.argsort(-areas[1:], kind="stable") + 1:
            mask = segments.numbers == number
            shares = self._shares(carried[mask])
            track = max(shares, key=lambda key: shares[key]) if shares else self._new()
            first = owners[track][0] if owners[track] else number
            if segments.difference(first, number) > UNLIKE and track in shares:
                track = self._split(carried, segments.numbers, track, first, number)
            owners[track].append(number)
            tracks[mask] = track
            self.areas[track] += float(areas[number])
        self._vote(segments, carried)
        self._map = np.where((tracks > 0) & (carried == 0), tracks, carried)
        return tracks

    def _carried(self, numbers: Numbers, backward: Flow | None) -> Numbers:
        if self._map is None or backward is None:
            return np.zeros_like(numbers)
        drawn = warp(self._map.astype(np.float32), backward.vectors, nearest=True)
        return np.where(backward.valid, drawn, 0).astype(np.int32)

    def _shares(self, carried: Numbers) -> dict[int, float]:
        counts = np.bincount(carried, minlength=1).astype(float)
        known = counts[1:].sum()
        if known < _COVER * carried.size:
            return {}
        return {int(k): float(counts[k]) for k in np.flatnonzero(counts) if k}

    def _new(self) -> int:
        self.areas.append(0.0)
        return len(self.areas) - 1

    def _split(
        self, carried: Numbers, numbers: Numbers, track: int, first: int, second: int
    ) -> int:
        """Give `second` a track of its own if nothing of `track` joins it to `first`."""
        whole = (carried == track) | (numbers == first) | (numbers == second)
        _, pieces = cv2.connectedComponents(cv2.dilate(whole.astype(np.uint8), _WINDOW))
        mine = np.bincount(pieces[numbers == second]).argmax()
        if (pieces[numbers == first] == mine).any():
            return track
        new = self._new()
        carried[(pieces == mine) & (carried == track)] = new
        return new

    def _vote(self, segments: Segments, carried: Numbers) -> None:
        numbers = segments.numbers
        fewest = SMALLEST * numbers.size
        seen = []
        for number in range(1, len(segments.velocities) + 1):
            counts = np.bincount(carried[numbers == number], minlength=1)
            seen.append({int(k): int(counts[k]) for k in np.flatnonzero(counts >= fewest) if k})
        for shares in seen:
            for a, b in combinations(sorted(shares), 2):
                self._votes[a, b] += min(shares[a], shares[b])
        for first, second in combinations(range(1, len(seen) + 1), 2):
            weight = _PARTED * self._likeness(segments, first, second)
            for a, b in product(seen[first - 1], seen[second - 1]) if weight else ():
                if a != b:
                    less = min(seen[first - 1][a], seen[second - 1][b])
                    self._votes[min(a, b), max(a, b)] += weight * less

    @staticmethod
    def _likeness(segments: Segments, first: int, second: int) -> int:
        difference = segments.difference(first, second)
        if difference > UNLIKE:
            return -1
        if difference > _ALIKE:
            return 0
        away = (segments.numbers != first).astype(np.uint8)
        distance = cv2.distanceTransform(away, cv2.DIST_L2, 3)
        near = distance[segments.numbers == second].min() < _NEAR * max(away.shape)
        return int(near)

    def objects(self) -> NDArray[np.int32]:
        """The object of each track, numbered from 1 by falling area; [0] is 0.

        Tracks are joined by greedy additive edge contraction (Keuper et al., ICCV 2015).
        """
        members = {track: [track] for track in range(1, len(self.areas))}
        votes = dict(self._votes)
        while votes:
            (a, b), best = max(votes.items(), key=lambda item: item[1])
            if best <= 0:
                break
            members[a] += members.pop(b)
            joined: dict[tuple[int, int], float] = defaultdict(float)
            for (c, d), value in votes.items():
                c, d = (a if c == b else c), (a if d == b else d)
                if c != d:
                    joined[min(c, d), max(c, d)] += value
            votes = joined
        totals = {key: sum(self.areas[track] for track in group) for key, group in members.items()}
        objects = np.zeros(len(self.areas), np.int32)
        for rank, key in enumerate(sorted(totals, key=lambda key: (-totals[key], key)), 1):
            objects[members[key]] = rank
        return objects
