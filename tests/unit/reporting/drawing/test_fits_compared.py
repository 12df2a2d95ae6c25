import numpy as np

from isr.reporting import comparison


def texts(axes):
    return [text.get_text() for text in axes.texts]


def row(picture, **changes):
    mask = picture.ground_truth == 255
    found = (
        comparison.Segmentation(~mask, 0.25),
        comparison.Segmentation(mask, 1.0),
        comparison.Segmentation(mask),
        None,
    )
    parts = {"ground_truth": picture.ground_truth, "segmentations": found} | changes
    return comparison.Comparison(picture.name, picture.image, picture.scribbles, **parts)


def test_five_panels_for_each_picture(picture):
    figure = comparison.draw([row(picture), row(picture, ground_truth=None)], title="Demo")
    assert len(figure.axes) == 10
    assert [axes.get_title()[:3] for axes in figure.axes[:5]] == ["(a)", "(b)", "(c)", "(d)", "(e)"]


def test_iou_stands_under_the_panels_and_missing_fits_are_said(picture):
    panels = comparison.draw([row(picture)]).axes
    assert texts(panels[0]) == ["disc"]
    assert texts(panels[1]) == ["IoU 0.250"]
    assert texts(panels[2]) == ["IoU 1.000"]
    assert texts(panels[3]) == []
    assert texts(panels[4]) == ["not run"]


def test_an_empty_mask_is_drawn(picture):
    empty = comparison.Segmentation(np.zeros((30, 40), bool), 0.0)
    figure = comparison.draw([row(picture, segmentations=(empty,) * 4)])
    assert len(figure.axes) == 5


def test_representations_are_called_by_their_constraint(picture):
    figure = comparison.draw([row(picture)], constraint="path_connected")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[2] == "(c) projection: path-connected"
    assert titles[4] == "(e) joint: path-connected"
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "representation: path-connected" in legend
