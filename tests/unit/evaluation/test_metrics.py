import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import jaccard_score

from isr.evaluation.metrics import (
    foreground_iou,
    pixel_accuracy,
    resize_unaries,
    scored_pixels,
    summarise,
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
def test_iou_is_that_of_scikit_learn_without_the_unknown(mask, truth):
    known = truth != 128
    if not known.any():
        assert np.isnan(foreground_iou(mask, truth))
        assert np.isnan(pixel_accuracy(mask, truth))
        return
    expected = jaccard_score(truth[known] == 255, mask[known], zero_division=0)
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


def metrics(rows: list[tuple[str, int, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["fit", "seed", "picture", "iou"])
    return frame.assign(accuracy=1 - frame["iou"])


def test_summary_by_hand():
    frame = metrics(
        [
            ("joint", 1, "a", 0.1),
            ("joint", 1, "b", 0.3),
            ("joint", 2, "a", 0.5),
            ("joint", 2, "b", 0.7),
            ("sequential", 1, "a", 0.9),
        ]
    )
    joint, sequential = summarise(frame, ["fit"]).to_dict("records")
    assert joint["fit"] == "joint"
    assert joint["iou"] == pytest.approx(0.4)
    assert joint["accuracy"] == pytest.approx(0.6)
    # Means over pictures are 0.2 and 0.6: deviation 0.4 / sqrt(2).
    assert joint["iou_deviation"] == pytest.approx(0.4 / np.sqrt(2))
    assert joint["accuracy_deviation"] == pytest.approx(0.4 / np.sqrt(2))
    assert (joint["n_pictures"], joint["n_seeds"]) == (2, 2)
    assert np.isnan(sequential["iou_deviation"])
    assert (sequential["n_pictures"], sequential["n_seeds"]) == (1, 1)


def test_each_seed_counts_once_whatever_its_pictures():
    frame = metrics(
        [("j", 1, "a", 0.0), ("j", 1, "b", 0.0), ("j", 1, "c", 0.0), ("j", 2, "a", 1.0)]
    )
    summary = summarise(frame, ["fit"])
    assert summary["iou"].item() == 0.5
    assert summary["n_pictures"].item() == 1


def test_an_axis_that_a_cell_lacks_is_kept():
    frame = metrics([(None, 1, "a", 0.5), ("joint", 1, "a", 0.6)])
    assert len(summarise(frame, ["fit"])) == 2


def test_pictures_without_ground_truth_are_left_out_of_the_mean():
    frame = metrics([("j", 1, "a", 0.5), ("j", 1, "b", np.nan)])
    assert summarise(frame, ["fit"])["iou"].item() == 0.5


def test_rows_that_axes_do_not_tell_apart_are_refused():
    frame = metrics([("joint", 1, "a", 0.5), ("sequential", 1, "a", 0.6)]).assign(output="x")
    with pytest.raises(ValueError, match="do not tell apart"):
        summarise(frame, ["output"])
