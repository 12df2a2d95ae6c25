import numpy as np
import pytest

from isr.evaluation.contradiction import (
    Shape,
    scored_by_published_code,
    shape_of,
    shape_of_mask,
)


def truth(*rows):
    return np.array([[{"#": 255, ".": 0, "?": 128}[c] for c in row] for row in rows], np.uint8)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["....", "...."], Shape(0, 0)),
        (["##..", "##.."], Shape(1, 0)),
        (["##.#", "##.#"], Shape(2, 0)),
        # Pixels that touch at a corner are connected.
        (["##..", "..##"], Shape(1, 0)),
        (["###", "#.#", "###"], Shape(1, 1)),
        # Background that reaches the edge of the picture is no hole.
        (["###", "#.#", "#.#"], Shape(1, 0)),
        # The background of a hole is not connected to the outside at a corner.
        (["##.", "#.#", "###"], Shape(1, 1)),
    ],
)
def test_components_and_holes_are_counted(rows, expected):
    assert shape_of(truth(*rows)) == expected
    assert expected.contradicts == (expected.components > 1 or expected.holes > 0)
    assert shape_of_mask(truth(*rows) == 255) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Unknown pixels may be the object, or the background through which a hole opens.
        (["##?#", "##.#"], Shape(1, 0)),
        (["#####", "#..?.", "#####"], Shape(1, 0)),
        # An unknown pixel alone is neither a component nor a hole.
        (["###..?", "#?#...", "###..."], Shape(1, 0)),
        # Enclosed together, the known background of a hole counts.
        (["####", "#?.#", "####"], Shape(1, 1)),
    ],
)
def test_unknown_pixels_may_be_either(rows, expected):
    assert shape_of(truth(*rows)) == expected


@pytest.mark.parametrize(("small", "components"), [(18, 1), (22, 2)])
def test_components_below_2_percent_of_the_object_do_not_count(small, components):
    mask = np.zeros((40, 60), bool)
    mask[:20, :50] = True
    mask[30, :small] = True
    assert shape_of_mask(mask).components == components


@pytest.mark.parametrize(("small", "holes"), [(18, 0), (22, 1)])
def test_holes_below_2_percent_of_the_object_do_not_count(small, holes):
    mask = np.zeros((40, 60), bool)
    mask[5:25, 5:55] = True
    mask[10, 10 : 10 + small] = False
    assert shape_of_mask(mask) == Shape(1, holes)


def test_the_published_code_scores_frames_whose_labels_tell_objects_apart():
    objects = np.zeros((4, 6), np.uint8)
    objects[:, :2], objects[:, 4:] = 1, 2
    labels = np.zeros_like(objects)
    labels[:, 2:4] = 255
    assert not scored_by_published_code(labels, objects)
    labels[0, :2] = 1
    assert scored_by_published_code(labels, objects)
    # Most of the foreground's labels lie where the background's do.
    labels[1:, 2:4] = 1
    assert not scored_by_published_code(labels, objects)
    # Another object is not the background.
    assert scored_by_published_code(np.where(objects == 2, 255, objects), objects)
    assert not scored_by_published_code(np.where(objects == 1, 1, 0).astype(np.uint8), objects)


def test_labels_and_objects_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match=r"labels have size \(2, 3\), objects \(3, 2\)"):
        scored_by_published_code(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))
