"""A small photograph of a disc, with strokes."""

from types import SimpleNamespace

import pytest
from painted_discs import coloured, disc, painted, strokes
from PIL import Image


@pytest.fixture(scope="session")
def drawn():
    """Arrays: image, mask and scribbles."""
    mask = disc()
    return SimpleNamespace(mask=mask, image=coloured(mask), scribbles=strokes((28, 20)))


@pytest.fixture
def files(drawn, tmp_path, monkeypatch):
    """A folder with photo.png and strokes.png, in which the test runs."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(drawn.image).save("photo.png")
    Image.fromarray(painted(drawn.scribbles)).save("strokes.png")
    return tmp_path


@pytest.fixture(scope="session")
def found(drawn):
    """The disc, segmented."""
    import isr

    return isr.segment(drawn.image, drawn.scribbles, "convex", steps=150, width=32)
