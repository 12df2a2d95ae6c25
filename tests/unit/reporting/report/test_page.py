import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from isr.errors import UserError
from isr.io import write_png
from isr.reporting import formats, report, summary, tables


@pytest.fixture
def content(tmp_path, dataset, picture, grid_metrics, grid_study):
    cells = []
    for number, cell in enumerate(grid_study.cells):
        folder = tmp_path / f"cell-{number}"
        axes = {"predictor": cell.predictor, "features": cell.features, "fit": cell.fit}
        cells.append({"constraint": "convex", **axes, "seed": 42, "folder": str(folder)})
        chosen = grid_metrics.loc[(grid_metrics[list(axes)] == pd.Series(axes)).all(axis="columns")]
        if chosen.empty:
            continue
        folder.mkdir()
        chosen.assign(picture=chosen["picture"].replace("a", "disc")).to_csv(
            folder / "metrics.csv", index=False
        )
        certificate = {"study": "s", "dataset": "d", "constraint": "convex", **axes, "seed": 42}
        certificate |= {"picture": "disc", "property": "convex", "method": "structure"}
        certificate |= {"margin": 0.125, "holds": True, "verdict": "holds", "sentence": "Fine."}
        pd.DataFrame([certificate]).to_csv(folder / "certificates.csv", index=False)
        write_png(folder / "masks" / "disc.png", picture.ground_truth)
    table = tables.make("table_1", summary.summarise(grid_metrics, grid_study), grid_study)
    formats.write_all(table, tmp_path / "table_1.html")
    write_png(tmp_path / "figure_5.png", np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "caption.rst").write_text("One sentence\non it.\n")
    (tmp_path / "job.tsv").write_text("s\th:m:s\tmax_rss\n90\t0:01:30\t500\n")
    return {
        "title": "A <title>",
        "datasets": [{"name": "d", "kind": "embedded", "folder": str(dataset)}],
        "studies": [{"name": "s", "dataset": "d", "cells": cells, "text": "Some text."}],
        "tables": [{"file": str(tmp_path / "table_1.html"), "caption": "In short."}],
        "figures": [
            {"file": str(tmp_path / "figure_5.png"), "caption": str(tmp_path / "caption.rst")}
        ],
        "gallery": [{"cell": cells[0]["folder"], "dataset": str(dataset)}],
        "benchmarks": [{"file": str(tmp_path / "job.tsv"), "rule": "fit"}],
    }


def test_the_page_is_complete_in_itself(content, checker):
    page = report.make(content)
    checker.feed(page)
    assert checker.open == []
    assert len(checker.loaded) == 2
    assert all(value.startswith("data:image/") for value in checker.loaded)
    assert not re.search(r"https?://|url\(|@import", page)


def test_what_the_page_says(content):
    page = report.make(content)
    assert "<h1>A &lt;title&gt;</h1>" in page
    for words in (
        "Some text.",
        "11 of 12</b>",
        "1 cell not run",
        "convex cnn rgb+xy joint 42",
        "CC0",
        "40 \u00d7 30",
        "In short.",
        "One sentence on it.",
        "11 representations certified",
        "0.125",
        "s: convex, CNN, RGB+spatial, sequential, seed 42",
        "1 min 30 s",
        "Versions that drew this report",
        "torch",
        "Where “paper” departs from the text",
        "leaky throughout",
        "<dt>Steps per picture</dt><dd>400</dd>",
        "<dt>Size of the pictures</dt><dd>as they are</dd>",
        "EfficientNet-Lite0",
        "published (other pictures)",
    ):
        assert words in page, words
    assert "Warning" not in page
    assert "follows the text everywhere" not in page


def test_the_page_lists_what_is_reproduced_and_every_departure(content):
    page = report.make(content)
    assert '<h2 id="reproduction">' in page
    for words in ("Table 2; Figures 8, 10, 12", "those of Equations 1, 12 to 15", "three linear"):
        assert words in page, words
    links = set(re.findall('href="#(departure-[^"]*)"', page))
    assert len(links) > 30
    assert links <= set(re.findall('id="([^"]*)"', page))


