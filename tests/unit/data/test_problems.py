import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isr.coordinates import ThirdAxis, pixel_coordinates, with_third
from isr.data.items import Frame, write_picture, write_video
from isr.data.pictures import Picture
from isr.data.problems import (
    Predictions,
    Problem,
    ProblemReader,
    quantise_unaries,
    read_unaries,
    with_margin,
    working_size,
    write_unaries,
)
from isr.errors import UserError
from isr.io import write_png

SIZE = (21, 30)


def _picture() -> Picture:
    random = np.random.default_rng(0)
    image = (random.integers(0, 256, (*SIZE, 3)) / 255).astype(np.float32)
    scribbles = np.zeros(SIZE, np.uint8)
    scribbles[10, 12:18] = 1
    scribbles[1, :] = 255
    truth = np.zeros(SIZE, np.uint8)
    truth[5:15, 8:22] = 255
    return Picture("cup", image, scribbles, truth)


@pytest.fixture
def dataset(tmp_path):
    return {"cup": write_picture(tmp_path / "cup", _picture())}


def load_problem(dataset, name, *, predictions=None, seed=3, **options):
    stored = None if predictions is None else Predictions((predictions,))
    return ProblemReader(dataset, predictions=stored, **options).load(name, seed)


@pytest.fixture
def semantic(tmp_path):
    folder = tmp_path / "semantic"
    folder.mkdir()
    values = np.random.default_rng(1).random((*SIZE, 2)).astype(np.float32)
    np.save(folder / "cup.npy", values)
    return folder


def _predictions(tmp_path, size):
    folder = tmp_path / "predictions"
    unaries = np.random.default_rng(2).random(size)
    write_unaries(folder / "unaries" / "3", "cup", unaries)
    return folder, unaries


def test_a_problem_has_what_was_asked_for(dataset, semantic, tmp_path):
    bare = load_problem(dataset, "cup")
    assert (bare.name, bare.size, bare.features, bare.unaries) == ("cup", SIZE, None, None)
    assert np.array_equal(bare.scribbles, _picture().scribbles)
    assert np.array_equal(bare.coordinates, pixel_coordinates(*SIZE).astype(np.float32))
    problem = load_problem(dataset, "cup", features="rgb+xy+semantic", semantic=semantic)
    assert problem.features.shape == (*SIZE, 7)
    assert np.allclose(problem.features[..., :3], _picture().image, atol=1e-6)
    assert np.array_equal(problem.features[..., 3:5], problem.coordinates)
    assert np.array_equal(problem.features[..., 5:], np.load(semantic / "cup.npy"))
    folder, unaries = _predictions(tmp_path, SIZE)
    projected = load_problem(dataset, "cup", predictions=folder)
    assert np.abs(projected.unaries - unaries).max() <= 0.5 / 65535 + 1e-7


def test_a_shrunk_picture_keeps_its_coordinates(dataset, semantic):
    """Means over 2 x 2 pixels where the halves are whole; the frame does not move."""
    problem = load_problem(dataset, "cup", features="rgb+xy+semantic", semantic=semantic, scale=0.5)
    assert problem.size == (10, 15)
    assert problem.features.shape == (10, 15, 7)
    whole = pixel_coordinates(*SIZE)
    for corner in (0, -1):
        assert np.abs(problem.coordinates[corner, corner] - whole[corner, corner]).max() < 1 / 30
    steps = np.diff(problem.coordinates, axis=1)[..., 0]
    assert np.allclose(steps, 2 / 30, atol=1e-6)
    # 21 rows became 10: a small row covers 2.1 rows, not 2.
    assert np.allclose(np.diff(problem.coordinates, axis=0)[..., 1], 2.1 / 30, atol=1e-6)
    assert problem.scribbles.max() == 255
    assert (problem.scribbles == 1).any()
    columns = _picture().image.reshape(21, 15, 2, 3).mean(2)
    assert np.abs(problem.features[..., :3].mean((0, 1)) - columns.mean((0, 1))).max() < 0.02


def test_the_published_convention_spans_zero_to_one(dataset):
    problem = load_problem(dataset, "cup", convention="linspace")
    assert problem.coordinates[0, 0].tolist() == [0.0, 0.0]
    assert problem.coordinates[-1, -1].tolist() == [1.0, 1.0]


