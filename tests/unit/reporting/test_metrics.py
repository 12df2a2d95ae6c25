import json

import pytest

from isr.errors import UserError
from isr.reporting import settings

CELL = {"constraint": "convex", "predictor": "fcn", "features": "rgb", "fit": "joint", "seed": 1}


def test_settings_are_json_or_a_file(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"kind": "table_1"}))
    assert settings.read_settings(str(path)) == settings.read_settings('{"kind": "table_1"}')


@pytest.mark.parametrize("argument", ["{broken", "nowhere.json"])
def test_bad_settings(argument):
    with pytest.raises(UserError):
        settings.read_settings(argument)


def test_keys():
    with pytest.raises(UserError, match="lacks the key 'a'"):
        settings.check_keys({}, "x", required=("a",))
    with pytest.raises(UserError, match="unknown key 'b': use a"):
        settings.check_keys({"a": 1, "b": 2}, "x", required=("a",))


def test_a_study():
    study = settings.parse_study(
        {"study": "s", "dataset": {"name": "d", "kind": "scribbles"}, "cells": [CELL | {"x": 1}]}
    )
    assert study.cells == (settings.Cell("convex", "fcn", "rgb", "joint", 1),)
    assert study.shows_published
    assert study.dataset.describe(1) == "d (1 picture of the user's own, not the paper's set)"


def test_a_cell_without_seed():
    with pytest.raises(UserError, match="'seed'"):
        settings.parse_cell({key: CELL[key] for key in CELL if key != "seed"})


def test_an_unknown_kind_of_dataset():
    with pytest.raises(UserError, match="'other' is unknown"):
        settings.parse_dataset({"name": "d", "kind": "other"})


@pytest.mark.parametrize(
    ("kind", "pictures", "long_side", "difference"),
    [
        ("convexitydb", 51, None, ""),
        ("convexitydb", 51, 240, "ours are shrunk"),
        ("convexitydb", 50, 240, "other pictures than ours"),
        ("embedded", 51, None, "other pictures than ours"),
    ],
)
def test_only_unshrunk_convexitydb_is_the_published_set(kind, pictures, long_side, difference):
    content = {"name": "d", "kind": kind}
    if long_side is not None:
        content["long_side"] = long_side
    dataset = settings.parse_dataset(content)
    assert dataset.difference(pictures) == difference
    assert dataset.is_published_set(pictures) == (not difference)


def test_the_constraint_is_the_only_one_or_the_one_that_is_named():
    content = {"study": "s", "dataset": {"name": "d", "kind": "embedded"}}
    star, path = CELL | {"constraint": "star_shaped"}, CELL | {"constraint": "path_connected"}
    alone = settings.parse_study({**content, "cells": [star]})
    assert (alone.constraint, alone.compares) == ("star_shaped", False)
    both = {**content, "cells": [star, path]}
    assert settings.parse_study({**both, "constraint": "path_connected"}).constraint == (
        "path_connected"
    )
    for wrong in ({}, {"constraint": "convex"}):
        with pytest.raises(UserError, match=r"name one of .* \(star_shaped, path_connected\)"):
            settings.parse_study(both | wrong)
