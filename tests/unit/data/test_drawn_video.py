import cv2
import numpy as np
import pytest

from isr.data import drawn_video
from isr.data.drawn_video import ANIMAL, BALLOON
from isr.errors import UserError


@pytest.fixture(scope="module")
def frames():
    return list(drawn_video.draw(annotated_every=1))


def components(mask):
    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[0] - 1


def test_the_drawing_is_always_the_same(frames):
    for frame, again in zip(frames[:2], drawn_video.draw(), strict=False):
        np.testing.assert_array_equal(frame.image, again.image)


def test_both_objects_are_seen_in_every_frame(frames):
    assert len(frames) == 12
    for frame in frames:
        assert frame.image.shape == (120, 160, 3)
        counts = np.bincount(frame.objects.ravel(), minlength=3)
        assert counts[ANIMAL] > 5 * counts[BALLOON] > 500
        assert counts[0] > counts[ANIMAL] * 5


def test_the_animal_is_whole_at_first_and_cut_by_the_post_later(frames):
    sizes = []
    for frame in frames:
        _, _, stats, _ = cv2.connectedComponentsWithStats(
            (frame.objects == ANIMAL).astype(np.uint8)
        )
        sizes.append(sorted(stats[1:, cv2.CC_STAT_AREA] / stats[1:, cv2.CC_STAT_AREA].sum())[-2:])
    assert len(sizes[0]) == 1
    assert all(min(size) >= 0.02 and len(size) == 2 for size in sizes[6:])


def test_the_animal_has_a_hole_and_thin_parts(frames):
    animal = frames[0].objects == ANIMAL
    # Without its frame the background has two components: the outside and the window.
    assert components(np.pad(~animal, 1, constant_values=True)) == 2
    opened = cv2.morphologyEx(animal.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    assert 0.05 < 1 - opened.sum() / animal.sum() < 0.4


def test_motion_is_visible_to_optical_flow(frames):
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [
        cv2.resize(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), None, fx=3, fy=3)
        for frame in frames[:2]
    ]
    vectors = flow.calc(*grey, None) / 3
    objects = cv2.resize(frames[0].objects, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    wall, animal, balloon = (np.median(vectors[objects == label], axis=0) for label in range(3))
    # The wall goes left by 0.16 of the width in 11 steps, the animal right by 0.05.
    assert wall == pytest.approx([-0.16 * 160 / 11, 0.3], abs=0.4)
    assert animal == pytest.approx([0.05 * 160 / 11, 0.3], abs=0.6)
    assert np.linalg.norm(balloon - wall) > 1
    assert np.linalg.norm(balloon - animal) > 1


def test_edges_are_smooth_and_the_camera_is_noisy(frames):
    first = frames[0].image.astype(float)
    assert 0.1 < first.std() / 255 < 0.3
    assert len(np.unique(frames[0].image)) > 200


def test_the_file_has_every_third_frame_annotated(tmp_path):
    video = drawn_video.unpack(tmp_path / "v", frames=5, long_side=48)
    assert (video.name, len(video), video.size) == ("drawn", 5, (36, 48))
    assert (video.annotated, video.object) == ((0, 3, 4), ANIMAL)
    assert set(np.unique(video.objects(3))) == {0, ANIMAL, BALLOON}
    np.testing.assert_array_equal(video.ground_truth(3) == 255, video.objects(3) == ANIMAL)


def test_a_picture_of_one_pixel_is_refused(tmp_path):
    with pytest.raises(UserError, match="long_side is 1: choose at least 2"):
        drawn_video.unpack(tmp_path / "v", frames=2, long_side=1)
    assert drawn_video.unpack(tmp_path / "v", frames=2, long_side=2).size == (2, 2)
