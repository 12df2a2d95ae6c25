"""The student report's study of config/paper.yaml, tiny."""

import yaml
from configurations import ROOT
from PIL import Image

KEPT = ("convex-42", "flow-rgb-42")
OVER = ("--configfile", "config/paper.yaml")


def _tiny():
    """Two of its cells, with a few steps on small pictures."""
    study = yaml.safe_load((ROOT / "config/paper.yaml").read_text())["studies"]["student"]
    return {
        "datasets": {"fruit": {"long_side": 64}},
        "studies": {
            "student": {
                "settings": {"steps": 40, "points": {"strokes": 60, "random": 100}},
                "cells": {name: None for name in study["cells"] if name not in KEPT},
                "figures": {name: {"cells": list(KEPT)} for name in study["figures"]},
            }
        },
    }


def test_the_study_makes_its_table_and_figures(repository):
    code, output = repository.snakemake("student", "--cores", "1", config=_tiny(), over=OVER)
    assert code == 0, output
    results = repository.folder / "results"
    table = (results / "tables/student_table_1.md").read_text()
    for words in (
        "no teacher",
        "with FCN, sees RGB+spatial",
        "0.9152",
        "0.9592",
        "not the student",
    ):
        assert words in table
    for name in ("student_figure_2", "student_figure_3"):
        with Image.open(results / f"figures/{name}.png") as figure:
            assert min(figure.size) > 500
