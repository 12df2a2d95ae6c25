"""The guarantee of every representation, by one check."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isr import representations
from isr.coordinates import ThirdAxis
from isr.evaluation.certificates import certify
from isr.evaluation.verdicts import all_hold

SMALL = {
    "periodic": {"waves": 20},
    "lattice_periodic": {"harmonics": 2},
    "union": {"count": 2, "options": {"width": 8}},
    "path_connected": {"base_options": {"width": 8}, "hidden_units": 8},
}
DEPTH = ThirdAxis("z", np.linspace(0, 0.6, 4))


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("name", representations.NAMES)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), size=st.sampled_from([1e-3, 0.3, 1.0]))
def test_projected_parameters_keep_the_promise(name, dim, seed, size):
    representation = representations.build(name, dim, **SMALL.get(name, {"width": 8}))
    generator = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in representation.parameters():
            drawn = generator.normal(0, size, tuple(parameter.shape))
            parameter.add_(torch.from_numpy(np.asarray(drawn)).to(parameter))
    representation.project_()
    third = None if dim == 2 else DEPTH
    certificates = certify(representation, 12, 16, third=third, seed=0)
    assert all_hold(certificates), [c.sentence for c in certificates if not c.holds]
