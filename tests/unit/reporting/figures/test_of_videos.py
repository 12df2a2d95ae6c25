"""From evaluated cells of a video to figures and animations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluated_cells import (
    ANNOTATED,
    FAILED,
    FRAMES,
    HEIGHT,
    SKIPPED,
    WIDTH,
    Cells,
    captions,
    left,
    study_of,
    titles,
)
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Drawn
from mpl_toolkits.mplot3d.art3d import PathPatch3D
from PIL import Image

from isr.errors import UserError
from isr.models import parse
from isr.reporting.cell_files import CellFiles
from isr.reporting.drawing import fits_compared, in_time, overlays, panels
from isr.reporting.figures import Figure

DATA = "Demo data (1 drawn video, not the paper's); motion labels"
Make = Callable[..., Any]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    return Cells(tmp_path_factory.mktemp("cells"))


@pytest.fixture
def make(cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a figure of cells of some fits, and give it as it is about to be written."""
    drawn: list[Drawn] = []
    monkeypatch.setattr(panels, "save", lambda figure, path: drawn.append(figure))

    def make(kind: str, *fits: str, **keys: Any) -> Any:
        figure: Any = parse(Figure, {"kind": kind, "cell": {}, **keys}, "config")
        study = study_of(*(cells[fit] for fit in fits))
        own = {cell.name: cell.settings for cell in study.cells}
        figure.draw(study, figure.shown(own, "figures.f"), tmp_path / "f")
        return drawn[-1] if drawn else None

    return make


def test_figure_3_shows_the_path_of_the_centroid(make: Make) -> None:
    figure = make("figure_3", "spatio-temporal", between=3)
    assert figure.get_suptitle() == (
        f"Path of the centroid, frame by frame and super-resolved in time: clip; {DATA}"
    )
    assert titles(figure)[:2] == [
        "(a) clip: UNet, frame by frame",
        "(b) path-connected in (x, y, t), 3 steps from frame to frame",
    ]
    path = np.asarray(figure.axes[1].collections[-1].get_offsets())
    middle = [(left(number) + 0.1875) * WIDTH for number in range(FRAMES)]
    assert path[:, 0] == pytest.approx(middle, abs=0.3)
    assert path[:, 1] == pytest.approx(HEIGHT / 2, abs=0.3)


def test_figure_6_shows_the_frame_on_which_the_prior_loses_most(make: Make) -> None:
    figure = make("figure_6", "sequential", "joint", cell={"fit": "sequential"})
    assert figure.get_suptitle() == f"Where the prior loses: clip, frame 6; {DATA}"
    assert titles(figure)[1] == "(b) UNet: IoU 1.000"
    assert titles(figure)[2].startswith("(c) path-connected: IoU 0.7")
    assert captions(figure) == [
        "the ground truth does not contradict the constraint",
        "the prior loses on 1 of 3 annotated frames",
    ]


def test_figure_6_says_where_the_constraint_is_contradicted(make: Make) -> None:
    figure = make("figure_6", "sequential", frame=3)
    assert "constraint contradicted: ground truth has 2 parts" in captions(figure)
    assert ": clip, frame 3;" in figure.get_suptitle()


def test_figure_6_of_a_representation_that_loses_nowhere(make: Make) -> None:
    figure = make("figure_6", "joint")
    assert figure.get_suptitle().startswith("Where the prior does not lose: ")
    assert "the prior loses on none of 3 annotated frames" in captions(figure)


def test_figure_14_shows_the_region_of_a_frame(make: Make) -> None:
    figure = make("figure_14", "sequential", frame=4, item="clip")
    assert figure.get_suptitle() == f"No raster loses a connection: clip; {DATA}"
    assert titles(figure)[0].startswith("(a) frame 4, raster ")
    assert len(figure.axes) == 3


def test_figure_15_has_a_row_for_each_fit(make: Make) -> None:
    figure = make("figure_15", "sequential", "joint")
    names = titles(figure)
    assert names[0] == "frame 6: weak labels"
    assert names[2].startswith("sequential path-connected: IoU 0.7")
    assert (names[3], names[5]) == ("ground truth", "joint path-connected: IoU 1.000")
    shown = figure.axes[0].images[0].get_array()
    assert np.allclose(shown[0, 0], to_rgb(overlays.BACKGROUND_SCRIBBLE))
    assert len(figure.axes[3].lines) == 2


def test_figure_15_says_that_a_fit_failed(make: Make) -> None:
    figure = make("figure_15", "sequential", "joint", frame=FAILED)
    assert captions(figure) == ["the fit of this frame failed"] * 2


def test_figure_16_shows_the_best_frame(make: Make) -> None:
    figure = make("figure_16", "sequential")
    assert "(c) frame 0: the region in parts" in titles(figure)
    assert len(figure.axes) == 4


