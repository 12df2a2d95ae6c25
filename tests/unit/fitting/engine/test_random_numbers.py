import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isr.fitting.engine.random_numbers import (
    generator,
    key_tensor,
    stream_key,
    tensor_uniforms,
    uniforms,
)


def _draw(first_step=0, steps=6, count=5, *, seed=1, name="disc", stream="points"):
    return uniforms(seed, name, stream, first_step=first_step, steps=steps, count=count)


@given(
    st.integers(1, 40), st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(0, 10**6)
)
def test_a_steps_numbers_do_not_depend_on_the_blocks(count, lengths, first_step):
    whole = _draw(first_step, sum(lengths), count)
    starts = first_step + np.cumsum([0, *lengths[:-1]])
    parts = [_draw(int(s), n, count) for s, n in zip(starts, lengths, strict=True)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_numbers_are_uniform_and_none_is_used_twice():
    drawn = _draw(steps=2000, count=6)
    assert drawn.shape == (2000, 6)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert len(np.unique(drawn)) == drawn.size
    # Standard errors: 0.289 / sqrt(2000) for a mean, 1 / sqrt(2000) for a correlation.
    assert np.abs(drawn.mean(0) - 0.5).max() < 5 * 0.289 / 2000**0.5
    correlation = np.corrcoef(drawn.T) - np.eye(6)
    assert np.abs(correlation).max() < 5 / 2000**0.5


@pytest.mark.parametrize(
    "other", [{"seed": 2}, {"name": "disk"}, {"stream": "strokes"}, {"first_step": 1}]
)
def test_seeds_names_streams_and_steps_differ(other):
    assert np.intersect1d(_draw(steps=1), _draw(steps=1, **other)).size == 0


def test_names_and_streams_are_not_run_together():
    assert not np.array_equal(_draw(name="a", stream="bc"), _draw(name="ab", stream="c"))
    assert not np.array_equal(_draw(seed=1, name="1a"), _draw(seed=11, name="a"))


def test_generators_are_reproducible_and_their_own():
    again = [generator(1, "disc", "initial").random(4) for _ in range(2)]
    assert np.array_equal(*again)
    assert not np.array_equal(again[0], generator(1, "disc", "other").random(4))


def test_the_numbers_are_the_same_for_ever():
    """A change here would change every stored fit."""
    drawn = uniforms(42, "coffee", "points", first_step=10, steps=1, count=3)
    assert np.array_equal(drawn, [[0.918140486735962, 0.21059556841144678, 0.020490468923483385]])


@given(
    st.integers(1, 9),
    st.integers(1, 6),
    st.lists(
        st.tuples(st.integers(0, 2**31), st.text(max_size=5), st.integers(0, 10**6)),
        min_size=1,
        max_size=4,
    ),
)
def test_tensors_hold_the_same_bits(count, steps, streams):
    keys = key_tensor([stream_key(seed, name, "points") for seed, name, _ in streams])
    drawn = tensor_uniforms(keys, [first for *_, first in streams], steps, count)
    for own, (seed, name, first) in zip(drawn.numpy(), streams, strict=True):
        alone = uniforms(seed, name, "points", first_step=first, steps=steps, count=count)
        assert np.array_equal(own, alone)
