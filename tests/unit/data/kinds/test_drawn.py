import cv2
import numpy as np
import pytest

from isr.data.kinds import drawn
from isr.data.kinds.drawn import OBJECT, OTHER, SCENES

FRAMES = 12
"""Frames of a whole video."""


@pytest.fixture(scope="module")
def videos():
    return {name: list(drawn.draw(name, annotated_every=1)) for name in SCENES}


@pytest.fixture(params=SCENES)
def frames(request, videos):
    return videos[request.param]


def _pieces(mask):
    """Areas of the connected pieces of a mask, as shares of it, the largest first."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    areas = np.sort(stats[1:, cv2.CC_STAT_AREA])[::-1]
    return areas / max(areas.sum(), 1)


def _holes(mask):
    """How many pieces of the background a mask encloses."""
    return len(_pieces(np.pad(~mask, 1, constant_values=True))) - 1


def _objects(video, label=OBJECT):
    return [frame.objects == label for frame in video]


@pytest.mark.parametrize("name", SCENES)
def test_the_drawing_is_always_the_same(videos, name):
    for frame, again in zip(videos[name][:2], drawn.draw(name), strict=False):
        np.testing.assert_array_equal(frame.image, again.image)


def test_both_objects_are_seen_in_every_frame(frames):
    assert len(frames) == FRAMES
    for frame in frames:
        assert frame.image.shape == (120, 160, 3)
        background, own, other = np.bincount(frame.objects.ravel(), minlength=3)
        assert own > 5 * other > 500
        assert background > own * 5


def test_motion_is_visible_to_optical_flow(videos):
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # Of the picture's width in 11 steps: what is small goes to the left.
    for name, far in (("cut", -0.05), ("drive", -0.3)):
        first, second = videos[name][:2]
        grey = [
            cv2.resize(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), None, fx=3, fy=3)
            for frame in (first, second)
        ]
        vectors = flow.calc(*grey, None) / 3
        objects = cv2.resize(first.objects, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
        wall, own, other = (np.median(vectors[objects == label], axis=0) for label in range(3))
        assert wall == pytest.approx([-0.16 * 160 / 11, 0.3], abs=0.4)
        assert own == pytest.approx([0.05 * 160 / 11, 0.3], abs=0.6)
        assert other[0] == pytest.approx(far * 160 / 11, abs=0.6)
        assert np.linalg.norm(other - wall) > 1
        assert np.linalg.norm(other - own) > 1


def test_edges_are_smooth_and_the_camera_is_noisy(frames):
    first = frames[0].image.astype(float)
    assert 0.1 < first.std() / 255 < 0.3
    assert len(np.unique(frames[0].image)) > 200


def test_the_animal_is_whole_at_first_and_cut_by_the_post_later(videos):
    sizes = [_pieces(mask) for mask in _objects(videos["cut"])]
    assert len(sizes[0]) == 1
    # 4-connected; a tail may end in a pixel of its own.
    assert all(size[1] >= 0.02 for size in sizes[6:])


def test_the_animal_has_a_hole_and_thin_parts(videos):
    animal = _objects(videos["cut"])[0]
    assert _holes(animal) == 1  # The window.
    opened = cv2.morphologyEx(animal.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    assert 0.05 < 1 - opened.sum() / animal.sum() < 0.4


@pytest.mark.parametrize("long_side", [48, 160])
def test_the_van_is_in_one_piece_without_holes(long_side):
    video = drawn.draw("drive", long_side=long_side, annotated_every=1)
    masks = _objects(video)
    assert len(masks) == FRAMES
    assert [(len(_pieces(mask)), _holes(mask)) for mask in masks] == [(1, 0)] * FRAMES


def test_two_small_vans_move_behind_it_and_one_of_them_meets_it(videos):
    vans, others = (_objects(videos["drive"], label) for label in (OBJECT, OTHER))
    meets = []
    for van, other in zip(vans, others, strict=True):
        shares = _pieces(other)
        assert len([share for share in shares if share > 0.2]) == 2
        # Too small for labels from motion to call it another object: less than a tenth.
        assert 0.04 < shares[0] * other.sum() / van.sum() < 0.1
        around = cv2.dilate(van.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        meets.append(bool((around & other).any()))
    assert meets == [False] * meets.index(True) + [True] * (FRAMES - meets.index(True))
    assert 1 < meets.index(True) < 6


def test_the_panes_have_the_colour_of_the_wall_and_the_tyres_are_dark(videos):
    frame = videos["drive"][0]
    van = frame.objects == OBJECT
    wall = np.median(frame.image[frame.objects == 0], axis=0)
    inside = cv2.erode(van.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    colours = frame.image[inside].astype(float)
    like_the_wall = np.abs(colours - wall).max(axis=1) < 40
    dark = colours.max(axis=1) < 90
    assert 0.06 < like_the_wall.mean() < 0.2
    assert 0.05 < dark.mean() < 0.2


def test_the_file_has_every_third_frame_annotated(tmp_path):
    for name in SCENES:
        video = drawn.unpack(tmp_path / name, name, frames=5, long_side=48)
        assert (video.name, len(video), video.size) == (name, 5, (36, 48))
        assert (video.annotated, video.object) == ((0, 3, 4), OBJECT)
        assert set(np.unique(video.objects(3))) == {0, OBJECT, OTHER}
        np.testing.assert_array_equal(video.ground_truth(3) == 255, video.objects(3) == OBJECT)
        assert SCENES[name].foreground in video.notes[0]
