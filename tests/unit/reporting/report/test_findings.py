"""What the page begins with: a sentence for each study, with its interval."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from score_rows import grid_plan, study_of

from isr.io import write_png
from isr.reporting import paired
from isr.reporting.report import findings


def _study(items):
    return study_of([grid_plan(cell="one")], items, "embedded")


def _settings(ours, theirs, called=""):
    index = list("abcdefgh")[: len(ours)]
    own, other = pd.Series(ours, index), pd.Series(theirs, index)
    return paired.Setting(called, own, other, paired.compare_each(own, other))


def _frame(*rows):
    return pd.DataFrame(rows, columns=["item", "frame", "output", "against", "iou"])


PICTURE = _frame(("a", None, "representation", "ground truth", 0.5))


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        ([0.8, 0.83, 0.82], "Convex regions agree better with the ground truth"),
        ([0.6, 0.62, 0.63], "Convex regions agree less with the ground truth"),
        ([0.9, 0.5, 0.7], "agree neither clearly better nor clearly less"),
    ],
)
def test_the_interval_decides_the_words(ours, words):
    said = findings.sentence(_study(["a"]), [_settings(ours, [0.7, 0.72, 0.71])], PICTURE)
    assert words in said
    assert f"mean IoU {np.mean(ours):.3f} against 0.710, a difference of " in said
    assert "(95 % interval over 3 pictures)" in said


def test_one_item_has_no_interval():
    said = findings.sentence(_study(["a"]), [_settings([0.8], [0.7])], PICTURE)
    assert said.endswith("a difference of +0.100 (1 picture, no interval).")


def test_the_best_of_settings_of_the_same_items():
    settings = [_settings([0.8, 0.9], [0.7, 0.7], "fcn"), _settings([0.6, 0.7], [0.7, 0.6], "cnn")]
    said = findings.sentence(_study(["a"]), settings, PICTURE)
    assert said.endswith("; best: fcn, 0.850.")
    others = [settings[0], _settings([0.6], [0.7], "cnn")]
    assert "best" not in findings.sentence(_study(["a"]), others, PICTURE)


def test_without_ground_truth_the_unaries_are_named():
    metrics = _frame(
        ("a", 0, "representation", "unaries", 0.5), ("b", 0, "representation", "unaries", 0.7)
    )
    said = findings.sentence(_study(["a"]), [], metrics)
    assert said.startswith("Convex regions agree with their unaries to a mean IoU of 0.600 (from ")
    assert "2 videos" in said
    assert findings.sentence(_study(["a"]), [], metrics[:0]) == "No cell has scores yet."


def test_a_small_figure(tmp_path):
    write_png(tmp_path / "figure.png", np.zeros((2000, 1000, 3), np.uint8))
    head, _, data = findings.small(tmp_path / "figure.png").partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert picture.size == (440, 880)
