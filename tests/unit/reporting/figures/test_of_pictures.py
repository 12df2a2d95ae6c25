"""From stored fits to a gallery's figures."""

import pytest
from isr.reporting.figure_files import save

from isr.errors import UserError
from isr.io import write_text
from isr.reporting import gallery_figures, views


def make(kind, *entries, **more):
    return gallery_figures.make({"kind": kind, "cases": list(entries), **more})


@pytest.mark.parametrize(
    ("kind", "constraint", "shape"),
    [
        ("figure_1", "convex", "picture"),
        ("figure_1", "convex", "video"),
        ("figure_2", "periodic", "picture"),
        ("figure_3", "convex", "video"),
        ("figure_4", "convex", "depth"),
        ("figure_7", "path_connected", "picture"),
        ("figure_9", "convex", "depth"),
        ("figure_9", "convex", "video"),
        ("figure_14", "path_connected", "picture"),
        ("figure_16", "path_connected", "picture"),
    ],
)
def test_every_figure_is_made_from_files(make_case, tmp_path, kind, constraint, shape):
    entry = make_case(constraint, shape=shape, weight_decay=0.1)
    figure = make(kind, entry)
    assert figure.get_suptitle().endswith(": embedded pictures, not the paper's")
    save(figure, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_a_title_replaces_the_words_about_the_content(make_case):
    figure = make("figure_1", make_case(), title="Own words")
    assert figure.get_suptitle() == "Own words: embedded pictures, not the paper's"


@pytest.mark.parametrize(
    ("kind", "constraint", "shape", "message"),
    [
        ("figure_3", "convex", "picture", "disc is no video"),
        ("figure_4", "convex", "picture", "disc has no depth"),
        ("figure_14", "convex", "picture", "is convex, not path-connected"),
        ("figure_5", "convex", "picture", "kind 'figure_5' of the figure is unknown"),
    ],
)
def test_a_case_that_cannot_be_shown_so(make_case, kind, constraint, shape, message):
    with pytest.raises(UserError, match=message):
        make(kind, make_case(constraint, shape=shape))


def test_mistakes_in_settings(make_case):
    with pytest.raises(UserError, match="name at least one"):
        make("figure_1")
    with pytest.raises(UserError, match="'folder'"):
        make("figure_1", {"case": "a", "picture": "b"})


def test_a_view_of_a_video_is_its_middle_frame(make_case):
    found = views.parse(make_case(shape="video")).view()
    assert found.image.shape == (30, 40, 3)
    assert found.mask.shape == found.likely.shape == (30, 40)
    assert (found.remark, found.region) == ("frame 2 of 3", None)
    assert set(found.scores) == {"unaries"}


def test_a_view_has_the_stored_outline(make_case):
    entry = make_case("convex")
    case = views.parse(entry)
    pixels = case.masks().sum()
    assert 100 < pixels < 1100
    assert case.view().region.area == pytest.approx(pixels, abs=40)
    write_text(case.folder / "outlines" / "disc.geojson", "{}")
    with pytest.raises(UserError, match="is damaged"):
        views.parse(entry).view()
