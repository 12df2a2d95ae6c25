"""The schema and the tables of config/README.md are those of the models."""

import json

import pytest

from isr.config import reference
from isr.config.models import Config
from isr.errors import UserError
from isr.settings import VARIED, CellSettings


def test_the_schema_is_that_of_the_models():
    assert reference.SCHEMA.read_text(encoding="utf-8") == reference.schema(), (
        "run PYTHONPATH=lib python -m isr.config.reference"
    )


def test_the_tables_of_the_readme_are_those_of_the_models():
    page = reference.README.read_text(encoding="utf-8")
    assert page == reference.with_tables(page), "run PYTHONPATH=lib python -m isr.config.reference"


def test_every_key_has_a_meaning():
    def undescribed(schema):
        for name, entry in schema.get("properties", {}).items():
            if name != "kind" and not entry.get("description"):
                yield name
        for part in schema.get("$defs", {}).values():
            yield from undescribed(part)

    assert list(undescribed(Config.model_json_schema())) == []


def test_keys_that_vary_are_keys_of_cells():
    assert set(VARIED) <= set(CellSettings.model_fields)
    properties = json.loads(reference.schema())["$defs"]["Vary"]["properties"]
    assert set(properties) == set(VARIED)


def test_a_page_without_marks_is_refused():
    with pytest.raises(UserError, match="must stand there once: put them back"):
        reference.with_tables("# Configuration\n")
