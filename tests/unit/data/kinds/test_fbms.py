import hashlib
import json
import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from isr.data.items import read_item
from isr.data.kinds import fbms, read_entry
from isr.data.kinds.fbms import SEQUENCES, Definition, find_label, find_object, read_definition
from isr.errors import UserError

SIZE = (8, 10)
WHITE, RED, BLUE = 0xFFFFFF, 0xFF0000, 0x0000FF
ORANGE = 0xFF8000


def definition(name, values, frames, annotated, suffix="pgm", ending="\n"):
    lines = ["Ground truth definition file; do not change!", "", "Total number of regions:"]
    lines.append(str(len(values)))
    for region, value in enumerate(values):
        lines += [f"Scale of region {region}:", str(value)]
    lines += ["", "Confusion penality matrix:", "0 1 1", "1 0 1", "1 1 0", ""]
    lines += ["Total number of frames in this shot:", str(frames)]
    lines += ["Total number of labeled frames for this shot:", str(len(annotated))]
    for number in annotated:
        stem = f"{name}_{number + 1:02d}"
        lines += ["Frame number:", str(number), "File name:", f"{stem}.{suffix}"]
        lines += ["Input file name:", f"{stem}.ppm"]
    return ending.join(lines) + ending


def regions(first, second):
    """Region 1 is two rows, region 2 one row, the rest is region 0."""
    values = np.zeros(SIZE, np.int64)
    values[1:3], values[5] = first, second
    return values


def colours(values):
    parts = [values >> 16, values >> 8 & 255, values & 255]
    return np.stack(parts, axis=-1).astype(np.uint8)


def make(folder, values=(0, 255, 128), frames=3, annotated=(0, 2), first=1):
    name = folder.name
    (folder / "GroundTruth").mkdir(parents=True)
    text = definition(name, values, frames, annotated)
    (folder / "GroundTruth" / f"{name}Def.dat").write_text(text)
    (folder / f"{name}.bmf").write_text("not a picture")
    for number in range(frames):
        image = np.full((*SIZE, 3), 20 * number, np.uint8)
        Image.fromarray(image).save(folder / f"{name}_{number + first:02d}.jpg")
    for number in annotated:
        truth = regions(values[1], values[2]).astype(np.uint8)
        Image.fromarray(truth).save(folder / "GroundTruth" / f"{name}_{number + 1:02d}.pgm")
    return folder


def test_a_sequence_becomes_a_video(tmp_path):
    video = fbms.unpack(make(tmp_path / "cars"), "cars", tmp_path / "out")
    assert (len(video), video.size, video.annotated, video.object) == (3, SIZE, (0, 2), 1)
    assert [int(video.frame(n).mean()) for n in range(3)] == [0, 20, 40]
    assert video.files == ("cars_01", "cars_02", "cars_03")
    assert video.licence == "scientific use only"
    objects = video.objects(2)
    np.testing.assert_array_equal(objects[:, 0], [0, 1, 1, 0, 0, 2, 0, 0])
    np.testing.assert_array_equal(video.ground_truth(2), np.where(objects == 1, 255, 0))


def test_without_a_mapping_the_largest_object_stands_until_labels_choose(tmp_path):
    folder = make(tmp_path / "cars")
    truth = np.full(SIZE, 128, np.uint8)
    Image.fromarray(truth).save(folder / "GroundTruth" / "cars_03.pgm")
    video = fbms.unpack(folder, "cars", tmp_path / "out")
    assert (video.object, video.named) == (2, False)
    assert video.notes == ("the foreground is the annotated object that the weak labels follow",)


def test_frames_stand_in_natural_order(tmp_path):
    folder = make(tmp_path / "long", frames=12, annotated=(9,))
    for path in folder.glob("*.jpg"):
        path.rename(folder / f"long_{int(path.stem[-2:])}.jpg")
    video = fbms.unpack(folder, "long", tmp_path / "out")
    assert [int(video.frame(n).mean()) for n in (0, 9, 11)] == [0, 180, 220]


