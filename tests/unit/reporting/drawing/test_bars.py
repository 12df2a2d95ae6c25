"""Figure 11: bars, deviations, published markers, and what did not run."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from isr.constraints import record
from isr.reporting.drawing import bars, overlays

NAMES = {"cnn": "CNN", "fcn": "FCN"}


def row(predictor="fcn", features="rgb+xy", fit="sequential", output="predictor", **changes):
    about = {
        "predictor": predictor,
        "features": features,
        "labels": "",
        "fit": fit,
        "output": output,
        "status": "ran",
        "iou": 0.6,
        "iou_deviation": np.nan,
        "published_iou": np.nan,
        "published": False,
        "same_pictures": False,
    }
    return about | changes


def grid():
    """Two predictors, two feature sets, two fits, both outputs; one setting did not run."""
    rows = []
    for predictor in NAMES:
        for features in ("rgb+xy", "rgb+xy+semantic"):
            for fit in ("sequential", "joint"):
                missing = (predictor, features, fit) == ("cnn", "rgb+xy", "joint")
                told = {"status": "not run", "iou": np.nan} if missing else {}
                for output in ("predictor", "convex_hull_largest", "representation"):
                    rows.append(row(predictor, features, fit, output, **told))
    table = pd.DataFrame(rows)
    outputs = table["output"].isin(["predictor", "representation"])
    return table.assign(published=outputs, published_iou=np.where(outputs, 0.7, np.nan))


def draw(rows, constraint="convex"):
    figure = bars.draw(pd.DataFrame(rows), constraint, "Title", predictors=NAMES)
    figure.savefig(io.BytesIO())
    return figure


def boxes(axes):
    return [each for each in axes.patches if isinstance(each, Rectangle) and each.get_width()]


def markers(axes):
    return [line for line in axes.lines if line.get_marker() == "D"]


def test_a_panel_per_predictor_with_a_bar_per_result():
    cnn, fcn = draw(grid()).axes
    assert (cnn.get_title(), fcn.get_title()) == ("CNN", "FCN")
    assert (len(boxes(cnn)), len(boxes(fcn))) == (6, 8)
    assert [text.get_text() for text in cnn.texts] == ["not run", "not run"]
    assert len(markers(cnn)) == len(markers(fcn)) == 8


def test_each_bar_stands_where_its_marks_do():
    table = grid()
    table["iou"] = np.linspace(0.2, 0.9, len(table))
    _, axes = draw(table).axes
    shown = table[(table["predictor"] == "fcn") & table["output"].isin(["predictor"])]
    by_height = {round(float(box.get_height()), 6): box for box in boxes(axes)}
    for each in shown.itertuples():
        box = by_height[round(each.iou, 6)]
        assert to_hex(box.get_facecolor()) == overlays.PREDICTOR
        assert bool(box.get_hatch()) == (each.fit == "joint")
        middle = box.get_x() + box.get_width() / 2
        assert round(middle) == ["rgb+xy", "rgb+xy+semantic"].index(each.features)
        assert any(
            abs(line.get_xdata()[0] - middle) < box.get_width() / 2 for line in markers(axes)
        )


def test_deviations_are_error_bars():
    (axes,) = draw([row(iou_deviation=0.1), row(output="representation")]).axes
    (found,) = [each for each in axes.containers if hasattr(each, "has_yerr")]
    segment = found.lines[2][0].get_segments()[0]
    np.testing.assert_allclose(segment[:, 1], [0.5, 0.7])
    (box,) = [each for each in boxes(axes) if to_hex(each.get_facecolor()) == overlays.PREDICTOR]
    assert segment[0, 0] == pytest.approx(box.get_x() + box.get_width() / 2)


@pytest.mark.parametrize("same", [True, False])
def test_it_is_said_whose_pictures_the_published_numbers_are_of(same):
    figure = draw(grid().assign(same_pictures=same))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[-1] == ("published" if same else "published (other pictures)")
    assert labels[:2] == ["sequential: predictor", "sequential: convex"]


@pytest.mark.parametrize(
    ("constraint", "labels"),
    [
        ("convex", ["hull of the predictor's largest part"]),
        ("star_shaped", ["part of the predictor's mask seen from its centre"]),
        ("mirror_symmetric", []),
    ],
)
def test_the_baseline_is_that_of_the_constraint(constraint, labels):
    outputs = ("predictor", *record(constraint).projections, "representation")
    figure = draw([row(output=output) for output in outputs], constraint)
    assert [text.get_text() for text in figure.legends[0].get_texts()][2:] == labels
    # Each dash lies on a wider white one.
    assert len(figure.axes[0].lines) == 2 * len(labels)


def test_what_predictors_see_may_be_labels_or_nothing():
    rows = [row(features="", labels="motion"), row(predictor="given", features="")]
    first, second = draw(rows).axes
    assert [axes.get_xticklabels()[0].get_text() for axes in (first, second)] == [
        "motion labels",
        "no features",
    ]
