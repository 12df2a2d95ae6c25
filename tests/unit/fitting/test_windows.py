import numpy as np
import pytest

from isr.fitting.streams import uniforms
from isr.fitting.windows import WholePicture, WindowSampler, window_sampler


def _scribbles(height: int, width: int) -> np.ndarray:
    scribbles = np.zeros((height, width), np.uint8)
    scribbles[0, : width // 2] = 255
    scribbles[height // 2, width // 3 : width // 3 + 3] = 1
    scribbles[-1, -1] = 2
    return scribbles


def _sampler(height: int, width: int, core: int, windows: int = 5, halo: int = 2) -> WindowSampler:
    return window_sampler(_scribbles(height, width), core=core, halo=halo, windows=windows)


def expected_windows(sampler: WindowSampler, scribbles: np.ndarray) -> dict[tuple[int, int], float]:
    """How many windows a step is expected to place at each corner, by counting."""
    height, width, core = sampler.height, sampler.width, sampler.core
    count = sampler.windows // 2
    anywhere = sampler.windows - count
    spans = (height + core - 1) * (width + core - 1)
    expected = {
        (row, column): anywhere / spans
        for row in range(1 - core, height)
        for column in range(1 - core, width)
    }
    objects = np.argwhere((scribbles != 0) & (scribbles != 255))
    background = np.argwhere(scribbles == 255)
    for members, draws in ((objects, count - count // 2), (background, count // 2)):
        for row, column in members:
            for i in range(core):
                for j in range(core):
                    expected[row - i, column - j] += draws / len(members) / core**2
    return expected


@pytest.mark.parametrize(("height", "width", "core"), [(7, 9, 3), (5, 4, 6), (1, 8, 2), (6, 6, 1)])
@pytest.mark.parametrize("windows", [4, 5, 8])
def test_coverage_is_the_expected_number_of_windows_over_a_pixel(height, width, core, windows):
    sampler = _sampler(height, width, core, windows)
    brute = np.zeros((height, width))
    for (row, column), count in expected_windows(sampler, _scribbles(height, width)).items():
        brute[max(row, 0) : max(row + core, 0), max(column, 0) : max(column + core, 0)] += count
    assert np.allclose(sampler.coverage, brute, rtol=1e-12)
    assert sampler.coverage.min() > 0


def test_corners_are_drawn_as_often_as_expected():
    steps = 20_000
    sampler = _sampler(5, 6, 3)
    drawn = uniforms(0, "x", "windows", first_step=0, steps=steps, count=sampler.uniforms)
    corners = sampler.corners(drawn)
    assert corners.shape == (steps, 5, 2)
    found: dict[tuple[int, int], int] = {}
    for row, column in corners.reshape(-1, 2):
        found[row, column] = found.get((row, column), 0) + 1
    expected = expected_windows(sampler, _scribbles(5, 6))
    assert set(found) <= set(expected)
    for corner, count in expected.items():
        # Counts of independent steps vary by less than a Poisson count does.
        assert abs(found.get(corner, 0) - steps * count) < 5 * np.sqrt(steps * count)


def test_the_last_windows_hold_a_stroke_of_each_class():
    sampler, scribbles = _sampler(9, 11, 3, windows=8), _scribbles(9, 11)
    corners = sampler.corners(np.random.default_rng(0).random((40, sampler.uniforms)))
    pixels, inside = sampler.pixels(corners, margin=0)
    labels = np.where(inside, scribbles.ravel()[pixels], 0)
    objects = ((labels != 0) & (labels != 255)).any((2, 3))
    background = (labels == 255).any((2, 3))
    assert objects[:, 4:6].all()
    assert background[:, 6:8].all()


def test_pixels_are_the_window_and_what_lies_outside_is_marked():
    sampler = _sampler(7, 9, 3, halo=2)
    pixels, inside = sampler.pixels(np.array([[-1, 7]]), margin=2)
    assert pixels.shape == inside.shape == (1, sampler.side, sampler.side) == (1, 7, 7)
    for i in range(7):
        for j in range(7):
            row, column = -1 - 2 + i, 7 - 2 + j
            assert inside[0, i, j] == (0 <= row < 7 and 0 <= column < 9)
            if inside[0, i, j]:
                assert pixels[0, i, j] == row * 9 + column
    assert (pixels >= 0).all()
    assert (pixels < 63).all()


def test_the_whole_picture_is_one_window():
    whole = WholePicture(3, 4)
    corners = whole.corners(np.zeros((2, 0)))
    pixels, inside = whole.pixels(corners, margin=0)
    assert pixels.shape == (2, 1, 3, 4)
    assert inside.all()
    assert (pixels.reshape(2, -1) == np.arange(12)).all()
    assert (whole.coverage == 1).all()
