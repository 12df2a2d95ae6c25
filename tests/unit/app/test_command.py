"""The command: one picture, a folder, masks of other programs, and a user's mistakes."""

import csv
import json

import numpy as np
import pytest
from painted_discs import coloured, disc, painted, strokes
from PIL import Image

from isr.app.command import command
from isr.app.exchange import coco, write_features, write_labels, write_napari
from isr.errors import UserError

QUICK = ("--steps", "80", "--option", "width=32")


def test_one_picture(files, capsys):
    command(["fit", "photo.png", "--scribbles", "strokes.png", *QUICK, "--watch", "growth.svg"])
    assert (files / "photo-convex/outline.geojson").exists()
    assert "every check holds" in capsys.readouterr().out
    assert "<title>step 80 of 80</title>" in (files / "growth.svg").read_text()
    command(["certify", "photo-convex"])
    assert "its files are unchanged" in capsys.readouterr().out
    command(["draw", "photo-convex", "--size", "112x80"])
    with Image.open(files / "photo-convex/mask-112x80.png") as large:
        assert large.size == (112, 80)


def test_a_result_that_was_tampered_with_is_refused(files):
    command(["fit", "photo.png", "--scribbles", "strokes.png", *QUICK])
    Image.new("L", (56, 40)).save("photo-convex/mask.png")
    with pytest.raises(UserError, match=r"photo-convex is refused: mask\.png is not the file"):
        command(["certify", "photo-convex"])


def test_a_folder_has_a_table_and_goes_on_where_one_fails(files, capsys):
    (files / "images").mkdir()
    (files / "scribbles").mkdir()
    for name, middle in (("a", (20, 20)), ("b", (34, 20)), ("c", (28, 18))):
        Image.fromarray(coloured(disc(middle))).save(f"images/{name}.png")
        if name != "c":
            Image.fromarray(painted(strokes(middle))).save(f"scribbles/{name}.png")
    with pytest.raises(UserError, match=r"1 pictures failed, the first: .*nothing named c"):
        command(["fit", ".", *QUICK, "--out", "done"])
    assert "done: 2 of 3 pictures" in capsys.readouterr().out
    with (files / "done/summary.csv").open() as table:
        rows = {row["name"]: row for row in csv.DictReader(table)}
    assert rows["a"]["holds"] == rows["b"]["holds"] == "True"
    assert float(rows["a"]["share"]) == pytest.approx(disc().mean(), rel=0.1)
    assert "nothing named c" in rows["c"]["error"]
    assert (files / "done/a/mask.png").exists()


def _geojson(path, region, mask):
    write_features(path, {"a": region}, {})


def _qgis(path, region, mask):
    write_features(path, {"a": region}, {}, below=True)


def _napari(path, region, mask):
    write_napari(path, [region])


def _labels(path, region, mask):
    write_labels(path, np.where(mask, 7, 0))


def _coco(path, region, mask):
    pytest.importorskip("pycocotools")
    path.write_text(json.dumps(coco("photo.png", (40, 56), {"a": region}, {"a": mask})))


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (_geojson, "a.geojson"),
        (_qgis, "a.geojson"),
        (_napari, "a.csv"),
        (_labels, "a.tif"),
        (_labels, "a.png"),
        (_coco, "a.json"),
    ],
)
def test_masks_of_other_programs(files, found, write, name, capsys):
    write(files / name, found.outline(), found.mask())
    command(["fit", "photo.png", "--mask", name, *QUICK, "--out", "again"])
    assert "IoU with the given mask 0.9" in capsys.readouterr().out


def test_a_box(files, capsys):
    command(["fit", "photo.png", "--box", "14,6,42,34", *QUICK])
    assert "IoU with GrabCut 0.9" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fit", "none.png"], r"none\.png does not exist"),
        (["fit", "photo.png"], "nothing says where the object is"),
        (["fit", "photo.png", "--mask", "photo.png"], "coloured"),
        (["fit", "photo.png", "--point", "20,20"], "background has no scribble"),
        (["fit", "photo.png", "--box", "1,2,3,4", "--constraint", "round"], "'round' is unknown"),
        (["fit", "photo.png", "--box", "1,2,30,34", "--out", "."], "holds other things"),
        (["certify", "."], "holds no certificate"),
        (["draw", "nowhere"], "holds no certificate"),
    ],
)
def test_mistakes_are_told_in_a_sentence(files, arguments, words):
    with pytest.raises(UserError, match=words):
        command(arguments)


@pytest.mark.parametrize(
    "arguments",
    [["draw", "x", "--size", "big"], ["fit", "x", "--box", "1,2"], ["fit", "x", "--option", "=3"]],
)
def test_arguments_that_cannot_be_read(arguments, capsys):
    with pytest.raises(SystemExit):
        command(arguments)
    assert "write" in capsys.readouterr().err
