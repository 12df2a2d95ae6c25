import pytest
import torch
from stacks import run

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no accelerator here"),
]


@pytest.mark.parametrize(
    "kind", ["projection", "fcn", "cnn", "star_shaped", "union", "path_connected"]
)
def test_an_accelerator_finds_what_the_processor_finds(make_stack, kind):
    names = ["p0", "p1", "p2", "p3", "p4"]
    here = run(make_stack(names, kind=kind, steps=50, stack_size=2))
    there = run(make_stack(names, kind=kind, steps=50, stack_size=2, device="cuda"))
    for name in names:
        assert there.finite[name]
        for key, value in here.states[name].items():
            torch.testing.assert_close(there.states[name][key], value, atol=1e-3, rtol=1e-3)