def test_what_is_missing_or_does_not_fit_is_a_users_mistake(dataset, semantic, tmp_path):
    with pytest.raises(UserError, match="were not given"):
        load_problem(dataset, "cup", features="semantic")
    np.save(semantic / "cup.npy", np.zeros((5, 5, 2), np.float32))
    with pytest.raises(UserError, match=r"cup\.npy has size \(5, 5\)"):
        load_problem(dataset, "cup", features="rgb+semantic", semantic=semantic)
    (semantic / "cup.npy").unlink()
    with pytest.raises(UserError, match=r"cup\.npy does not exist"):
        load_problem(dataset, "cup", features="rgb+semantic", semantic=semantic)
    with pytest.raises(UserError, match="none holds no unaries of cup for seed 3: predict first"):
        load_problem(dataset, "cup", predictions=tmp_path / "none")
    folder, _ = _predictions(tmp_path, (10, 15))
    assert load_problem(dataset, "cup", predictions=folder, scale=0.5).unaries.shape == (10, 15)
    with pytest.raises(UserError, match=r"unaries have size \(10, 15\), the item at its scale"):
        load_problem(dataset, "cup", predictions=folder)


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00v\x00"])
def test_damaged_semantic_features_are_a_users_mistake(dataset, semantic, content):
    (semantic / "cup.npy").write_bytes(content)
    with pytest.raises(UserError, match=r"cup\.npy"):
        load_problem(dataset, "cup", features="rgb+semantic", semantic=semantic)


def test_unaries_survive_the_file_to_half_a_grey_value(tmp_path):
    unaries = np.array([[0.0, 1.0, 0.5], [1 / 65535, 0.123456, 1 - 1e-9]])
    write_png(tmp_path / "u.png", quantise_unaries(unaries, "p"))
    again = read_unaries(tmp_path / "u.png")
    assert again.dtype == np.float32
    assert np.abs(again - unaries).max() <= 0.5 / 65535 + 1e-7
    assert again[0, :2].tolist() == [0.0, 1.0]
    assert np.array_equal(quantise_unaries(again, "p"), quantise_unaries(unaries, "p"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e-3, 1.001])
def test_unaries_out_of_range_are_not_written(bad):
    with pytest.raises(UserError, match="not all in"):
        quantise_unaries(np.array([[0.5, bad]]), "p")


def test_only_16_bit_grey_pictures_are_unaries(tmp_path):
    write_png(tmp_path / "u.png", np.zeros((3, 4), np.uint8))
    with pytest.raises(UserError, match=r"u\.png is not a 16-bit"):
        read_unaries(tmp_path / "u.png")


@given(st.integers(1, 3000), st.integers(1, 3000), st.floats(1e-3, 1.0))
def test_a_working_size_has_pixels(height, width, scale):
    size = working_size(height, width, scale)
    assert min(size) >= 1
    assert all(abs(new - old * scale) <= 1 for new, old in zip(size, (height, width), strict=True))


def test_given_unaries_are_those_of_the_item(tmp_path):
    unaries = np.random.default_rng(4).random(SIZE).astype(np.float32)
    item = write_picture(tmp_path / "a", Picture("a", _picture().image, unaries=unaries))
    problem = load_problem({"a": item}, "a")
    assert problem.scribbles is None
    np.testing.assert_allclose(problem.unaries, unaries, atol=3e-4)
    # A predictor that is trained along has none.
    assert load_problem({"a": item}, "a", features="rgb").unaries is None


@pytest.fixture
def coins(tmp_path):
    """An item with two scribbled objects, and unaries of each for the seeds 0 and 1."""
    scribbles = np.zeros(SIZE, np.uint8)
    scribbles[0], scribbles[5, 3:9], scribbles[15, 3:9] = 255, 1, 2
    item = write_picture(tmp_path / "coins", Picture("coins", _picture().image, scribbles))
    folders = [tmp_path / "part-0", tmp_path / "part-1"]
    for seed, folder in enumerate(folders):
        for number in (1, 2):
            value = np.full(SIZE, 0.1 * number + 0.4 * seed)
            write_unaries(folder / "unaries" / str(seed), f"coins/{number}", value)
    return item, Predictions(folders)


def test_each_object_is_a_problem_of_its_own(coins):
    item, predictions = coins
    reader = ProblemReader({"coins": item}, predictions=predictions)
    assert reader.problems(["coins"]) == ["coins/1", "coins/2"]
    second = reader.load("coins/2", 1)
    assert (second.name, reader.item("coins/2")) == ("coins/2", item)
    whole = item.scribbles()
    expected = np.where(whole == 2, 1, np.where(whole > 0, 255, 0))
    np.testing.assert_array_equal(second.scribbles, expected)
    np.testing.assert_allclose(second.unaries, 0.6, atol=1e-5)
    both = reader.load("coins", 0)
    assert both.unaries.shape == (*SIZE, 2)
    np.testing.assert_allclose(both.unaries[0, 0], [0.1, 0.2], atol=1e-5)
    np.testing.assert_array_equal(both.scribbles, whole)
    # Given unaries are of the whole item.
    assert ProblemReader({"coins": item}).problems(["coins"]) == ["coins"]


