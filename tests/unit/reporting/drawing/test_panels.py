import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from isr.reporting.drawing import panels


def sizes(figure: Figure, axes):
    width, height = figure.get_size_inches()
    boxes = [axis.get_position() for axis in axes]
    return [(box.width * width, box.height * height) for box in boxes]


def test_panels_of_a_row_have_one_height_and_fill_the_width():
    figure, row = panels.lay_out([2.0, 1.0, 1.5], "T")
    found = sizes(figure, row)
    np.testing.assert_allclose([w / h for w, h in found], [2.0, 1.0, 1.5])
    assert len({round(height, 6) for _, height in found}) == 1
    assert row[0].get_position().x0 < 0.02
    assert row[-1].get_position().x1 > 0.98


def test_a_tall_panel_is_kept_small_and_in_the_middle():
    figure, (axes,) = panels.lay_out([0.5], "T", tallest=3.0)
    np.testing.assert_allclose(sizes(figure, [axes]), [(1.5, 3.0)])
    box = axes.get_position()
    assert box.x0 + box.x1 == pytest.approx(1.0)


def test_rows_of_one_height():
    figure, row = panels.lay_out([1.0] * 4, "T", per_row=3, even=True)
    assert len({(round(width, 6), round(height, 6)) for width, height in sizes(figure, row)}) == 1


def test_nothing_overlaps_or_leaves_the_figure():
    _, places = panels.lay_out([1.5, 1.5, 2.0, 1.0, 0.5], "T", per_row=2)
    boxes = [axes.get_position() for axes in places]
    assert all(0 < box.x0 < box.x1 < 1 and 0 < box.y0 < box.y1 < 1 for box in boxes)
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])


@pytest.mark.parametrize("text", ["Title", "A title of many words " * 8])
def test_titles_and_headings_fit(text):
    figure, (axes, other) = panels.lay_out([0.6, 0.6], text)
    panels.head(axes, "(a) convex base region on the picture's grid")
    panels.head(other, "(b) where the diffeomorphism carries the grid")
    renderer = FigureCanvasAgg(figure).get_renderer()
    title = figure._suptitle.get_window_extent(renderer)
    assert figure.bbox.x0 < title.x0 < title.x1 < figure.bbox.x1
    first, second = (each.title.get_window_extent(renderer) for each in (axes, other))
    assert first.x1 < second.x0


@pytest.mark.parametrize("text", ["Ba$$in", "US$ 5 (a_$)", "$x^$", "a{b}<c>"])
def test_dollar_signs_are_what_they_are(tmp_path, text):
    figure, (place,) = panels.lay_out([1.5], text)
    panels.head(place, text, text)
    panels.add_legend(figure, [(panels.line("red"), text)])
    panels.save(figure, tmp_path / "a.png")
    assert "mathdefault" not in (tmp_path / "a.svg").read_text()
    assert panels.literal(text).replace(r"\$", "$") == text
