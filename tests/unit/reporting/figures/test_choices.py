"""What figures of a configuration show: the cells that they pick, and mistakes in their keys."""

import os
import subprocess
import sys
from typing import Any

import pytest

from isr.errors import UserError
from isr.models import kind_of, parse
from isr.reporting.figures import KINDS, Figure
from isr.settings import CellSettings

CELLS = {
    name: CellSettings.model_validate(content)
    for name, content in {
        "convex": {"constraint": "convex"},
        "waves": {"constraint": "periodic"},
        "bent": {"constraint": "path_connected", "weight_decay": 0.1},
        "free": {"constraint": "path_connected"},
        "joint": {"constraint": "path_connected", "fit": "joint", "weight_decay": 0.1},
        "time": {"constraint": "path_connected", "fit": "spatio-temporal"},
    }.items()
}
DECAYED = {"weight_decay": 0.1}


def shown(kind: str, **keys: Any) -> list[str]:
    figure: Any = parse(Figure, {"kind": kind, **keys}, "config")
    found: list[str] = figure.shown(CELLS, "figures.f")
    return found


@pytest.mark.parametrize(
    ("kind", "keys", "names"),
    [
        ("figure_1", {"cells": ["convex", {"fit": "joint"}]}, ["convex", "joint"]),
        ("figure_2", {"cells": ["waves"]}, ["waves"]),
        ("figure_3", {"cell": {}}, ["time"]),
        ("figure_5", {"items": ["a"], "cell": DECAYED}, ["bent", "joint"]),
        ("figure_6", {"cell": {"fit": "joint"}}, ["joint"]),
        ("figure_7", {"cells": ["joint", "bent"]}, ["joint", "bent"]),
        ("figure_9a", {"cell": "waves"}, ["waves"]),
        ("figure_11", {"constraint": "convex"}, ["convex"]),
        ("figure_14", {"item": 3, "cell": "free"}, ["free"]),
        ("figure_15", {"cell": DECAYED}, ["bent", "joint"]),
        ("figure_17", {"item": "a", "cell": "time"}, ["time"]),
        ("figure_19", {"cell": DECAYED}, ["bent", "joint"]),
        ("figure_19", {"cell": {**DECAYED, "fit": "joint"}}, ["joint"]),
        ("figure_19", {"cell": "bent"}, ["bent"]),
        ("animation", {"cell": "time", "between": 4}, ["time"]),
    ],
)
def test_the_cells_that_are_picked(kind: str, keys: dict[str, Any], names: list[str]) -> None:
    assert shown(kind, **keys) == names


@pytest.mark.parametrize(
    ("kind", "keys", "message"),
    [
        ("figure_1", {"cells": []}, "cells is empty; name at least one"),
        ("figure_1", {"cells": ["other"]}, "cells\\[0\\] is 'other'; choose one of"),
        ("figure_1", {"cases": ["convex"]}, "cases is unknown; it is called cells now"),
        ("figure_2", {"cells": ["waves", "convex"]}, "cells\\[1\\] is 'convex', which is convex"),
        ("figure_3", {"cell": "joint"}, "whose fit is joint, but figure_3 shows spatio-temporal"),
        ("figure_3", {"cell": {"fit": "joint"}}, "cell.fit is joint, but figure_3 shows"),
        ("figure_3", {"cell": "time", "between": 0}, "between is 0; it must be at least 1"),
        ("figure_5", {"items": ["a"], "cell": {"fit": "joint"}}, "without fit"),
        ("figure_5", {"pictures": ["a"], "cell": {}}, "it is called items now"),
        ("figure_6", {"cell": "bent", "rank": "first"}, "rank is 'first'; it must be a whole"),
        ("figure_6", {"video": "a", "cell": "bent"}, "video is unknown; it is called item now"),
        ("figure_7", {"cells": ["bent", "free"]}, "'free', whose weight_decay is not given"),
        ("figure_9a", {"cell": {}}, "6 cells of the study have any values; name"),
        ("figure_11", {}, "the study has several constraints"),
        ("figure_14", {"cell": "convex"}, "figure_14 needs a cell that is path-connected"),
        ("figure_14", {"cell": "time"}, "whose fit is spatio-temporal"),
        ("figure_15", {"cell": "bent"}, "shows the fits sequential and joint"),
        ("figure_18", {"cell": "time", "frames": [3]}, "frames"),
        ("figure_19", {"cell": {}}, "fit sequential; name"),
        ("animation", {"cell": "joint", "between": 2}, "joint is fitted frame by frame"),
        ("figure_20", {}, "kind is 'figure_20'; choose one of"),
    ],
)
def test_mistakes_are_told_in_one_sentence(kind: str, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        shown(kind, **keys)


def check_items(of_cells: dict[str, list[str]], /, kind: str, **keys: Any) -> None:
    figure: Any = parse(Figure, {"kind": kind, **keys}, "config")
    figure.check_items(of_cells, "figures.f")


def test_items_that_cells_have() -> None:
    check_items({"a": ["one"], "b": ["two"]}, "figure_1", cells=["a", "b"])
    check_items({"a": ["one"]}, "figure_9a", cell="a")
    check_items({"a": ["1", "2"]}, "figure_9a", cell="a", item=2)
    check_items({"a": ["x", "y"], "b": ["y", "x"]}, "figure_5", items=["y"], cell={})


@pytest.mark.parametrize(
    ("items", "keys", "message"),
    [
        ({"a": ["x", "y"]}, {"kind": "figure_1", "cells": ["a"]}, "a has 2 items"),
        ({"a": ["x"], "b": ["y"]}, {"kind": "figure_2", "cells": ["a", "b"]}, "items x, y"),
        ({"a": ["x", "y"]}, {"kind": "figure_9a", "cell": "a"}, "lacks the item"),
        ({"a": ["x"]}, {"kind": "figure_9a", "cell": "a", "item": "z"}, "item is 'z'; choose one"),
        ({"a": ["x"]}, {"kind": "figure_5", "cell": {}, "items": ["x", "z"]}, r"items\[1\] is 'z'"),
    ],
)
def test_items_that_cells_lack(
    items: dict[str, list[str]], keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        check_items(items, **keys)


def test_every_kind_has_a_caption_and_meanings() -> None:
    assert len({kind_of(kind) for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        assert kind.caption.endswith(".")
        assert kind.__doc__


def test_reading_the_kinds_loads_nothing_that_draws() -> None:
    """The workflow reads them whenever it is started."""
    heavy = "{'torch', 'matplotlib', 'seaborn', 'pandas', 'shapely'}"
    code = f"import sys, isr.reporting.figures; print({heavy} & sys.modules.keys())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    assert found.stdout.strip() == "set()"
