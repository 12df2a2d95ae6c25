"""The configurations that are shipped, those that the READMEs show, and what is made of models."""

import json
import re

import pytest
import yaml
from configurations import DEMO_STUDIES, ROOT, examples, lay_over, shipped
from own_files import write_own_files

from isr.config import reference
from isr.config.displays import Displays
from isr.config.jobs import Jobs
from isr.config.models import Config
from isr.config.reading import read_plan
from isr.evaluation.floors import read_floors
from isr.settings import VARIED, CellSettings

OVERLAYS = [(), ("paper.yaml",), ("gpu.yaml",), ("paper.yaml", "gpu.yaml")]
README = [(page, name) for page in ("README.md", "config/README.md") for name in examples(page)]
TOLD = {"items", "constraint", "options", "connect", "seed", "fit", "optimiser"}
"""Keys that say what a cell is of, which nobody tries out."""


@pytest.mark.parametrize("overlays", OVERLAYS)
def test_shipped_configurations_are_valid(overlays):
    plan = read_plan(shipped(*overlays), root=ROOT)
    assert Displays(Jobs(plan)).report_inputs()["tables"]


@pytest.mark.parametrize(("page", "name"), README)
def test_the_examples_of_the_readmes_are_valid(page, name, own_files):
    example = examples(page)[name]
    paper = ["paper.yaml"] if "config/paper.yaml" in example else []
    config = shipped(*paper, yaml.safe_load(example))
    plan = read_plan(config, root=own_files)
    assert Displays(Jobs(plan)).report_inputs()["cells"]


@pytest.fixture
def own_files(tmp_path):
    """Folders with files of the names that the examples speak of."""
    write_own_files(tmp_path)
    return tmp_path


def test_the_examples_are_there():
    assert {name for _, name in README} >= {"mine.yaml", "shapes.yaml", "stacks.yaml", "film.yaml"}


@pytest.mark.parametrize(
    ("overlays", "gallery"), [((), "gallery"), (("paper.yaml",), "authors-gallery")]
)
def test_what_a_shipped_gallery_sets_by_hand_is_marked_so(overlays, gallery):
    config = shipped(*overlays)
    study = read_plan(config, root=ROOT).config.studies[gallery]
    usual = {name: field.default for name, field in CellSettings.model_fields.items()}
    usual["weight_decay"] = 1e-5  # The paper's.
    for name, cell in study.cells.items():
        values = cell.model_dump(exclude_unset=True)
        given = {key for key, value in values.items() if value not in (None, usual[key])}
        given |= {f"options.{key}" for key in cell.options if key == "frequency"}
        assert given - TOLD <= set(study.by_hand), name


def test_the_paper_s_grid():
    plan = read_plan(shipped("paper.yaml"), root=ROOT)
    cells = plan.cells["convexity"]
    assert len(cells) == 2 * 3 * 2 * 3
    assert {cell.settings.seed for cell in cells.values()} == {42, 47, 131}
    assert {cell.settings.steps for cell in cells.values()} == {3000}
    assert {len(cell.items) for cell in cells.values()} == {51}
    assert not plan.config.watch_library


def test_the_paper_s_labels_and_networks_are_the_published_ones_if_they_can_be_had():
    plan = read_plan(shipped("paper.yaml"), root=ROOT)
    for study in ("motion", "noise"):
        assert {cell.settings.labels for cell in plan.cells[study].values()} == {"auto"}
    assert plan.config.predictors["unet"].weights == "auto"
    entry = plan.dataset("fbms")
    assert None not in (entry.labels, entry.checkpoints, entry.mapping)


def test_the_paper_s_configuration_says_in_ten_lines_what_it_needs():
    text = (ROOT / "config/paper.yaml").read_text()
    header = text.partition("\n\n")[0]
    assert len(header.splitlines()) <= 10
    assert all(line.startswith("#") for line in header.splitlines())
    files = re.findall(r"^ +file: (\S+)", text, re.M)
    assert len(files) == 6
    assert [file for file in files if file not in header] == []


def test_a_gpu_fits_the_paper_s_batches_as_a_whole():
    plan = read_plan(shipped("paper.yaml", "gpu.yaml"), root=ROOT)

    def sizes(study, batch):
        return [len(part) for part in plan.parts(study, batch)]

    grid = {cell.batch for cell in plan.cells["convexity"].values()}
    assert {tuple(sizes("convexity", batch)) for batch in grid} == {(153,)}
    assert sizes("motion", "labels~auto_fit~sequential") == [54]
    assert sizes("motion", "labels~auto_fit~joint") == [1] * 54


def test_floors_are_of_the_demo_s_studies_and_cells():
    plan = read_plan(shipped(), root=ROOT)
    assert set(plan.cells) == set(DEMO_STUDIES)
    floors = read_floors(ROOT / "config/floors.yaml")
    assert {floor.study for floor in floors} <= set(plan.cells)
    named = {(floor.study, floor.where["cell"]) for floor in floors if "cell" in floor.where}
    assert named
    assert [(study, cell) for study, cell in named if cell not in plan.cells[study]] == []


def test_files_are_laid_over_as_snakemake_does():
    config = {"a": {"b": 1, "c": [1, 2]}}
    lay_over(config, {"a": {"c": [3], "d": None}})
    assert config == {"a": {"b": 1, "c": [3], "d": None}}


def test_the_schema_is_that_of_the_models():
    assert reference.SCHEMA.read_text(encoding="utf-8") == reference.schema(), (
        "run PYTHONPATH=lib python -m isr.config.reference"
    )


def test_the_tables_of_the_readme_are_those_of_the_models():
    page = reference.README.read_text(encoding="utf-8")
    assert page == reference.readme(), "run PYTHONPATH=lib python -m isr.config.reference"


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
