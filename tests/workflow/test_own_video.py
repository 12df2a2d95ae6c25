"""A video of the user's own: the configuration that README.md shows, from frames to figures."""

import re
from pathlib import Path

import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shown(repository):
    """The configuration that the README shows, as a file in the repository and as a mapping."""
    content = re.search(r"```yaml\n(# film.yaml\n.*?)```", (ROOT / "README.md").read_text(), re.S)
    (repository.folder / "film.yaml").write_text(content[1])
    return "film.yaml", yaml.safe_load(content[1])


@pytest.fixture
def videos(repository, shown):
    """The folder of the user's own that the README's configuration names, with one video."""
    folder = repository.folder / shown[1]["videos"]["mine"]["path"]
    (folder / "clip").mkdir(parents=True, exist_ok=True)
    for number in range(3):
        Image.new("RGB", (32, 24), (number, 0, 0)).save(folder / "clip" / f"{number}.png")
    return folder


def test_the_plan(repository, shown, videos):
    plan = repository.plan("film", "--configfile", shown[0])
    jobs = ("unpack_video", "label_video", "predict_video", "fit_video", "evaluate_video")
    assert [plan[job] for job in jobs] == [1] * 5
    assert plan["tabulate_table_4"] == plan["animate"] == 1
    assert "download" not in plan


def test_a_video_is_unpacked_from_frames_alone(repository, shown, videos):
    target = "resources/videos/mine/clip"
    code, output = repository.snakemake(target, "--cores", "1", "--configfile", shown[0])
    assert code == 0, output
    about = yaml.safe_load((repository.folder / target / "video.json").read_text())
    assert (about["frames"], about["annotated"]) == (3, [])


def test_own_videos_are_not_called_those_of_the_paper(repository, shown, videos):
    code, output = repository.snakemake(
        "film", "--dry-run", "--printshellcmds", "--configfile", shown[0]
    )
    assert code == 0, output
    assert "Own videos" in output
    assert "FBMS-59" not in output


def test_frames_without_a_folder_are_told(repository, shown, videos):
    config = shown[1] | {"videos": {"mine": {"kind": "fbms", "path": "my_videos/clip"}}}
    code, output = repository.snakemake("film", "--dry-run", config=config)
    assert code != 0
    assert "config: videos.mine: my_videos/clip holds the frame 0.png itself" in output
