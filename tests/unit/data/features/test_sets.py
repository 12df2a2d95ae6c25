import numpy as np
import pytest

from isr.data.features.sets import assemble, channel_slices, parse
from isr.errors import UserError


def _sets(height: int = 3, width: int = 4) -> dict[str, np.ndarray]:
    return {
        name: np.full((height, width, channels), value, np.float32)
        for value, (name, channels) in enumerate([("rgb", 3), ("xy", 2), ("semantic", 2)])
    }


@pytest.mark.parametrize(
    ("features", "values"),
    [
        ("rgb", [0, 0, 0]),
        ("rgb+xy", [0, 0, 0, 1, 1]),
        ("rgb+semantic", [0, 0, 0, 2, 2]),
        ("semantic+xy+rgb", [0, 0, 0, 1, 1, 2, 2]),
    ],
)
def test_sets_stand_in_a_fixed_order(features, values):
    stacked = assemble(features, _sets())
    assert stacked.shape == (3, 4, len(values))
    assert stacked.dtype == np.float32
    assert stacked[1, 2].tolist() == values


@pytest.mark.parametrize("features", ["rgb", "xy", "xy+rgb", "rgb+semantic", "rgb+xy+semantic"])
def test_slices_find_each_set_again(features):
    stacked = assemble(features, _sets())
    slices = channel_slices(features)
    assert list(slices) == parse(features)
    for name, where in slices.items():
        assert np.array_equal(stacked[..., where], _sets()[name])


@pytest.mark.parametrize("features", ["", "rgb+", "rgb+texture", "RGB", "rgb + xy"])
def test_unknown_sets_are_a_users_mistake(features):
    with pytest.raises(UserError, match="is unknown"):
        parse(features)


def test_a_set_named_twice_is_a_users_mistake():
    with pytest.raises(UserError, match="twice"):
        parse("rgb+xy+rgb")


def test_missing_and_unequal_sets_are_a_users_mistake():
    sets = _sets()
    with pytest.raises(UserError, match="semantic features are missing"):
        assemble("rgb+semantic", {"rgb": sets["rgb"]})
    with pytest.raises(UserError, match="sizes differ"):
        assemble("rgb+semantic", {**sets, "semantic": _sets(4, 3)["semantic"]})
    assert assemble("rgb+xy", {**sets, "semantic": _sets(4, 3)["semantic"]}).shape == (3, 4, 5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_a_users_mistake(value):
    sets = _sets()
    sets["semantic"][2, 3, 1] = value
    with pytest.raises(UserError, match="not finite"):
        assemble("rgb+semantic", sets)
    assert assemble("rgb", sets).shape == (3, 4, 3)
