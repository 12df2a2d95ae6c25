"""What a cell left, read and viewed: pictures, depths, volumes, videos."""

from pathlib import Path

import numpy as np
import pytest
from evaluated_cells import (
    FAILED,
    FRAMES,
    HEIGHT,
    NOISY,
    SEED,
    SKIPPED,
    WIDTH,
    Cells,
    bar,
    left,
    whole_cell,
)

from isr.data.items import read_item
from isr.errors import UserError
from isr.io import write_text
from isr.reporting.cell_files import PREDICTOR, REPRESENTATION, CellFiles, View, conditions


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    return Cells(tmp_path_factory.mktemp("cells"))


def test_a_view_of_a_picture(tmp_path: Path) -> None:
    cell = CellFiles(whole_cell(tmp_path))
    item = cell.item("disc")
    view = cell.view(item)
    assert (view.item, view.frame, view.place, view.remark) == ("disc", None, "disc", "")
    assert (view.predictor, view.constraint) == ("unaries", "convex")
    assert view.predicted is not None
    assert view.region is not None
    assert view.region.area == pytest.approx(view.mask.sum(), abs=40)
    assert set(view.scores) == {
        (output, "unaries") for output in ("representation", "convex_hull", "convex_hull_largest")
    }
    np.testing.assert_array_equal(cell.level(item) <= 0, view.mask)
    write_text(cell.folder / "outlines" / "disc.geojson", "{}")
    with pytest.raises(UserError, match="is damaged"):
        cell.view(item)


@pytest.mark.parametrize("shape", ["video", "volume"])
def test_a_view_of_several_frames_is_of_the_middle_one(tmp_path: Path, shape: str) -> None:
    cell = CellFiles(whole_cell(tmp_path, shape=shape))
    item = cell.item("disc")
    view = cell.view(item)
    assert view.image.shape == (30, 40, 3)
    assert view.predicted is not None
    assert view.mask.shape == view.predicted.shape == (30, 40)
    assert view.remark == ("frame 2 of 3" if shape == "video" else "slice 2 of 3")
    np.testing.assert_array_equal(cell.level(item, 1) <= 0, view.mask)
    assert cell.view(item, 1).remark == ""
    assert len(cell.predictions(item)) == 3


def test_scribbles_alone(tmp_path: Path) -> None:
    cell = CellFiles(whole_cell(tmp_path, shape="depth"))
    item = cell.item("disc")
    view = cell.view(item)
    assert view.predicted is None
    assert view.scribbles is not None
    assert ("representation", "scribbles") in view.scores
    with pytest.raises(UserError, match="has no unaries of disc"):
        cell.predictions(item)
    with pytest.raises(UserError, match="has no item other"):
        cell.item("other")


def test_frames_have_fits_of_their_own(cells: Cells) -> None:
    cell = CellFiles(cells["sequential"])
    item = cell.item("clip")
    assert cell.fitted_frames(item) == [n for n in range(FRAMES) if n != SKIPPED]
    assert (cell.fit_name(item, 4), cell.scene(item).third) == ("clip/00004", None)
    np.testing.assert_array_equal(cell.level(item, 4) <= 0, bar(4))
    view = cell.view(item, FAILED)
    assert (view.place, view.status, view.predictor) == (f"frame {FAILED}", "failed", "UNet")
    assert view.ground_truth is None
    assert np.isnan(view.gain)
    # Stored at half the size, shown at that of the video.
    assert view.mask.shape == (HEIGHT, WIDTH)
    with pytest.raises(UserError, match="no fit of clip/00001"):
        cell.fits_of("clip/00001")


def test_a_fit_in_time_is_one_for_all_frames(cells: Cells) -> None:
    cell = CellFiles(cells["spatio-temporal"])
    item = cell.item("clip")
    assert cell.fit_name(item, 4) == "clip"
    assert cell.noisy("clip") == NOISY
    columns = np.nonzero((cell.level(item, 4) <= 0).any(axis=0))[0]
    assert columns[0] / WIDTH == pytest.approx(left(4), abs=0.02)
    with pytest.raises(UserError, match="holds no fit of a frame of clip"):
        cell.fitted_frames(item)


def test_rows_about_the_ground_truth_come_first(cells: Cells) -> None:
    cell = CellFiles(cells["sequential"])
    assert cell.row("clip", 3)["against"] == "ground truth"
    assert list(cell.scores("clip").index) == [0, 3, 6]
    with pytest.raises(UserError, match="has no frame 9 of clip"):
        cell.row("clip", 9)


def test_what_a_title_has_to_say(cells: Cells, tmp_path: Path) -> None:
    both = [CellFiles(cells[fit]) for fit in ("sequential", "joint")]
    assert conditions(both, "clip") == "motion labels"
    other = CellFiles(whole_cell(tmp_path, distance="entropy"))
    assert conditions([other], "disc") == "cross entropy"
    assert conditions([CellFiles(whole_cell(tmp_path))], "disc") == ""


def test_a_corrupted_picture_is_shown_as_it_was_seen(tmp_path: Path) -> None:
    noisy = CellFiles(whole_cell(tmp_path, corruption="shot_noise"))
    assert conditions([noisy], "disc") == "shot noise"
    item = noisy.item("disc")
    clean = read_item(item.folder)
    assert (noisy.view(item).image * 255 != clean.frame()).any()
    np.testing.assert_array_equal(item.frame(), clean.corrupted("shot_noise", SEED).frame())
    np.testing.assert_array_equal(item.ground_truth(), clean.ground_truth())


def test_files_that_are_missing_or_empty(tmp_path: Path) -> None:
    cell = CellFiles(tmp_path)
    for name in ("about", "metrics", "certificates"):
        with pytest.raises(UserError, match="does not exist: evaluate the cell first"):
            getattr(cell, name)
    write_text(tmp_path / "certificates.csv", "")
    with pytest.raises(UserError, match="is empty"):
        _ = cell.certificates
    write_text(tmp_path / "metrics.csv", "study\ns\n")
    with pytest.raises(UserError, match="lacks the column"):
        _ = cell.metrics


def test_scores_in_headings() -> None:
    truth = np.zeros((12, 16), np.uint8)
    truth[4:6, 4:6], truth[0] = 255, 128
    mask = np.zeros((12, 16), bool)
    image = np.full((12, 16, 3), 0.5)
    blind = View("drive", 3, image, mask, mask, predictor="UNet")
    assert not blind.truth.any()
    assert blind.unknown.all()
    assert np.isnan(blind.gain)
    assert blind.heading(PREDICTOR) == "UNet"
    scores = {(PREDICTOR, "ground truth"): 0.5, (REPRESENTATION, "ground truth"): 0.75}
    view = View("drive", 3, image, mask, mask, ground_truth=truth, scores=scores)
    assert (view.truth.sum(), view.unknown.sum()) == (4, 16)
    assert view.gain == pytest.approx(0.25)
    assert view.heading(REPRESENTATION, "(b) ") == "(b) path-connected: IoU 0.750"
    assert view.scored(PREDICTOR) == "IoU 0.500"
