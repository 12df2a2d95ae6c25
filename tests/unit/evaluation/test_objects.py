"""Regions of several objects: labels, and where they overlap."""

import numpy as np

from isr.evaluation.objects import label_map, overlaps, together


def _columns(first, last):
    mask = np.zeros((12, 20), bool)
    mask[:, first:last] = True
    return mask


def test_labels_are_of_the_deepest_region_and_nothing_where_a_level_is_unknown():
    levels = [np.array([-1.0, -3.0, 0.0, np.nan]), np.array([-2.0, -3.0, 5.0, -1.0])]
    assert label_map(levels).tolist() == [2, 1, 1, 0]


def test_overlaps_are_counted_once_however_many_regions_meet():
    masks = [_columns(0, 4), _columns(2, 6), _columns(3, 8)]
    assert overlaps(masks) == [48, 24, 48, 36]
    np.testing.assert_array_equal(together(masks), _columns(0, 8))