def test_files_of_problems_are_all_that_is_read(coins, tmp_path):
    item, predictions = coins
    reader = ProblemReader({"coins": item}, predictions=predictions)
    found = [str(path.relative_to(tmp_path)) for path in reader.files(["coins"], [0, 1])]
    assert found == [
        "coins/item.json",
        "coins/frames/00000.png",
        "coins/scribbles/00000.png",
        *(f"part-{seed}/unaries/{seed}/coins/{number}.png" for seed in (0, 1) for number in (1, 2)),
    ]
    with pytest.raises(UserError, match="no unaries of coins for seed 7"):
        reader.files(["coins"], [7])
    semantic = ProblemReader({"coins": item}, features="semantic", semantic=tmp_path)
    assert semantic.files(["coins"], [0])[-1] == tmp_path / "coins.npy"
    with pytest.raises(UserError, match="predictions holds no unaries"):
        Predictions(()).folder("coins", 0)


def test_a_volume_is_read_with_its_third_coordinate(tmp_path):
    third = ThirdAxis("z", np.arange(3) / 30)
    image = np.zeros((3, *SIZE, 3), np.float32)
    item = write_picture(tmp_path / "stack", Picture("stack", image, third=third))
    unaries = np.random.default_rng(5).random((3, *SIZE))
    write_unaries(tmp_path / "p" / "unaries" / "3", "stack", unaries)
    problem = load_problem({"stack": item}, "stack", predictions=tmp_path / "p")
    np.testing.assert_allclose(problem.unaries, unaries, atol=1e-5)
    assert problem.size == SIZE
    expected = with_third(pixel_coordinates(*SIZE), third)
    np.testing.assert_allclose(problem.coordinates, expected, atol=1e-7)
    (tmp_path / "p" / "unaries" / "3" / "stack" / "00001.png").unlink()
    with pytest.raises(UserError, match=r"00001\.png does not exist"):
        load_problem({"stack": item}, "stack", predictions=tmp_path / "p")


def test_frames_of_a_video_are_read_one_by_one(tmp_path):
    frames = [Frame(np.full((*SIZE, 3), 9, np.uint8)) for _ in range(2)]
    video = write_video(tmp_path / "v", frames, name="v", object=1, source="s", licence="l")
    with pytest.raises(UserError, match="v: no unaries come with it: name another predictor"):
        ProblemReader({"v": video}).load_frame("v/00001", 0)
    for number in range(2):
        value = np.full((10, 15), 0.25 * (number + 1))
        write_unaries(tmp_path / "p" / "unaries" / "3", f"v/0000{number}", value)
    reader = ProblemReader({"v": video}, scale=0.5, predictions=Predictions((tmp_path / "p",)))
    assert reader.frames("v") == ["v/00000", "v/00001"]
    problem = reader.load_frame("v/00001", 3)
    assert (problem.name, problem.size, problem.scribbles) == ("v/00001", (10, 15), None)
    assert problem.coordinates.shape == (10, 15, 2)
    np.testing.assert_allclose(problem.unaries, 0.5, atol=1e-5)
    assert [path.name for path in reader.predictions.files("v", 3)] == ["00000.png", "00001.png"]


def _problem(third: ThirdAxis | None = None) -> Problem:
    coordinates = with_third(pixel_coordinates(4, 6), third).astype(np.float32)
    grid = coordinates.shape[:-1]
    scribbles = np.zeros(grid, np.uint8)
    scribbles[..., 1, 2] = 1
    return Problem("p", coordinates, scribbles, None, np.ones(grid, np.float32))


def test_coordinates_go_on_outside_and_background_is_added():
    wide = with_margin(_problem(), 9)
    assert wide.coordinates.shape == (22, 24, 2)
    rows, columns = np.mgrid[-9:13, -9:15] + 0.5
    assert np.allclose(wide.coordinates, np.stack([columns, rows], -1) / 6, atol=1e-6)
    assert wide.unaries.sum() == 24
    assert (wide.unaries[9:13, 9:15] == 1).all()
    assert wide.scribbles[10, 11] == 1
    ring = np.ones((22, 24), bool)
    ring[1:-1, 1:-1] = False
    assert (wide.scribbles[ring] == 255).all()
    assert (wide.scribbles[~ring] != 255).all()


