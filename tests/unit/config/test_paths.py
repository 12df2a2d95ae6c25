"""Relative paths are seen from the file of the configuration that they stand in."""

from pathlib import Path

import pytest
import yaml

from isr.config.models import Config
from isr.config.paths import Layer, anchored
from isr.models import parse


def _load(path):
    return yaml.safe_load(path.read_text())


def _config(path, labels="weak", weights="w.pth"):
    return {
        "datasets": {
            "own": {"kind": "pictures", "path": path},
            "films": {"kind": "fbms", "labels": {"file": "labels.zip", "path": labels}},
        },
        "predictors": {"sam": {"kind": "segment_anything", "checkpoint": weights}},
    }


@pytest.fixture
def layer(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
        return Layer.read(path, _load)

    return write


def _paths(config):
    films = config.datasets["films"]
    return config.datasets["own"].path, films.labels.path, config.predictors["sam"].checkpoint


def test_every_path_of_a_file_is_seen_from_it(layer, tmp_path):
    content = _config("pics", "../weak", "w.pth")
    layers = [layer("config/mine.yaml", content)]
    found = anchored(parse(Config, content), layers, tmp_path)
    assert _paths(found) == ("config/pics", "config/../weak", "config/w.pth")
    elsewhere = tmp_path / "elsewhere"
    found = anchored(parse(Config, content), layers, elsewhere)
    assert _paths(found) == tuple(
        str(tmp_path / "config" / name) for name in ("pics", "../weak", "w.pth")
    )


def test_the_uppermost_file_that_says_so_counts(layer, tmp_path):
    layers = [layer("a/low.yaml", _config("pics")), layer("b/high.yaml", _config("pics", "more"))]
    merged = _config("pics", "more")
    assert _paths(anchored(parse(Config, merged), layers, tmp_path))[:2] == ("b/pics", "b/more")
    merged = _config("pics", "weak")
    assert _paths(anchored(parse(Config, merged), layers, tmp_path))[1] == "a/weak"


@pytest.mark.parametrize("path", ["/data/pics", "~/pics"])
def test_an_absolute_path_stays(layer, tmp_path, path):
    content = _config(path)
    found = anchored(parse(Config, content), [layer("config/mine.yaml", content)], tmp_path)
    assert found.datasets["own"].path == path


def test_what_stands_in_no_file_is_seen_from_where_it_runs(layer, tmp_path):
    layers = [layer("config/mine.yaml", _config("other"))]
    found = anchored(parse(Config, _config("pics")), layers, tmp_path)
    assert found.datasets["own"].path == "pics"


def test_only_what_is_set_is_told(layer, tmp_path):
    """Defaults that are left out of an entry stay so: they would be told to jobs."""
    content = _config("pics")
    found = anchored(parse(Config, content), [layer("config/mine.yaml", content)], tmp_path)
    assert found.datasets["own"].model_fields_set == {"kind", "path"}
    assert Path(found.datasets["own"].settings("a")["path"]) == Path("config/pics")
