"""Sentences on what the shape cannot follow."""

import numpy as np
from painted_discs import disc, strokes

from isr.app.contradictions import contradictions

MASK = disc()


def test_nothing_is_said_where_all_goes_together():
    assert contradictions(MASK, "convex", scribbles=strokes((28, 20)), found=MASK) == []


def test_strokes_on_the_wrong_side():
    scribbles = strokes((28, 20))
    scribbles[20:24, 4:12] = 1
    (said,) = contradictions(MASK, "convex", scribbles=scribbles)
    assert said.startswith("54% of the object strokes lie outside the convex region")
    scribbles = strokes((28, 20))
    scribbles[14:16, 24:32] = 255
    (said,) = contradictions(MASK, "convex", scribbles=scribbles)
    assert "of the background strokes lie inside" in said


def test_parts_that_are_cut_off_and_holes_that_are_filled():
    found = MASK | disc((48, 10), 5)
    found &= ~disc((28, 20), 4)
    said = " ".join(contradictions(MASK, "convex", found=found, called="GrabCut's mask"))
    assert "GrabCut's mask share" in said
    assert "cut off" in said
    assert "filled" in said


def test_a_mask_that_runs_along_the_edge():
    found = MASK.copy()
    found[-1, :40] = True
    scribbles = np.zeros(MASK.shape, np.uint8)
    scribbles[20, 20:30], scribbles[2] = 1, 255
    *_, said = contradictions(MASK, "convex", scribbles=scribbles, found=found)
    assert "runs along the bottom edge" in said
    scribbles[-1, 5:9] = 1
    assert not any(
        "edge" in each for each in contradictions(MASK, "convex", scribbles=scribbles, found=found)
    )
