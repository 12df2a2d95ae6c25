"""The page: one section for each study, complete in itself."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from score_rows import grid_plan, make_table, score, study_of

from isr.errors import UserError
from isr.io import write_png
from isr.reporting.report import page
from isr.reporting.report.page import Benchmark
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


def test_the_page_is_complete_in_itself(content, checker):
    text = page.make(content)
    checker.feed(text)
    assert checker.open == []
    # Two figures, small at the beginning too; thumbnails of two pictures, two cells, the video.
    assert len(checker.loaded) == 9
    assert all(value.startswith("data:image/") for value in checker.loaded)
    assert not re.search(r"https?://|url\(|@import", text)


@pytest.mark.parametrize(
    ("study", "said", "unsaid"),
    [
        (
            "s",
            [
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
            ],
            ["Warning", "with scores", "What became of the frames"],
        ),
        (
            "g",
            [
                "convex; IoU with unaries 0.800 and ground truth 0.610; "
                "set by hand: steps 800, width 9",
                "2 cells with scores",
                "A disc.",
                "CC0",
                "1 representation (“no guarantee”).",
                "sheet: IoU with the ground truth 0.610, its unaries 0.770; equation 8",
            ],
            ["cup: IoU"],
        ),
        (
            "m",
            [
                "A sentence.",
                "It moves.",
                "an odd file",
                "From motion.",
                "Retried",
                "frame 3 of",
                "data:image/gif;base64,",
            ],
            ["Found by"],
        ),
    ],
    ids=["pictures", "cells of one item", "videos"],
)
def test_what_the_page_says_of_a_study(content, study, said, unsaid):
    text = page.make(content).partition(f'<h2 id="study-{study}">')[2].partition("<h2 ")[0]
    assert [words for words in said if words not in text] == []
    assert [words for words in unsaid if words in text] == []


def test_the_page_lists_what_is_reproduced_and_every_departure(content):
    text = page.make(content)
    assert '<h2 id="reproduction">' in text
    for words in ("those of Equations 1, 12 to 15", "three linear"):
        assert words in text, words
    links = set(re.findall('href="#(departure-[^"]*)"', text))
    assert len(links) > 30
    assert links <= set(re.findall('id="([^"]*)"', text))
    assert "1 min 30 s" in text
    folders = [Path(cell["folder"]) for study in content["studies"] for cell in study["cells"]]
    ran = sum((folder / "metrics.csv").exists() for folder in folders)
    assert 0 < ran < len(folders)
    assert f"<b>{ran} of {len(folders)}</b><span>cells of 3 studies ran" in text
    assert "torch" in text


def test_the_page_begins_with_what_was_found(content):
    first = page.make(content).partition('<h2 id="study-s">')[0]
    assert "mean IoU 0.750 against 0.500, a difference of +0.250" in first
    assert first.count("<article>") == 3
    # The page's own settings come later, and folded.
    assert "<dt>" not in first


def test_a_failed_certificate_is_told(content):
    path = f"{content['studies'][0]['cells'][0]['folder']}/certificates.csv"
    table = pd.read_csv(path)
    fails = {"holds": False, "verdict": "fails", "sentence": "A weight is negative."}
    pd.concat([table[:1].assign(**fails), table[1:]]).to_csv(path, index=False)
    text = page.make(content)
    assert '<b class="bad">8 of 9</b><span>stored representations hold every check' in text
    assert "one, disc, structure: A weight is negative." in text


def test_a_fit_that_stopped_early_is_told(content, change):
    change(content["studies"][0], finite=False)
    assert "Warning: 2 fits stopped early at the last finite state." in page.make(content)


def test_missing_and_empty_benchmarks_do_not_stop_the_page(content, tmp_path):
    gone, empty = {"file": "gone.tsv", "rule": "fit"}, tmp_path / "empty.tsv"
    empty.touch()
    others = [gone, {"file": str(empty), "rule": "fit"}]
    text = page.make(content | {"benchmarks": [*content["benchmarks"], *others]})
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


def _benchmarks(folder, *contents):
    """Entries of benchmarks with these contents, of the rule fit."""
    entries = []
    for number, content in enumerate(contents):
        (folder / f"{number}.tsv").write_text(content)
        entries.append(Benchmark(file=str(folder / f"{number}.tsv"), rule="fit"))
    return entries


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        (
            ["s\tcpu_time\tmax_rss\n30\t26\t1000\n", "s\tcpu_time\tmax_rss\n95\t91\t1001\n"],
            ["fit", 2, "2 min 5 s", "1 min 57 s", "1 min 35 s", "1,001 MiB"],
        ),
        (
            ["s\tcpu_time\tmax_rss\n9\t7\t10\n", "s\tcpu_time\tmax_rss\tmax_gpu\n9\t7\t10\t300\n"],
            ["fit", 2, "18.0 s", "14.0 s", "9.0 s", "10 MiB", "300 MiB"],
        ),
        # What Snakemake itself writes of short jobs.
        (
            ["s\th:m:s\tmax_rss\tcpu_time\n0.2\t0:00:00\t-\tNA\n"],
            ["fit", 1, "0.2 s", "", "0.2 s", ""],
        ),
    ],
    ids=["jobs of a rule", "on a GPU", "by Snakemake"],
)
def test_run_times(tmp_path, contents, expected):
    (row,) = page.run_times(_benchmarks(tmp_path, *contents))
    assert [*row.values()] == expected


def test_a_file_that_is_no_benchmark_is_named(tmp_path):
    assert page.run_times([]) == []
    with pytest.raises(UserError, match="no benchmark file"):
        page.run_times(_benchmarks(tmp_path, "a\n1\n"))
