"""How long fits of the costly shapes take, on one core.

Run it with `OMP_NUM_THREADS=1 pytest tests/benchmarks/bench_shapes.py -s` on an otherwise idle
machine. It prints what it measures and fails beyond the stated limits; it is not part of the suite.
"""

import time

import numpy as np
import pytest

from isr import fit_unaries
from isr.evaluation.drawing import draw_mask

HEIGHT, WIDTH = 213, 320


def animal() -> np.ndarray:
    """A body on four legs with a tail, behind a fence."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    body = ((rows - 130) / 32) ** 2 + ((columns - 160) / 60) ** 2 < 1
    for leg in (115, 140, 180, 205):
        body |= (abs(columns - leg) < 6) & (rows > 130) & (rows < 195)
    body |= (abs(rows - 110 + 0.4 * (columns - 60)) < 5) & (columns > 40) & (columns < 110)
    return body & (columns % 40 > 4)


@pytest.mark.parametrize(
    ("constraint", "steps", "limit", "least"),
    [
        ("path_connected", 5000, 60.0, 0.75),
        ("star_shaped", 3000, 40.0, 0.55),
        ("convex", 3000, 10.0, 0.4),
    ],
)
def test_a_fit_is_fast(constraint, steps, limit, least):
    """For path-connected regions the paper's 1,000 + 4,000 steps."""
    unaries = animal().astype(np.float32)
    started = time.perf_counter()
    region = fit_unaries(unaries, constraint, steps=steps, points=1000, object_weight=0.5)
    seconds = time.perf_counter() - started
    mask, wanted = draw_mask(region, HEIGHT, WIDTH), unaries > 0.5
    iou = (mask & wanted).sum() / (mask | wanted).sum()
    print(f"\n{constraint}: {steps} steps in {seconds:.1f} s, IoU {iou:.3f} with the unaries")
    assert iou >= least
    assert seconds <= limit
