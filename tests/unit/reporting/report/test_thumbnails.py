import base64
import io

import numpy as np
import pandas as pd
from PIL import Image

from isr.io import write_png
from isr.reporting import gallery


def test_thumbnails_of_a_cell(tmp_path, dataset, picture, score):
    cell = tmp_path / "cell"
    write_png(cell / "masks" / "disc.png", picture.ground_truth)
    rows = score(0.5, picture="disc") + score(0.75, picture="disc", output="representation")
    pd.DataFrame(rows).to_csv(cell / "metrics.csv", index=False)
    (thumbnail,) = gallery.make(cell, dataset)
    assert thumbnail.name == "disc"
    assert thumbnail.scores == "IoU: predictor 0.500, representation 0.750"
    kind, content = thumbnail.source.split(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as drawn:
        assert drawn.size == (40, 30)


def test_a_picture_without_mask_is_left_out(tmp_path, dataset, score):
    cell = tmp_path / "cell"
    cell.mkdir()
    pd.DataFrame(score(0.5)).to_csv(cell / "metrics.csv", index=False)
    assert gallery.make(cell, dataset) == []


def test_the_outline_is_drawn_in_orange(picture):
    mask = np.zeros((30, 40), bool)
    mask[10:20, 10:30] = True
    drawn = np.asarray(gallery.draw(picture.image, mask, picture.ground_truth)).astype(int)
    assert abs(drawn[10, 20] - [240, 127, 19]).max() < 3
