"""Every public call computes the same whatever state its caller has put PyTorch in."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch

import isr
from isr.evaluation.paths import draw_connected
from isr.fitting.engine import attempts
from isr.torch_state import in_usual_state, usual_state

KINDS = ("convex", "path_connected", "radially_connected", "union")
TINY = {
    "path_connected": {"blocks": 2, "base_options": {"width": 4}},
    "union": {"options": {"width": 4}},
}
ROWS, COLUMNS = np.mgrid[:12, :16] + 0.5
DISC = np.hypot(ROWS - 6, COLUMNS - 8) < 4
SCRIBBLES = np.zeros((12, 16), np.uint8)
SCRIBBLES[6, 6:11], SCRIBBLES[0] = 1, 255


@contextmanager
def _default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


STATES = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "float64 by default": _default_dtype,
    "another default device": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
}


def _values(found):
    """What a call has given, as arrays."""
    if isinstance(found, torch.nn.Module):
        return [value.numpy() for value in found.state_dict().values()]
    if isinstance(found, isr.ThirdAxis):
        return [found.coordinates]
    if isinstance(found, list):
        return [np.array([each.sentence for each in found])]
    if hasattr(found, "wkb"):
        return [np.array(found.wkt)]
    return [np.asarray(each) for each in (found if isinstance(found, tuple) else (found,))]


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """Public calls by name, all of them, ready to be made."""
    folder = tmp_path_factory.mktemp("files")
    attempts.PROPER_FIT, proper = 0.0, attempts.PROPER_FIT
    volume = np.stack([DISC] * 3).astype(np.float32)
    np.save(folder / "stack.npy", volume)
    third = isr.slice_coordinates(3, 12, 16)
    solid = isr.fit_unaries(volume, "convex", third=third, steps=4, width=4)
    scene = isr.Scene(12, 16, third=third)

    def written():
        isr.write_ply(folder / "body.ply", isr.mesh(solid, scene, 8))
        return np.frombuffer((folder / "body.ply").read_bytes(), np.uint8)

    found = {
        "Scene": lambda: isr.Scene(12, 16).coordinates(),
        "ThirdAxis": lambda: isr.ThirdAxis("t", np.arange(3.0) * 40),
        "mesh": lambda: isr.mesh(solid, scene, 8)[:2],
        "pixel_coordinates": lambda: isr.pixel_coordinates(12, 16),
        "segment": lambda: (
            isr.segment(
                DISC.astype(np.float32), SCRIBBLES, predictor="threshold", steps=6, width=4
            ).representation
        ),
        "read_volume": lambda: isr.read_volume(folder / "stack.npy"),
        "slice_coordinates": lambda: isr.slice_coordinates(3, 12, 16),
        "write_ply": written,
    }
    for kind in KINDS:
        options = {"steps": 6, "points": 40, **TINY.get(kind, {"width": 4})}
        shape = isr.fit_unaries(DISC, kind, **options)
        own = {key: value for key, value in options.items() if key not in ("steps", "points")}
        found |= {
            f"build {kind}": lambda kind=kind, own=own: isr.build(kind, 2, **own).dim,
            f"certify {kind}": lambda shape=shape: isr.certify(shape, 12, 16, seed=0),
            f"fit_unaries {kind}": lambda kind=kind, o=options: isr.fit_unaries(DISC, kind, **o),
            f"fit_scribbles {kind}": lambda kind=kind, o=options: isr.fit_scribbles(
                SCRIBBLES, kind, **o
            ),
            f"masks {kind}": lambda shape=shape: isr.masks(shape, (12, 16)),
            f"outline {kind}": lambda shape=shape: isr.outline(shape, 12, 16),
        }
        if kind == "path_connected":
            found["paths"] = lambda shape=shape: draw_connected(shape, 12, 16)
    yield found
    attempts.PROPER_FIT = proper


def test_all_public_calls_are_among_them(calls):
    made = {name.split()[0] for name in calls}
    assert made >= set(isr.__all__) - {"__version__"}


@pytest.fixture(scope="module")
def expected(calls):
    """What they give in the usual state."""
    return {name: _values(call()) for name, call in calls.items()}


@pytest.mark.parametrize("state", STATES)
def test_a_call_gives_the_same_in_any_state(calls, expected, state):
    for name, call in calls.items():
        with STATES[state]():
            found = call()
        for own, other in zip(_values(found), expected[name], strict=True):
            np.testing.assert_array_equal(own, other, err_msg=name)
        if isinstance(found, torch.nn.Module):
            assert not any(value.is_inference() for value in found.parameters()), name
            assert {value.dtype for value in found.parameters()} == {torch.float32}, name


def test_the_callers_state_holds_again_afterwards():
    with torch.inference_mode(), _default_dtype(), torch.device("meta"):
        with usual_state():
            made = torch.zeros(1, requires_grad=True) * 2
            assert (made.requires_grad, made.dtype, made.device.type) == (
                True,
                torch.float32,
                "cpu",
            )
        assert torch.is_inference_mode_enabled()
        assert torch.zeros(1).dtype == torch.float64
        assert torch.zeros(1).device.type == "meta"
    with pytest.raises(ZeroDivisionError), _default_dtype():
        in_usual_state(lambda: 1 / 0)()
    assert torch.get_default_dtype() == torch.float32
