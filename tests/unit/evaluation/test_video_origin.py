"""Which labels, network and object a cell of videos is of."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from box_cell import ANNOTATED, FRAMES, HEIGHT, SETTINGS, WIDTH
from isr.data.videos import VideoFrame, write_video
from isr.evaluation.video import evaluate_video_cell
from isr.evaluation.video_cell import VideoCell
from isr.fitting.store import write_fits

from isr.errors import UserError

IN_TIME = {"fit": "spatio-temporal", "constraint": "convex", "steps": 70}
LEFT, RIGHT = 1, 2


@pytest.fixture
def open_cell(tmp_path, cell):
    """The cell of a video that two objects fill, whose labels follow one in some way."""

    def make(settings=SETTINGS, **foreground):
        objects = np.full((HEIGHT, WIDTH), LEFT, np.uint8)
        objects[:, 3 * WIDTH // 4 :] = RIGHT
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        frames = [VideoFrame(image, objects if n in ANNOTATED else None) for n in range(FRAMES)]
        about = {"name": "clip", "object": LEFT, "source": "", "licence": ""}
        write_video(tmp_path / "videos" / "clip", frames, **about, named=False)
        labels = tmp_path / "labels" / "clip"
        shutil.copytree(cell.labels / "clip", labels)
        kept = json.loads((labels / "about.json").read_text())
        found = {"objects": 2, "named": False, "share": 0.9, "follow": "", **foreground}
        (labels / "about.json").write_text(json.dumps({**kept, "foreground": found}))
        folders = (tmp_path / "videos", tmp_path / "labels", cell.predictions)
        return VideoCell({**settings, **IN_TIME}, *folders)

    return make


def scores(cell, fits, output):
    evaluate_video_cell([fits], cell, output)
    metrics = pd.read_csv(output / "metrics.csv")
    rows = metrics[(metrics["output"] == "representation") & (metrics["frame"] == 0)]
    return rows.set_index("against")


def test_frames_are_scored_by_the_object_that_the_labels_follow(tmp_path, open_cell, in_time):
    # The fit of the first frame is the whole picture.
    found = scores(open_cell(object=RIGHT), in_time, tmp_path / "cell").loc["ground truth"]
    assert (found["scored_object"], found["object_sure"]) == (RIGHT, False)
    assert pd.isna(found["labels_follow"])
    assert found["iou"] == pytest.approx(0.25)


def test_labels_of_another_object_are_told(tmp_path, open_cell, in_time):
    cell = open_cell(object=LEFT, named=True, follow="another object")
    rows = scores(cell, in_time, tmp_path / "cell")
    assert set(rows["labels_follow"]) == {"another object"}
    assert set(rows["scored_object"]) == {LEFT}
    assert set(rows["object_sure"]) == {True}


def test_a_video_without_a_choice_is_scored_as_it_was_unpacked(cell):
    found = cell.origin("clip")
    assert (found["scored_object"], found["object_sure"], found["labels_follow"]) == (
        None,
        None,
        "",
    )
    assert cell.video("clip").object == 1


@pytest.mark.parametrize("taken", ["trained", "published"])
def test_of_networks_auto_the_one_that_was_taken_is_told(tmp_path, cell, taken):
    options = SETTINGS["predictor_options"] | {"weights": "auto"}
    own = VideoCell(SETTINGS | {"predictor_options": options}, cell.videos, cell.labels, tmp_path)
    with pytest.raises(UserError, match=r"predictor.safetensors does not exist"):
        own.origin("clip")
    path = tmp_path / "clip" / "predictor.safetensors"
    path.parent.mkdir()
    write_fits(path, {"clip": {"w": torch.zeros(1)}}, {"weights": taken})
    assert own.origin("clip")["weights"] == taken


def test_networks_that_were_not_chosen_need_no_file(tmp_path, cell):
    own = VideoCell(SETTINGS, cell.videos, cell.labels, tmp_path)
    assert own.origin("clip")["weights"] == "trained"
