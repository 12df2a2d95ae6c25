import pandas as pd
import pytest

from isr.errors import UserError
from isr.reporting import summary, tables
from isr.reporting.settings import Cell


def entries(table, *names):
    """Texts of the line with these names; the first name may stand in an earlier line."""
    above = ""
    for line in table.lines:
        above = line.names[0] or above
        if (above, *line.names[1:]) == names or line.names == names:
            return [" / ".join(span.text for span in entry) for entry in line.entries]
    raise AssertionError(names)


def bold(table, *names):
    for line in table.lines:
        if line.names == names:
            return [[span.bold for span in entry] for entry in line.entries]
    raise AssertionError(names)


def headings(table, row):
    return [(head.text, head.columns) for head in table.headings[row]]


def test_table_1_has_the_papers_columns_and_rows(grid_metrics, grid_study):
    table = tables.make("table_1", summary.summarise(grid_metrics, grid_study), grid_study)
    groups = ["RGB+spatial", "RGB+semantic", "RGB+spatial+semantic"]
    assert headings(table, 0) == [(name, 2) for name in groups]
    assert headings(table, 1) == [("CNN / convex", 1), ("FCN / convex", 1)] * 3
    baselines = ["hull of the predictor's mask", "hull of the predictor's largest part"]
    block = ["ours", "published (other pictures)", *baselines]
    assert [line.names[1] for line in table.lines] == block * 2
    assert entries(table, "seq.", "published (other pictures)")[:2] == [
        "0.697 / 0.763",
        "0.732 / 0.711",
    ]
    assert entries(table, "joint", "published (other pictures)")[3] == "0.635 / 0.894"


def test_table_1_holds_our_numbers_and_not_run(score, study):
    rows = score(0.5) + score(0.6, picture="b")
    rows += score(0.8, output="representation") + score(0.7, picture="b", output="representation")
    rows += score(0.3, output="convex_hull") + score(0.3, picture="b", output="convex_hull")
    own = study()
    table = tables.make("table_1", summary.summarise(pd.DataFrame(rows), own), own)
    assert entries(table, "seq.", "ours")[:2] == ["not run / not run", "0.550 / 0.750"]
    assert entries(table, "seq.", "hull of the predictor's mask")[1] == "0.300"
    assert entries(table, "seq.", "hull of the predictor's largest part")[1] == "not run"
    assert bold(table, "seq.", "ours")[1] == [False, True]


def test_the_difference_stands_only_on_the_papers_pictures(score, study):
    rows = [row for number in range(51) for row in score(0.7, picture=f"img_{number}")]
    own = study(kind="convexitydb")
    table = tables.make("table_1", summary.summarise(pd.DataFrame(rows), own), own)
    assert table.title.startswith("ConvexityDB (all 51 pictures). ")
    assert entries(table, "seq.", "published")[1] == "0.732 / 0.711"
    assert entries(table, "seq.", "difference")[1] == "\u22120.032 / not run"


def test_ties_are_both_bold_and_a_single_number_is_not(score, study):
    own = study()
    tie = score(0.50004) + score(0.49996, output="representation")
    table = tables.make("table_1", summary.summarise(pd.DataFrame(tie), own), own)
    assert bold(table, "seq.", "ours")[1] == [True, True]
    alone = summary.summarise(pd.DataFrame(score(0.5)), own)
    assert bold(tables.make("table_1", alone, own), "seq.", "ours")[1] == [False, False]


def test_a_hull_that_wins_is_bold(score, study):
    rows = score(0.5) + score(0.6, output="representation") + score(0.7, output="convex_hull")
    own = study()
    table = tables.make("table_1", summary.summarise(pd.DataFrame(rows), own), own)
    assert bold(table, "seq.", "ours")[1] == [False, False]
    assert bold(table, "", "hull of the predictor's mask")[1] == [True]


def test_table_3_prints_deviations_over_seeds(score, study):
    rows = score(0.5, accuracy=0.9) + score(0.7, accuracy=0.8, seed=47)
    own = study()
    table = tables.make("table_3", summary.summarise(pd.DataFrame(rows), own), own)
    assert entries(table, "seq.", "FCN", "RGB+spatial", "predictor") == [
        "0.600 \u00b1 0.141",
        "0.732 \u00b1 0.010",
        "0.850 \u00b1 0.071",
        "0.928 \u00b1 0.003",
    ]
    assert any("standard deviation" in note for note in table.notes)


def test_table_3_of_one_seed_prints_no_deviation(grid_metrics, grid_study):
    table = tables.make("table_3", summary.summarise(grid_metrics, grid_study), grid_study)
    ours = entries(table, "seq.", "FCN", "RGB+spatial", "predictor")[0]
    assert "\u00b1" not in ours
    assert not any("standard deviation" in note for note in table.notes)


def test_table_3_says_what_is_not_legible(grid_metrics, grid_study):
    table = tables.make("table_3", summary.summarise(grid_metrics, grid_study), grid_study)
    line = entries(table, "joint", "FCN", "RGB+semantic", "predictor")
    assert line[1] == "0.635 \u00b1 not legible"
    assert line[3] == "not legible"
    assert len(table.lines) == 48


def test_without_published_numbers_only_ours_stand(grid_metrics, grid_study, study):
    own = study(grid_study.cells, shows_published=False)
    numbers = summary.summarise(grid_metrics, own)
    assert headings(tables.make("table_3", numbers, own), 1) == [("ours", 1), ("ours", 1)]
    names = [line.names[1] for line in tables.make("table_1", numbers, own).lines]
    assert not any("published" in name for name in names)


