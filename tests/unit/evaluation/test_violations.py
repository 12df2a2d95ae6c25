import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isr.evaluation.pixels import pixel_hull
from isr.evaluation.violations import violations

ROWS, COLUMNS = np.mgrid[:60, :80]


def _disc(row, column, radius):
    return np.hypot(ROWS - row, COLUMNS - column) <= radius


@given(
    angle=st.floats(0, np.pi),
    long=st.floats(2, 25),
    thin=st.floats(1, 10),
)
def test_a_rasterised_convex_region_violates_nothing(angle, long, thin):
    x, y = COLUMNS - 40.3, ROWS - 30.1
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    found = violations((along / long) ** 2 + (across / thin) ** 2 <= 1)
    assert found.worst is None
    assert not found.pairs > 0


def test_two_discs_violate_by_every_pair_of_both():
    one, other = _disc(30, 15, 10), _disc(30, 65, 10)
    found = violations(one | other, pairs=20_000)
    assert found.pairs == pytest.approx(0.5, abs=0.02)
    hull = pixel_hull(one | other)
    assert found.background == pytest.approx((hull & ~one & ~other).sum() / hull.sum())
    (_, left), (_, right) = sorted(found.worst, key=lambda pixel: pixel[1])
    assert left < 26
    assert right > 54


def test_a_hole_violates_too():
    ring = _disc(30, 40, 25) & ~_disc(30, 40, 6)
    found = violations(ring)
    assert found.background == pytest.approx(_disc(30, 40, 6).sum() / _disc(30, 40, 25).sum())
    assert 0.05 < found.pairs < 0.5
    ends = np.array(found.worst)
    assert ring[tuple(ends.T)].all()
    assert not ring[tuple(np.rint(ends.mean(0)).astype(int))]


def test_an_empty_mask_has_no_pairs():
    found = violations(np.zeros((4, 5), bool))
    assert np.isnan(found.pairs)
    assert np.isnan(found.background)


def test_a_share_does_not_depend_on_how_finely_a_mask_is_drawn():
    notched = _disc(30, 40, 25) & ~_disc(5, 40, 12)
    fine = np.kron(notched, np.ones((6, 6), bool))
    assert violations(fine).pairs == pytest.approx(violations(notched).pairs, abs=0.02)


def test_draws_repeat():
    notched = _disc(30, 40, 25) & ~_disc(5, 40, 12)
    assert violations(notched) == violations(notched)
