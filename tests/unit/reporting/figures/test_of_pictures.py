"""From evaluated cells of pictures, depths, volumes and videos as a whole to figures."""

from pathlib import Path
from typing import Any

import pytest
from evaluated_cells import study_of, whole_cell
from matplotlib.figure import Figure as Drawn
from PIL import Image

from isr.errors import UserError
from isr.models import parse
from isr.reporting.drawing import panels
from isr.reporting.figures import Figure

GALLERY = {"entry": {"kind": "gallery"}}


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Titles of the figures that are written."""
    found: list[str] = []
    save = panels.save

    def kept(figure: Drawn, path: Path) -> None:
        found.append(figure.get_suptitle())
        save(figure, path)

    monkeypatch.setattr(panels, "save", kept)
    return found


def draw(kind: str, output: Path, *folders: Path, **keys: Any) -> None:
    names = [folder.name for folder in folders]
    of_item = kind in ("figure_3", "figure_9a", "figure_14", "figure_16")
    own = {"cell": names[0]} if of_item else {"cells": names}
    figure: Any = parse(Figure, {"kind": kind, **own, **keys}, "config")
    study = study_of(*folders, **GALLERY)
    cells = {cell.name: cell.settings for cell in study.cells}
    figure.draw(study, figure.shown(cells, "figures.f"), output)


@pytest.mark.parametrize(
    ("kind", "constraint", "shape"),
    [
        ("figure_1", "convex", "picture"),
        ("figure_1", "convex", "video"),
        ("figure_1", "convex", "volume"),
        ("figure_2", "periodic", "picture"),
        ("figure_3", "convex", "video"),
        ("figure_4", "convex", "depth"),
        ("figure_7", "path_connected", "picture"),
        ("figure_9", "convex", "depth"),
        ("figure_9", "convex", "video"),
        ("figure_9a", "convex", "volume"),
        ("figure_14", "path_connected", "picture"),
        ("figure_16", "path_connected", "picture"),
    ],
)
def test_every_figure_is_made_from_files(
    tmp_path: Path, titles: list[str], kind: str, constraint: str, shape: str
) -> None:
    folder = whole_cell(tmp_path, constraint, shape, weight_decay=0.1)
    draw(kind, tmp_path / "figure.png", folder)
    assert "embedded pictures, not the paper's" in titles[0]
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    assert b"<svg" in (tmp_path / "figure.svg").read_bytes()


def test_a_title_replaces_the_words_about_the_content(tmp_path: Path, titles: list[str]) -> None:
    draw("figure_1", tmp_path / "f.png", whole_cell(tmp_path), title="Own words")
    assert titles == ["Own words: embedded pictures, not the paper's"]


@pytest.mark.parametrize(
    ("kind", "constraint", "shape", "message"),
    [
        ("figure_4", "convex", "picture", "disc has no depth"),
        ("figure_14", "path_connected", "depth", "disc has a third coordinate"),
        ("figure_16", "path_connected", "volume", "disc has a third coordinate"),
    ],
)
def test_a_cell_that_cannot_be_shown_so(
    tmp_path: Path, kind: str, constraint: str, shape: str, message: str
) -> None:
    folder = whole_cell(tmp_path, constraint, shape)
    with pytest.raises(UserError, match=message):
        draw(kind, tmp_path / "f.png", folder)


def test_a_picture_has_no_frame(tmp_path: Path) -> None:
    folder = whole_cell(tmp_path, "path_connected")
    with pytest.raises(UserError, match="disc is no video: leave frame out"):
        draw("figure_14", tmp_path / "f.png", folder, frame=0)


def test_png_and_svg_repeat_bit_for_bit(tmp_path: Path) -> None:
    folder = whole_cell(tmp_path)
    contents = []
    for name in ("one", "two"):
        path = tmp_path / name / "figure_1.png"
        draw("figure_1", path, folder)
        contents.append([path.with_suffix(suffix).read_bytes() for suffix in (".png", ".svg")])
        with Image.open(path) as picture:
            assert picture.width > 1500
            assert min(picture.info["dpi"]) > 150
    assert contents[0] == contents[1]


def test_figures_8_and_10_show_what_prompts_lead_to(tmp_path: Path, titles: list[str]) -> None:
    sam = {"kind": "segment_anything"}
    cells = [
        whole_cell(tmp_path, shape="scribbled", predictor=sam),
        whole_cell(tmp_path, shape="scribbled", predictor={**sam, "prompt": "scribbles"}),
        whole_cell(tmp_path, shape="scribbled", predictor=sam, corruption="brightness"),
    ]
    for kind in ("figure_8", "figure_10"):
        draw(kind, tmp_path / kind, *cells)
        assert (tmp_path / f"{kind}.png").exists()
    assert titles[0].startswith("A prompted predictor and its projection: ")