def test_title_and_notes_say_where_numbers_come_from(grid_metrics, grid_study):
    grid_metrics.loc[grid_metrics["predictor"] == "cnn", "scale"] = 0.5
    table = tables.make("table_1", summary.summarise(grid_metrics, grid_study), grid_study)
    assert table.title.startswith("Demo data (2 embedded pictures, not the paper's set). ")
    ours = table.notes[0]
    for words in (
        "2 pictures; seed 42; steps per picture: 400; protocol paper",
        "trained on pictures scaled by 0.5 (CNN) and 1 (FCN), scored at full size",
        "two principal components of EfficientNet-Lite0 activations, averaged over Felzenszwalb "
        "regions (our stand-in).",
    ):
        assert words in ours
    assert "other pictures than ours" in table.notes[1]


def test_missing_seeds_are_said(score, study):
    own = study()
    table = tables.make("table_1", summary.summarise(pd.DataFrame(score(0.5)), own), own)
    assert any("FCN RGB+spatial seq. (1 of 2)" in note for note in table.notes)


def test_nothing_ran(study):
    own = study()
    numbers = summary.summarise(summary.read_metrics([]), own)
    table = tables.make("table_1", numbers, own)
    assert table.notes[0] == "Ours: no cell has run."
    assert entries(table, "joint", "ours") == ["not run / not run"] * 6


def test_raw_components_are_said(grid_metrics, grid_study):
    grid_metrics["protocol"] = "published-code"
    table = tables.make("table_1", summary.summarise(grid_metrics, grid_study), grid_study)
    assert table.notes[0].endswith("(our stand-in), as raw principal components.")


def test_shrunk_pictures_are_not_the_papers(score, study):
    rows = [row for number in range(51) for row in score(0.7, picture=f"img_{number}")]
    own = study(kind="convexitydb", long_side=240)
    table = tables.make("table_1", summary.summarise(pd.DataFrame(rows), own), own)
    assert "difference" not in [line.names[1] for line in table.lines]
    assert "51 pictures; pictures shrunk to at most 240 px; seed 42" in table.notes[0]
    assert any("ours are shrunk, so no difference is taken" in note for note in table.notes)


def test_steps_of_predictors_stand_apart_where_they_differ(score, study):
    own = study()
    rows = score(0.5) + score(0.5, output="convex_hull")
    rows += score(0.5, output="representation", steps=3000)
    for output in ("predictor", "representation"):
        rows += score(0.5, fit="joint", output=output, steps=3000)
    own = study([*own.cells, Cell("convex", "fcn", "rgb+xy", "joint", 42)])
    table = tables.make("table_1", summary.summarise(pd.DataFrame(rows), own), own)
    assert "; steps per picture: 3,000 (sequential predictors 400);" in table.notes[0]


def test_fits_that_stopped_early_are_noted(score, study):
    rows = score(0.5, finite=True) + score(0.5, output="representation", finite=False)
    own = study()
    table = tables.make("table_1", summary.summarise(pd.DataFrame(rows), own), own)
    assert "1 fit stopped early at the last finite state." in table.notes


@pytest.mark.parametrize("kind", ["table_1", "table_3"])
def test_pictures_without_ground_truth(score, study, kind):
    rows = [
        row
        for seed in (42, 47)
        for name in "ab"
        for row in score(float("nan"), picture=name, seed=seed)
    ]
    rows += [row | {"output": "representation"} for row in rows]
    own = study(kind="convexitydb")
    table = tables.make(kind, summary.summarise(pd.DataFrame(rows), own), own)
    assert table.title.startswith("ConvexityDB (2 of its 51 pictures)")
    assert table.notes[0].startswith("Ours: 2 pictures; seeds 42 and 47; ")
    assert table.notes[1] == "The pictures have no ground truth, so nothing is scored."
    assert not any("Bold" in note or "deviation over seeds" in note for note in table.notes)
    if kind == "table_1":
        assert entries(table, "seq.", "ours")[1] == "no ground truth / no ground truth"
    else:
        assert entries(table, "seq.", "FCN", "RGB+spatial", "predictor")[0] == "no ground truth"


def test_unknown_kind(study):
    own = study()
    with pytest.raises(UserError, match="'table_9'"):
        tables.make("table_9", summary.summarise(summary.read_metrics([]), own), own)


@pytest.mark.parametrize("kind", ["table_1", "table_3"])
@pytest.mark.parametrize(
    ("constraint", "baselines"),
    [
        ("star_shaped", ["part of the predictor's mask seen from its centre"]),
        ("path_connected", ["predictor's largest part, its holes filled"]),
        ("radially_connected", []),
        ("mirror_symmetric", []),
    ],
)
def test_other_constraints_have_their_own_baselines(score, study, kind, constraint, baselines):
    rows = score(0.5, constraint=constraint) + score(0.9)
    rows += score(0.8, output="representation", constraint=constraint)
    cells = [Cell(name, "fcn", "rgb+xy", "sequential", 42) for name in ("convex", constraint)]
    own = study(cells, constraint=constraint)
    table = tables.make(kind, summary.summarise(pd.DataFrame(rows), own), own)
    word = (
        constraint.replace("_", "-") if constraint != "radially_connected" else "radially connected"
    )
    assert f"(after the paper's Table {kind[-1]})" in table.title
    if kind == "table_1":
        assert headings(table, 1) == [(f"FCN / {word}", 1)]
        assert [line.names[1] for line in table.lines] == ["ours", *baselines]
        assert entries(table, "seq.", "ours") == ["0.500 / 0.800"]
    else:
        assert headings(table, 1) == [("ours", 1), ("ours", 1)]
        assert [line.names[3] for line in table.lines] == ["predictor", *baselines, word]
    assert not any("Published" in note for note in table.notes)
