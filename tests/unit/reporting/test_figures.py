import numpy as np
import pandas as pd
import pytest
from PIL import Image

from isr import representations
from isr.errors import UserError
from isr.fitting.store import write_fits
from isr.io import write_png
from isr.reporting import figure_files, figures


@pytest.fixture
def cell(tmp_path, picture, score):
    folder = tmp_path / "cell"
    mask = picture.ground_truth == 255
    write_png(folder / "masks" / "disc.png", np.where(mask, 255, 0).astype(np.uint8))
    # 32767 of 65535 is the highest probability that is still background.
    unaries = np.where(mask, 32768, 32767).astype(np.uint16)
    write_png(folder / "predictor" / "disc.png", unaries)
    rows = score(0.25, picture="disc") + score(1.0, picture="disc", output="representation")
    pd.DataFrame(rows).to_csv(folder / "metrics.csv", index=False)
    return folder


def test_figure_5_from_files(cell, dataset, tmp_path, monkeypatch, picture):
    drawn = []
    path = cell / "metrics.csv"
    pd.read_csv(path).assign(constraint="path_connected").to_csv(path, index=False)
    monkeypatch.setattr(
        figures.comparison, "draw", lambda *given, constraint: drawn.append((*given, constraint))
    )
    row = {"dataset": str(dataset), "picture": "disc", "sequential": str(cell), "joint": None}
    figures.make({"kind": "figure_5", "rows": [row], "title": "T"}, [])
    ((found,), title, constraint) = drawn[0]
    predictor, representation, *joint = found.segmentations
    assert (title, constraint) == ("T", "path_connected")
    assert (predictor.iou, representation.iou, joint) == (0.25, 1.0, [None, None])
    np.testing.assert_array_equal(predictor.mask, picture.ground_truth == 255)
    np.testing.assert_array_equal(representation.mask, picture.ground_truth == 255)


def test_figure_9a_from_a_stored_fit(dataset, tmp_path, monkeypatch):
    module = representations.build("convex", 2)
    state = {f"representation.{name}": value for name, value in module.state_dict().items()}
    about = {"name": "convex", "dim": 2, "options": {}}
    path = tmp_path / "part-0.safetensors"
    write_fits(path, {"disc": state}, {"representation": about, "convention": "isotropic"})
    content = {"kind": "figure_9a", "dataset": str(dataset), "picture": "disc"}
    drawn = []
    monkeypatch.setattr(
        figures.level_surface, "draw", lambda level, image, title: drawn.append((level, image))
    )
    figures.make(content | {"fits": [str(path)]}, [])
    level, image = drawn[0]
    assert level.shape == image.shape[:2] == (30, 40)
    with pytest.raises(UserError, match="'disc'"):
        figures.make(content | {"fits": []}, [])


def test_unknown_kind_and_key():
    with pytest.raises(UserError, match="'figure_6'"):
        figures.make({"kind": "figure_6"}, [])
    with pytest.raises(UserError, match="'row'"):
        figures.make({"kind": "figure_5", "row": [], "rows": []}, [])


def test_png_and_svg_are_written_and_repeat_bit_for_bit(cell, dataset, tmp_path):
    row = {"dataset": str(dataset), "picture": "disc", "sequential": str(cell), "joint": None}
    contents = []
    for name in ("one", "two"):
        path = tmp_path / name / "figure_5.png"
        figure_files.save(figures.make({"kind": "figure_5", "rows": [row]}, []), path)
        contents.append([path.with_suffix(suffix).read_bytes() for suffix in (".png", ".svg")])
        with Image.open(path) as picture:
            assert picture.width > 1500
            assert min(picture.info["dpi"]) > 150
    assert contents[0] == contents[1]
    assert b"<svg" in contents[0][1]