def test_unlisted_greys_are_background_and_said(tmp_path, caplog):
    folder = make(tmp_path / "marple")
    truth = regions(255, 128).astype(np.uint8)
    truth[7, :4] = 77
    Image.fromarray(truth).save(folder / "GroundTruth" / "marple_03.pgm")
    with caplog.at_level("INFO", "isr"):
        video = fbms.unpack(folder, "marple", tmp_path / "out")
    assert (video.objects(2)[7] == 0).all()
    note = next(note for note in video.notes if "77" in note)
    assert note.startswith("marple_03.pgm holds values that marpleDef.dat does not list: 77 (4 pix")
    assert sum("77" in note for note in video.notes) == 1
    assert note in caplog.text


def test_files_named_ppm_may_lie_there_as_jpg_and_frames_may_be_ppm(tmp_path):
    folder = make(tmp_path / "cars")
    for path in folder.glob("*.jpg"):
        with Image.open(path) as picture:
            picture.save(path.with_suffix(".ppm"))
        path.unlink()
    assert len(fbms.unpack(folder, "cars", tmp_path / "out")) == 3


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_colour_ground_truth(tmp_path, order):
    folder = make(tmp_path / "bear")
    truths = folder / "GroundTruth"
    text = definition("bear", (ORANGE, WHITE, BLUE), 3, (0, 2), "ppm").replace(
        "_01.ppm", "_01_gt.ppm"
    )
    text = text.replace("Input file name:\nbear_01_gt.ppm", "Input file name:\nbear_01.ppm")
    (truths / "bearDef.dat").write_text(text)
    values = regions(ORANGE, BLUE)
    values[values == 0] = WHITE
    picture = colours(values)[..., :: 1 if order == "rgb" else -1]
    for name in ("bear_01_gt", "bear_03"):
        Image.fromarray(np.ascontiguousarray(picture)).save(truths / f"{name}.ppm")
    video = fbms.unpack(folder, "bear", tmp_path / "out")
    # White is the background though it is listed as region 1.
    np.testing.assert_array_equal(video.objects(0)[:, 0], [0, 1, 1, 0, 0, 2, 0, 0])
    assert video.object == 1


def test_grey_copies_stand_in_for_colours(tmp_path):
    folder = make(tmp_path / "bear")
    truths = folder / "GroundTruth"
    text = definition("bear", (WHITE, RED, BLUE), 3, (0, 2), "ppm")
    (truths / "bearDef.dat").write_text(text)
    values = regions(76, 29)
    values[values == 0] = 255
    for name in ("bear_01", "bear_03"):
        Image.fromarray(values.astype(np.uint8)).save(truths / f"{name}.pgm")
    video = fbms.unpack(folder, "bear", tmp_path / "out")
    np.testing.assert_array_equal(video.objects(0)[:, 0], [0, 1, 1, 0, 0, 2, 0, 0])
    assert not any("does not list" in note for note in video.notes)


def mapping(folder, **ids):
    path = folder / "mapping.json"
    path.write_text(json.dumps({"mappings": {"0": {"cars": ids}}}))
    return path


def test_the_mapping_names_the_foreground(tmp_path):
    folder = make(tmp_path / "cars")
    path = mapping(tmp_path, ground_truth_foreground_id=128, trajectory_foreground_id=3)
    video = fbms.unpack(folder, "cars", tmp_path / "out", path)
    assert (video.object, video.named, video.notes) == (2, True, ())
    assert find_label("cars", path) == 3
    assert find_label("bear", path) is None
    assert find_label("cars", None) is None


@pytest.mark.parametrize(
    ("name", "wanted", "note"),
    [("bear", 128, "does not know bear"), ("cars", 7, "names 7, which is not among 255, 128")],
)
def test_a_mapping_that_does_not_help_is_said(tmp_path, name, wanted, note):
    cars = Definition((0, 255, 128), 1, ())
    number, said = find_object(name, cars, mapping(tmp_path, ground_truth_foreground_id=wanted))
    assert number is None
    assert note in said
    number, said = find_object(name, cars, tmp_path / "none.json")
    assert number is None
    assert "none.json is not there" in said


def test_a_mapping_finds_24_bit_values_by_their_grey(tmp_path):
    path = mapping(tmp_path, ground_truth_foreground_id=29)
    assert find_object("cars", Definition((RED, WHITE, BLUE), 1, ()), path) == (2, "")


@pytest.mark.parametrize("text", ['{"mappings": []}', "[]", '{"mappings": {"0": {"cars": 3}}}'])
def test_a_broken_mapping_is_told(tmp_path, text):
    (tmp_path / "mapping.json").write_text(text)
    with pytest.raises(UserError, match="holds no mapping of objects"):
        find_object("cars", Definition((0, 255), 1, ()), tmp_path / "mapping.json")


