import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isr.errors import UserError
from isr.fitting.engine import sampling
from isr.fitting.engine.random_numbers import uniforms
from isr.fitting.engine.sampling import (
    object_strata,
    pixel_strata,
    stratify,
    stroke_strata,
    systematic,
    unaries_strata,
)


@given(st.integers(1, 30), st.integers(1, 40))
def test_systematic_draws_are_expected_equally_often(count, candidates):
    """Exact integration: draw k is uniform on a stretch whose cuts lie at multiples of 1/count."""
    # Within a draw, the index is constant between multiples of 1/count: midpoints integrate it.
    midpoints = (np.arange(count * candidates) + 0.5) / (count * candidates)
    indices = systematic(np.repeat(midpoints[:, None], count, axis=1), candidates)
    seen = np.bincount(indices.ravel(), minlength=candidates) / len(midpoints)
    assert np.allclose(seen, count / candidates, atol=1e-12)


@given(st.integers(1, 50), st.integers(1, 200))
def test_systematic_draws_are_spread_and_in_range(count, candidates):
    for edge in (0.0, np.nextafter(1.0, 0.0)):
        indices = systematic(np.full((1, count), edge), candidates)[0]
        assert indices.min() >= 0
        assert indices.max() < candidates
        assert (np.diff(indices) >= candidates // count - 1).all()


def _mean_estimate(strata, values, steps=4000):
    """Mean of the weighted sums over many draws, and its standard error."""
    drawn = uniforms(0, "x", "points", first_step=0, steps=steps, count=strata.count)
    estimates = (values[strata.draw(drawn)] * strata.weights.numpy()).sum(1)
    return estimates.mean(), estimates.std() / np.sqrt(steps)


def _unaries() -> np.ndarray:
    """37 pixels of object, 243 of background."""
    unaries = np.full((14, 20), 0.2, np.float32)
    unaries.ravel()[20:57] = 0.8
    return unaries


def _values() -> np.ndarray:
    values = np.random.default_rng(0).standard_normal(280)
    values[20:57] += 3.0
    return values


def test_unaries_strata_estimate_the_mean_over_all_pixels():
    estimate, error = _mean_estimate(unaries_strata(_unaries(), 12), _values())
    assert abs(estimate - _values().mean()) < 4 * error
    assert error < 0.02


@pytest.mark.parametrize("object_weight", [0.1, 0.5, 0.8])
def test_unaries_strata_estimate_the_class_weighted_loss(object_weight):
    values = _values()
    strata = unaries_strata(_unaries(), 13, object_weight=object_weight)
    estimate, error = _mean_estimate(strata, values)
    inside = np.zeros(280, bool)
    inside[20:57] = True
    expected = object_weight * values[inside].mean() + (1 - object_weight) * values[~inside].mean()
    assert abs(estimate - expected) < 4 * error
    assert error < 0.02


def test_draws_are_shared_by_the_object_the_background_close_to_it_and_the_rest():
    rows, columns = np.mgrid[0:60, 0:80]
    unaries = (np.hypot(rows - 30, columns - 35) < 15).astype(np.float32)
    strata = unaries_strata(unaries, 40)
    drawn = strata.draw(np.random.default_rng(0).random((50, 40)))
    inside = unaries.ravel()[drawn] > 0.5
    close = ~inside & (np.hypot(rows - 30, columns - 35).ravel()[drawn] < 17.5)
    for wanted in (inside, close, ~inside & ~close):
        assert abs(wanted.sum(1).mean() - 40 / 3) < 2
    values = np.random.default_rng(3).standard_normal(unaries.size) + 5 * unaries.ravel()
    for object_weight in (None, 0.7):
        strata = unaries_strata(unaries, 40, object_weight=object_weight)
        of_object = values[unaries.ravel() > 0.5].mean()
        elsewhere = values[unaries.ravel() < 0.5].mean()
        weight = unaries.mean() if object_weight is None else object_weight
        expected = weight * of_object + (1 - weight) * elsewhere
        estimate, error = _mean_estimate(strata, values)
        assert abs(estimate - expected) < 4 * error
        assert error < 0.02


@pytest.mark.parametrize("count", [2, 3, 7, 100])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_weights_sum_to_one_also_where_a_class_is_empty(count, value):
    unaries = np.full((3, 5), value, np.float32)
    for object_weight in (None, 0.3):
        strata = unaries_strata(unaries, count, object_weight=object_weight)
        assert float(strata.weights.sum()) == pytest.approx(1.0, abs=1e-6)
        assert strata.count == count
        assert strata.draw(np.zeros((2, count))).shape == (2, count)


def test_unaries_that_are_not_a_number_are_drawn_and_not_overlooked():
    unaries = _unaries()
    unaries[13, 19] = np.nan
    members = np.concatenate(unaries_strata(unaries, 12).members)
    assert sorted(members) == list(range(280))


def test_pixel_strata_estimate_the_mean():
    values = np.random.default_rng(1).standard_normal(31)
    estimate, error = _mean_estimate(pixel_strata(31, 7), values)
    assert abs(estimate - values.mean()) < 4 * error
    one = pixel_strata(1, 5)
    assert one.draw(np.full((1, 5), 0.9)).tolist() == [[0] * 5]


def _scribbles() -> np.ndarray:
    scribbles = np.zeros((6, 10), np.uint8)
    scribbles[0, :] = 255
    scribbles[3, 2:5] = 1
    scribbles[4, 2:4] = 7
    return scribbles


def test_stroke_strata_estimate_the_mean_over_scribbles_with_the_right_targets():
    strata, targets = stroke_strata(_scribbles(), 9)
    drawn = strata.draw(np.random.default_rng(0).random((30, 9)))
    labels = _scribbles().ravel()[drawn]
    assert (labels != 0).all()
    assert ((labels != 255) == (targets.numpy() == 1)).all()
    assert sorted(targets.tolist()) == [0.0] * 4 + [1.0] * 5
    values = np.random.default_rng(2).standard_normal(60)
    values[:10] += 2.0
    estimate, error = _mean_estimate(strata, values)
    assert abs(estimate - values[_scribbles().ravel() != 0].mean()) < 4 * error


@pytest.mark.parametrize("missing", ["object", "background"])
def test_scribbles_of_one_class_are_a_users_mistake(missing):
    scribbles = _scribbles()
    scribbles[(scribbles == 255) == (missing == "background")] = 0
    with pytest.raises(UserError, match="lack object or background"):
        stroke_strata(scribbles, 10)


def test_too_few_draws_are_a_users_mistake():
    with pytest.raises(UserError, match="too few"):
        stratify([np.arange(3), np.arange(3, 9)], 1)
    assert torch.equal(stratify([np.arange(3)], 1).weights, torch.ones(1))


def _objects() -> np.ndarray:
    scribbles = np.zeros((8, 9), np.uint8)
    scribbles[0] = 255
    scribbles[2, :3] = 1
    scribbles[4:6] = 2
    return scribbles


def test_object_strata_weigh_each_objects_own_scribbles_as_much_as_all_others():
    scribbles = _objects()
    strata, targets, weights = object_strata(scribbles, 12, 2)
    drawn = strata.draw(np.random.default_rng(0).random((4000, 12)))
    labels = scribbles.ravel()[drawn]
    assert (np.sort(labels, axis=1)[0] == [1] * 4 + [2] * 4 + [255] * 4).all()
    values = np.random.default_rng(1).standard_normal(scribbles.size)
    for column, label in enumerate((1, 2)):
        assert ((labels == label) == (targets[:, column].numpy() == 1)).all()
        assert float(weights[:, column].sum()) == pytest.approx(1.0)
        estimates = (values[drawn] * weights[:, column].numpy()).sum(1)
        own = scribbles.ravel() == label
        others = (scribbles.ravel() != 0) & ~own
        expected = (values[own].mean() + values[others].mean()) / 2
        assert abs(estimates.mean() - expected) < 4 * estimates.std() / np.sqrt(4000)


@pytest.mark.parametrize(("label", "what"), [(1, "object 1"), (2, "object 2"), (255, "background")])
def test_an_object_without_scribbles_is_a_users_mistake(label, what):
    scribbles = _objects()
    scribbles[scribbles == label] = 0
    with pytest.raises(UserError, match=f"lack {what}"):
        object_strata(scribbles, 12, 2)


@pytest.mark.parametrize("size", [(31, 90), (9, 11, 70)])
@pytest.mark.parametrize("slab", [1, 100, 10**6])
def test_background_close_to_the_object_whatever_is_computed_at_once(monkeypatch, size, slab):
    monkeypatch.setattr(sampling, "_SLAB", slab)
    is_object = np.random.default_rng(0).random(size) < 0.003
    places, objects = np.argwhere(np.ones(size, bool)), np.argwhere(is_object)
    distances = np.linalg.norm(places[:, None] - objects, axis=-1).min(axis=1).reshape(size)
    close = (distances <= 0.03 * max(size)) & ~is_object
    assert 0 < close.sum() < (~is_object).sum()
    strata = sampling.unaries_strata(is_object.astype(np.float32), 30)
    assert np.array_equal(strata.members[1], np.flatnonzero(close))
