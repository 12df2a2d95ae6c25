import numpy as np
import pytest
from PIL import Image

from isr.data.items import read_item
from isr.data.kinds import Known, read_entry, videos
from isr.errors import UserError
from isr.models import RemoteFile

SIZE = (8, 10)
GREYS = {"f9.png": 10, "f10.ppm": 20, "f11.jpg": 30}


def picture(grey, size=SIZE):
    return Image.fromarray(np.full((*size, 3), grey, np.uint8))


@pytest.fixture
def clip(tmp_path):
    """A folder of three frames of increasing brightness."""
    folder = tmp_path / "clip"
    folder.mkdir()
    for name, grey in GREYS.items():
        picture(grey).save(folder / name)
    return folder


@pytest.fixture
def unpacked(clip, tmp_path):
    """Unpacks the folder as it is by then."""
    return lambda: videos.unpack(clip, "clip", tmp_path / "out")


def test_a_folder_of_frames_becomes_a_video_without_annotation(clip, unpacked, tmp_path):
    (clip / "notes.txt").write_text("not a frame")
    video = unpacked()
    assert (video.name, len(video), video.size, video.annotated) == ("clip", 3, SIZE, ())
    assert [int(video.frame(number).mean()) for number in range(3)] == [10, 20, 30]
    assert video.files == ("f9", "f10", "f11")
    assert (video.source, video.licence) == ("a folder of frames", "not stated")
    assert video.ground_truth(0) is None
    assert read_item(tmp_path / "out").files == video.files


def test_greys_palettes_and_transparency_become_rgb(clip, unpacked):
    Image.new("L", SIZE[::-1], 7).save(clip / "f9.png")
    colours = Image.new("P", SIZE[::-1], 1)
    colours.putpalette([0, 0, 0, 200, 100, 50])
    colours.save(clip / "f12.png")
    Image.new("RGBA", SIZE[::-1], (1, 2, 3, 0)).save(clip / "f13.png")
    video = unpacked()
    assert [tuple(video.frame(number)[0, 0]) for number in (0, 3, 4)] == [
        (7, 7, 7),
        (200, 100, 50),
        (1, 2, 3),
    ]


def test_frames_are_turned_upright(clip, unpacked):
    orientation = Image.Exif()
    orientation[0x0112] = 6
    for path in clip.iterdir():
        path.unlink()
    for number in (1, 2):
        sideways = np.zeros((*SIZE[::-1], 3), np.uint8)
        sideways[:, 0] = 255
        Image.fromarray(sideways).save(clip / f"f{number}.png", exif=orientation)
    video = unpacked()
    assert video.size == SIZE
    assert (video.frame(0)[0] == 255).all()
    assert (video.frame(0)[1:] == 0).all()


def shrink(folder):
    picture(20, (4, 6)).save(folder / "f10.ppm")


def cut_off(folder):
    path = folder / "f11.jpg"
    path.write_bytes(path.read_bytes()[:200])


def deepen(folder):
    Image.fromarray(np.full(SIZE, 1000, np.uint16)).save(folder / "f9.png")


def keep(*names):
    def change(folder):
        for path in folder.iterdir():
            if path.name not in names:
                path.unlink()

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (shrink, r"f10\.ppm is 6 x 4 pixels, f9\.png 10 x 8 \(width x height\): make all frames"),
        (cut_off, r"f11\.jpg is damaged, truncated"),
        (deepen, r"f9\.png has more than 8 bits a channel: convert it"),
        (keep("f9.png"), r"clip holds only the frame f9\.png, but a video has 2 or more \(\.jpg"),
        (keep(), "clip holds no frames, but a video has 2 or more"),
    ],
)
def test_what_is_wrong_with_frames_is_told(clip, unpacked, tmp_path, change, message):
    change(clip)
    with pytest.raises(UserError, match=message):
        unpacked()
    assert not (tmp_path / "out").exists()


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(UserError, match="does not exist or is no folder: put the frames there"):
        videos.unpack(tmp_path / "none", "none", tmp_path / "out")


ENTRY = {"kind": "videos", "path": "own"}


def make_frames(folder, count=3):
    """A sequence without ground truth."""
    folder.mkdir(parents=True)
    for number in range(count):
        picture(number, (6, 8)).save(folder / f"{number}.png")


def make_labelled(folder):
    """A sequence of two frames, the first of them with ground truth."""
    make_frames(folder, 0)
    lines = ["Ground truth definition file; do not change!", "", "Total number of regions:", "2"]
    lines += ["Scale of region 0:", "0", "Scale of region 1:", "255", ""]
    lines += ["Total number of frames in this shot:", "2"]
    lines += ["Total number of labeled frames for this shot:", "1", "Frame number:", "0"]
    lines += ["File name:", f"{folder.name}_01.pgm", "Input file name:", f"{folder.name}_01.ppm"]
    (folder / "GroundTruth").mkdir()
    (folder / "GroundTruth" / f"{folder.name}Def.dat").write_text("\n".join(lines) + "\n")
    truth = np.zeros((6, 8), np.uint8)
    truth[:3] = 255
    Image.fromarray(truth).save(folder / "GroundTruth" / f"{folder.name}_01.pgm")
    for number in (1, 2):
        picture(number, (6, 8)).save(folder / f"{folder.name}_{number:02d}.jpg")