def test_frames_are_padded_in_the_plane_alone():
    wide = with_margin(_problem(ThirdAxis("t", np.linspace(0, 1, 3))), 2)
    assert wide.coordinates.shape == (3, 8, 10, 3)
    assert np.allclose(wide.coordinates[:, 0, 0, 2], [0, 0.5, 1])
    assert np.allclose(wide.coordinates[0, 0, 0, :2], (np.array([-1.5, -1.5])) / 6)


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
@pytest.mark.parametrize("size", [(4, 6), (1, 20), (20, 1), (1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("pixels", [1, 30])
def test_steps_are_constant_at_all_sizes(size, convention, pixels):
    coordinates = pixel_coordinates(*size, convention).astype(np.float32)
    wide = with_margin(Problem("p", coordinates), pixels).coordinates
    assert wide.dtype == np.float32
    assert wide.shape == (size[0] + 2 * pixels, size[1] + 2 * pixels, 2)
    inner = slice(pixels, -pixels)
    assert np.array_equal(wide[inner, inner], coordinates)
    down, right = np.diff(wide, axis=0), np.diff(wide, axis=1)
    assert np.allclose(down, [0, down[0, 0, 1]], atol=1e-4)
    assert np.allclose(right, [right[0, 0, 0], 0], atol=1e-4)
    assert down.max() > 0
    assert right.max() > 0
    if convention == "isotropic" or 1 in size:
        assert down.mean(axis=(0, 1))[1] == pytest.approx(right.mean(axis=(0, 1))[0], rel=1e-4)


@pytest.mark.parametrize("size", [(1, 20), (20, 1), (1, 1)])
def test_frames_of_one_row_or_column_are_padded_too(size):
    third = ThirdAxis("t", np.linspace(0, 1, 3))
    coordinates = with_third(pixel_coordinates(*size), third).astype(np.float32)
    wide = with_margin(Problem("p", coordinates), 2).coordinates
    flat = with_margin(Problem("p", coordinates[0, ..., :2]), 2).coordinates
    assert np.array_equal(wide[..., :2], np.broadcast_to(flat, (3, *flat.shape)))
    assert np.allclose(wide[..., 2], np.linspace(0, 1, 3)[:, None, None])


def test_a_grid_that_is_not_regular_has_no_margin():
    coordinates = pixel_coordinates(4, 6).astype(np.float32)
    coordinates[2, 3] += 0.01
    with pytest.raises(UserError, match="regular grid"):
        with_margin(Problem("p", coordinates), 1)


def test_no_margin_leaves_a_problem_alone():
    problem = _problem()
    assert with_margin(problem, 0) is problem


@pytest.mark.parametrize("constant", [False, True])
def test_a_picture_with_depth_has_no_margin(constant):
    values = np.ones((4, 6)) if constant else np.random.default_rng(0).random((4, 6))
    problem = _problem(ThirdAxis("depth", values))
    assert with_margin(problem, 0) is problem
    with pytest.raises(UserError, match=r"depth.*margin"):
        with_margin(problem, 1)


def test_unaries_of_several_objects_are_padded_one_by_one():
    coordinates = pixel_coordinates(4, 6).astype(np.float32)
    unaries = np.random.default_rng(0).random((4, 6, 2)).astype(np.float32)
    wide = with_margin(Problem("p", coordinates, unaries=unaries), 2).unaries
    assert wide.shape == (8, 10, 2)
    np.testing.assert_array_equal(wide[2:-2, 2:-2], unaries)
    assert wide.sum() == pytest.approx(unaries.sum())


def test_a_predictor_sees_corrupted_colours_and_their_features(dataset, tmp_path):
    keys = {"features": "rgb+semantic", "semantic": tmp_path}
    for seed in (3, 4):
        (tmp_path / str(seed)).mkdir()
        np.save(tmp_path / str(seed) / "cup.npy", np.full((*SIZE, 2), seed, np.float32))
    reader = ProblemReader(dataset, corruption="gaussian_noise", **keys)
    first, second = reader.load("cup", 3), reader.load("cup", 4)
    assert (first.seed, second.seed) == (3, 4)
    assert (first.features[..., :3] != second.features[..., :3]).any()
    assert (first.features[..., 3:] == 3).all()
    assert (second.features[..., 3:] == 4).all()
    colours = dataset["cup"].corrupted("gaussian_noise", 3).image()
    np.testing.assert_array_equal(first.features[..., :3], colours)
    np.testing.assert_array_equal(first.features, reader.load("cup", 3).features)
    clean = load_problem(dataset, "cup", features="rgb")
    np.testing.assert_array_equal(first.scribbles, clean.scribbles)
    files = reader.files(["cup"], [3, 4])
    assert [tmp_path / str(seed) / "cup.npy" for seed in (3, 4)] == files[-2:]


def test_what_a_corruption_without_noise_leaves_is_read_once(dataset, monkeypatch):
    reader = ProblemReader(dataset, corruption="contrast", features="rgb")
    first = reader.load("cup", 3)
    monkeypatch.setattr(type(dataset["cup"]), "read", None)
    np.testing.assert_array_equal(first.features, reader.load("cup", 4).features)
