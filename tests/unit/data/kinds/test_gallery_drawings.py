import numpy as np
import pytest
from scipy import ndimage

from isr.coordinates import pixel_coordinates, to_pixels, with_third
from isr.data.kinds import gallery, gallery_drawings
from isr.data.pictures import OBJECT


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("name", gallery.DRAWN)
def test_drawn_pictures_are_reproducible_and_imperfect(name: str) -> None:
    first, second = (gallery.load(name) for _ in range(2))
    assert first.unaries is not None
    assert first.ground_truth is not None
    np.testing.assert_array_equal(first.unaries, second.unaries)
    np.testing.assert_array_equal(first.image, second.image)
    agreement = iou(first.unaries > 0.5, first.ground_truth == OBJECT)
    assert 0.3 < agreement < 0.9
    assert first.unaries.dtype == first.image.dtype == np.float32


def test_the_sheets_truth_is_its_lattice() -> None:
    picture = gallery.load("sheet")
    truth = picture.ground_truth == OBJECT
    points = gallery_drawings.sheet_rectify(pixel_coordinates(*gallery_drawings.SHEET_SIZE))
    phase = (points - gallery_drawings.SHEET_ORIGIN) @ np.linalg.inv(gallery_drawings.SHEET_BASIS).T
    offset = (phase - np.rint(phase)) @ gallery_drawings.SHEET_BASIS.T
    expected = np.linalg.norm(offset, axis=-1) <= gallery_drawings.SHEET_RADIUS
    assert (truth == expected).mean() > 0.98
    assert iou(truth, expected) > 0.93


def test_every_hole_is_a_component_of_the_truth_and_some_are_hidden() -> None:
    picture = gallery.load("sheet")
    assert picture.unaries is not None
    truth = picture.ground_truth == OBJECT
    holes = to_pixels(gallery_drawings.sheet_holes(), *truth.shape)
    columns, rows = np.floor(holes).astype(int).T
    assert truth[rows, columns].all()
    labels, _ = ndimage.label(truth)
    found = labels[rows, columns]
    assert len(set(found.tolist())) == len(holes) > 50
    hidden = [(picture.unaries[labels == k] > 0.5).mean() < 0.1 for k in found]
    assert 6 <= sum(hidden) <= len(hidden) // 3


def test_a_part_of_the_key_looks_like_a_hole() -> None:
    picture = gallery.load("sheet")
    assert picture.unaries is not None
    false = (picture.unaries > 0.5) & (picture.ground_truth != OBJECT)
    assert np.bincount(ndimage.label(false)[0].ravel())[1:].max() > 100


def test_the_ball_follows_its_path() -> None:
    picture = gallery.load("drawn_ball")
    assert picture.third is not None
    assert picture.third.name == "t"
    np.testing.assert_array_equal(picture.third.values, np.linspace(0, 1, 8))
    coordinates = pixel_coordinates(*picture.grid[1:])
    centres = gallery_drawings.ball_centre(picture.third.values)
    assert picture.ground_truth is not None
    for truth, centre in zip(picture.ground_truth == OBJECT, centres, strict=True):
        np.testing.assert_allclose(coordinates[truth].mean(axis=0), centre, atol=0.004)
        area = truth.sum() / truth.size
        assert area == pytest.approx(np.pi * gallery_drawings.BALL_RADIUS**2, rel=0.03)


def test_the_ball_is_hidden_and_flickers() -> None:
    picture = gallery.load("drawn_ball")
    assert picture.unaries is not None
    assert picture.ground_truth is not None
    found = [
        float((u > 0.5)[t == OBJECT].mean())
        for u, t in zip(picture.unaries, picture.ground_truth, strict=True)
    ]
    assert found[0] > 0.9
    assert found[-1] > 0.9
    assert min(found) < 0.6
    assert sum(0.5 < share < 0.9 for share in found) >= 2


def rotated(mask: np.ndarray, angle: float) -> np.ndarray:
    height, width = mask.shape
    offset = pixel_coordinates(height, width) - gallery_drawings.FLOWER_CENTRE
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    pixels = to_pixels(offset @ turn + gallery_drawings.FLOWER_CENTRE, height, width) - 0.5
    return ndimage.map_coordinates(mask.astype(float), pixels[..., ::-1].transpose(2, 0, 1)) > 0.5


@pytest.mark.parametrize(("parts", "symmetric"), [(5, True), (4, False), (6, False), (10, False)])
def test_the_flower_has_order_five(parts: int, symmetric: bool) -> None:
    truth = gallery.load("flower").ground_truth == OBJECT
    agreement = iou(truth, rotated(truth, 2 * np.pi / parts))
    assert agreement > 0.97 if symmetric else agreement < 0.8


def test_the_flower_is_partly_hidden() -> None:
    picture = gallery.load("flower")
    assert picture.unaries is not None
    truth = picture.ground_truth == OBJECT
    filled = ndimage.median_filter(picture.unaries, 5) > 0.5
    assert (truth & ~filled).sum() > 0.15 * truth.sum()
    assert (filled & ~truth).sum() < 0.05 * truth.sum()


def test_the_volume_is_an_ellipsoid_of_cubic_voxels() -> None:
    picture = gallery.load("volume")
    depth, height, width = picture.grid
    assert picture.third is not None
    assert picture.third.name == "z"
    truth = picture.ground_truth == OBJECT
    points = with_third(pixel_coordinates(height, width), picture.third)[truth]
    np.testing.assert_allclose(points.mean(axis=0), gallery_drawings.VOLUME_CENTRE, atol=0.003)
    volume = truth.sum() / max(height, width) ** 3
    expected = 4 / 3 * np.pi * np.prod(gallery_drawings.VOLUME_AXES)
    assert volume == pytest.approx(expected, rel=0.02)
    semi_axes = np.sqrt(5 * np.linalg.eigvalsh(np.cov(points.T)))
    np.testing.assert_allclose(semi_axes, np.sort(gallery_drawings.VOLUME_AXES), rtol=0.02)
    assert not truth[[0, depth - 1]].any()
