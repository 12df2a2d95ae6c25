import json

import numpy as np
import pandas as pd
import pytest

from isr.data.videos import VideoFrame, write_video
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.errors import UserError
from isr.io import write_png
from isr.reporting import report, video_report

AXES = {
    **{"labels": "motion", "predictor": "unet", "training": "each"},
    **{"constraint": "path_connected", "distance": "squared", "noise": 0},
}
STATUSES = ("fitted", "retried", "failed", "skipped", "fitted", "fitted")


def _cell(folder, fit, seed, **changes):
    return {**AXES, "fit": fit, "seed": seed, "folder": str(folder), "videos": ["toy"], **changes}


def _write(cell, tmp_path):
    axes = {key: cell[key] for key in (*AXES, "fit", "seed")}
    rows, certificates = [], []
    for frame, status in enumerate(STATUSES):
        place = {"video": "toy", "frame": frame, "picture": f"toy/{frame:05d}"}
        fixed = {"study": "motion", "dataset": "films", **axes, **place}
        about = {"protocol": "paper", "scale": 0.5, "width": 16, "steps": "600, then 80"}
        about |= {"annotated": frame % 2 == 0, "status": status, "noisy": frame == 3}
        about |= {"contradicted": frame in (0, 1, 3), "finite": frame != 5}
        about |= {"labels_kind": "motion", "weights": "trained"}
        about |= {"object_sure": True, "labels_follow": ""}
        rows += [fixed | about | {"output": name} for name in ("representation", "predictor")]
        certificate = {"property": "path_connected", "method": "raster", "margin": 1.0}
        verdict = "connected in the picture" if frame else "connected, thinner than a pixel"
        certificate |= {"holds": True, "verdict": verdict, "sentence": "Fine."}
        certificates.append(fixed | certificate)
    folder = tmp_path / cell["folder"]
    folder.mkdir()
    pd.DataFrame(rows).to_csv(folder / "metrics.csv", index=False)
    pd.DataFrame(certificates).to_csv(folder / "certificates.csv", index=False)


@pytest.fixture
def entry(tmp_path):
    image = np.zeros((8, 12, 3), np.uint8)
    objects = np.pad(np.ones((4, 4), np.uint8), ((2, 2), (4, 4)))
    frames = [VideoFrame(image, None if number % 2 else objects) for number in range(6)]
    about = {"name": "toy", "object": 1, "source": "Somewhere", "licence": "CC0"}
    write_video(tmp_path / "videos/toy", frames, **about, notes=["an odd file"])
    labels = [WeakLabels(np.zeros((8, 12), np.uint8)) for _ in frames]
    about = {"kind": "motion", "text": "From motion.", "options": {}}
    write_labels(tmp_path / "labels/motion/toy", labels, about)
    cells = [_cell(tmp_path / "a", "sequential", 42), _cell(tmp_path / "b", "joint", 42)]
    _write(cells[0], tmp_path)
    return {
        "name": "motion",
        "dataset": {"name": "films", "kind": "fbms"},
        "text": "A sentence.",
        "videos": str(tmp_path / "videos"),
        "labels": {"motion": str(tmp_path / "labels/motion")},
        "cells": cells,
    }


def test_facts_of_the_cells_that_ran(entry):
    study = video_report.make(entry).study
    assert (study.planned, study.missing) == (2, ("motion unet path_connected joint 42",))
    facts = dict(study.rows)
    assert facts["Weak labels"] == "motion: From motion."
    assert facts["Predictor"] == "UNet, width 16, scale 0.5"
    assert facts["Weights"] == "trained on each sequence"
    assert "Foreground" not in facts
    assert facts["Videos"] == "1, 6 frames in all"
    assert facts["Steps"] == "sequential 600, then 80"
    assert study.text == "A sentence."
    assert study.warning == "1 fit stopped early at the last finite state."
    assert study.certificates.certified == 6


