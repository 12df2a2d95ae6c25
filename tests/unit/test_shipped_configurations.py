"""The configurations that are shipped, those of the READMEs, and the description of every key."""

import re
from pathlib import Path

import pytest
import yaml

from isr import cases, configuration
from isr.data.weak_labels.motion import OTHERS
from isr.distances import DISTANCES
from isr.evaluation.floors import read_floors
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


@pytest.mark.parametrize(
    ("overlay", "gallery"), [(None, "gallery"), ("paper.yaml", "authors-gallery")]
)
def test_what_a_shipped_gallery_sets_by_hand_is_marked_so(overlay, gallery):
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    if overlay:
        _lay_over(config, yaml.safe_load((ROOT / "config" / overlay).read_text()))
    study = configuration.resolve(config, SCHEMA)["studies"][gallery]
    defaults = {
        key: entry.get("default") for key, entry in SCHEMA["$defs"]["case"]["properties"].items()
    }
    defaults["weight_decay"] = 1e-5  # The paper's.
    told = {"picture", "constraint", "options", "connect", "seed"}
    for name, case in study["cases"].items():
        given = {key for key, value in case.items() if value not in (None, defaults[key])}
        given |= {f"options.{key}" for key in case["options"] if key == "frequency"}
        assert given - told == set(cases.by_hand(study, name)), name


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


def test_the_paper_s_labels_and_networks_are_the_published_ones_if_they_can_be_had():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    _lay_over(config, yaml.safe_load((ROOT / "config/paper.yaml").read_text()))
    resolved = configuration.resolve(config, SCHEMA)
    for study in ("motion", "noise"):
        assert resolved["studies"][study]["vary"]["labels"] == ["auto"]
    assert resolved["predictors"]["unet"]["weights"] == "auto"
    assert {"labels", "checkpoints", "mapping"} <= resolved["videos"]["fbms"].keys()


def test_the_paper_s_configuration_says_in_ten_lines_what_it_needs():
    text = (ROOT / "config/paper.yaml").read_text()
    header = text.partition("\n\n")[0]
    assert len(header.splitlines()) <= 10
    assert all(line.startswith("#") for line in header.splitlines())
    files = re.findall(r"^ +file: (\S+)", text, re.M)
    assert len(files) == 6
    assert [file for file in files if file not in header] == []


def test_floors_are_of_the_demos_studies_and_cases():
    studies = yaml.safe_load((ROOT / "config/config.yaml").read_text())["studies"]
    floors = read_floors(ROOT / "config/floors.yaml")
    assert {floor.study for floor in floors} <= set(studies)
    named = {floor.where["case"] for floor in floors if "case" in floor.where}
    assert named <= set(studies["gallery"]["cases"])
