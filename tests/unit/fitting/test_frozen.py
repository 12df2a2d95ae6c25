"""Numbers of short fits of every kind, as they were when `NUMERICS` was last raised.

A change of these is a change of all results: raise `isr.fitting.engine.long_work.NUMERICS`, so that
no checkpoint of before is gone on from, and write the numbers anew:

    PYTHONPATH=lib:tests/support python tests/unit/fitting/test_frozen.py
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tiny_cells
import torch
from tiny_cells import SEED, box, picture, run, write_clip, write_items, write_predictions

from isr.constraints import NAMES
from isr.coordinates import ThirdAxis
from isr.data.items import time_axis
from isr.data.pictures import Picture
from isr.fitting.engine import attempts
from isr.fitting.engine.long_work import NUMERICS
from isr.store import FITS, read_fits

AGAIN = "second attempt"
FROZEN = Path(__file__).with_name("frozen.json")
FCN = {"predictor": "fcn", "features": "rgb+xy"}
STEPS = 24
# Few steps leave rounding no time to grow: processors differ by some 1e-6.
TOLERANCE = {"rtol": 2e-4, "atol": 2e-5}


def _given(constraint):
    options = {
        "path_connected": {"blocks": 2, "base_options": {"width": 8}},
        "rotationally_symmetric": {"order": 3},
        "union": {"member": "convex", "count": 2, "options": {"width": 4}},
    }
    plain = constraint in ("convex", "star_shaped", "unconstrained")

    def fits(folder):
        items = write_items(folder, picture(known=["unaries"]))
        own = options.get(constraint, {"width": 8} if plain else {})
        return run(folder, items, constraint=constraint, options=own, steps=STEPS)

    return fits


def _pictures(folder, **settings):
    return run(folder, write_items(folder, picture()), steps=STEPS, **FCN, **settings)


def _objects(folder):
    told = picture("told", objects=2, known=["scribbles", "truth", "instances"])
    return run(folder, write_items(folder, told), steps=STEPS, fit="joint", **FCN)


def _with_depth(folder):
    content = picture(third=tiny_cells.depth(), known=["scribbles"])
    return run(folder, write_items(folder, content), steps=STEPS)


def _volume(folder):
    third = ThirdAxis("z", np.linspace(0, 0.3, 3))
    content = picture(size=(3, 20, 30), third=third, known=["unaries"])
    return run(folder, write_items(folder, content), steps=STEPS)


def _frames(folder):
    unaries = [np.where(box((16, 24)), 0.9, 0.1) for _ in range(3)]
    made = write_predictions(folder / "predictions", "clip", unaries)
    items = [write_clip(folder, frames=3, annotated=(0, 2))]
    few = {"first_steps": STEPS, "next_steps": 8}
    return run(folder, items, predictor="half", predictions=made, **few)


def _tuned(folder):
    items = [write_clip(folder, frames=3, annotated=(0, 2))]
    few = {"first_steps": STEPS, "next_steps": 8}
    return run(folder, items, predictor="unet", fit="joint", **few)


def _noise(folder):
    content = picture("box", (4, 20, 30), third=time_axis(4), known=["unaries"])
    items = write_items(folder, content)
    return run(folder, items, fit="spatio-temporal", noise=0.4, steps=STEPS)


def _again(folder):
    """A thin bar that no first attempt of few steps finds."""
    unaries = np.zeros((16, 24), np.float32)
    unaries[7:9, 2:22] = 1
    content = Picture("bar", np.zeros((16, 24, 3), np.float32), unaries=unaries)
    options = {"blocks": 2, "base_options": {"width": 8}}
    items = write_items(folder, content)
    return run(folder, items, constraint="path_connected", options=options, steps=STEPS)


KINDS = {
    **{f"given {name}": _given(name) for name in NAMES},
    "sequential": _pictures,
    "joint": lambda folder: _pictures(folder, fit="joint"),
    "published code": lambda folder: run(
        folder, write_items(folder, picture()), protocol="published-code", steps=STEPS, **FCN
    ),
    "several objects": _objects,
    "depth": _with_depth,
    "volume": _volume,
    "frames": _frames,
    "tuned frames": _tuned,
    "time": _noise,
    AGAIN: _again,
}


def fit_once(kind):
    """Whether so few steps count as a proper fit: of all kinds but the one of second attempts."""
    attempts.PROPER_FIT = 0.5 if kind == AGAIN else 0.0


def levels(folder):
    """Levels of every stored fit at points drawn in [-1, 1] or so, by the name of the problem."""
    (part,) = sorted(folder.glob("fits/*/part-0"), key=lambda path: path.stat().st_mtime)[-1:]
    stored = read_fits(part / FITS).of_seed(SEED)
    found = {}
    for name in stored.names:
        shape = stored.representation(name)
        points = np.random.default_rng(0).uniform(-0.7, 0.7, (5, shape.dim))
        with torch.no_grad():
            found[name] = shape(torch.from_numpy(points).to(torch.float64)).tolist()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_those_of_before(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(tiny_cells, "evaluate", lambda job, folder: None)
    monkeypatch.setattr(attempts, "PROPER_FIT", attempts.PROPER_FIT)
    fit_once(kind)
    frozen = json.loads(FROZEN.read_text())
    assert frozen["numerics"] == NUMERICS
    KINDS[kind](tmp_path)
    found, before = levels(tmp_path), frozen["levels"][kind]
    assert found.keys() == before.keys()
    for name, values in found.items():
        np.testing.assert_allclose(values, before[name], **TOLERANCE)


def _write():
    tiny_cells.evaluate = lambda job, folder: None
    found = {}
    for kind, fits in KINDS.items():
        fit_once(kind)
        with tempfile.TemporaryDirectory() as folder:
            fits(Path(folder))
            found[kind] = levels(Path(folder))
    text = json.dumps({"numerics": NUMERICS, "levels": found}, indent=1)
    FROZEN.write_text(f"{text}\n")


if __name__ == "__main__":
    sys.exit(_write())
