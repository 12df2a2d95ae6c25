import numpy as np
import torch

from isr.levels import foreground, probability

LEVELS = [-1e30, -2.0, -1e-30, -0.0, 0.0, 1e-30, 2.0, 1e30]


def test_foreground_is_where_the_level_is_at_most_zero():
    expected = [True, True, True, True, True, False, False, False]
    assert foreground(np.array(LEVELS)).tolist() == expected
    assert foreground(torch.tensor(LEVELS, dtype=torch.float64)).tolist() == expected
    assert not foreground(np.array([np.nan]))[0]


def test_probability_is_high_in_the_foreground_and_equal_in_numpy_and_torch():
    levels = np.linspace(-40, 40, 401)
    numpy, torch_ = probability(levels), probability(torch.from_numpy(levels)).numpy()
    assert np.allclose(numpy, 1 / (1 + np.exp(levels)), atol=1e-15)
    assert np.allclose(numpy, torch_, atol=1e-15)
    assert probability(np.array([0.0]))[0] == 0.5
    assert np.array_equal(probability(np.array([-1e30, 1e30])), [1.0, 0.0])