def test_the_headline_promises_no_more(content):
    headline = report.make(content).partition("</header>")[0]
    assert "not yet" in headline
    assert "made again" not in headline


def test_a_failed_certificate_is_told(content, tmp_path):
    path = tmp_path / "cell-0" / "certificates.csv"
    table = pd.read_csv(path)
    table.assign(holds=False, verdict="fails", sentence="A weight is negative.").to_csv(
        path, index=False
    )
    page = report.make(content)
    assert "10 of 11</b>" in page
    assert "A weight is negative." in page


def test_a_fit_that_stopped_early_is_told(content, tmp_path):
    path = tmp_path / "cell-0" / "metrics.csv"
    table = pd.read_csv(path)
    finite = (table["output"] != "representation") | (table["picture"] != "disc")
    table.assign(finite=finite).to_csv(path, index=False)
    assert "Warning: 1 fit stopped early at the last finite state." in report.make(content)


def test_missing_benchmarks_do_not_stop_the_page(content):
    gone = {"file": "gone.tsv", "rule": "fit"}
    page = report.make(content | {"benchmarks": [*content["benchmarks"], gone, gone]})
    assert "2 jobs without a benchmark file left out." in page
    assert "1 min 30 s" in page
    page = report.make(content | {"benchmarks": [gone]})
    assert page.count("1 job without a benchmark file left out.") == 1


def test_shrunk_pictures_and_other_steps_of_predictors(content, tmp_path):
    for path in tmp_path.glob("cell-*/metrics.csv"):
        table = pd.read_csv(path)
        projected = (table["output"] == "representation") | (table["fit"] == "joint")
        table.assign(steps=np.where(projected, 3000, 400)).to_csv(path, index=False)
    shrunk = [content["datasets"][0] | {"long_side": 240}]
    page = report.make(content | {"datasets": shrunk})
    assert "<dd>at most 240 px</dd>" in page
    assert "<dd>3,000 (sequential predictors 400)</dd>" in page


def test_optional_parts_may_be_missing(content):
    page = report.make({key: content[key] for key in ("datasets", "studies")})
    for section in ("tables", "figures", "gallery", "times"):
        assert f'id="{section}"' not in page
        assert f'href="#{section}"' not in page


def test_mistakes_are_named(content):
    with pytest.raises(UserError, match="unknown dataset 'e'"):
        report.make(content | {"studies": [content["studies"][0] | {"dataset": "e"}]})
    with pytest.raises(UserError, match=r"gone\.png"):
        report.make(content | {"figures": [{"file": "gone.png"}]})
    with pytest.raises(UserError, match="unknown key"):
        report.make(content | {"more": 1})


def test_merged_objects_are_told(content):
    content["datasets"][0] |= {"kind": "scribbles", "objects": "merge"}
    assert "taken for one region (objects: merge)" in report.make(content)


def test_several_objects_of_a_picture_are_told(content, dataset):
    assert "several objects" not in report.make(content)
    index = pd.read_csv(dataset / "index.csv")
    index.assign(objects=3).to_csv(dataset / "index.csv", index=False)
    path = Path(content["studies"][0]["cells"][0]["folder"]) / "metrics.csv"
    together = pd.read_csv(path).assign(object="all", objects=3, overlap=7)
    each = [together.assign(object=str(k), iou=iou) for k, iou in ((1, 0.5), (2, 0.75))]
    pd.concat([together, *each]).to_csv(path, index=False)
    page = report.make(content)
    assert f"{len(index)} picture" in page
    assert "of several objects (at most 3), each with a predictor" in page
    shapes = (together["output"] == "representation").sum()
    assert f"<dt>Overlap of objects</dt><dd>in {shapes} of {shapes} union" in page
    assert "at most 7 px" in page
    found = f"mean 0.625, least 0.500, of {2 * shapes}"
    assert f"<dt>IoU of single objects, representation</dt><dd>{found}</dd>" in page
