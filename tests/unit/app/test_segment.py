"""The one call: what it finds of pictures, several objects, volumes and clips, and what it says."""

import numpy as np
import pytest
import shapely
from painted_discs import coloured, disc, strokes

import isr
from isr.errors import PoorFit, UserError


def _iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_a_disc_by_strokes(found, drawn):
    assert found.predictor == "grabcut"
    assert _iou(found.mask(), drawn.mask) > 0.9
    assert found.outline().area == pytest.approx(found.mask().sum(), rel=0.03)
    assert all(each.holds for each in found.certificate())
    assert found.agreement() > 0.9
    assert found.warnings == []


def test_a_mask_at_another_size_is_of_the_same_shape(found):
    large = found.mask((80, 112))
    assert large.mean() == pytest.approx(found.mask().mean(), rel=0.03)
    # Every fourth of its pixels lies about where one of the small mask does.
    assert _iou(large[::2, ::2], found.mask()) > 0.9


def test_the_outline_has_the_pixels_of_the_mask(found):
    rows, columns = np.mgrid[:40, :56] + 0.5
    inside = shapely.contains_xy(found.outline(), columns, rows)
    np.testing.assert_array_equal(inside, found.mask())


def test_several_objects_are_parts_of_a_union():
    first, second = disc((15, 20), 9), disc((41, 20), 9)
    image, scribbles = coloured(first | second), strokes((15, 20), (41, 20))
    found = isr.segment(image, scribbles, "convex", steps=200, width=32)
    labels = found.labels()
    assert _iou(labels == 1, first) > 0.8
    assert _iou(labels == 2, second) > 0.8
    assert len(found.certificate()) >= 6
    assert found.unaries.shape == (40, 56, 2)


def test_a_given_mask_needs_no_strokes(drawn):
    found = isr.segment(drawn.image, unaries=drawn.mask, constraint="convex", steps=80, width=32)
    assert found.predictor == "given"
    assert _iou(found.mask(), drawn.mask) > 0.9


def test_strokes_alone(drawn):
    found = isr.segment(drawn.image, drawn.scribbles, predictor="none", steps=80, width=32)
    assert found.found is None
    assert np.isnan(found.agreement())
    assert found.mask()[20, 28]
    assert not found.mask()[1].any()


def test_a_volume_by_strokes():
    z, rows, columns = np.mgrid[:8, :20, :24]
    far = np.sqrt((2 * (z - 3.5)) ** 2 + (rows - 10) ** 2 + (columns - 12) ** 2)
    scribbles = np.zeros(far.shape, np.uint8)
    scribbles[far < 3], scribbles[:, [0, -1]] = 1, 255
    third = isr.slice_coordinates(*far.shape, spacing=2.0)
    found = isr.segment(
        (far < 6).astype(float), scribbles, "convex", third=third, steps=120, width=32
    )
    assert found.predictor == "fcn"
    assert _iou(found.mask(), far < 6) > 0.8
    assert found.mask((40, 48)).shape == (8, 40, 48)
    assert len(found.surface().faces) > 50
    # z in pixels, of slices two pixels apart; in millimetres where the axis is.
    middle = found.surface().vertices.mean(0)
    assert middle == pytest.approx([12, 10, 8], abs=1.5)
    inches = isr.ThirdAxis("z", 1000.0 + 25.4 * np.arange(8))
    body = isr.segment(
        (far < 6).astype(float), constraint="convex", unaries=far < 6, third=inches, steps=120
    )
    assert body.surface().vertices[:, 2].mean() == pytest.approx(1000 + 25.4 * 3.5, abs=10)


def test_a_large_picture_is_shrunk_for_the_fit_alone(monkeypatch, drawn):
    monkeypatch.setattr("isr.app.segment._MOST", 600)
    image, scribbles = drawn.image, drawn.scribbles
    found = isr.segment(image, scribbles, "convex", steps=150, width=32)
    assert found.unaries.size <= 600
    assert found.mask().shape == (40, 56)
    assert _iou(found.mask(), drawn.mask) > 0.85
    assert found.certified_size[0] * found.certified_size[1] <= 620


def test_two_discs_contradict_one_convex_region(recwarn):
    mask = disc((12, 20), 8) | disc((44, 20), 8)
    scribbles = strokes((12, 20))
    scribbles[19:22, 40:49] = 1
    scribbles[10:30, 27:29] = 255
    found = isr.segment(coloured(mask), scribbles, "convex", steps=150, width=32)
    said = " ".join(found.warnings)
    assert "strokes lie" in said
    assert "share" in said
    assert "the fit is far off: its IoU is" in said
    assert [each for each in recwarn if issubclass(each.category, PoorFit)] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"constraint": "round"}, "'round' is unknown"),
        ({"scribbles": None}, "nothing says what the object is"),
        ({"predictor": "unet"}, "strokes do not suffice"),
        ({"predictor": "magic"}, "magic"),
        ({"scribbles": np.zeros((4, 4), np.uint8)}, "make them the same size"),
        ({"unaries": np.full((40, 56), 2.0)}, "rescale it"),
        ({"unaries": np.ones((40, 56)), "predictor": "grabcut"}, "give one of them"),
    ],
)
def test_what_does_not_fit_is_told(drawn, changes, words):
    given = {"image": drawn.image, "scribbles": drawn.scribbles, **changes}
    with pytest.raises(UserError, match=words):
        isr.segment(**given)


def test_single_pictures_are_for_single_predictors(drawn):
    third = isr.ThirdAxis("t", np.linspace(0, 1, 2))
    image, scribbles = np.stack([drawn.image] * 2), np.stack([drawn.scribbles] * 2)
    with pytest.raises(UserError, match="ask fcn of volumes and clips"):
        isr.segment(image, scribbles, predictor="grabcut", third=third)
