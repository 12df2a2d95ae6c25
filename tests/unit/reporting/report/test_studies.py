"""What is said of a study: facts, frames, scores, where its items come from."""

import numpy as np
import pandas as pd
import pytest

from isr.io import write_png
from isr.reporting.report import certificates, studies, thumbnails
from isr.reporting.study import read_study


def make(content):
    return studies.make(read_study(content))


def test_facts_of_the_cells_that_ran(motion):
    study = make(motion)
    assert (study.planned, study.missing) == (2, ["b"])
    facts = dict(study.facts)
    assert facts["Weak labels"] == "From motion."
    assert facts["Predictor"] == "UNet"
    assert facts["Width of the network"] == "16"
    assert facts["Weights"] == "trained on each sequence"
    assert facts["Items"] == "1, of them 1 video with 6 frames"
    assert facts["Steps"] == "5,000, then 400 (Adamax at 0.001)"
    assert not {"Foreground", "Input", "Shares of noise", "Distance from unaries"} & set(facts)
    assert study.warning == "1 fit stopped early at the last finite state."
    assert study.certificates.certified == 6
    assert study.data.startswith("FBMS-59 (0 of the paper's 18 sequences and 1")


def test_what_is_not_usual_is_told(motion, change):
    change(motion, noise=0.2, distance="absolute", training="together", corruption="shot_noise")
    facts = dict(make(motion).facts)
    assert facts["Shares of noise"] == "0.2"
    assert facts["Corruption at severity 5"] == "shot noise"
    assert facts["Distance from unaries"] == "absolute"
    assert facts["Networks for each video, or one for all together"] == "together"


def test_labels_that_were_taken_and_doubts_about_the_foreground_are_told(
    motion, change, labels_about
):
    labels_about(wanted="auto", reason="x is gone")
    change(motion, object_sure=False, labels_follow="another object")
    facts = dict(make(motion).facts)
    assert facts["Weak labels"] == "From motion. (x is gone)"
    assert facts["Foreground"].startswith("Several objects are annotated in toy and the authors'")
    assert "Labels follow another object than the one that is scored in toy:" in facts["Foreground"]


def test_what_became_of_the_frames(motion):
    (row,) = make(motion).frames
    assert row == {
        **{"Cell": "a", "Video": "toy", "Frames": 6},
        **{"Fitted": 3, "Retried": 1, "Failed": 1, "Skipped": 1, "Noise": 1},
        **{"Contradicted by the ground truth": "1 of 3", "by the unaries": "2 of 3"},
    }


@pytest.mark.parametrize(
    "column", [{"constraint": "convex"}, {"fit": "spatio-temporal", "steps": 9, "finite": False}]
)
def test_what_contradicts_other_constraints_and_slices_in_time_is_not_said(motion, change, column):
    study = make(change(motion, **column))
    (row,) = study.frames
    assert (row["Contradicted by the ground truth"], row["by the unaries"]) == ("", "")
    # A fit in time is one, however many frames it has.
    assert study.warning == "1 fit stopped early at the last finite state."


def test_where_items_come_from(motion, singles):
    (video,) = make(motion).items
    size, annotated = "12 \u00d7 8 \u00d7 6", "3 of 6 frames"
    assert [*video.values()] == ["toy", size, annotated, "", "Somewhere", "CC0", "an odd file"]
    (picture,) = make(singles).items
    assert [*picture.values()][1:4] == ["40 \u00d7 30", "yes", "A disc."]


def test_scores_of_cells_of_one_item(singles):
    study = make(singles)
    assert study.missing == ["tea"]
    cup, sheet = study.scores
    assert cup == {
        **{"Cell": "cup", "Item": "disc", "Constraint": "convex", "Steps": "400"},
        **{"IoU with unaries": "0.800", "IoU with scribbles": ""},
        **{"IoU with ground truth": "0.610", "IoU of unaries with ground truth": "0.500"},
    }
    assert sheet["Constraint"] == "periodic"
    (loss,) = study.losses
    assert loss.startswith("sheet: IoU with the ground truth 0.610, its unaries 0.770; eq")
    assert [each.name for each in study.thumbnails] == ["cup", "sheet"]
    assert "Set by hand, by trial" not in dict(study.facts)


def test_what_was_set_by_hand_for_many_items_is_a_fact(pictures):
    pictures["cells"][0]["by_hand"] = {"steps": 800}
    assert dict(make(pictures).facts)["Set by hand, by trial"] == "steps 800 (one)"


def test_several_objects_of_a_picture_are_told(pictures):
    path = f"{pictures['cells'][0]['folder']}/metrics.csv"
    together = pd.read_csv(path).assign(objects=3, overlap=7)
    each = [together.assign(object=str(k), iou=iou) for k, iou in ((1, 0.5), (2, 0.75))]
    pd.concat([together, *each]).to_csv(path, index=False)
    facts = dict(make(pictures).facts)
    assert facts["Pictures of several objects"].startswith("2, of at most 3 objects, each with")
    assert facts["Overlap of objects"] == "in 2 of 2 unions, at most 7 px"
    found = "mean 0.625, least 0.500, of 4"
    assert facts["IoU of single objects, representation"] == found


def test_thumbnails_are_of_one_cell_and_not_too_many(pictures, monkeypatch):
    study = make(pictures)
    assert (study.shown, [each.name for each in study.thumbnails]) == ("one", ["disc", "other"])
    monkeypatch.setattr(thumbnails, "MOST", 1)
    assert len(make(pictures).thumbnails) == 1


def test_the_outline_is_drawn_in_orange(picture, tmp_path):
    mask = np.zeros((30, 40), bool)
    mask[10:20, 10:30] = True
    image = np.rint(picture.image * 255).astype(np.uint8)
    drawn = np.asarray(thumbnails.draw(image, mask, picture.ground_truth)).astype(int)
    assert max(drawn.shape) == 380
    assert abs(drawn[95, 190] - [240, 127, 19]).max() < 3


def test_an_item_without_mask_has_no_thumbnail(pictures, tmp_path):
    write_png(tmp_path / "empty.png", np.zeros((2, 2), np.uint8))
    study = read_study(pictures)
    (study.cells[0].folder / "masks/disc.png").unlink()
    assert [each.name for each in studies.make(study).thumbnails] == ["other"]


def test_of_many_representations_those_are_listed_of_which_something_is_to_be_said(
    motion, monkeypatch
):
    assert len(make(motion).certificates.representations) == 6
    monkeypatch.setattr(certificates, "MOST_SHOWN", 5)
    found = make(motion).certificates
    assert [each["of"] for each in found.representations] == ["toy/00000"]
    assert found.certified == found.holding == 6


def test_a_study_of_which_nothing_ran(motion):
    motion["cells"] = motion["cells"][1:]
    found = make(motion)
    assert found.frames == found.facts == found.items == found.thumbnails == []
    assert found.certificates.certified == 0
