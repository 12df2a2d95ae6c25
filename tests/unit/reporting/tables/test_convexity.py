"""Tables 1 and 3: averages by hand, their layout, and what stands where a number is missing."""

import io

import numpy as np
import pandas as pd
import pytest
from score_rows import entries, grid_plan, pick, row, score, study_of

from isr.errors import UserError
from isr.reporting.tables import convexity

BOTH = [grid_plan(seed=seed) for seed in (42, 47)]
FULL = [f"img_{number}" for number in range(51)]
STOPPED = score(0.5) + score(0.5, output="representation", finite=False)


def study(cells=BOTH, items=("a", "b"), kind="embedded", **changes):
    return study_of(cells, items, kind, **changes)


@pytest.fixture
def summarise(read_back):
    """Averages rows of a study, by default of two seeds of one cell."""

    def make(rows, own=None, published=True):
        own = own or study()
        constraint = own.cells[0].settings.constraint
        return convexity.summarise(read_back(rows, own), own, constraint, published)

    return make


@pytest.fixture
def table_1(table_of):
    return lambda rows, own, **keys: table_of("table_1", rows, own, **keys)[1]


@pytest.fixture
def table_3(table_of):
    return lambda rows, own, **keys: table_of("table_3", rows, own, **keys)[1]


def row_of(numbers, output="predictor", **axes):
    wanted = {"predictor": "fcn", "features": "rgb+xy", "fit": "sequential"} | axes
    return pick(numbers, output=output, **wanted)


def bold(table, *names):
    for line in table.lines:
        if line.names == names:
            return [[span.bold for span in entry] for entry in line.entries]
    raise AssertionError(names)


def headings(table, row):
    return [(head.text, head.columns) for head in table.headings[row]]


def test_mean_over_pictures_then_mean_and_deviation_over_seeds(summarise):
    rows = score(0.5, accuracy=0.9) + score(0.7, "b", accuracy=0.7)
    rows += score(0.8, accuracy=0.6, seed=47) + score(0.8, "b", accuracy=1.0, seed=47)
    found = row_of(summarise(rows))
    assert found["iou"] == pytest.approx(0.7)
    assert found["iou_deviation"] == pytest.approx(0.2 / np.sqrt(2))
    assert found["accuracy"] == pytest.approx(0.8)
    assert found["accuracy_deviation"] == pytest.approx(0.0)
    assert (found["n_seeds"], found["n_pictures"], found["seeds"]) == (2, 2, "42 47")


def test_only_pictures_of_all_seeds_are_averaged(summarise):
    rows = score(0.2) + score(0.6, seed=47) + score(1.0, "b", seed=47)
    found = row_of(summarise(rows))
    assert found["iou"] == pytest.approx(0.4)
    assert found["n_pictures"] == 1


def test_scores_against_other_things_and_of_single_objects_are_left_out(summarise):
    rows = score(0.5) + score(0.9, against="unaries") + score(0.1, object="1")
    found = row_of(summarise(rows))
    assert (found["iou"], found["n_seeds"], found["planned_seeds"]) == (0.5, 1, 2)
    assert np.isnan(found["iou_deviation"])


def test_pictures_without_ground_truth_are_counted(summarise):
    found = row_of(summarise(score(0.9, against="unaries")))
    assert (found["status"], found["n_pictures"], found["n_seeds"]) == ("no ground truth", 1, 1)


@pytest.mark.parametrize(
    ("kind", "entry", "pictures", "same"),
    [
        ("convexitydb", {}, 51, True),
        ("convexitydb", {"long_side": 240}, 51, False),
        ("convexitydb", {}, 50, False),
        ("embedded", {}, 51, False),
    ],
)
def test_a_difference_only_on_the_papers_pictures(summarise, kind, entry, pictures, same):
    rows = [each for name in FULL[:pictures] for each in score(0.75, name)]
    found = row_of(summarise(rows, study(items=FULL[:pictures], kind=kind, entry=entry)))
    assert found["same_pictures"] == same
    if same:
        assert found["difference_iou"] == pytest.approx(0.75 - 0.732)
    else:
        assert np.isnan(found["difference_iou"])


