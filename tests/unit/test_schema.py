"""Checking against a schema and filling in its defaults."""

import pytest

from isr.errors import UserError
from isr.schema import complete

SCHEMA = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"enum": ["disc", "square"]},
        "size": {"type": "object", "default": {}, "properties": {"width": {"default": [2]}}},
    },
    "allOf": [
        {
            "if": {"required": ["kind"], "properties": {"kind": {"const": "disc"}}},
            "then": {"properties": {"radius": {"type": "number", "default": 1}}},
        }
    ],
}


def test_defaults_reach_nested_and_conditional_keys():
    assert complete({"kind": "disc"}, SCHEMA) == {
        "kind": "disc",
        "size": {"width": [2]},
        "radius": 1,
    }
    assert "radius" not in complete({"kind": "square"}, SCHEMA)


def test_defaults_are_not_shared_between_configurations():
    complete({"kind": "square"}, SCHEMA)["size"]["width"].append(3)
    assert complete({"kind": "square"}, SCHEMA)["size"]["width"] == [2]


def test_the_top_has_a_name_too():
    with pytest.raises(UserError, match=r"^config: the top lacks the key 'kind'; add it"):
        complete({}, SCHEMA)