def test_a_folder_may_mix_sequences_with_and_without_ground_truth(tmp_path):
    make_labelled(tmp_path / "own" / "bear01")
    make_frames(tmp_path / "own" / "clip")
    make_frames(tmp_path / "own" / ".thumbnails")
    (tmp_path / "own" / "notes").mkdir()
    entry = read_entry(ENTRY | {"mapping": {"file": "mapping.json"}})
    assert entry.names(tmp_path) == ["bear01", "clip"]
    assert entry.known("clip", tmp_path) == Known(third="t")
    found = {}
    for name in ("bear01", "clip"):
        entry.unpack(name, tmp_path, tmp_path / "downloads", tmp_path / "out" / name)
        found[name] = read_item(tmp_path / "out" / name)
    assert [len(video) for video in found.values()] == [2, 3]
    assert [video.annotated for video in found.values()] == [(0,), ()]
    assert [video.source.split()[0] for video in found.values()] == ["FBMS-59", "a"]
    sources = entry.sources("clip", tmp_path)
    assert [path.name for path in sources.files] == ["0.png", "1.png", "2.png"]
    assert [file.file for file in sources.optional] == ["mapping.json"]
    assert entry.describe("own", ["clip"]) == "own (1 video of the user's own)"


def test_a_folder_of_ground_truth_still_demands_what_belongs_to_it(tmp_path):
    make_frames(tmp_path / "own" / "clip")
    (tmp_path / "own" / "clip" / "GroundTruth").mkdir()
    with pytest.raises(UserError, match=r"holds no clipDef\.dat"):
        read_entry(ENTRY).unpack("clip", tmp_path, tmp_path, tmp_path / "out")


def test_a_folder_without_videos_is_told_what_is_expected(tmp_path):
    (tmp_path / "own" / "clip").mkdir(parents=True)
    (tmp_path / "own" / "clip" / "notes.txt").touch()
    expected = r"own holds no sequences: expected a folder for each video, with its frames \(\.jpg"
    with pytest.raises(UserError, match=expected):
        read_entry(ENTRY).names(tmp_path)
    # The ground truth of a sequence is no sequence.
    make_labelled(tmp_path / "cars1")
    with pytest.raises(UserError, match=r"holds the frame cars1_01\.jpg itself, but is to hold a"):
        read_entry(ENTRY | {"path": "cars1"}).names(tmp_path)
    with pytest.raises(UserError, match="none does not exist or is no folder"):
        read_entry(ENTRY | {"path": "none"}).names(tmp_path)


def test_a_folder_whose_name_a_command_would_split_is_told(tmp_path):
    make_frames(tmp_path / "own" / "clip")
    make_frames(tmp_path / "own" / "my clip")
    with pytest.raises(UserError, match="'my clip' cannot name a video: use letters"):
        read_entry(ENTRY).names(tmp_path)
    assert read_entry(ENTRY | {"items": ["clip"]}).names(tmp_path) == ["clip"]
    with pytest.raises(UserError, match="there is no 'cat' among clip, my clip"):
        read_entry(ENTRY | {"items": ["cat"]}).names(tmp_path)


def label_sources(root, kind, **labels):
    entry = read_entry(ENTRY | {"labels": labels, "mapping": {"file": "m.json"}})
    found = entry.label_sources("clip", kind, root, root / "downloads")
    return (
        [file.file for file in found.downloads],
        [file.file for file in found.optional],
        [path.name for path in found.files],
    )


def test_what_published_labels_are_made_from(tmp_path):
    remote = {"file": "labels/a.tar", "url": "https://there"}
    assert label_sources(tmp_path, "motion", **remote) == ([], [], [])
    assert label_sources(tmp_path, "published", **remote) == (["labels/a.tar"], ["m.json"], [])
    assert label_sources(tmp_path, "auto", **remote) == ([], ["labels/a.tar", "m.json"], [])
    # An archive without an address is taken where it lies.
    assert label_sources(tmp_path, "auto", file="labels/a.tar") == ([], ["m.json"], [])
    archive = tmp_path / "downloads" / "labels" / "a.tar"
    archive.parent.mkdir(parents=True)
    archive.touch()
    assert label_sources(tmp_path, "auto", file="labels/a.tar") == ([], ["m.json"], ["a.tar"])
    # A folder of its name, put there by hand, is taken instead.
    (archive.with_suffix("") / "clip").mkdir(parents=True)
    (archive.with_suffix("") / "clip" / "1.h5").touch()
    (archive.with_suffix("") / "cat").mkdir()
    (archive.with_suffix("") / "cat" / "1.h5").touch()
    assert label_sources(tmp_path, "published", **remote) == ([], ["m.json"], ["1.h5"])
    path = str(archive.parent)
    assert label_sources(tmp_path, "published", **remote, path=path)[2] == ["1.h5"]
    assert read_entry(ENTRY).label_sources("clip", "auto", tmp_path, tmp_path).files == ()


def test_published_networks_are_named():
    assert read_entry(ENTRY).network_sources() is None
    entry = read_entry(ENTRY | {"checkpoints": {"file": "nets.zip"}})
    assert entry.network_sources() == RemoteFile(file="nets.zip")
