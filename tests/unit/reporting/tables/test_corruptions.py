"""Table 2: averages by corruption, and the published numbers of SAM below ours."""

import csv
import io

import pytest
from score_rows import entries, grid_plan, score, study_of

from isr.errors import UserError
from isr.reporting.published import convexity as published

FULL = [f"img_{number}" for number in range(51)]


def plan(corruption="clean", seed=42, predictor="grabcut", **changes):
    return grid_plan(
        seed=seed, predictor=predictor, features=None, corruption=corruption, **changes
    )


def rows_of(ious, items=("a", "b"), **changes):
    """Scores of predictor and representation on some items: {corruption: (raw, projected)}."""
    return [
        each
        for corruption, pair in ious.items()
        for item in items
        for output, iou in zip(("predictor", "representation"), pair, strict=True)
        for each in score(iou, item, output=output, corruption=corruption, features="", **changes)
    ]


SAM = {"predictor": "sam"}


@pytest.fixture
def table_2(table_of):
    return lambda rows, own, **keys: table_of("table_2", rows, own, **keys)


def headings(table):
    return [head.text for head in table.headings[0]]


def test_a_stand_in_is_named_in_the_title_and_sam_s_numbers_stand_below(table_2):
    cells = [plan(name, seed) for name in ("clean", "spatter") for seed in (42, 47)]
    rows = rows_of({"clean": (0.5, 0.6), "spatter": (0.25, 0.35)}, predictor="grabcut")
    rows += rows_of({"clean": (0.7, 0.6)}, predictor="grabcut", seed=47)
    _, table = table_2(rows, study_of(cells, "ab", "embedded"))
    assert "GrabCut in the place of SAM (after the paper's Table 2)" in table.title
    assert headings(table) == ["Clean", "Spatter"]
    assert entries(table, "GrabCut", "raw") == ["0.600", "0.250"]
    assert entries(table, "GrabCut", "convex") == ["0.600", "0.350"]
    assert entries(table, "SAM, published (other pictures)", "raw") == ["0.728", "0.563"]
    assert entries(table, "SAM, published (other pictures)", "convex") == ["0.741", "0.582"]
    assert not [line for line in table.lines if "difference" in line.names[1]]
    assert "which of its models is not said; on other pictures than ours" in table.notes[1]
    assert "GrabCut spatter seq. (1 of 2)" in " ".join(table.notes)


def test_the_paper_s_columns_and_differences_are_those_of_sam_on_its_pictures(table_2):
    own = study_of([plan(**SAM), plan("glass_blur", **SAM)], FULL, "convexitydb")
    rows = rows_of({"clean": (0.7275, 0.75), "glass_blur": (0.7, 0.7)}, FULL, **SAM)
    text, table = table_2(rows, own)
    assert "(the paper's Table 2)" in table.title
    assert headings(table) == [
        *("Clean", "Spatter", "Contrast", "Brightness", "Impulse noise", "Shot noise"),
        *("Gaussian noise", "Defocus blur", "Glass blur"),
    ]
    assert entries(table, "SAM", "raw") == ["0.728", *["not run"] * 7, "0.700"]
    differences = entries(table, "SAM", "raw, difference")
    assert (differences[0], differences[-1]) == ("+0.000", "\N{MINUS SIGN}0.019")
    assert entries(table, "SAM, published", "convex")[-1] == "0.732"
    lines = list(csv.DictReader(io.StringIO(text)))
    first = next(line for line in lines if line["output"] == "representation")
    assert (first["corruption"], first["published_iou"], first["difference_iou"]) == (
        *("clean", "0.7407"),
        "0.0093",
    )
    assert "published_accuracy" not in first


def test_published_numbers_can_be_left_out_and_are_of_convex_shapes_alone(table_2):
    own = study_of([plan(**SAM)], "ab", "embedded")
    rows = rows_of({"clean": (0.5, 0.6)}, **SAM)
    _, table = table_2(rows, own, published=False)
    assert headings(table) == ["Clean"]
    assert {line.names[0] for line in table.lines} == {"SAM", ""}
    star = study_of([plan(constraint="star_shaped")], "ab", "embedded")
    _, table = table_2(rows_of({"clean": (0.5, 0.6)}, constraint="star_shaped"), star)
    assert not [line for line in table.lines if "published" in line.names[0]]


def test_other_tables_do_not_mix_corruptions(table_of):
    own = study_of([plan(), plan("spatter")], "ab", "embedded")
    with pytest.raises(UserError, match="differ in corruption, which the table does not show"):
        table_of("table_1", rows_of({"clean": (0.5, 0.6)}), own)


def test_the_published_numbers_have_nine_columns():
    assert len(published.TABLE_2) == 9
    assert all(raw < projected for raw, projected in published.TABLE_2.values())
    found = published.find("sequential", "", published.SAM, "representation", "glass_blur")
    assert found == published.Result(0.7321)
    assert published.find("joint", "", published.SAM, "predictor", "clean") is None
    assert published.find("sequential", "rgb+xy", "fcn", "predictor", "spatter") is None