def test_labels_that_were_taken_and_doubts_about_the_foreground_are_told(entry, tmp_path):
    folder = tmp_path / "labels" / "motion" / "toy"
    about = {"kind": "motion", "text": "From motion.", "wanted": "auto", "reason": "x is gone"}
    (folder / "about.json").write_text(json.dumps(about))
    path = tmp_path / "a" / "metrics.csv"
    pd.read_csv(path).assign(object_sure=False, labels_follow="another object").to_csv(path)
    facts = dict(video_report.make(entry).study.rows)
    assert facts["Weak labels"] == "motion: From motion. (x is gone)"
    assert facts["Foreground"].startswith("Several objects are annotated in toy and the authors'")
    assert "Labels follow another object than the one that is scored in toy:" in facts["Foreground"]


def test_what_became_of_the_frames(entry):
    (row,) = video_report.make(entry).frames
    assert row.cell == "motion unet path_connected sequential 42"
    assert dict(zip(video_report.STATUSES, row.statuses, strict=True)) == {
        "fitted": 3,
        "retried": 1,
        "failed": 1,
        "skipped": 1,
    }
    assert (row.frames, row.noisy) == (6, 1)
    assert (row.truth, row.unaries) == ("1 of 3", "2 of 3")


def test_what_contradicts_other_constraints_is_not_said(entry, tmp_path):
    cell = _cell(tmp_path / "c", "sequential", 42, constraint="convex", distance="absolute")
    _write(cell, tmp_path)
    made = video_report.make(entry | {"cells": [cell]})
    (row,) = made.frames
    assert (row.cell, row.frames) == ("motion unet convex sequential absolute distance 42", 6)
    assert (row.truth, row.unaries) == ("", "")
    assert dict(made.study.rows)["Distance from unaries"] == "absolute"


def test_a_fit_in_time_is_counted_once_and_its_slices_may_be_in_parts(entry, tmp_path):
    cell = _cell(tmp_path / "t", "spatio-temporal", 42)
    _write(cell, tmp_path)
    path = tmp_path / "t" / "metrics.csv"
    pd.read_csv(path).assign(finite=False).to_csv(path, index=False)
    made = video_report.make(entry | {"cells": [cell]})
    assert made.study.warning == "1 fit stopped early at the last finite state."
    assert [(row.truth, row.unaries) for row in made.frames] == [("", "")]


def test_where_videos_come_from(entry):
    (video,) = video_report.make(entry).videos
    assert (video.name, video.frames, video.annotated) == ("toy", 6, 3)
    assert (video.source, video.licence, video.notes) == ("Somewhere", "CC0", "an odd file")


def test_of_many_representations_those_are_listed_of_which_something_is_to_be_said(
    entry, monkeypatch
):
    assert len(video_report.make(entry).study.certificates.representations) == 6
    monkeypatch.setattr(video_report, "_MOST_SHOWN", 5)
    found = video_report.make(entry).study.certificates
    assert [each.picture for each in found.representations] == ["toy/00000"]
    assert found.certified == found.holding == 6


def test_a_study_of_which_nothing_ran(entry):
    found = video_report.make(entry | {"cells": entry["cells"][1:]})
    assert found.frames == found.study.rows == ()
    assert found.study.certificates.certified == 0


def test_the_page_has_the_videos_and_an_animation(entry, tmp_path, checker):
    write_png(tmp_path / "still.png", np.zeros((8, 12, 3), np.uint8))
    (tmp_path / "moving.gif").write_bytes(_gif())
    figures = [{"file": str(tmp_path / "moving.gif"), "caption": "It moves."}]
    page = report.make(
        {"datasets": [], "studies": [], "video_studies": [entry], "figures": figures}
    )
    checker.feed(page)
    assert checker.open == []
    assert [each[:22] for each in checker.loaded] == ["data:image/gif;base64,"]
    for words in ("Study motion", "1 of 2</b>", "It moves.", "an odd file", "From motion."):
        assert words in page
    assert "Retried" in page
    assert "weak labels" in page.lower()


def _gif():
    return (
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x00\x00\x00\x00\x00,"
        b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    )


def test_a_wrong_setting_is_told(entry):
    with pytest.raises(UserError, match="lacks the key 'labels'"):
        video_report.make({key: entry[key] for key in entry if key != "labels"})
    cells = [{key: cell[key] for key in cell if key != "noise"} for cell in entry["cells"]]
    with pytest.raises(UserError, match="a cell lacks 'noise'"):
        video_report.make(entry | {"cells": cells})
