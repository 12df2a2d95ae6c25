"""What the fits of a cell are told."""

import pytest

from isr.errors import UserError
from isr.models import parse
from isr.settings import (
    CONVENTIONS,
    DISTANCES,
    EVALUATION,
    SPATIO_TEMPORAL,
    TOGETHER,
    VARIED,
    CellSettings,
    Points,
)


def test_defaults_are_the_papers():
    cell = CellSettings()
    assert (cell.constraint, cell.predictor, cell.fit) == ("convex", "given", "sequential")
    assert (cell.distance, cell.first_steps, cell.next_steps) == (DISTANCES[0], 5000, 400)
    assert (cell.threshold, cell.margin, cell.connect, cell.noise) == (0, 0, False, None)


def test_what_is_told_comes_back_as_plain_data():
    told = {
        "items": ["a", 3],
        "constraint": "union",
        "options": {"count": 2, "member": "convex"},
        "fit": SPATIO_TEMPORAL,
        "training": TOGETHER,
        "points": {"strokes": 20, "random": 30},
        "noise": 0.5,
    }
    cell = parse(CellSettings, told)
    assert cell.points == Points(strokes=20, random=30)
    assert cell.model_dump(exclude_unset=True) == told
    assert parse(CellSettings, cell.model_dump()) == cell


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"constraint": "conwex"}, "constraint is 'conwex'; choose one of .*did you mean convex"),
        ({"fit": "jiont"}, "fit is 'jiont'; choose one of sequential, joint, spatio-temporal"),
        ({"features": "rgb+texture"}, "features is 'rgb.texture'; choose one of rgb, xy"),
        ({"steps": 3}, "steps is 3; it must be at least 4"),
        ({"learning_rate": float("inf")}, "learning_rate is inf; input should be a finite number"),
        ({"items": [["a"]]}, r"items\[0\] is \['a'\]; it must be text"),
        ({"points": {"strokes": 1}}, "points.strokes is 1; it must be at least 2"),
        ({"options": {1: 2}}, "options has the name 1; names are text"),
        ({"tvweight": 1}, "tvweight is unknown; choose one of .*did you mean tv_weight"),
    ],
)
def test_bad_settings(change, message):
    with pytest.raises(UserError, match=message):
        parse(CellSettings, change)


def test_what_can_be_varied_are_keys_of_one_value():
    fields = CellSettings.model_fields
    assert set(VARIED) < set(fields)
    assert set(EVALUATION) <= set(fields)
    # Names of cells are made of the values.
    assert not {"items", "options", "points"} & set(VARIED)
    assert set(CONVENTIONS) == {"paper", "published-code"}
    assert all(field.description for field in fields.values())