def test_of_other_predictors_alone_nothing_is_compared(summarise):
    numbers = summarise(score(0.5, predictor="tv"), study([grid_plan(predictor="tv")]))
    assert set(numbers["predictor"]) == {"tv"}
    assert not numbers["published"].any()
    assert not summarise(score(0.5), published=False)["published"].any()


def test_a_predictor_of_another_name_is_compared_with_its_network(summarise):
    numbers = summarise(score(0.5, predictor="small"), study([grid_plan(predictor="small")]))
    assert row_of(numbers, predictor="small")["published_iou"] == 0.732
    assert set(numbers["predictor"]) == {"small", "cnn"}


def test_cells_of_one_setting_that_score_an_item_twice_are_an_error(summarise):
    cells = [grid_plan(), grid_plan(steps=50)]
    with pytest.raises(UserError, match=r"fcn rgb\+xy clean sequential predictor is scored twice"):
        summarise(score(0.5), study(cells))


def test_csv_has_words_for_what_is_missing(table_of, grid_rows, grid_study):
    text, _ = table_of("table_1", grid_rows, grid_study)
    table = pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str)
    ran = row_of(table, output="representation", fit="joint")
    own = pd.DataFrame(grid_rows).query(
        "predictor == 'fcn' and features == 'rgb+xy' and fit == 'joint'"
        " and output == 'representation'"
    )
    assert float(ran["iou"]) == pytest.approx(own["iou"].mean(), abs=1e-4)
    assert ran["iou_deviation"] == ""
    assert (ran["steps"], ran["optimiser"], ran["first_steps"]) == ("400", "adam", "")
    assert ran["published_iou"] == "0.7560"
    assert ran["published_accuracy"] == ran["published_iou_deviation"] == "not legible"
    assert ran["difference_iou"] == "other pictures"
    assert ran["difference_accuracy"] == "not legible"
    missing = row_of(table, predictor="cnn", fit="joint")
    assert missing["iou"] == missing["accuracy"] == missing["difference_iou"] == "not run"
    hull = row_of(table, output="convex_hull")
    assert hull["published_iou"] == hull["difference_iou"] == ""


def test_table_1_has_the_papers_columns_and_rows(table_1, grid_rows, grid_study):
    table = table_1(grid_rows, grid_study)
    groups = ["RGB+spatial", "RGB+semantic", "RGB+spatial+semantic"]
    assert headings(table, 0) == [(name, 2) for name in groups]
    assert headings(table, 1) == [("CNN / convex", 1), ("FCN / convex", 1)] * 3
    baselines = ["hull of the predictor's mask", "hull of the predictor's largest part"]
    block = ["ours", "published (other pictures)", *baselines]
    assert [line.names[1] for line in table.lines] == block * 2
    published = entries(table, "seq.", "published (other pictures)")
    assert published[:2] == ["0.697 / 0.763", "0.732 / 0.711"]
    assert entries(table, "joint", "published (other pictures)")[3] == "0.635 / 0.894"


def test_table_1_holds_our_numbers_and_not_run(table_1):
    rows = score(0.5) + score(0.6, "b")
    rows += score(0.8, output="representation") + score(0.7, "b", output="representation")
    rows += score(0.3, output="convex_hull") + score(0.3, "b", output="convex_hull")
    table = table_1(rows, study())
    assert entries(table, "seq.", "ours")[:2] == ["not run / not run", "0.550 / 0.750"]
    assert entries(table, "seq.", "hull of the predictor's mask")[1] == "0.300"
    assert entries(table, "seq.", "hull of the predictor's largest part")[1] == "not run"
    assert bold(table, "seq.", "ours")[1] == [False, True]


