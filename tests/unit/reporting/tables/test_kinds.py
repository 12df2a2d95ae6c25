"""Which cells a table is about, and what is refused."""

import os
import subprocess
import sys

import pytest
from score_rows import grid_plan, noise_plan, plan

from isr.errors import UserError
from isr.models import parse
from isr.reporting.tables import Table
from isr.settings import CellSettings


def shown(kind, cells, **keys):
    entry = parse(Table, {"kind": kind, **keys}, "config: studies.s.tables.t")
    settings = {f"c{n}": CellSettings.model_validate(dict(cell)) for n, cell in enumerate(cells)}
    return entry.shown(settings, "studies.s.tables.t")


def test_a_table_of_pictures_is_about_one_constraint():
    star, path = grid_plan(constraint="star_shaped"), grid_plan(constraint="path_connected")
    assert shown("table_1", [star]) == ["c0"]
    assert shown("table_3", [star, path], constraint="path_connected") == ["c1"]
    with pytest.raises(UserError, match=r"several of constraint \(star_shaped, path_connected\)"):
        shown("table_1", [star, path])
    with pytest.raises(UserError, match=r"tables\.t\.constraint is 'convex'; choose one of st"):
        shown("table_1", [star, path], constraint="convex")


def test_cells_that_a_table_cannot_tell_apart_are_named():
    cells = [grid_plan(), grid_plan(steps=50)]
    with pytest.raises(UserError, match="cells c0 and c1 are of the same item and differ in steps"):
        shown("table_1", cells)
    named = [grid_plan(items=["a"]), grid_plan(items=["b"], steps=50)]
    assert shown("table_1", named) == ["c0", "c1"]
    features = [plan(), plan(options={"width": 3})]
    with pytest.raises(UserError, match="differ in options, which the table does not show"):
        shown("table_4", features)


@pytest.mark.parametrize(
    ("kind", "cells", "message"),
    [
        ("table_4", [plan(), plan(labels="published")], r"of labels \(motion, published\); name"),
        ("table_4", [plan("spatio-temporal")], "the study has no fit sequential or joint; add"),
        ("table_5", [plan()], "the study has no fit spatio-temporal; add one, or remove"),
        ("table_4", [plan(), plan(distance="absolute")], r"of distance \(squared, absolute\)"),
        ("table_4", [plan(training="each"), plan(training="together")], "several of training"),
    ],
)
def test_several_values_have_to_be_chosen_from(kind, cells, message):
    with pytest.raises(UserError, match=message):
        shown(kind, cells)


def test_a_table_of_videos_is_about_its_own_fits():
    cells = [plan(), plan("spatio-temporal", noise=0.1), plan(labels="published")]
    assert shown("table_4", cells, labels="motion") == ["c0"]
    assert shown("table_5", cells) == ["c1"]


def test_table_5_alone_has_several_distances():
    cells = [noise_plan(share, distance=d) for d in ("squared", "absolute") for share in (0, 0.2)]
    assert shown("table_5", cells) == ["c0", "c1", "c2", "c3"]
    assert shown("table_5", cells, distance="absolute") == ["c2", "c3"]


def test_reading_the_kinds_loads_nothing_that_averages_or_draws():
    """The workflow reads them whenever it is started."""
    heavy = "{'torch', 'matplotlib', 'pandas', 'scipy'}"
    code = f"import sys, isr.reporting.tables; print({heavy} & sys.modules.keys())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    assert found.stdout.strip() == "set()"
