"""The files of a table, and the script that writes them."""

import json
import re

import pandas as pd
import pytest
from score_rows import ENTRIES, PREDICTORS, make_study, plan, row, written

import make_table
from isr.reporting.tables import layout
from isr.reporting.tables.layout import Heading, Line, Span, Table


@pytest.fixture
def table():
    return Table(
        title="A & B",
        stubs=("", "what"),
        headings=((Heading("both", 2),), (Heading("x"), Heading("y_1"))),
        lines=(
            Line(
                ("one", "ours"), ((Span("1.0", bold=True), Span("2.0")), (Span("not run"),)), True
            ),
            Line(("", "theirs"), ((Span("\u22120.5"),), (Span("3 \u00b1 1"),)), secondary=True),
        ),
        notes=("100 % <b>",),
    )


def test_markdown(table):
    assert layout.to_markdown(table) == (
        "**A & B**\n\n"
        "|  | what | both: x | both: y_1 |\n"
        "| --- | --- | ---: | ---: |\n"
        "| one | ours | **1.0** / 2.0 | not run |\n"
        "|  | theirs | \u22120.5 | 3 \u00b1 1 |\n"
        "\n- 100 % <b>\n"
    )


def test_latex(table):
    text = layout.to_latex(table)
    assert r"\caption{A \& B. 100 \% <b>}" in text
    assert r"\begin{tabular}{llrr}" in text
    assert r"\multicolumn{2}{c}{both} \\" in text
    assert r"\cmidrule(lr){3-4}" in text
    assert r" & what & x & y\_1 \\" in text
    assert r"one & ours & \textbf{1.0} / 2.0 & not run \\" in text
    assert r" & theirs & $-$0.5 & 3 $\pm$ 1 \\" in text
    assert text.count(r"\midrule") == 1
    assert text.isascii()


def test_html(table):
    page = layout.to_html(table)
    assert '<th class="group" colspan="2">both</th>' in page
    assert "<td><b>1.0</b> / 2.0</td>" in page
    assert '<td class="missing">not run</td>' in page
    assert "100 % &lt;b&gt;" in page
    assert "A &amp; B" in page
    assert "http" not in page


def test_html_body_is_what_another_page_takes_in(table):
    body = layout.html_body(layout.to_html(table))
    assert body.startswith("<figure")
    assert body.endswith("</figure>")


@pytest.mark.parametrize("kind", ["table_1", "table_3"])
def test_every_row_has_as_many_columns_as_the_headings(table_of, grid_rows, grid_study, kind):
    made = table_of(kind, grid_rows, grid_study)[1]
    lines = layout.to_markdown(made).splitlines()[2 : 4 + len(made.lines)]
    assert {line.count("|") for line in lines} == {9}
    for line in re.findall(r"<tr.*?</tr>", layout.to_html(made)):
        spans = sum(int(number) - 1 for number in re.findall(r'colspan="(\d+)"', line))
        assert len(re.findall(r"<t[dh]", line)) + spans == 8


def test_every_special_character_of_latex_is_escaped():
    content = Table(r"a^b ~ c_d \ {e} #$%&", ("",), ((Heading("x"),),), ())
    text = layout.to_latex(content)
    for escaped in (r"a\textasciicircum{}b", r"\textasciitilde{} c\_d", r"\textbackslash{} \{e\}"):
        assert escaped in text
    assert r"\#\$\%\&." in text


def test_write_all(table, tmp_path):
    layout.write_all(table, tmp_path / "t.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.html", "t.md", "t.tex"]


def test_the_script_writes_four_files(tmp_path):
    rows = [row(0.5), row(0.7, "cars6")]
    study = written(rows, make_study(cells=[plan(), plan("joint")]), tmp_path)
    cells = [
        {
            "name": cell.name,
            "folder": str(cell.folder),
            "settings": cell.settings.model_dump(),
            "items": cell.items,
        }
        for cell in study.cells
    ]
    settings = {
        "name": "t",
        "entry": {"kind": "table_4", "title": "A title"},
        "shown": [cell.name for cell in study.cells],
        "study": {
            **{"name": "s", "dataset": "d", "entry": ENTRIES["fbms"], "cells": cells},
            "predictors": {"unet": PREDICTORS["unet"]},
        },
    }
    output = tmp_path / "table.csv"
    make_table.main(["--settings", json.dumps(settings), "--output", str(output)])
    assert {path.suffix for path in tmp_path.glob("table.*")} == {".csv", ".md", ".tex", ".html"}
    table = pd.read_csv(output).set_index(["row", "item", "fit", "output"])
    prior = ("sequence", "cars3", "sequential", "representation")
    assert float(table.loc[prior, "iou"]) == 0.5
    assert table.loc[prior, "iou_published_rule"] == 0.5
    assert table.loc[("sequence", "cars3", "joint", "representation"), "iou"] == "not run"
    assert "A title" in output.with_suffix(".md").read_text()
