import numpy as np
import pandas as pd
import pytest
from matplotlib.container import BarContainer

from isr.evaluation.baselines import BASELINES
from isr.reporting import bars, summary
from isr.reporting.settings import Cell


def markers(axes):
    return [line for line in axes.lines if line.get_marker() == "D"]


def test_a_panel_per_predictor_with_a_bar_per_result(grid_metrics, grid_study):
    figure = bars.draw(summary.summarise(grid_metrics, grid_study), grid_study)
    cnn, fcn = figure.axes
    assert (cnn.get_title(), fcn.get_title()) == ("CNN", "FCN")
    assert len([each for each in fcn.containers if isinstance(each, BarContainer)]) == 12
    assert len([each for each in cnn.containers if isinstance(each, BarContainer)]) == 10
    assert [text.get_text() for text in cnn.texts] == ["not run", "not run"]
    assert len(markers(cnn)) == len(markers(fcn)) == 12


def test_bars_and_error_bars_have_the_right_height(score, study):
    rows = score(0.5) + score(0.7, seed=47)
    own = study()
    figure = bars.draw(summary.summarise(pd.DataFrame(rows), own), own)
    (bar,) = [each for each in figure.axes[1].containers if isinstance(each, BarContainer)]
    assert bar.patches[0].get_height() == 0.6
    segment = bar.errorbar.lines[2][0].get_segments()[0]
    np.testing.assert_allclose(segment[:, 1], [0.6 - 0.02**0.5, 0.6 + 0.02**0.5])


def test_one_seed_has_no_error_bar(score, study):
    own = study()
    figure = bars.draw(summary.summarise(pd.DataFrame(score(0.5)), own), own)
    (bar,) = [each for each in figure.axes[1].containers if isinstance(each, BarContainer)]
    assert bar.errorbar is None


def test_the_data_are_named_and_published_values_marked(grid_metrics, grid_study):
    figure = bars.draw(summary.summarise(grid_metrics, grid_study), grid_study)
    assert figure.get_suptitle().startswith("Demo data (2 embedded pictures")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "published (other pictures)" in labels


def test_bars_without_ground_truth_say_so(score, study):
    own = study()
    rows = score(np.nan) + score(np.nan, output="representation")
    figure = bars.draw(summary.summarise(pd.DataFrame(rows), own), own)
    assert figure.get_suptitle().startswith("Demo data (1 embedded picture,")
    assert [text.get_text() for text in figure.axes[1].texts][:2] == ["no ground truth"] * 2


@pytest.mark.parametrize(
    ("constraint", "labels"),
    [
        ("convex", ["hull of the predictor's largest part"]),
        ("star_shaped", ["part of the predictor's mask seen from its centre"]),
        ("mirror_symmetric", []),
    ],
)
def test_the_baseline_is_that_of_the_constraint(score, study, constraint, labels):
    cells = [Cell(constraint, "fcn", "rgb+xy", "sequential", 42)]
    own = study(cells, constraint=constraint, shows_published=False)
    rows = [
        row | {"constraint": constraint}
        for output in ("predictor", "representation", *BASELINES.get(constraint, ()))
        for row in score(0.5, output=output)
    ]
    figure = bars.draw(summary.summarise(pd.DataFrame(rows), own), own)
    assert [text.get_text() for text in figure.legends[0].get_texts()][2:] == labels
    # Each dash lies on a wider white one.
    assert len(figure.axes[0].lines) == 2 * len(labels)
