import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from isr.evaluation.metrics import (
    compare,
    foreground_iou,
    mean_and_deviation,
    pixel_accuracy,
    resize_unaries,
    scored_pixels,
)

MASKS = arrays(bool, (4, 5))
TRUTHS = arrays(np.uint8, (4, 5), elements=st.sampled_from([0, 128, 255]))


def disc(radius: float) -> np.ndarray:
    row, column = np.mgrid[:101, :101] - 50
    return row**2 + column**2 <= radius**2


def test_concentric_discs():
    truth = np.where(disc(40), 255, 0).astype(np.uint8)
    expected = disc(20).sum() / disc(40).sum()
    assert foreground_iou(disc(20), truth) == expected == pytest.approx(0.25, abs=0.01)
    assert foreground_iou(disc(40), truth) == 1.0
    assert pixel_accuracy(disc(20), truth) == 1 - (disc(40) & ~disc(20)).mean()


@given(MASKS, TRUTHS)
def test_iou_is_that_of_sets_of_pixels_without_the_unknown(mask, truth):
    known = truth != 128
    if not known.any():
        assert np.isnan(foreground_iou(mask, truth))
        assert np.isnan(pixel_accuracy(mask, truth))
        return
    wanted = set(np.flatnonzero(known & (truth == 255)))
    found = set(np.flatnonzero(known & mask))
    expected = len(wanted & found) / len(wanted | found) if wanted else 0.0
    assert foreground_iou(mask, truth) == pytest.approx(expected, abs=1e-15)
    assert pixel_accuracy(mask, truth) == np.mean((truth[known] == 255) == mask[known])


@given(MASKS, TRUTHS)
def test_unknown_pixels_do_not_count(mask, truth):
    flipped = mask ^ (truth == 128)
    np.testing.assert_equal(foreground_iou(flipped, truth), foreground_iou(mask, truth))
    np.testing.assert_equal(pixel_accuracy(flipped, truth), pixel_accuracy(mask, truth))
    assert scored_pixels(truth) == truth.size - (truth == 128).sum()


@pytest.mark.parametrize("filled", [False, True])
def test_truth_without_foreground_scores_zero(filled):
    assert foreground_iou(np.full((3, 3), filled), np.zeros((3, 3), np.uint8)) == 0.0


def test_wrong_arrays_are_refused():
    truth = np.zeros((3, 4), np.uint8)
    with pytest.raises(ValueError, match=r"shape \(4, 3\)"):
        foreground_iou(np.zeros((4, 3), bool), truth)
    with pytest.raises(ValueError, match="boolean"):
        foreground_iou(truth, truth)
    with pytest.raises(ValueError, match="other than 0, 128 and 255"):
        pixel_accuracy(np.zeros((3, 4), bool), truth + 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [(30, 45), (20, 15), (13, 29)])
def test_resized_unaries_stay_at_their_place(dtype, size):
    # A linear ramp of the position in the picture is reproduced between the outermost centres.
    height, width = 10, 15
    centres = (np.mgrid[:height, :width] + 0.5) / np.array([height, width])[:, None, None]
    ramp = centres[0] + 2 * centres[1]
    resized = resize_unaries(ramp.astype(dtype), *size)
    assert resized.shape == size
    assert resized.dtype == dtype
    row, column = (np.mgrid[: size[0], : size[1]] + 0.5) / np.array(size)[:, None, None]
    edges = [centres[0].min(), centres[0].max(), centres[1].min(), centres[1].max()]
    expected = np.clip(row, *edges[:2]) + 2 * np.clip(column, *edges[2:])
    # Up to a 2,048th of a pixel: the weights of the interpolation are rounded.
    np.testing.assert_allclose(resized, expected, atol=2e-4)


def test_one_pixel_wide_unaries_keep_two_axes():
    wide = resize_unaries(np.full((1, 1), 0.25), 7, 1)
    np.testing.assert_allclose(wide, np.full((7, 1), 0.25), rtol=1e-6)
    unaries = np.random.default_rng(0).uniform(size=(3, 4))
    assert resize_unaries(unaries, 3, 4) is unaries


def test_mean_over_pictures_then_deviation_over_seeds():
    scores = pd.DataFrame({1: [0.1, 0.3], 2: [0.5, 0.7]}, index=["a", "b"])
    mean, deviation = mean_and_deviation(scores)
    assert mean == pytest.approx(0.4)
    # Means over pictures are 0.2 and 0.6: deviation 0.4 / sqrt(2).
    assert deviation == pytest.approx(0.4 / np.sqrt(2))


def test_one_seed_has_no_deviation():
    mean, deviation = mean_and_deviation(pd.DataFrame({1: [0.2, 0.4]}))
    assert mean == pytest.approx(0.3)
    assert np.isnan(deviation)


def test_outputs_are_compared_with_one_truth():
    truth = np.array([[255, 255, 0, 128]], np.uint8)
    masks = {"a": np.array([[True, True, False, True]]), "b": np.array([[True, False, True, True]])}
    assert compare(masks, "ground truth", truth) == [
        {"output": "a", "against": "ground truth", "iou": 1, "accuracy": 1, "scored_pixels": 3},
        {
            **{"output": "b", "against": "ground truth", "scored_pixels": 3},
            **{"iou": pytest.approx(1 / 3), "accuracy": pytest.approx(1 / 3)},
        },
    ]
