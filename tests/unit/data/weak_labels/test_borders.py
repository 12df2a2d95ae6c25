"""Labels near the border of an object are left out."""

import numpy as np
import pytest

from isr.data.weak_labels.borders import without_borders
from isr.data.weak_labels.store import BACKGROUND, FOREGROUND, NONE


def _labels(*boxes):
    """Labels of 100x60, all of them certain, and the boxes as a mask."""
    mask = np.zeros((60, 100), bool)
    for rows, columns in boxes:
        mask[rows, columns] = True
    return np.where(mask, FOREGROUND, BACKGROUND).astype(np.uint8), mask


def test_a_band_on_both_sides_of_the_border_has_no_labels():
    labels, mask = _labels((slice(20, 40), slice(30, 60)))
    kept = without_borders(labels, mask, band=0.03)
    assert (kept[23:37, 33:57] == FOREGROUND).all()
    assert (kept == FOREGROUND).sum() == 14 * 24
    assert (kept[17:43, 30:60] != BACKGROUND).all()
    assert (kept[20:40, 27:63] != BACKGROUND).all()
    assert (kept[:17] == BACKGROUND).all()
    assert (kept[:, 63:] == BACKGROUND).all()


def test_what_the_picture_cuts_off_has_no_border_there():
    labels, mask = _labels((slice(40, 60), slice(0, 30)))
    kept = without_borders(labels, mask, band=0.03)
    assert (kept[43:, :27] == FOREGROUND).all()


@pytest.mark.parametrize("thickness", [1, 2, 3, 5, 9])
def test_thin_objects_keep_a_core(thickness):
    labels, mask = _labels(
        (slice(20, 20 + thickness), slice(10, 70)), (slice(40, 60), slice(80, 100))
    )
    kept = without_borders(labels, mask, band=0.1)
    thin = kept[20 : 20 + thickness, 10:70] == FOREGROUND
    assert thin[thickness // 2, 5:-5].all()
    assert thin.all() == (thickness < 3)
    assert (kept[50:, 90:] == FOREGROUND).all()


def test_a_gap_inside_the_object_makes_no_border():
    labels, mask = _labels((slice(10, 50), slice(20, 80)))
    labels[28:32, 48:52] = NONE
    kept = without_borders(labels, mask, band=0.02)
    assert (kept[28:32, 48:52] == NONE).all()
    assert (kept[27, 48:52] == FOREGROUND).all()


def test_without_an_object_nothing_changes():
    labels, mask = _labels()
    assert np.array_equal(without_borders(labels, mask), labels)


def test_the_given_labels_are_left_alone():
    labels, mask = _labels((slice(20, 40), slice(30, 60)))
    before = labels.copy()
    without_borders(labels, mask)
    assert np.array_equal(labels, before)
