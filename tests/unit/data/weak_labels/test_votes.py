"""Votes on pixels, and the labels that they become, without those near the border of an object."""

import cv2
import numpy as np
import pytest

from isr.data.weak_labels.flow import Flow
from isr.data.weak_labels.store import BACKGROUND, FOREGROUND, NONE
from isr.data.weak_labels.votes import accumulate, carry, decide, without_borders


def _texture(seed, height=120, width=160):
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def _still():
    size = (40, 50)
    return Flow(np.zeros((*size, 2), np.float32), np.zeros(size, np.float32), np.ones(size, bool))


def test_votes_fade_with_inconsistency_and_difference():
    votes = np.ones((40, 50, 4), np.float32)
    flow = _still()
    flow.error[:, 10:20] = 0.8
    flow.valid[:, 20:30] = False
    difference = np.zeros((40, 50), np.float32)
    difference[:, 30:40] = 30
    kept = carry(votes, flow, difference)[20, :, 0]
    assert 0.9 < kept[5] < 1
    assert 0.2 < kept[15] < 0.8
    assert kept[25] == 0
    assert kept[35] < 0.01


def test_votes_follow_the_pictures():
    frames = []
    for shift in (0, 3, 6):
        votes = np.zeros((120, 160, 4), np.float32)
        if shift == 0:
            votes[40:60, 40:60, 0] = 1
        frames.append((np.roll(_texture(0), shift, 1), votes))
    *_, last = accumulate(frames)
    assert last[45:55, 51:61, 0].min() > 0.7
    assert last[45:55, 36:44, 0].max() < 0.1


def _votes(**parts):
    votes = np.zeros((50, 50, 4), np.float32)
    for part, (rows, columns, channel) in parts.items():
        votes[rows, columns] = 0
        votes[rows, columns, channel] = float(part.split("_")[1])
    return votes


def test_few_votes_beside_many_are_not_labelled():
    everywhere = slice(None)
    votes = _votes(
        wall_5=(everywhere, everywhere, 2),
        object_20=(slice(10, 30), slice(10, 30), 0),
        rim_2=(slice(10, 30), slice(30, 34), 0),
        other_9=(slice(40, 50), slice(40, 50), 1),
        unclear_9=(slice(40, 50), slice(0, 10), 3),
    )
    labels = decide(votes, (50, 50))
    assert (labels[11:29, 11:29] == FOREGROUND).all()
    assert (labels[10:30, 30:34] == NONE).all()
    assert (labels[40:, 40:] == BACKGROUND).all()
    assert (labels[40:, :10] == NONE).all()
    assert (labels[:8] == BACKGROUND).all()
    assert (decide(votes, (50, 50), border=0)[10:30, 10:30] == FOREGROUND).all()
    assert decide(votes, (100, 150)).shape == (100, 150)


def test_gaps_of_the_object_are_not_background():
    votes = _votes(wall_5=(slice(None), slice(None), 2), object_9=(slice(10, 40), slice(0, 30), 0))
    votes[20:22, 10:12] = (0, 0, 9, 0)
    labels = decide(votes, (50, 50))
    assert (labels[20:22, 10:12] == NONE).all()
    assert (labels[:, 40:] == BACKGROUND).all()


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
