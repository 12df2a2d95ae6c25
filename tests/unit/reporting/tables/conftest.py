from functools import partial

import numpy as np
import pytest
from score_rows import grid_plan, make_table, read, score, study_of

from isr.reporting.tables import videos
from isr.reporting.tables.videos import Group


@pytest.fixture
def read_back(tmp_path):
    """Rows as they are read back."""
    return lambda rows, study: read(rows, study, tmp_path)


@pytest.fixture
def table_of(tmp_path):
    """Makes a table: its CSV text, and its layout."""
    return lambda kind, rows, study, **keys: make_table(kind, rows, study, tmp_path, **keys)


@pytest.fixture
def table_4(table_of):
    """Makes the layout of Table 4."""
    return lambda rows, study, **keys: table_of("table_4", rows, study, **keys)[1]


GRID = [
    grid_plan(fit, predictor=predictor, features=features)
    for predictor in ("cnn", "fcn")
    for features in ("rgb+xy", "rgb+semantic", "rgb+xy+semantic")
    for fit in ("sequential", "joint")
]


@pytest.fixture
def grid_study():
    """The paper's grid with one seed."""
    return study_of(GRID, "ab", "embedded")


@pytest.fixture
def grid_rows():
    """Its rows; one cell (CNN, xy, joint) did not run."""
    generator, rows = np.random.default_rng(0), []
    for cell in GRID:
        if (cell["predictor"], cell["features"], cell["fit"]) == ("cnn", "rgb+xy", "joint"):
            continue
        make = partial(score, **cell)
        if "semantic" in cell["features"]:
            make = partial(make, semantic="efficientnet-lite0")
        for output in ("predictor", "convex_hull", "convex_hull_largest", "representation"):
            for item in "ab":
                rows += make(round(float(generator.uniform(0.3, 0.9)), 3), item, output=output)
    return rows


@pytest.fixture
def summarise(read_back):
    """Averages rows of videos for Table 4."""

    def make(rows, study, published=True):
        group = Group.of(study, [cell.name for cell in study.cells], published)
        return videos.summarise(read_back(rows, study), group)

    return make


@pytest.fixture
def summarise_noise(read_back):
    """Averages rows of videos for Table 5."""

    def make(rows, study):
        group = Group.of(study, [cell.name for cell in study.cells])
        return videos.summarise_noise(read_back(rows, study), group)

    return make
