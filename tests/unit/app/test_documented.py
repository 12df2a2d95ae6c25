"""The commands that README and the gallery show are run word for word, with fewer steps."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
from painted_discs import coloured, disc, painted, strokes
from PIL import Image

from isr.app.command import command, parser
from isr.app.examples import names, write_example
from isr.app.given import read_subject, with_strokes
from isr.errors import UserError

ROOT = Path(__file__).parents[3]


def _commands(file):
    """What a page has the shell run of `isr`, line by line, in its order."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / file).read_text(), re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("isr ")]


def _few(arguments):
    """The same with few steps and pixels; later options win."""
    few = ["400x300" if each == "4000x3000" else each for each in arguments]
    return [*few, "--steps", "40"] if arguments[0] == "fit" else few


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Files of the names that README speaks of."""
    monkeypatch.chdir(tmp_path)
    for name in ("my_photos", "my_strokes", "strokes"):
        Path(name).mkdir()
    Image.fromarray(coloured(disc())).save("my_photos/a.png")
    Image.fromarray(painted(strokes((28, 20)))).save("my_strokes/a.png")
    stack, scribbles = np.stack([disc()] * 4), np.stack([strokes((28, 20))] * 4)
    # Without being told, tifffile takes four slices for the channels of a picture.
    for name, slices in (("stack.tif", 200 * stack.astype(np.uint8)), ("strokes.tif", scribbles)):
        tifffile.imwrite(name, slices, photometric="minisblack")
    import cv2

    writer = cv2.VideoWriter("clip.mp4", cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
    for _ in range(3):
        writer.write(coloured(disc(size=(48, 64)))[..., ::-1])
    writer.release()
    Image.fromarray(painted(strokes((28, 20), size=(48, 64)))).save("strokes/frame0.png")
    return tmp_path


@pytest.mark.slow
def test_the_commands_of_the_readme(folder):
    shown = [each for each in _commands("README.md") if each[0] != "serve"]
    assert len(shown) >= 6
    for arguments in shown:
        command(_few(arguments))
    with Image.open("coffee-convex/mask-400x300.png") as drawn:
        assert drawn.size == (400, 300)


@pytest.mark.parametrize("file", ["README.md", "docs/gallery.md"])
def test_every_command_can_be_read(file):
    shown = _commands(file)
    assert len(shown) > 6
    for arguments in shown:
        parser().parse_args(arguments)


def _is_small(picture):
    return picture.partition(".")[0] in ("coins", "coin_left", "volume")


@pytest.mark.slow
def test_commands_of_the_gallery(tmp_path, monkeypatch):
    """Those of small pictures; the others differ by the constraint, which other tests fit."""
    monkeypatch.chdir(tmp_path)
    shown = [each for each in _commands("docs/gallery.md") if _is_small(each[1])]
    assert len(shown) == 6
    for arguments in shown:
        command(_few(arguments))
        if arguments[0] == "fit":
            place = Path(
                f"{Path(arguments[1]).stem}-{arguments[arguments.index('--constraint') + 1]}"
            )
            assert (place / "certificate.json").exists()


def test_the_gallery_shows_every_constraint_and_its_pictures():
    from isr.constraints import NAMES

    text = (ROOT / "docs/gallery.md").read_text()
    assert [name for name in NAMES if f"--constraint {name}" not in text] == []
    for place in re.findall(r"\]\((gallery/[^)]*)\)", text):
        with Image.open(ROOT / "docs" / place) as picture:
            assert picture.width > 300


def test_examples_can_be_read_again(tmp_path):
    picture, painted_ = write_example("coin_left", tmp_path)
    read = with_strokes(read_subject(picture), painted_)
    assert read.objects == 1
    stack, _ = write_example("volume", tmp_path)
    assert len(read_subject(stack).grid) == 3
    assert "horse" in names()
    with pytest.raises(UserError, match="there is no example 'coffe'"):
        write_example("coffe", tmp_path)