def test_the_difference_stands_only_on_the_papers_pictures(table_1):
    rows = [each for name in FULL for each in score(0.7, name)]
    table = table_1(rows, study(items=FULL, kind="convexitydb"))
    assert table.title.startswith("ConvexityDB (all 51 pictures). ")
    assert entries(table, "seq.", "published")[1] == "0.732 / 0.711"
    assert entries(table, "seq.", "difference")[1] == "\u22120.032 / not run"
    table = table_1(rows, study(items=FULL, kind="convexitydb", entry={"long_side": 240}))
    assert "difference" not in [line.names[1] for line in table.lines]
    assert "51 pictures; pictures shrunk to at most 240 px; seed 42" in table.notes[0]
    assert any("ours are shrunk, so no difference is taken" in note for note in table.notes)


def test_ties_are_both_bold_and_a_single_number_is_not(table_1):
    tie = score(0.50004) + score(0.49996, output="representation")
    assert bold(table_1(tie, study()), "seq.", "ours")[1] == [True, True]
    alone = score(0.5)
    assert bold(table_1(alone, study([grid_plan()])), "seq.", "ours")[1] == [False, False]


def test_a_hull_that_wins_is_bold(table_1):
    rows = score(0.5) + score(0.6, output="representation") + score(0.7, output="convex_hull")
    table = table_1(rows, study())
    assert bold(table, "seq.", "ours")[1] == [False, False]
    assert bold(table, "", "hull of the predictor's mask")[1] == [True]


def test_table_3_prints_deviations_over_seeds(table_3):
    rows = score(0.5, accuracy=0.9) + score(0.7, accuracy=0.8, seed=47)
    table = table_3(rows, study())
    assert entries(table, "seq.", "FCN", "RGB+spatial", "predictor") == [
        "0.600 \u00b1 0.141",
        "0.732 \u00b1 0.010",
        "0.850 \u00b1 0.071",
        "0.928 \u00b1 0.003",
    ]
    assert any("standard deviation" in note for note in table.notes)


def test_table_3_of_one_seed_and_of_what_is_not_legible(table_3, grid_rows, grid_study):
    table = table_3(grid_rows, grid_study)
    assert "\u00b1" not in entries(table, "seq.", "FCN", "RGB+spatial", "predictor")[0]
    assert not any("standard deviation" in note for note in table.notes)
    line = entries(table, "joint", "FCN", "RGB+semantic", "predictor")
    assert line[1] == "0.635 \u00b1 ?"
    assert line[3] == "?"
    assert len(table.lines) == 48


def test_without_published_numbers_only_ours_stand(table_1, table_3, grid_rows, grid_study):
    table = table_3(grid_rows, grid_study, published=False)
    assert headings(table, 1) == [("ours", 1), ("ours", 1)]
    names = [line.names[1] for line in table_1(grid_rows, grid_study, published=False).lines]
    assert not any("published" in name for name in names)


def test_title_and_notes_say_where_numbers_come_from(table_1, grid_rows, grid_study):
    grid_rows = [r | {"scale": 0.5 if r["predictor"] == "cnn" else 1.0} for r in grid_rows]
    table = table_1(grid_rows, grid_study)
    assert table.title.startswith("Demo data (2 embedded pictures, not the paper's set). ")
    ours = table.notes[0]
    for words in (
        "2 pictures; seed 42; steps per picture: 400; protocol paper",
        "pictures scaled by 0.5 (CNN) and 1 (FCN) for predictors, scored at full size",
        "two principal components of EfficientNet-Lite0 activations, averaged over Felzenszwalb "
        "regions (our stand-in).",
    ):
        assert words in ours
    assert "other pictures than ours" in table.notes[1]
    raw = [each | {"protocol": "published-code"} for each in grid_rows]
    end = "(our stand-in), as raw principal components."
    assert table_1(raw, grid_study).notes[0].endswith(end)


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (score(0.5), "FCN RGB+spatial seq. (1 of 2)"),
        (
            score(0.5) + score(0.5, output="representation", steps=3000),
            "; steps per picture: 3,000 (predictors 400);",
        ),
        (STOPPED, "1 fit stopped early at the last finite state."),
        ([], "Ours: no cell has run."),
    ],
)
def test_notes_tell_what_is_special(table_1, rows, note):
    assert note in "\n".join(table_1(rows, study()).notes)