def test_figure_17_stacks_the_slices(make: Make) -> None:
    figure = make("figure_17", "spatio-temporal", between=2)
    (axes,) = figure.axes
    filled: list[Any] = [each for each in axes.patches if isinstance(each, PathPatch3D)]
    assert len(filled) == FRAMES
    middles = [np.mean([point[0] for point in each._segment3d]) for each in filled]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[1] == "between frames (2 times as many slices)"
    assert list(axes.get_zticks()) == list(range(FRAMES))
    assert np.diff(middles) == pytest.approx(0.25 * WIDTH / (FRAMES - 1), abs=0.2)


def test_figure_18_marks_the_noisy_frames(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = make("figure_18", "spatio-temporal", frames=[3, 5], between=3)
    assert figure.get_suptitle() == (
        f"Some frames fitted to noise: clip, 40 % noise (frames 2 and 4); {DATA}"
    )
    assert [title.partition(":")[0] for title in titles(figure)] == [
        *("frame 3", "frame 3.33", "frame 3.67"),
        *("frame 4, noise", "frame 4.33", "frame 4.67"),
        *("frame 5", "", ""),
    ]
    assert figure.axes[0].get_title().startswith("frame 3: IoU ")
    assert figure.axes[3].title.get_color() == in_time.NOISE
    monkeypatch.setattr(CellFiles, "noisy", lambda self, name: [])
    clean = make("figure_18", "spatio-temporal")
    assert clean.get_suptitle() == f"Fitted in time without noise: clip; {DATA}"


def test_figure_19_has_a_row_for_each_annotated_frame(make: Make) -> None:
    figure = make("figure_19", "sequential")
    assert titles(figure)[::3] == ["frame 0", "frame 3", "frame 6"]
    assert titles(figure)[1] == "UNet: IoU 1.000"
    both = make("figure_19", "sequential", "joint")
    assert len(both.axes) == 5 * len(ANNOTATED)
    assert titles(both)[4] == "joint: IoU 1.000"


def test_figure_19_of_many_frames_says_how_many_it_shows(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fits_compared, "_MOST", 2)
    figure = make("figure_19", "sequential")
    assert figure.get_suptitle() == f"Annotated frames: clip, 2 of 3, evenly spaced; {DATA}"
    assert titles(figure)[::3] == ["frame 0", "frame 6"]


@pytest.mark.parametrize(
    ("fit", "between", "count"),
    [("joint", 1, FRAMES), ("spatio-temporal", 3, 3 * (FRAMES - 1) + 1)],
)
def test_an_animation_shows_every_frame(
    make: Make, tmp_path: Path, fit: str, between: int, count: int
) -> None:
    make("animation", fit, between=between)
    with Image.open(tmp_path / "f") as found:
        assert (found.format, getattr(found, "n_frames", 1)) == ("GIF", count)
        found.seek(count - 1)
        last = np.asarray(found.convert("RGB"))[:240].astype(float)
    colour = np.array([0xF0, 0x7F, 0x13])
    columns = np.nonzero((np.abs(last - colour).max(axis=-1) < 10).sum(axis=0) > 60)[0]
    assert columns.min() == pytest.approx(0.5 * 360, abs=8)
    assert columns.max() == pytest.approx(0.875 * 360, abs=8)


def test_levels_between_frames(cells: Cells) -> None:
    cell = CellFiles(cells["spatio-temporal"])
    (level,) = in_time.levels(cell, cells.item, np.array([1.5]), WIDTH)
    columns = np.nonzero((level <= 0).any(axis=0))[0]
    assert (columns[0] / WIDTH, (columns[-1] + 1) / WIDTH) == (
        pytest.approx(left(1.5), abs=0.02),
        pytest.approx(left(1.5) + 0.375, abs=0.02),
    )
    with pytest.raises(UserError, match="holds no fit of clip"):
        next(in_time.levels(CellFiles(cells["joint"]), cells.item, np.zeros(1)))


@pytest.mark.parametrize(
    ("kind", "fit", "keys", "message"),
    [
        ("figure_6", "joint", {"rank": 9}, "there are 3 annotated frames"),
        ("figure_6", "joint", {"frame": 2}, "frame 2 of figure_6 has no ground truth"),
        ("figure_14", "joint", {"frame": 7}, "clip has 7 frames"),
        ("figure_14", "joint", {"frame": SKIPPED}, "no fit of clip/00001"),
        ("figure_18", "spatio-temporal", {"frames": [5, 9]}, "of 7 frames"),
        ("figure_19", "joint", {"item": "other"}, "item is 'other'; choose one of clip"),
    ],
)
def test_what_cannot_be_shown(
    make: Make, kind: str, fit: str, keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        make(kind, fit, **keys)