def test_the_definition(tmp_path):
    path = tmp_path / "carsDef.dat"
    path.write_bytes(definition("cars", (0, 255, 128), 19, (0, 9), ending="\r\n").encode())
    found = read_definition(path)
    assert (found.values, found.frames, found.background) == ((0, 255, 128), 19, 0)
    assert found.objects == (255, 128)
    last = found.annotations[1]
    assert (last.frame, last.truth, last.image) == (9, "cars_10.pgm", "cars_10.ppm")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Scale of region 1:\n255\n", "Scale of region 1:\nwhite\n", "instead of a number"),
        ("Scale of region 2:\n128\n", "", "'total number of regions' is 3, but 2 are described"),
        ("Scale of region 0:\n0\n", "", "two regions or more"),
        ("Total number of frames in this shot:\n3\n", "", "is missing or 0"),
        ("File name:\ncars_03.pgm\nInput", "Input", "frame 2 has no file name"),
        ("Frame number:\n0\n", "", "stands before any frame number"),
        ("Frame number:\n2\n", "", "is 2, but 1 are described"),
        ("cars_03.pgm\nInput file name:\ncars_03.ppm\n", "", "it ends too early"),
    ],
)
def test_a_garbled_definition_is_told(tmp_path, old, new, message):
    path = tmp_path / "carsDef.dat"
    text = definition("cars", (0, 255, 128), 3, (0, 2))
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(UserError, match=message):
        read_definition(path)


def remove(pattern):
    def change(folder):
        for path in folder.glob(pattern):
            path.unlink()

    return change


def shrink_truth(folder):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "GroundTruth" / "cars_03.pgm")


def shrink_frame(folder):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder / "cars_02.jpg")


def break_frame(folder):
    buffer = BytesIO()
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(buffer, "JPEG")
    (folder / "cars_02.jpg").write_bytes(buffer.getvalue()[:200])


def clear_truth(folder):
    for path in folder.glob("GroundTruth/*.pgm"):
        Image.fromarray(np.zeros(SIZE, np.uint8)).save(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove("*_03.jpg"), "holds 2 frames, but carsDef.dat speaks of 3"),
        (remove("*_02.jpg"), "the frame numbered 2 is missing"),
        (remove("*.jpg"), "holds no frames named like cars_01.jpg"),
        (remove("GroundTruth/*_03.pgm"), "cars_03.pgm does not exist, but carsDef.dat names it"),
        (remove("GroundTruth/*.dat"), "holds no carsDef.dat"),
        (shrink_truth, "frame 2's annotation is 4 x 4"),
        (shrink_frame, "frame 1 is 4 x 4 pixels"),
        (break_frame, "cars_02.jpg is damaged, truncated"),
        (clear_truth, "no object is annotated"),
    ],
)
def test_what_is_wrong_with_a_sequence_is_told(tmp_path, change, message):
    folder = make(tmp_path / "cars")
    change(folder)
    with pytest.raises(UserError, match=message):
        fbms.unpack(folder, "cars", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_more_frames_than_declared_are_used_and_said(tmp_path):
    folder = make(tmp_path / "cars")
    path = folder / "GroundTruth" / "carsDef.dat"
    path.write_text(path.read_text().replace("this shot:\n3\n", "this shot:\n2\n", 1))
    video = fbms.unpack(folder, "cars", tmp_path / "out")
    assert len(video) == 3
    assert "there are 3 frames, carsDef.dat speaks of 2: all are used" in video.notes


def test_a_ground_truth_belongs_to_the_picture_it_names(tmp_path):
    folder = make(tmp_path / "cars")
    path = folder / "GroundTruth" / "carsDef.dat"
    path.write_text(path.read_text().replace("Frame number:\n2", "Frame number:\n1"))
    video = fbms.unpack(folder, "cars", tmp_path / "out")
    assert video.annotated == (0, 2)
    assert any("2 is used" in note for note in video.notes)


@pytest.fixture
def archive(tmp_path):
    """An archive of three sequences, of which one name begins like another."""
    source = tmp_path / "source"
    for name in ("cars1", "cars10", "bear01"):
        make(source / "TrainingSet" / name, frames=2, annotated=(0,))
    path = tmp_path / "downloads" / "FBMS_Trainingset.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as content:
        for file in sorted(source.rglob("*.*")):
            content.write(file, file.relative_to(source))
    return path


def names(root, **keys):
    return read_entry({"kind": "fbms", **keys}).names(root)


def unpack(archive, name="cars1", **keys):
    """Unpacks a sequence of an archive."""
    root = archive.parents[1]
    read_entry({"kind": "fbms", **keys}).unpack(name, root, archive.parent, root / "out")
    return read_item(root / "out")


def test_names_without_files(tmp_path):
    assert names(tmp_path) == list(SEQUENCES)
    assert len(set(SEQUENCES)) == 18
    assert names(tmp_path, items=["cars3", "marple2"]) == ["cars3", "marple2"]


def test_names_of_a_folder(tmp_path):
    for name in ("cars10", "bear01"):
        make(tmp_path / "own" / name)
    (tmp_path / "own" / "notes").mkdir()
    assert names(tmp_path, path="own") == ["bear01", "cars10"]
    assert names(tmp_path, path="own", items=["cars10"]) == ["cars10"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"path": "none"}, "does not exist or is no folder"),
        ({"path": "."}, "holds no sequences"),
        ({"items": ["cars3", "cars3"]}, "'cars3' is named twice"),
        ({"items": ["../cars3"]}, "cannot name a video"),
    ],
)
def test_wrong_names_are_told(tmp_path, keys, message):
    with pytest.raises(UserError, match=message):
        names(tmp_path, **keys)


