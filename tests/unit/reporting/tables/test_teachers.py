import io

import pandas as pd
from score_rows import entries, grid_plan, pick, score, study_of

ALONE = {"predictor": "given", "features": None}
TAUGHT = {"fit": "joint"}
CONSTRAINTS = ("convex", "path_connected")


def _plans(seeds=(42, 47)):
    return [
        grid_plan(constraint=constraint, seed=seed, **teacher)
        for constraint in CONSTRAINTS
        for teacher in (ALONE, TAUGHT)
        for seed in seeds
    ]


def _rows(seeds=(42, 47)):
    rows = []
    for number, constraint in enumerate(CONSTRAINTS):
        for teacher, more in ((ALONE, 0.0), (TAUGHT, 0.1)):
            for seed in seeds:
                iou = 0.6 + 0.05 * number + more + (0.02 if seed == 47 else 0.0)
                about = {"constraint": constraint, "seed": seed, **teacher}
                for item, less in (("apple", 0.0), ("mandarins", 0.2)):
                    rows += score(iou - less, item, output="representation", **about)
                    if teacher is TAUGHT:
                        rows += score(0.5, item, output="predictor", **about)
    return rows


def _study():
    return study_of(_plans(), ("apple", "mandarins"), "fruit")


def test_each_item_and_their_mean_with_and_without_a_teacher(table_of):
    csv, table = table_of("student_table_1", _rows(), _study())
    assert [head.text for head in table.headings[0]] == [
        "no teacher",
        "with FCN, sees RGB+spatial, joint",
    ]
    assert entries(table, "apple", "convex") == ["0.610 \u00b1 0.014", "0.710 \u00b1 0.014"]
    assert entries(table, "apple", "path-connected") == ["0.660 \u00b1 0.014", "0.760 \u00b1 0.014"]
    assert entries(table, "mean", "convex") == ["0.510 \u00b1 0.014", "0.610 \u00b1 0.014"]
    assert entries(table, "apple", "predictor (convex)") == ["-", "0.500"]
    bold = [
        span.text for line in table.lines for entry in line.entries for span in entry if span.bold
    ]
    assert "0.760 \u00b1 0.014" in bold
    assert "0.710 \u00b1 0.014" not in bold
    tidy = pd.read_csv(io.StringIO(csv), keep_default_na=False)
    row = pick(tidy, item="mandarins", constraint="convex", fit="joint", output="representation")
    assert (float(row["iou"]), float(row["published_iou"])) == (0.51, 0.9345)


def test_the_published_numbers_stand_below(table_of):
    _, table = table_of("student_table_1", _rows(), _study())
    assert entries(table, "published (another picture)", "FICNN") == ["0.9152", "0.9345"]
    assert entries(table, "published (another picture)", "flow + FICNN") == ["0.9422", "0.9592"]
    assert any("Mandarins" in note for note in table.notes)
    _, bare = table_of("student_table_1", _rows(), _study(), published=False)
    assert not any("published" in line.names[0] for line in bare.lines)
    assert bare.title.endswith("(after the student report's Table 1)")


def test_a_title_says_whose_pictures_they_are(table_of):
    _, table = table_of("student_table_1", _rows(), _study())
    assert table.title.startswith("2 drawn pictures of fruit, not the student report's")


def test_seeds_that_did_not_run_are_told(table_of):
    _, table = table_of("student_table_1", _rows(seeds=(42,)), _study())
    assert any(note.startswith("Fewer seeds than planned") for note in table.notes)


def test_nothing_has_to_have_run(table_of):
    _, empty = table_of("student_table_1", [], _study())
    assert entries(empty, "apple", "convex") == ["not run", "not run"]
    assert empty.notes[0] == "Ours: no cell has run."
