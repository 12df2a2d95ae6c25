"""The configurations that config/README.md shows."""

import re

import pytest


@pytest.fixture
def shown(repository):
    """Writes a configuration of the README as the file that its first line names."""

    def write(name):
        text = (repository.folder / "config/README.md").read_text()
        content = re.search(rf"```yaml\n(# {name}:.*?)```", text, re.DOTALL)[1]
        (repository.folder / name).write_text(content)
        return name

    return write


def test_own_pictures(repository, shown):
    folder = repository.folder / "my_pictures/images"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"")
    plan = repository.plan("--configfile", shown("mine.yaml"))
    assert plan["fit"] == plan["evaluate"] == 2 * 2
    assert plan["tabulate_table_1"] == 1


def test_motion_segmentation_in_less_time(repository, shown):
    for name in ("cars3", "cars6", "marple5"):
        (repository.folder / "my_sequences" / name / "GroundTruth").mkdir(parents=True)
    files = ("config/paper.yaml", shown("reduced.yaml"))
    plan = repository.plan("motion", "noise", "--configfile", *files)
    assert plan["unpack_video"] == plan["label_video"] == 3
    assert plan["predict_video"] == plan["finetune_video"] == 3 + 2
    assert plan["fit_video"] == 5 + 2 * 7 * 3
    assert plan["tabulate_table_4"] == plan["tabulate_table_5"] == 1