def test_a_number_with_a_fit_that_stopped_says_so(table_1):
    assert "0.500 (stopped)" in str(table_1(STOPPED, study()).lines)
    assert "stopped" not in str(table_1(score(0.5), study()).lines)


@pytest.mark.parametrize("kind", ["table_1", "table_3"])
def test_pictures_without_ground_truth(table_of, kind):
    rows = [
        row
        for seed in (42, 47)
        for name in "ab"
        for row in score(0.5, name, seed=seed, output="representation", against="unaries")
    ]
    table = table_of(kind, rows, study(kind="convexitydb"))[1]
    assert table.title.startswith("ConvexityDB (2 of its 51 pictures)")
    assert table.notes[0].startswith("Ours: 2 pictures; seeds 42 and 47; ")
    assert table.notes[1] == "There is no ground truth, so nothing is scored."
    assert not any("Bold" in note or "deviation over seeds" in note for note in table.notes)
    if kind == "table_1":
        assert entries(table, "seq.", "ours")[1] == "no ground truth / no ground truth"
    else:
        assert entries(table, "seq.", "FCN", "RGB+spatial", "predictor")[0] == "no ground truth"


def test_of_named_cells_with_pictures_of_their_own(table_1):
    cells = [{"cell": "tea", "items": ["a"], "constraint": "convex", "steps": 50}]
    rows = score(0.4, steps=50, predictor="given", features=None)
    table = table_1(rows, study(cells, items="a", kind="gallery"))
    assert headings(table, 1) == [("unaries / convex", 1)]
    assert table.title.endswith("(after the paper's Table 1)")
    assert entries(table, "seq.", "ours") == ["0.400 / not run"]


def test_of_videos_frames_are_averaged(table_1):
    cell = {"constraint": "path_connected", "predictor": "unet", "labels": "motion"}
    rows = [row(iou, frame=n, output="predictor") for n, iou in enumerate((0.2, 0.6))]
    table = table_1(rows, study([cell], ("cars3",), "drawn"))
    assert headings(table, 0) == [("motion labels", 1)]
    assert headings(table, 1) == [("UNet / path-connected", 1)]
    assert entries(table, "seq.", "ours") == ["0.400 / not run"]
    assert "Ours: 2 frames; seed 42; steps per video: " in table.notes[0]


def test_predictors_of_one_kind_are_told_by_their_names(table_1):
    cells = [grid_plan(), grid_plan(predictor="small")]
    table = table_1(score(0.5) + score(0.6, predictor="small"), study(cells), published=False)
    names = [name for name, _ in headings(table, 1)]
    assert names == ["FCN (fcn) / convex", "FCN (small) / convex"]


@pytest.mark.parametrize("kind", ["table_1", "table_3"])
@pytest.mark.parametrize(
    ("constraint", "baselines"),
    [
        ("star_shaped", ["part of the predictor's mask seen from its centre"]),
        ("path_connected", ["predictor's largest part, its holes filled"]),
        ("radially_connected", []),
    ],
)
def test_other_constraints_have_their_own_baselines(table_of, kind, constraint, baselines):
    rows = score(0.5, constraint=constraint) + score(0.9)
    rows += score(0.8, output="representation", constraint=constraint)
    own = study([grid_plan(constraint=name) for name in ("convex", constraint)])
    table = table_of(kind, rows, own, constraint=constraint)[1]
    word = constraint.replace("_", " " if constraint == "radially_connected" else "-")
    assert f"(after the paper's Table {kind[-1]})" in table.title
    if kind == "table_1":
        assert headings(table, 1) == [(f"FCN / {word}", 1)]
        assert [line.names[1] for line in table.lines] == ["ours", *baselines]
        assert entries(table, "seq.", "ours") == ["0.500 / 0.800"]
    else:
        assert headings(table, 1) == [("ours", 1), ("ours", 1)]
        assert [line.names[3] for line in table.lines] == ["predictor", *baselines, word]
    assert not any("Published" in note for note in table.notes)
