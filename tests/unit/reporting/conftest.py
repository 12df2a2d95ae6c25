from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import video_rows
from moving_bar import Cells, write_clip

from isr import representations
from isr.coordinates import ThirdAxis
from isr.data.pictures import Picture, write_dataset
from isr.data.gallery import GalleryPicture, write_picture
from isr.data.videos import Video, read_video
from isr.evaluation.case import evaluate_case
from isr.fitting.store import write_fits
from isr.networks.layers import initialise_
from isr.reporting import video_summary
from isr.reporting.settings import Cell, Dataset, Study
from isr.reporting.video_study import VideoStudy
from isr.reporting.views import View

Rows = list[dict[str, Any]]
Entry = dict[str, str]
MakeCase = Callable[..., Entry]


def score_rows(
    iou: float,
    *,
    picture: str = "a",
    output: str = "predictor",
    accuracy: float | None = None,
    **changes: Any,
) -> Rows:
    """One row of metrics.csv."""
    row = {
        "study": "s",
        "dataset": "d",
        "constraint": "convex",
        "predictor": "fcn",
        "features": "rgb+xy",
        "fit": "sequential",
        "seed": 42,
        "protocol": "paper",
        "steps": 400,
        "semantic": "none",
        "scale": 1.0,
        "picture": picture,
        "output": output,
        "iou": iou,
        "accuracy": iou if accuracy is None else accuracy,
        "scored_pixels": 100,
    }
    return [row | changes]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Rows of videos as they are read back."""

    def read(rows: Rows, study: VideoStudy) -> pd.DataFrame:
        path = tmp_path / "metrics.csv"
        pd.DataFrame(rows, columns=list(video_rows.row(0))).to_csv(path, index=False)
        return video_summary.read_video_metrics([path], study)

    return read


@pytest.fixture
def score() -> Callable[..., Rows]:
    return score_rows


def make_study(
    cells: Iterable[Cell] | None = None,
    kind: str = "embedded",
    long_side: int | None = None,
    **changes: Any,
) -> Study:
    default = tuple(Cell("convex", "fcn", "rgb+xy", "sequential", seed) for seed in (42, 47))
    dataset = Dataset("d", kind, long_side=long_side)  # type: ignore[arg-type]
    return Study("s", dataset, tuple(cells or default), **changes)


@pytest.fixture
def study() -> Callable[..., Study]:
    return make_study


@pytest.fixture
def grid_metrics() -> pd.DataFrame:
    """The paper's grid with one seed and two pictures; one cell (CNN, xy, joint) did not run."""
    generator = np.random.default_rng(0)
    rows: Rows = []
    for predictor in ("cnn", "fcn"):
        for features in ("rgb+xy", "rgb+semantic", "rgb+xy+semantic"):
            for fit in ("sequential", "joint"):
                if (predictor, features, fit) == ("cnn", "rgb+xy", "joint"):
                    continue
                for output in ("predictor", "convex_hull", "convex_hull_largest", "representation"):
                    for picture in "ab":
                        iou = round(float(generator.uniform(0.3, 0.9)), 3)
                        semantic = "efficientnet-lite0" if "semantic" in features else "none"
                        axes = {"predictor": predictor, "features": features, "fit": fit}
                        about = {"picture": picture, "output": output, "semantic": semantic}
                        rows += score_rows(iou, **axes, **about)
    return pd.DataFrame(rows)


@pytest.fixture
def grid_study() -> Study:
    return make_study(
        [
            Cell("convex", predictor, features, fit, 42)
            for predictor in ("cnn", "fcn")
            for features in ("rgb+xy", "rgb+semantic", "rgb+xy+semantic")
            for fit in ("sequential", "joint")
        ]
    )


@pytest.fixture
def picture() -> Picture:
    """A 40 x 30 picture with a disc as its object."""
    rows, columns = np.mgrid[:30, :40] + 0.5
    disc = (rows - 15) ** 2 + (columns - 20) ** 2 < 100
    image = np.where(disc[..., None], [0.8, 0.3, 0.1], [0.2, 0.4, 0.6]).astype(np.float32)
    scribbles = np.zeros((30, 40), np.uint8)
    scribbles[14:16, 15:25] = 1
    scribbles[1:3, 2:38] = 255
    return Picture("disc", image, scribbles, np.where(disc, 255, 0).astype(np.uint8))


