"""The page: one section for each study, complete in itself."""

import re

import numpy as np
import pandas as pd
import pytest
from score_rows import grid_plan, make_table, score, study_of

from isr.errors import UserError
from isr.io import write_png
from isr.reporting.report import page
from isr.reporting.tables import layout

GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x00\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


@pytest.fixture
def content(tmp_path, pictures, singles, motion):
    study = study_of([grid_plan()], "a", "embedded")
    _, table = make_table("table_1", score(0.5), study, tmp_path / "table")
    layout.write_all(table, tmp_path / "table_1.html")
    write_png(tmp_path / "figure_5.png", np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "moving.gif").write_bytes(GIF)
    (tmp_path / "job.tsv").write_text("s\th:m:s\tmax_rss\n90\t0:01:30\t500\n")
    return {
        "studies": [pictures, singles, motion],
        "tables": [{"file": str(tmp_path / "table_1.html"), "study": "s", "caption": "In short."}],
        "figures": [
            {"file": str(tmp_path / "figure_5.png"), "study": "s", "caption": "One sentence."},
            {"file": str(tmp_path / "moving.gif"), "study": "m", "caption": "It moves."},
        ],
        "benchmarks": [{"file": str(tmp_path / "job.tsv"), "rule": "fit"}],
    }


def section(text, study):
    return text.partition(f'<h2 id="study-{study}">')[2].partition("<h2 ")[0]


def test_the_page_is_complete_in_itself(content, checker):
    text = page.make(content)
    checker.feed(text)
    assert checker.open == []
    # Two figures; thumbnails of two pictures, of two cells and of the video.
    assert len(checker.loaded) == 7
    assert all(value.startswith("data:image/") for value in checker.loaded)
    assert not re.search(r"https?://|url\(|@import", text)


def test_what_the_page_says_of_a_study_of_pictures(content):
    text = section(page.make(content), "s")
    for words in (
        "Some text.",
        "1 cell not run",
        "<li>two</li>",
        "40 \u00d7 30",
        "In short.",
        "One sentence.",
        "2 representations certified",
        "0.125",
        "Found by one",
        "IoU: predictor 0.500, representation 0.750",
        "<dt>Steps</dt><dd>400</dd>",
        "<dt>Input</dt><dd>RGB+spatial</dd>",
        "EfficientNet-Lite0",
        "published (other pictures)",
    ):
        assert words in text, words
    assert "Warning" not in text
    assert "with scores" not in text
    assert "What became of the frames" not in text


def test_what_the_page_says_of_cells_of_one_item(content):
    text = section(page.make(content), "g")
    for words in (
        "convex; IoU with unaries 0.800 and ground truth 0.610; set by hand: steps 800, width 9",
        "2 cells with scores",
        "A disc.",
        "CC0",
        "1 representation (“no guarantee”).",
        "sheet: IoU with the ground truth 0.610, its unaries 0.770; equation 8",
    ):
        assert words in text, words
    assert "cup: IoU" not in text


def test_what_the_page_says_of_videos(content):
    text = section(page.make(content), "m")
    for words in (
        "A sentence.",
        "It moves.",
        "an odd file",
        "From motion.",
        "Retried",
        "frame 3 of",
    ):
        assert words in text, words
    assert "data:image/gif;base64," in text


def test_the_page_lists_what_is_reproduced_and_every_departure(content):
    text = page.make(content)
    assert '<h2 id="reproduction">' in text
    for words in ("Table 2; Figures 8, 10, 12", "those of Equations 1, 12 to 15", "three linear"):
        assert words in text, words
    links = set(re.findall('href="#(departure-[^"]*)"', text))
    assert len(links) > 30
    assert links <= set(re.findall('id="([^"]*)"', text))
    assert "1 min 30 s" in text
    assert "1 of 2</b>" in text
    assert "torch" in text


def test_a_failed_certificate_is_told(content):
    path = f"{content['studies'][0]['cells'][0]['folder']}/certificates.csv"
    table = pd.read_csv(path)
    fails = {"holds": False, "verdict": "fails", "sentence": "A weight is negative."}
    pd.concat([table[:1].assign(**fails), table[1:]]).to_csv(path, index=False)
    text = page.make(content)
    assert "1 of 2</b><span>stored" in text
    assert "one, disc, structure: A weight is negative." in text


def test_a_fit_that_stopped_early_is_told(content, change):
    change(content["studies"][0], finite=False)
    assert "Warning: 2 fits stopped early at the last finite state." in page.make(content)


def test_missing_benchmarks_do_not_stop_the_page(content):
    gone = {"file": "gone.tsv", "rule": "fit"}
    text = page.make(content | {"benchmarks": [*content["benchmarks"], gone, gone]})
    assert "2 jobs without a benchmark file left out." in text
    assert "1 min 30 s" in text
    text = page.make(content | {"benchmarks": [gone]})
    assert text.count("1 job without a benchmark file left out.") == 1


def test_of_studies_of_which_nothing_ran_nothing_else_is_told(pictures):
    pictures["cells"] = pictures["cells"][1:]
    text = page.make({"studies": [pictures]})
    assert "0 of 1</b>" in text
    assert "No representation has been certified." in text
    assert 'id="times"' not in text


def test_mistakes_are_named(content):
    for name in ("png", "html"):
        kind = {"png": "figures", "html": "tables"}[name]
        with pytest.raises(UserError, match=rf"gone\.{name} cannot be read: make the"):
            page.make(content | {kind: [{"file": f"gone.{name}", "study": "s"}]})
    with pytest.raises(UserError, match="settings: more is unknown"):
        page.make(content | {"more": 1})
