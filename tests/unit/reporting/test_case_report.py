import pandas as pd
import pytest

from isr.reporting import case_report, report


@pytest.fixture
def entry(make_case):
    cases = [
        make_case("convex")
        | {"constraint": "convex", "by_hand": {"steps": 800, "options.width": 9}},
        make_case("unconstrained", shape="depth") | {"constraint": "unconstrained"},
    ]
    missing = {**cases[0], "case": "tea", "folder": cases[0]["folder"] + "-missing"}
    return {"name": "g", "source": "embedded", "text": "Some text.", "cases": [*cases, missing]}


def test_what_ran_and_what_did_not(entry):
    found = case_report.make(entry)
    assert (found.study.planned, found.study.missing) == (3, ("tea",))
    assert dict(found.study.rows)["Constraints"] == "convex and no constraint"
    assert dict(found.study.rows)["Steps per fit"] == "7"
    assert found.study.certificates.certified == 1
    assert [row.constraint for row in found.cases] == ["convex", "no constraint"]
    assert found.thumbnails[0].scores.endswith("; set by hand: steps 800, width 9")
    assert "set by hand" not in found.thumbnails[1].scores
    assert found.losses == ()
    assert len(found.thumbnails) == 2
    assert found.compared[0] == "IoU with unaries"
    metrics = pd.read_csv(f"{entry['cases'][0]['folder']}/metrics.csv")
    assert found.cases[0].scores[0] == metrics["iou"].iloc[0]
    assert [row.licence for row in found.pictures] == ["CC0", "CC0"]


def test_the_page_has_a_gallery(entry, checker):
    page = report.make({"datasets": [], "studies": [], "galleries": [entry]})
    checker.feed(page)
    assert checker.open == []
    assert len(checker.loaded) == 2
    for words in (
        '<h2 id="cases">',
        "2 of 3</b>",
        "Some text.",
        "no constraint; IoU with unaries",
        "A disc.",
        "set by hand: steps 800, width 9",
        "<dt>Protocol</dt><dd>paper</dd>",
        "1 representation certified",
        "(convex)",
        "1 representation (“no guarantee”).",
        "promises no shape",
    ):
        assert words in page, words


@pytest.mark.parametrize(("constraint", "why"), [("convex", ""), ("periodic", "equation 8")])
def test_a_case_that_loses_against_its_unaries_is_told(make_case, constraint, why):
    case = make_case(constraint) | {"constraint": constraint}
    path = f"{case['folder']}/metrics.csv"
    metrics = pd.read_csv(path)
    own = metrics[metrics["output"] == "representation"].iloc[[0]]
    rows = [
        own.assign(output=output, against="ground truth", iou=iou)
        for output, iou in (("representation", 0.61), ("unaries", 0.77))
    ]
    pd.concat([metrics, *rows]).to_csv(path, index=False)
    entry = {"name": "g", "source": "embedded", "cases": [case]}
    (sentence,) = case_report.make(entry).losses
    assert "IoU with the ground truth 0.610, its unaries 0.770" in sentence
    assert why in sentence
    page = report.make({"datasets": [], "studies": [], "galleries": [entry]})
    assert "Worse than its own unaries" in page


def test_a_gallery_of_which_nothing_ran(entry):
    missing = {**entry, "cases": entry["cases"][2:]}
    page = report.make({"datasets": [], "studies": [], "galleries": [missing]})
    assert "0 of 1</b>" in page
    assert "Worse than its own unaries" not in page
