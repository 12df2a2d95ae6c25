"""Studies whose cells ran, as the report is told of them: pictures, single items, a video."""

import json
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from score_rows import ENTRIES, PREDICTORS, grid_plan, plan, row, score, study_of, written

from isr.data.items import Frame, write_picture, write_video
from isr.data.pictures import Picture
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.evaluation.columns import CERTIFICATE_COLUMNS
from isr.io import write_json, write_png

STATUSES = ("fitted", "retried", "failed", "skipped", "fitted", "fitted")


@pytest.fixture
def picture():
    """A 40 x 30 picture with a disc as its object."""
    rows, columns = np.mgrid[:30, :40] + 0.5
    disc = (rows - 15) ** 2 + (columns - 20) ** 2 < 100
    image = np.where(disc[..., None], [0.8, 0.3, 0.1], [0.2, 0.4, 0.6]).astype(np.float32)
    truth = np.where(disc, 255, 0).astype(np.uint8)
    about = {"text": "A disc.", "source": "a test", "licence": "CC0"}
    return Picture("disc", image, ground_truth=truth, **about)


def certificate(item="disc", **changes):
    about = {"item": item, "fit_of": item, "property": "convex", "method": "structure"}
    about |= {"margin": 0.125, "holds": True, "verdict": "holds", "sentence": "Fine."}
    return about | changes


def finish(cell, folders, certificates, labels=()):
    """Write what evaluation leaves beside metrics.csv."""
    table = pd.DataFrame(
        [{"cell": cell.name, **each} for each in certificates], columns=list(CERTIFICATE_COLUMNS)
    )
    table.to_csv(cell.folder / "certificates.csv", index=False)
    about = {"folders": {name: str(path) for name, path in folders.items()}}
    write_json(cell.folder / "cell.json", {**about, "labels": dict(labels)})


def told(study, kind, text=""):
    """What the report is told of a study."""
    cells = [
        {
            "name": cell.name,
            "folder": str(cell.folder),
            "settings": cell.settings.model_dump(),
            "items": list(cell.items),
            "by_hand": dict(cell.by_hand),
        }
        for cell in study.cells
    ]
    used = {name: PREDICTORS[name] for name in study.predictors}
    about = {"name": study.name, "text": text, "dataset": "d", "entry": ENTRIES[kind]}
    return {**about, "cells": cells, "predictors": used, "protocol": "paper"}


@pytest.fixture
def pictures(tmp_path, picture):
    """A study of two pictures; the second of its cells did not run."""
    folders = {"disc": tmp_path / "items/disc", "other": tmp_path / "items/other"}
    for name, folder in folders.items():
        write_picture(folder, Picture(name, picture.image, ground_truth=picture.ground_truth))
    cells = [grid_plan(cell="one"), grid_plan("joint", cell="two")]
    rows = [
        each
        for name in folders
        for output, iou in (("predictor", 0.5), ("representation", 0.75))
        for each in score(iou, name, output=output, semantic="efficientnet-lite0")
    ]
    study = written(rows, study_of(cells, list(folders), "embedded"), tmp_path / "pictures")
    finish(study.cells[0], folders, [certificate(name) for name in folders])
    for name in folders:
        write_png(study.cells[0].folder / f"masks/{name}.png", picture.ground_truth)
    return told(study, "embedded", "Some text.")


@pytest.fixture
def singles(tmp_path, picture):
    """A study of named cells of one item each; the last did not run."""
    folders = {"disc": tmp_path / "single/disc"}
    write_picture(folders["disc"], picture)
    own = {"items": ["disc"], "predictor": "given"}
    by_hand = {"steps": 800, "options.width": 9}
    cells = [
        {"cell": "cup", "constraint": "convex", **own, "by_hand": by_hand},
        {"cell": "sheet", "constraint": "periodic", **own},
        {"cell": "tea", "constraint": "star_shaped", **own},
    ]
    rows = []
    for constraint in ("convex", "periodic"):
        about = {"predictor": "given", "features": None, "constraint": constraint}
        rows += score(0.8, "disc", output="representation", against="unaries", **about)
        rows += score(0.61, "disc", output="representation", **about)
        truth = 0.77 if constraint == "periodic" else 0.5
        rows += score(truth, "disc", output="predictor", **about)
    study = written(rows, study_of(cells, ["disc"], "gallery", name="g"), tmp_path / "g")
    none = certificate(property="none", method="none", verdict="no guarantee")
    for cell, found in zip(study.cells, ([certificate()], [none]), strict=False):
        table = pd.read_csv(cell.folder / "metrics.csv").assign(study="g")
        table.to_csv(cell.folder / "metrics.csv", index=False)
        finish(cell, folders, found)
        write_png(cell.folder / "masks/disc.png", picture.ground_truth)
    return told(study, "gallery")


@pytest.fixture
def motion(tmp_path):
    """A study of a video of six frames; the second of its cells did not run."""
    image = np.zeros((8, 12, 3), np.uint8)
    objects = np.pad(np.ones((4, 4), np.uint8), ((2, 2), (4, 4)))
    frames = [Frame(image, None if number % 2 else objects) for number in range(6)]
    about = {"name": "toy", "object": 1, "source": "Somewhere", "licence": "CC0"}
    write_video(tmp_path / "videos/toy", frames, **about, notes=["an odd file"])
    labels = [WeakLabels(np.zeros((8, 12), np.uint8)) for _ in frames]
    kind = {"kind": "motion", "text": "From motion.", "options": {}}
    write_labels(tmp_path / "labels/toy", labels, kind)
    rows, certificates = [], []
    for frame, status in enumerate(STATUSES):
        place = {"item": "toy", "frame": frame, "study": "m", "status": status}
        own = {"annotated": frame % 2 == 0, "noisy": frame == 3, "finite": frame != 5}
        own |= {"contradicted": frame in (0, 1, 3), "against": "unaries"}
        rows.append(row(0.5, **place, **own))
        verdict = "connected in the picture" if frame else "connected, thinner than a pixel"
        certificates.append(
            certificate("toy", frame=frame, fit_of=f"toy/{frame:05d}", verdict=verdict)
        )
    cells = [plan(cell="a"), plan("joint", cell="b")]
    study = written(rows, study_of(cells, ["toy"], "fbms", name="m"), tmp_path / "m")
    where = {"toy": str(tmp_path / "labels/toy")}
    finish(study.cells[0], {"toy": tmp_path / "videos/toy"}, certificates, where)
    for number in range(6):
        write_png(study.cells[0].folder / f"masks/toy/{number:05d}.png", image[..., 0])
    return told(study, "fbms", "A sentence.")


@pytest.fixture
def change():
    """Changes the metrics.csv of the first cell of a study, or about.json of its labels."""

    def change(content, **columns):
        path = f"{content['cells'][0]['folder']}/metrics.csv"
        pd.read_csv(path).assign(**columns).to_csv(path, index=False)
        return content

    return change


@pytest.fixture
def labels_about(motion, tmp_path):
    """Rewrites what is known of the labels of the video."""

    def write(**about):
        path = tmp_path / "labels/toy/about.json"
        path.write_text(json.dumps({"kind": "motion", "text": "From motion.", **about}))

    return write


VOID = {"meta", "img", "br", "link", "input", "hr"}


class Checker(HTMLParser):
    """Collects what a page would load, and checks that its elements are closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.loaded = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        self.loaded += [value for name, value in attributes if name in ("src", "srcset", "data")]
        assert tag not in ("script", "link", "iframe")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


@pytest.fixture
def checker():
    return Checker()
