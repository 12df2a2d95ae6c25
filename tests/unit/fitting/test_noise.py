import numpy as np
import pytest

from isr.errors import UserError
from isr.fitting.in_time import noisy_frames, replace_with_noise_


@pytest.mark.parametrize(("share", "count"), [(0, 0), (0.1, 2), (0.2, 4), (0.6, 11)])
def test_the_share_of_frames_is_rounded(share, count):
    assert len(noisy_frames(19, share, seed=42, name="cars3")) == count


def test_the_first_and_the_last_frame_are_never_noise():
    for seed in range(20):
        frames = noisy_frames(10, 0.8, seed=seed, name="v")
        assert frames == list(range(1, 9))


def test_a_smaller_share_is_part_of_a_larger_one_and_seeds_differ():
    less, more = (set(noisy_frames(19, share, seed=1, name="v")) for share in (0.2, 0.5))
    assert less < more
    assert less != set(noisy_frames(19, 0.2, seed=2, name="v"))
    assert less != set(noisy_frames(19, 0.2, seed=1, name="w"))


@pytest.mark.parametrize("frames", [1, 2, 3, 10])
def test_more_noise_than_frames_between_is_refused(frames):
    with pytest.raises(UserError, match="lower it"):
        noisy_frames(frames, 1.0, seed=0, name="v")


def test_a_negative_share_is_refused():
    with pytest.raises(UserError, match=r"noise is -0\.3: give a share"):
        noisy_frames(10, -0.3, seed=0, name="v")


def test_only_the_named_frames_are_replaced_and_the_rest_is_untouched():
    noisy, again = np.full((2, 5, 40, 50), 0.25, np.float32)
    replace_with_noise_(noisy, [1, 3], seed=0, name="v")
    assert (noisy[[0, 2, 4]] == 0.25).all()
    for frame in noisy[[1, 3]]:
        assert frame.min() == 0.0
        assert frame.max() == 1.0
        # Normal noise of deviation 1 about 0.5, cut at 0 and 1: a third at each end.
        assert (frame == 0).mean() == pytest.approx(0.3085, abs=0.04)
        assert frame.mean() == pytest.approx(0.5, abs=0.03)
    assert not np.array_equal(noisy[1], noisy[3])
    replace_with_noise_(again, [1, 3], seed=0, name="v")
    assert np.array_equal(noisy, again)