def test_one_sequence_of_an_archive(archive):
    video = unpack(archive)
    assert (video.name, len(video), video.annotated, video.object) == ("cars1", 2, (0,), 1)
    assert video.files == ("cars1_01", "cars1_02")
    # Its hash was recorded, and nothing else was left behind.
    found = sorted(path.name for path in archive.parent.iterdir())
    assert found == ["FBMS_Trainingset.zip", "FBMS_Trainingset.zip.sha256.json"]


def test_the_archive_is_verified(archive):
    unpack(archive, sha256=hashlib.sha256(archive.read_bytes()).hexdigest())
    with pytest.raises(UserError, match="sha256"):
        unpack(archive, sha256="0" * 64)
    with pytest.raises(UserError, match="does not exist"):
        unpack(archive, file="no.zip")
    # A folder of that name without ground truth does not count.
    with zipfile.ZipFile(archive, "a") as content:
        content.writestr("TrainingSet/cars2/1.png", "a frame")
    (archive.parent / "FBMS_Trainingset.zip.sha256.json").unlink()
    with pytest.raises(UserError, match="holds 0 sequences named 'cars2'"):
        unpack(archive, "cars2")


def test_the_mapping_may_be_missing(archive):
    video = unpack(archive, mapping={"file": "mapping.json"})
    assert video.object == 1
    assert any("mapping.json is not there" in note for note in video.notes)
    ids = {"cars1": {"ground_truth_foreground_id": 128}}
    (archive.parent / "mapping.json").write_text(json.dumps({"mappings": {"0": ids}}))
    assert unpack(archive, mapping={"file": "mapping.json"}).object == 2


def test_where_it_comes_from_and_what_it_is(tmp_path):
    entry = read_entry({"kind": "fbms", "mapping": {"file": "mapping.json"}})
    sources = entry.sources("cars3", tmp_path)
    assert [file.file for file in sources.downloads] == ["FBMS_Trainingset.zip"]
    assert [file.file for file in sources.optional] == ["mapping.json"]
    make(tmp_path / "own" / "cars3", frames=2, annotated=(0,))
    own = read_entry({"kind": "fbms", "path": "own"}).sources("cars3", tmp_path)
    assert (own.downloads, len(own.files)) == ((), 5)
    words = entry.describe("FBMS", ["cars3", "marple2"])
    assert words == "FBMS-59 (1 of the paper's 18 sequences and 1 that the paper does not have)"


def test_frames_of_two_series_are_refused(tmp_path):
    folder = make(tmp_path / "cars")
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(folder / "right_02.jpg")
    with pytest.raises(UserError, match=r"cars_02\.jpg and right_02\.jpg of the same number"):
        fbms.unpack(folder, "cars", tmp_path / "out")
