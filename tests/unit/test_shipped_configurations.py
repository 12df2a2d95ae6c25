"""The configurations that are shipped, those of the READMEs, and the description of every key."""

import re
from pathlib import Path

import pytest
import yaml

from isr import configuration
from isr.data.weak_labels.motion import OTHERS
from isr.distances import DISTANCES
from isr.video_axes import AXES, TRAININGS

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


def _keys(schema, found):
    for name, entry in schema.get("properties", {}).items():
        found.setdefault(name, []).append(entry)
    for value in schema.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                _keys(part, found)
    return found


def test_every_key_is_described_in_the_schema_or_the_readme():
    readme = (ROOT / "config/README.md").read_text()
    missing = [name for name in _keys(SCHEMA, {}) if f"`{name}`" not in readme]
    # Parts of `points` and of codings stand in the README inside the value of their key.
    assert [name for name in missing if f"{name}:" not in readme] == []


def test_the_schema_has_the_choices_and_the_axes_of_the_library():
    definitions = SCHEMA["$defs"]
    assert tuple(definitions["distance"]["enum"]) == DISTANCES
    assert tuple(definitions["training"]["enum"]) == TRAININGS
    assert tuple(definitions["others"]["enum"]) == OTHERS
    assert tuple(definitions["video_cell"]["properties"]) == AXES


@pytest.mark.parametrize("overlay", [None, "paper.yaml"])
def test_shipped_configurations_are_valid(overlay):
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    if overlay:
        _lay_over(config, yaml.safe_load((ROOT / "config" / overlay).read_text()))
    configuration.resolve(config, SCHEMA)


@pytest.mark.parametrize("readme", ["README.md", "config/README.md"])
def test_the_example_of_a_readme_is_valid(readme):
    text = (ROOT / readme).read_text()
    example, *others = re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
    for each in (example, *others):
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        if "config/paper.yaml" in each:
            _lay_over(config, yaml.safe_load((ROOT / "config/paper.yaml").read_text()))
        _lay_over(config, yaml.safe_load(each))
        studies = configuration.resolve(config, SCHEMA)["studies"]
        assert each != example or list(studies) == ["mine"]


def _lay_over(config, upper):
    for key, value in upper.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            _lay_over(config[key], value)
        else:
            config[key] = value


def test_the_paper_s_grid():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    _lay_over(config, yaml.safe_load((ROOT / "config/paper.yaml").read_text()))
    resolved = configuration.resolve(config, SCHEMA)
    study = resolved["studies"]["convexity"]
    assert len(configuration.cells(study)) == 2 * 3 * 2 * 3
    assert {cell["seed"] for cell in configuration.cells(study)} == {42, 47, 131}
    assert resolved["steps"] == 3000
    assert not resolved["watch_library"]
    assert resolved["datasets"]["convexitydb"]["pictures"] is None
