import numpy as np
import pytest

from isr.data.weak_labels.store import (
    BACKGROUND,
    FOREGROUND,
    NONE,
    WeakLabels,
    label_kind,
    label_table,
    read_labels,
    write_labels,
)
from isr.errors import UserError
from isr.io import write_png

F, B = FOREGROUND, BACKGROUND
ABOUT = {"kind": "simulated", "text": "made up", "options": {"seed": 1}}
LABELS = np.array([[F, F, B, 0], [F, 0, 0, B], [F, B, 0, 0], [F, B, 0, B]], np.uint8)


def test_round_trip(tmp_path):
    flip = np.where(LABELS == F, 0.25, 0).astype(np.float32)
    frames = [WeakLabels(LABELS, flip), WeakLabels(np.zeros((4, 4), np.uint8), note="nothing")]
    write_labels(tmp_path / "v", iter(frames), ABOUT)
    first, second = (read_labels(tmp_path / "v", number) for number in range(2))
    np.testing.assert_array_equal(first.labels, LABELS)
    assert first.labels.dtype == np.uint8
    np.testing.assert_allclose(first.flip, flip, atol=1e-5)
    assert first.flip.dtype == np.float32
    assert second.flip is None
    assert not second.labels.any()
    assert label_kind(tmp_path / "v") == ABOUT
    table = label_table(tmp_path / "v")
    assert list(table.columns) == ["frame", "foreground", "background", "kind", "note"]
    assert table["foreground"].tolist() == [5 / 16, 0]
    assert table["background"].tolist() == [5 / 16, 0]
    assert table["note"].tolist() == ["", "nothing"]


def test_a_pixel_takes_the_label_that_covers_half_of_it(tmp_path):
    flip = np.where(LABELS == F, [[0.1, 0.2, 0.4, 0.4]], 0).astype(np.float32)
    write_labels(tmp_path / "v", [WeakLabels(LABELS, flip)], ABOUT)
    small = read_labels(tmp_path / "v", 0, (2, 2))
    # Below to the left, two labels cover half each; below to the right, one covers a quarter.
    np.testing.assert_array_equal(small.labels, [[F, B], [NONE, NONE]])
    np.testing.assert_allclose(small.flip, [[(0.1 + 0.2 + 0.1) / 3, 0], [0, 0]], atol=1e-4)


def test_scattered_points_survive_shrinking(tmp_path):
    write_labels(tmp_path / "v", [WeakLabels(LABELS)], {**ABOUT, "points": True})
    small = read_labels(tmp_path / "v", 0, (2, 2))
    np.testing.assert_array_equal(small.labels, [[F, B], [NONE, B]])


@pytest.mark.parametrize("points", [True, False])
def test_sizes_that_do_not_divide(tmp_path, points):
    labels = np.zeros((48, 64), np.uint8)
    labels[:, :20], labels[:, 40:] = F, B
    write_labels(tmp_path / "v", [WeakLabels(labels)], {**ABOUT, "points": points})
    small = read_labels(tmp_path / "v", 0, (19, 26)).labels
    for label in (F, B):
        assert (small == label).mean() == pytest.approx((labels == label).mean(), abs=1 / 26)
    assert small.shape == (19, 26)
    same = read_labels(tmp_path / "v", 0, (48, 64)).labels
    np.testing.assert_array_equal(same, labels)
    large = read_labels(tmp_path / "v", 0, (96, 128)).labels
    np.testing.assert_array_equal(large[::2, ::2], labels)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "no frames to label"),
        ([WeakLabels(np.full((2, 2), 7, np.uint8))], "hold the values 7, expected 0"),
        ([WeakLabels(np.zeros((2, 2)))], r"labels \(float64\)"),
        ([WeakLabels(np.zeros((n, 2), np.uint8)) for n in (2, 3)], "frame 1: .* another size"),
        ([WeakLabels(LABELS, np.zeros((2, 2), np.float32))], "another size"),
        ([WeakLabels(LABELS, np.full((4, 4), 1.5, np.float32))], r"not all in \[0, 1\]"),
        ([WeakLabels(LABELS, np.full((4, 4), np.nan, np.float32))], r"not all in \[0, 1\]"),
    ],
)
def test_wrong_labels_leave_nothing_behind(tmp_path, frames, message):
    with pytest.raises(UserError, match=message):
        write_labels(tmp_path / "v", frames, ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_or_damaged_is_told(tmp_path):
    for read in (label_kind, label_table, lambda folder: read_labels(folder, 0)):
        with pytest.raises(UserError, match="does not exist"):
            read(tmp_path)
    write_labels(tmp_path / "v", [WeakLabels(LABELS)], ABOUT)
    (tmp_path / "v" / "about.json").write_text('{"text": "no kind"}')
    with pytest.raises(UserError, match="is damaged"):
        label_kind(tmp_path / "v")
    (tmp_path / "v" / "labels.csv").write_text("")
    with pytest.raises(UserError, match="is damaged"):
        label_table(tmp_path / "v")
    write_png(tmp_path / "v" / "00000.png", np.full((4, 4), 9, np.uint8))
    with pytest.raises(UserError, match=r"00000\.png: the labels"):
        read_labels(tmp_path / "v", 0)