@pytest.fixture
def dataset(tmp_path: Path, picture: Picture) -> Path:
    folder = tmp_path / "dataset"
    write_dataset(folder, [picture], source="a test", licence="CC0")
    return folder


@pytest.fixture
def view(picture: Picture) -> View:
    """The disc, found a little too small, with its unaries."""
    rows, columns = np.mgrid[:30, :40] + 0.5
    distance = np.hypot(rows - 15, columns - 20)
    scores = {"unaries": 0.81, "ground truth": float("nan")}
    return View("disc", "convex", picture.image, distance < 9, distance < 10, scores=scores)


def _draw_parameters(module: representations.Representation) -> None:
    """Give a representation random parameters with which part of the picture is foreground."""
    generator = np.random.default_rng(0)
    initialise_(module, generator)
    module.project_()
    points = torch.from_numpy(generator.uniform(size=(400, module.dim))).float()
    with torch.no_grad():
        middle = module(points).median()
        for name, parameter in module.named_parameters():
            if name.endswith("output_z.bias"):
                parameter -= middle


@pytest.fixture
def make_case(tmp_path: Path, picture: Picture) -> MakeCase:
    """Store a fit, what was found of it and its picture; give what the settings say of it."""

    def make(constraint: str = "convex", *, shape: str = "picture", **settings: Any) -> Entry:
        name = f"{constraint}-{len(list(tmp_path.glob('case-*')))}"
        grid = {"picture": (30, 40), "video": (3, 30, 40), "depth": (30, 40)}[shape]
        third = {
            "picture": None,
            "video": ThirdAxis("t", np.linspace(0, 1, 3)),
            "depth": ThirdAxis("depth", np.linspace(0, 1, 1200).reshape(30, 40)),
        }[shape]
        disc = picture.ground_truth == 255
        content = GalleryPicture(
            "disc",
            np.broadcast_to(picture.image, (*grid, 3)),
            np.broadcast_to(disc, grid).astype(np.float32),
            picture.scribbles if shape == "depth" else None,
            third,
            "A disc.",
            source="drawn",
            licence="CC0",
        )
        write_picture(tmp_path / "pictures" / shape, content)
        folder = tmp_path / f"case-{name}"
        dim = 2 if third is None else 3
        module = representations.build(constraint, dim)
        _draw_parameters(module)
        state = {f"representation.{key}": value for key, value in module.named_parameters()}
        about = {
            "representation": {"name": constraint, "dim": dim, "options": {}},
            "convention": "isotropic",
            "settings": {"steps": 7, **settings},
            "finite": {"disc": True},
        }
        fits = folder / "fits" / "part-0.safetensors"
        write_fits(fits, {"disc": {key: part.detach() for key, part in state.items()}}, about)
        about_case = {"study": "g", "source": "embedded", "case": name, "protocol": "paper"}
        evaluate_case(
            fits,
            tmp_path / "pictures" / shape,
            folder,
            {**about_case, "constraint": constraint, "seed": 42},
        )
        return {
            "case": name,
            "picture": str(tmp_path / "pictures" / shape),
            "folder": str(folder),
        }

    return make


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """Evaluated cells of the video of a bar, by fit."""
    folder = tmp_path_factory.mktemp("figures")
    write_clip(folder)
    return Cells(folder)


@pytest.fixture
def settings(cells: Cells) -> Callable[..., dict[str, Any]]:
    """Settings of a figure of some of these cells."""

    def make(kind: str, *fits: str, **more: Any) -> dict[str, Any]:
        return {
            "kind": kind,
            "video": "clip",
            "videos": str(cells.folder / "videos"),
            "cells": {fit: str(cells[fit]) for fit in fits},
            **more,
        }

    return make


@pytest.fixture
def video(cells: Cells) -> Video:
    """The video of these cells."""
    return read_video(cells.folder / "videos" / "clip")


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
def checker() -> Checker:
    return Checker()
