import numpy as np

from isr.data.weak_labels.evidence import Flow
from isr.data.weak_labels.tracks import Segments, Tracks

SIZE = (60, 100)


def _rest():
    vectors = np.zeros((*SIZE, 2), np.float32)
    return Flow(vectors, np.zeros(SIZE, np.float32), np.ones(SIZE, bool))


def _segments(*parts):
    numbers = np.zeros(SIZE, np.int32)
    for number, (rows, columns, _) in enumerate(parts, 1):
        numbers[rows, columns] = number
    return Segments(numbers, np.array([v for *_, v in parts], np.float32).reshape(-1, 2))


def _objects(*frames):
    tracks = Tracks()
    numbers = [
        tracks.follow(_segments(*frame), _rest() if k else None) for k, frame in enumerate(frames)
    ]
    objects = tracks.objects()
    return [objects[n] for n in numbers]


LEFT, RIGHT = slice(5, 35), slice(45, 75)
ROWS, RIGHTWARDS, LEFTWARDS = slice(10, 40), (3, 0), (-3, 0)


def test_a_track_outlasts_a_rest():
    moving = [(ROWS, LEFT, RIGHTWARDS)]
    first, *_, last = _objects(moving, [], [], [], moving)
    assert (first[ROWS, LEFT] == 1).all()
    assert (last[ROWS, LEFT] == 1).all()


def test_what_moves_differently_stays_two_objects_even_if_once_seen_as_one():
    two = [(ROWS, LEFT, RIGHTWARDS), (slice(10, 30), RIGHT, LEFTWARDS)]
    whole = [(ROWS, slice(5, 75), RIGHTWARDS)]
    last = _objects(two, two, whole, *[two] * 6)[-1]
    assert (last[ROWS, LEFT] == 1).all()
    assert (last[10:30, RIGHT] == 2).all()


def test_one_segment_that_falls_apart_becomes_two_objects():
    joined = [(ROWS, slice(5, 75), RIGHTWARDS)]
    tracks = Tracks()
    tracks.follow(_segments(*joined), None)
    # The middle is background again: the flow there is not to be believed.
    flow = _rest()
    flow.valid[:, 35:45] = False
    two = [(ROWS, LEFT, RIGHTWARDS), (slice(10, 30), RIGHT, LEFTWARDS)]
    numbers = tracks.follow(_segments(*two), flow)
    assert numbers[20, 20] != numbers[20, 60]


def test_parts_that_move_together_at_times_are_one_object():
    two = [(ROWS, LEFT, RIGHTWARDS), (ROWS, slice(35, 60), LEFTWARDS)]
    whole = [(ROWS, slice(5, 60), RIGHTWARDS)]
    last = _objects(*[two] * 4, *[whole] * 4, two)[-1]
    assert (last[ROWS, 5:60] == 1).all()


def test_pieces_of_one_motion_beside_a_thin_gap_are_one_object_and_far_ones_are_two():
    near = [(ROWS, slice(5, 35), RIGHTWARDS), (ROWS, slice(39, 60), RIGHTWARDS)]
    far = [(ROWS, slice(5, 35), RIGHTWARDS), (ROWS, slice(60, 90), RIGHTWARDS)]
    assert len(np.unique(_objects(near, near)[-1])) == 2
    assert len(np.unique(_objects(far, far)[-1])) == 3
